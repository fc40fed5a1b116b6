"""A whole network on this machine: the local stack and Streha's own roles as real processes.

Used by the demo and by acceptance tests. Roles run as `streha run --role …`, each in a process of its own
that meets the others only in PostgreSQL; they share a clock that can be moved ahead.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Self

import msgspec

from bots.rooms import rooms
from core import heartbeat, private_files
from core.clock import Clock, OffsetFileClock
from core.database import Database, connect
from core.migrations import migrate
from core.outbox import Target
from deploy import ports
from deploy.errors import StackError
from deploy.process import Child, Program
from deploy.stack import LocalStack

ROLES = ("api", "engine", "bots")
# Started only where continuous proof is wanted.
PROBER = "prober"
BOT = "streha"
CHECKOUT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be the same at the next start."""

    api_port: int
    bot_password: str
    store_key: str
    metrics_ports: dict[str, int] = {}
    prober_password: str = ""
    prober_store_key: str = ""
    # What names the network whose signed directory the bot goes by, once one was founded.
    vault_network: str = ""


class LocalNetwork:
    """Runs while the context is entered; the same directory gives the same network again."""

    stack: LocalStack
    database: Database
    clock: Clock
    api_url: str

    def __init__(
        self, directory: Path, *, fast: bool = False, roles: Collection[str] = ROLES,
        settings: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.directory = directory.absolute()
        self._fast = fast
        self._roles = roles
        self._settings = settings or {}
        self._offset_file = self.directory / "clock-offset"
        self.clock = OffsetFileClock(self._offset_file)
        self._children: dict[str, Child] = {}
        self._resources = AsyncExitStack()
        self._ended = asyncio.Event()
        self._failure: StackError | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as resources:
            self.stack = await resources.enter_async_context(LocalStack(self.directory, fast=self._fast))
            self._kept = self._keep()
            self.api_url = f"http://127.0.0.1:{self._kept.api_port}"
            self.database = await resources.enter_async_context(connect(self.stack.addresses.database_url))
            await migrate(self.database)
            bot = await self.stack.register(BOT, self._kept.bot_password)
            await self.stack.lift_rate_limits(bot)
            self._bot_user = bot
            if PROBER in self._roles:
                self._prober_user = await self.stack.register(PROBER, self._kept.prober_password)
            resources.push_async_callback(self._stop_roles)
            for role in self._roles:
                await self.start_role(role)
            await self._roles_are_ready()
            self._resources = resources.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._resources.aclose()

    def environment(self) -> Mapping[str, str]:
        """Return the settings of the network's processes."""
        addresses = self.stack.addresses
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "PYTHONPATH": str(CHECKOUT),
            "STREHA_DATABASE_URL": addresses.database_url,
            "STREHA_NETWORK": addresses.server_name,
            "STREHA_API_PORT": str(self._kept.api_port),
            "STREHA_PUBLIC_ORIGIN": self.api_url,
            "STREHA_HOMESERVER_URL": addresses.homeserver_url,
            "STREHA_MATRIX_USER": self._bot_user,
            "STREHA_MATRIX_PASSWORD": self._kept.bot_password,
            "STREHA_MATRIX_STORE_KEY": self._kept.store_key,
            "STREHA_MATRIX_STATE_DIRECTORY": str(self.directory / "bot"),
            "STREHA_CLOCK_OFFSET_FILE": str(self._offset_file),
            # Whoever tries it out moves the clock, at whatever hour, and waits for what then happens.
            "STREHA_QUIET_HOURS": "00:00-00:00",
            **({"STREHA_VAULT_NETWORK": self._kept.vault_network} if self._kept.vault_network else {}),
            # What is started and ended again within seconds falls silent for nobody.
            **({"STREHA_ABSENCE_AFTER": "0"} if self._fast else {}),
            **(self._proving() if PROBER in self._roles else {}),
            **self._settings,
        }

    def _proving(self) -> Mapping[str, str]:
        return {
            "STREHA_PROBER_USER": self._prober_user,
            "STREHA_PROBER_PASSWORD": self._kept.prober_password,
            "STREHA_PROBER_STORE_KEY": self._kept.prober_store_key,
            "STREHA_PROBER_STATE_DIRECTORY": str(self.directory / "prober"),
        }

    @property
    def metrics_urls(self) -> dict[str, str]:
        """Where each role's process tells its metrics."""
        return {role: f"http://127.0.0.1:{self._kept.metrics_ports[role]}/metrics" for role in self._roles}

    async def start_role(
        self, role: str, *, command: tuple[str, ...] | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """Start the process of a role; a test may start one of its own in its place, or with other settings."""
        program = Program(
            name=role,
            command=command or (sys.executable, "-m", "streha", "run", "--role", role),
            environment={
                **self.environment(),
                "STREHA_METRICS_PORT": str(self._kept.metrics_ports.get(role, 0)),
                **(settings or {}),
            },
            output=self.directory / "logs" / f"{role}.log",
            directory=CHECKOUT,
        )
        child = Child(program=program, on_unexpected_end=self._role_ended)
        self._children[role] = child
        await child.start()

    async def go_by(self, fingerprint: bytes) -> None:
        """Let the bot go by the signed directory of this network from now on, at every start."""
        if self._kept.vault_network != fingerprint.hex():
            self._kept = msgspec.structs.replace(self._kept, vault_network=fingerprint.hex())
            private_files.write(self._kept_path, msgspec.json.encode(self._kept))
            await self.stop_role("bots")
            await self.start_role("bots")

    async def stop_role(self, role: str, *, kill: bool = False) -> None:
        """Stop the process of a role; `kill` is SIGKILL."""
        child = self._children.pop(role)
        await (child.kill() if kill else child.stop())

    def role_is_running(self, role: str) -> bool:
        """Tell whether a role's process lives."""
        child = self._children.get(role)
        return child is not None and child.exit_code is None

    def move_clock(self, ahead: timedelta) -> None:
        """Move the time of every process ahead."""
        offset = int((self.clock.offset + ahead).total_seconds())
        fresh = self._offset_file.with_suffix(".new")
        fresh.write_text(str(offset))
        fresh.replace(self._offset_file)

    async def room_of(self, target: Target) -> str:
        """Return the Matrix room of a target, waiting until the bot has made it."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    async with self.database.transaction() as tx:
                        room = (await rooms.rooms(tx, [target])).get(target)
                    if room is not None and room.room_id is not None and room.settled:
                        return room.room_id
                    await asyncio.sleep(0.1)
        except TimeoutError:
            logs = str(self.directory / "logs")
            raise StackError("The bot did not make a room in time. Look at {path}.", path=logs) from None

    async def watch(self) -> None:
        """Wait until a part ends by itself, and raise what can be said about it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.stack.watch())
            await self._ended.wait()
            raise self._failure or StackError("A process of the network ended.")

    def _role_ended(self, child: Child) -> None:
        self._failure = StackError(
            "{name} ended by itself. Look at {path}.", name=child.program.name, path=str(child.program.output)
        )
        self._ended.set()

    async def _stop_roles(self) -> None:
        for role in list(self._children):
            await self.stop_role(role)

    async def _roles_are_ready(self) -> None:
        """Wait until every role has done a round since the start."""
        since = self.clock.now()
        waited_for = set(self._roles) - {"api"}
        try:
            async with asyncio.timeout(READY_SECONDS):
                while waited_for:
                    beats = await heartbeat.beats(self.database)
                    waited_for = {role for role in waited_for if role not in beats or beats[role] < since}
                    if self._failure is not None:
                        raise self._failure
                    await asyncio.sleep(0.1)
                if "api" in self._roles:
                    await self._api_answers()
        except TimeoutError:
            raise StackError(
                "Streha did not start in time. Look at {path}.", path=str(self.directory / "logs")
            ) from None

    async def _api_answers(self) -> None:
        while ports.is_free(self._kept.api_port):  # noqa: ASYNC110 (another process opens the port)
            await asyncio.sleep(0.05)

    @property
    def _kept_path(self) -> Path:
        return self.directory / "network.json"

    def _keep(self) -> _Kept:
        path = self._kept_path
        if path.exists():
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        else:
            kept = _Kept(api_port=0, bot_password=token_urlsafe(24), store_key=token_urlsafe(48))
        # A network of an earlier version had no prober.
        kept = msgspec.structs.replace(
            kept,
            prober_password=kept.prober_password or token_urlsafe(24),
            prober_store_key=kept.prober_store_key or token_urlsafe(48),
        )
        api = ports.choose(requested=None, remembered=kept.api_port or None)
        metrics: dict[str, int] = {}
        for role in (*ROLES, PROBER):
            promised = {api, *metrics.values()}
            metrics[role] = ports.choose(requested=None, remembered=kept.metrics_ports.get(role), promised=promised)
        kept = msgspec.structs.replace(kept, api_port=api, metrics_ports=metrics)
        private_files.write(path, msgspec.json.encode(kept))
        return kept
