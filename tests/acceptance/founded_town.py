"""A town with a founded vault, and its people at their own machines, who type the real command: for stories.

Each command is a process of its own, with a key file that is locked and unlocked for the day. The town is the story's
alone: what is sealed is signed by the clock of the machine, so that a story moves time only when all is written.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from agencies.model import AgencyKind
from client import key_file
from client.vault import kept, unlocking
from core.clock import SystemClock
from deploy import demo_vault
from deploy.demo_attesting import DemoAttesting
from deploy.demo_linking import DemoLinking
from deploy.demo_network import DemoAccount, add_person, agency_of_kind, populate
from deploy.demo_people import DemoPerson
from deploy.demo_vault import Founded
from deploy.network import CHECKOUT, LocalNetwork
from deploy.witness import Witnesses
from tests.acceptance.conftest import Town
from tests.commands import Ran
from tests.waiting import PATIENCE_SECONDS

PASSPHRASE = "never typed in this story: the keys are kept open"


class Typing:
    """Who types, each with keys that are open for the day."""

    def __init__(self, town: Town, founded: Founded, folder: Path, memory: Path) -> None:
        self._town = town
        self._founded = founded
        self._folder = folder
        self._environment = {
            **{name: value for name, value in town.network.environment().items() if not name.startswith("STREHA_")},
            "XDG_RUNTIME_DIR": str(memory),
        }

    async def __call__(self, name: str, *arguments: object) -> Ran:
        """Let somebody type a command; return how it ended and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streha", *map(str, arguments), "--key", str(await self._key(name)),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=self._environment, cwd=CHECKOUT,
        )  # fmt: skip
        out, err = await process.communicate()
        return Ran(code=process.returncode or 0, out=out.decode(), err=err.decode())

    async def done(self, name: str, *arguments: object) -> Ran:
        """Let somebody type a command that must succeed."""
        ran = await self(name, *arguments)
        assert ran.code == 0, ran
        return ran

    async def _key(self, name: str) -> Path:
        path = self._folder / f"{name}.key"
        if not path.exists():
            await asyncio.to_thread(self._lock, name, path)
        return path

    def _lock(self, name: str, path: Path) -> None:
        account = self._town.accounts[name]
        unlocked = self._founded.unlocked(account)
        locked = unlocking.sealed(
            key_file.load(account.key_file), unlocked.keys, passphrase=PASSPHRASE, words="",
            genesis=self._founded.fingerprint,
        )  # fmt: skip
        key_file.write_locked(path, locked, new=True)
        opened = unlocking.with_keys(locked, unlocked.keys)
        kept.keep(locked, opened, SystemClock().now() + timedelta(hours=8), self._environment)


async def chained(types: Typing, leader: str, where: str, person: str) -> dict[str, Any]:
    """Return what `streha known` says of one person, once the ledger has chained what just happened."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := (await types.done(leader, "known", where, "--json")).json)["waiting"]:
            pass
    assert found["missing"] == 0
    (row,) = [each for each in found["people"] if person in each["who"]]
    return dict(row)


class AttestedLinking(DemoLinking):
    """Links, and has the identity attested in the signed directory, by which the bot goes."""

    def __init__(self, network: LocalNetwork, attesting: DemoAttesting) -> None:
        super().__init__(network)
        self._attesting = attesting

    async def link_account(self, account: DemoAccount, device_id: str, session_key: str) -> None:
        """Do both for somebody."""
        await super().link_account(account, device_id, session_key)
        assert await self._attesting.attest(account)


@asynccontextmanager
async def founded_town(
    folder: Path, newcomers: Mapping[str, AgencyKind] | None = None
) -> AsyncIterator[tuple[Town, Typing]]:
    """Give a town of the story's own, founded with everybody in it, newcomers too; and whoever types in it."""
    async with LocalNetwork(folder / "town", fast=True) as network:
        accounts = await populate(network)
        for name, kind in (newcomers or {}).items():
            planned = DemoPerson(account=name, name=f"{name.title()} Primer")
            agency = agency_of_kind(accounts, kind)
            accounts[name] = await add_person(network, agency, planned, f"{name}-password", {})
        founded = await demo_vault.found(network, accounts)
        await network.go_by(founded.fingerprint)
        clients = Witnesses(network.stack.addresses.homeserver_url, log_file=folder / "witnesses.log")
        keys = folder / "keys"
        keys.mkdir(mode=0o700)
        async with clients:
            with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
                linking = AttestedLinking(network, DemoAttesting(network, accounts, founded))
                town = Town(network=network, accounts=accounts, clients=clients, known={}, linking=linking)
                yield town, Typing(town, founded, keys, Path(memory))
