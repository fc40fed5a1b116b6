"""The local stack: PostgreSQL and a homeserver on one data directory, for the demo and for tests.

Production uses the operator's own. Nothing here outlives the process that entered the context; what ended
by itself is told by `watch`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import msgspec

from deploy import homeserver as homeservers
from deploy import ports, postgres, remembered
from deploy.errors import StackError
from deploy.homeserver import Homeserver
from deploy.homeserver_administration import Administration
from deploy.lock import DirectoryLock
from deploy.postgres import Postgres
from deploy.process import Child

ROLE = "streha"
DATABASE = "streha"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StackAddresses:
    """Where the parts are. The URLs hold passwords: it does not show itself."""

    database_url: str
    homeserver_url: str
    server_name: str
    registration_secret: str


class LocalStack:
    """Runs while the context is entered; the same directory gives the same data, accounts and addresses."""

    addresses: StackAddresses
    _postgres: Postgres
    _homeserver: Homeserver

    def __init__(
        self,
        directory: Path,
        *,
        fast: bool = False,
        homeserver: bool = True,
        postgres_port: int | None = None,
        homeserver_port: int | None = None,
    ) -> None:
        self._directory = directory.absolute()
        self._fast = fast
        self._with_homeserver = homeserver
        self._requested_postgres_port = postgres_port
        self._requested_homeserver_port = homeserver_port
        self._resources = AsyncExitStack()
        self._ended = asyncio.Event()
        self._failure: StackError | None = None
        self._standby: Postgres | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as resources:
            self._prepare_directory()
            resources.enter_context(DirectoryLock(self._directory))
            await self._start(resources)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._resources.aclose()

    async def watch(self) -> NoReturn:
        """Wait until a part ends that was not stopped here, and raise what can be said about it."""
        await self._ended.wait()
        raise self._failure or StackError("The local stack ended.")

    async def database(self, name: str, *, template: str | None = None) -> str:
        """Make sure of a database, as a copy of the template if one is named, and return its URL."""
        options = "" if template is None else f"TEMPLATE {postgres.checked(template)}"
        await self._postgres.run_sql(postgres.database(name, owner=ROLE, options=options))
        return self._database_url(name)

    async def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        await self._postgres.run_sql(f"DROP DATABASE IF EXISTS {postgres.checked(name)} WITH (FORCE);")

    async def register(self, localpart: str, password: str, *, admin: bool = False) -> str:
        """Make sure of a homeserver account with this password and return its full name."""
        return await self._administration.register(localpart, password, admin=admin)

    async def lift_rate_limits(self, user_id: str) -> None:
        """Let an account send without limit, as the bot's must."""
        await self._administration.lift_rate_limits(user_id)

    async def published_keys(self, user_ids: Sequence[str]) -> dict[str, Any]:
        """Return the devices and identities of these users, as the homeserver tells them to anybody."""
        return await self._administration.published_keys(user_ids)

    async def stop_homeserver(self, *, kill: bool = False) -> None:
        """Stop the homeserver; `kill` is as if it crashed."""
        await self._homeserver.stop(kill=kill)

    async def start_homeserver(self) -> None:
        """Start the homeserver again, on the same port."""
        self._ended.clear()
        await self._homeserver.start()

    async def restart_homeserver(self) -> None:
        """Stop and start the homeserver."""
        await self.stop_homeserver()
        await self.start_homeserver()

    async def stop_postgres(self, *, kill: bool = False) -> None:
        """Stop PostgreSQL, and with it every connection; `kill` is as if it crashed."""
        await self._postgres.stop(kill=kill)

    async def start_postgres(self) -> None:
        """Start PostgreSQL again, on the same port."""
        self._ended.clear()
        await self._postgres.start()

    async def add_standby(self) -> None:
        """Let a second PostgreSQL follow the first; whatever is committed from now on is on both."""
        number = 1 + sum(1 for _ in self._directory.glob("standby-*"))
        port = ports.choose(requested=None, remembered=None)
        standby = self._new_postgres(self._directory / f"standby-{number}", port)
        await standby.start_as_copy(self._postgres)
        self._standby = standby
        # Only now: what was copied must not wait for a standby of its own once it is the first.
        await self._postgres.run_sql("ALTER SYSTEM SET synchronous_standby_names = '*';\nSELECT pg_reload_conf();")
        await self._postgres.run_sql("SELECT pg_current_xact_id();")

    async def fail_over(self) -> None:
        """Let PostgreSQL die as its machine would, and the standby take over at its address; nothing follows then.

        For a moment what answers there can only be read.
        """
        if self._standby is None:
            raise StackError("There is no standby.")
        lost, first = self._postgres, self._standby
        await lost.stop(kill=True)
        await first.stop()
        self._postgres, self._standby, first.port = first, None, lost.port
        self._ended.clear()
        await first.start()
        await first.run_sql("SELECT pg_promote();")

    def _new_postgres(self, directory: Path, port: int) -> Postgres:
        return Postgres(
            directory=directory,
            log_file=self._logs / "postgres.log",
            port=port,
            owner_password=self._kept.owner_password,
            fast=self._fast,
            on_unexpected_end=self._record_end,
        )

    def _prepare_directory(self) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory.chmod(0o700)
            self._logs.mkdir(mode=0o700, exist_ok=True)
            usable = self._directory.stat().st_uid == os.geteuid()
        except OSError:
            usable = False
        if not usable:
            raise StackError("The directory {path} cannot be used. Choose one that you own.", path=str(self._directory))

    async def _start(self, resources: AsyncExitStack) -> None:
        kept = remembered.load(self._directory)
        kept = msgspec.structs.replace(
            kept,
            postgres_port=ports.choose(requested=self._requested_postgres_port, remembered=kept.postgres_port),
            homeserver_port=ports.choose(requested=self._requested_homeserver_port, remembered=kept.homeserver_port)
            if self._with_homeserver
            else kept.homeserver_port,
        )
        # Before the first part starts: a cluster whose password was forgotten could not be used again.
        remembered.save(self._directory, kept)
        self._kept = kept
        self._postgres = self._new_postgres(self._directory / "postgres", kept.postgres_port or 0)
        resources.push_async_callback(self._stop_databases)
        await self._postgres.start()
        await self._postgres.run_sql(
            postgres.role(ROLE, kept.streha_password, "CREATEDB") + postgres.database(DATABASE, owner=ROLE)
        )
        if self._with_homeserver:
            await self._start_homeserver(resources)
        self.addresses = StackAddresses(
            database_url=self._database_url(DATABASE),
            homeserver_url=self._homeserver.url if self._with_homeserver else "",
            server_name=homeservers.SERVER_NAME,
            registration_secret=kept.registration_secret,
        )

    async def _start_homeserver(self, resources: AsyncExitStack) -> None:
        await self._postgres.run_sql(
            postgres.role(homeservers.ROLE, self._kept.homeserver_password)
            + postgres.database(homeservers.DATABASE, owner=homeservers.ROLE, options=homeservers.DATABASE_OPTIONS)
        )
        self._homeserver = Homeserver(
            directory=self._directory / "homeserver",
            log_file=self._logs / "homeserver.log",
            port=self._kept.homeserver_port or 0,
            database_port=self._postgres.port,
            remembered=self._kept,
            fast=self._fast,
            on_unexpected_end=self._record_end,
        )
        self._administration = Administration(
            url=self._homeserver.url, server_name=homeservers.SERVER_NAME, remembered=self._kept
        )
        resources.push_async_callback(self._homeserver.stop)
        await self._homeserver.start()

    async def _stop_databases(self) -> None:
        # Whatever still waits for the standby goes with it.
        for each in (self._postgres, self._standby):
            if each is not None:
                await each.stop(kill=each is self._postgres and self._standby is not None)

    def _database_url(self, name: str) -> str:
        return f"postgresql://{ROLE}:{self._kept.streha_password}@{ports.LOOPBACK}:{self._postgres.port}/{name}"

    def _record_end(self, child: Child) -> None:
        self._failure = child.failure()
        self._ended.set()

    @property
    def _logs(self) -> Path:
        return self._directory / "logs"
