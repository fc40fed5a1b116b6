"""What it costs to let one more person into fifty vaults, as `streha compartment add-to` does.

The API and PostgreSQL are real, and so is the person's memory on the disk. Keys are unlocked before, once for all.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nacl.bindings as sodium
import nacl.utils

from agencies.model import Person
from cases.model import Part
from client.vault import everywhere
from client.vault.everywhere import Need
from core.clock import SystemClock
from core.database import Database, connect
from core.migrations import migrate
from core.settings import Secret, Settings
from deploy.stack import LocalStack
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.clock import MovableClock
from tests.people import Network
from tests.served import serve_api
from tests.vault_clients import found
from tests.vault_machines import Machine, machine

VAULTS, TINY_VAULTS = 50, 2
# One newcomer for each time that it is measured, the first included.
NEWCOMERS = 12
RECORDS = 2

ADDED, BARE = f"one member added to {VAULTS} vaults", "bare signatures, grants and rows"
AGAIN = "the same command again, nothing left to do"
# As long as these are at work: an entry of each log, a grant, a wrap.
ENTRY_BYTES, GRANT_BYTES, WRAP_BYTES = 420, 400, 81
# Each entry is signed and verified by whoever writes it; then by the server; grants are signed, and verified there.
TABLE = "CREATE TABLE bare_rows (id bigserial PRIMARY KEY, kind smallint NOT NULL, data bytea NOT NULL)"
STORE = "INSERT INTO bare_rows (kind, data) SELECT $1, unnest($2::bytea[])"


@dataclass(slots=True, kw_only=True)
class _Adding:
    """The measures."""

    lead: Machine
    vaults: Sequence[bytes]
    newcomers: list[Person]
    database: Database
    come: list[Person] = field(default_factory=list)

    async def added(self) -> float:
        """Return how long it took until the next newcomer was in everywhere, with the key."""
        person = self.newcomers.pop()
        self.come.append(person)
        needs, took = await self._run(person)
        if needs != {Need.ADD}:
            raise MeasurementFailed("somebody was in already")
        return took

    async def again(self) -> float:
        """Return how long it took to find out that nothing was left to do."""
        if not self.come:
            await self.added()
        needs, took = await self._run(self.come[-1])
        if needs != {Need.IN}:
            raise MeasurementFailed("somebody was not in, or has no key")
        return took

    async def bare(self) -> float:
        """Return how long the same signatures, sealed grants and rows take alone."""
        members = len((await self.lead.reader.refresh(self.vaults[0])).circle.members)
        public, secret = sodium.crypto_sign_seed_keypair(nacl.utils.random(32))
        box_key = sodium.crypto_scalarmult_base(nacl.utils.random(32))
        began = time.perf_counter()
        for _ in self.vaults:
            await self._stored([_signed(ENTRY_BYTES, secret, public, 2)])
            grants = []
            for _ in range(members):
                sodium.crypto_box_seal(bytes(160), box_key)
                grants.append(_signed(GRANT_BYTES, secret, public, 1))
            await self._stored(
                [_signed(ENTRY_BYTES, secret, public, 2)], grants, [nacl.utils.random(WRAP_BYTES)] * RECORDS
            )
        return time.perf_counter() - began

    async def _run(self, person: Person) -> tuple[set[Need], float]:
        lead, needs = self.lead, set[Need]()
        began = time.perf_counter()
        views = [await lead.reader.refresh(each) for each in self.vaults]
        for view in views:
            needed = everywhere.need(view, person.id.bytes, lead.reader.now())
            needs.add(needed)
            if needed in everywhere.TO_DO:
                came = await everywhere.let_in(lead.circles, lead.keys, view, person.id.bytes, needed)
                if not came.keyed:
                    raise MeasurementFailed("a vault has no key for its members")
        return needs, time.perf_counter() - began

    async def _stored(self, *kinds: Sequence[bytes]) -> None:
        async with self.database.transaction() as tx:
            for number, rows in enumerate(kinds):
                await tx.run(STORE, number, list(rows))


def _signed(length: int, secret: bytes, public: bytes, verified: int) -> bytes:
    signed = sodium.crypto_sign(nacl.utils.random(length), secret)
    for _ in range(verified):
        sodium.crypto_sign_open(signed, public)
    return signed


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        database = await resources.enter_async_context(connect(stack.addresses.database_url))
        await migrate(database)
        async with database.transaction() as tx:
            await tx.run(TABLE)
        network = Network(database, MovableClock(SystemClock().now()))
        scene = await network.scene()
        many = await network.office(workers=NEWCOMERS)
        settings = Settings(
            database_url=Secret(stack.addresses.database_url), network="invented network",
            requests_per_minute=1_000_000_000,
        )  # fmt: skip
        api = await resources.enter_async_context(serve_api(network, settings, directory))
        founded = await found(api, scene.shelter, scene.police, scene.welfare, scene.ngo, many)
        lead = await resources.enter_async_context(machine(founded, scene.coordinator, directory / "memory"))
        vaults = []
        parts = {scene.police: Part.RESPONDER, scene.welfare: Part.RESPONDER, many: Part.INFORMED}
        for _ in range(TINY_VAULTS if tiny else VAULTS):
            case = await network.case(scene.coordinator, parts, [scene.member], scene.deputy)
            await lead.open_(case, case.core.id, scene.deputy)
            for _ in range(RECORDS):
                await lead.records.put(case.core.id.bytes, b"Invented: a visit.")
            vaults.append(case.core.id.bytes)
        adding = _Adding(lead=lead, vaults=vaults, newcomers=list(many.workers), database=database)
        yield {ADDED: adding.added, BARE: adding.bare, AGAIN: adding.again}


ROW = Row(
    name="member-everywhere",
    title=f"The vault: one more member in {VAULTS} vaults",
    prepared=_prepared,
    comparisons=(Comparison(measure=ADDED, floor=BARE), Comparison(measure=AGAIN, floor=ADDED)),
    rounds_at_most=9,
    notes=(
        f"Each vault: looked at, the entry, the next key for all members, {RECORDS} records wrapped for it, looked at.",
        "Keys are unlocked before, once. The person's machine and the API share this process; PostgreSQL has its own.",
        "Bare: the same signatures made and verified, the grants sealed, the rows stored in as many transactions.",
        "Each time there is one member more, in both.",
    ),
)
