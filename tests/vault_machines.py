"""People of a test on their own machines: the vault's client as it is, over the served API, each with a memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agencies.model import Person
from cases.model import Case, CompartmentId
from client.api import ApiClient
from client.vault.circles import Circles, Decided
from client.vault.epochs import EpochKeys
from client.vault.memory import Memory
from client.vault.person import Unlocked
from client.vault.reading import Reader
from client.vault.records import Records
from crypto.vault.bundle import Keys
from tests.vault_clients import Founded


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One person's machine."""

    person: Person
    api: ApiClient
    memory: Memory
    reader: Reader
    keys: EpochKeys
    circles: Circles
    records: Records

    async def open_(
        self, case: Case, compartment: CompartmentId, deputy: Person, *, sensitive: bool = False
    ) -> Decided:
        """Open a compartment's vault with the members that the case has."""
        found = next(each for each in case.compartments if each.id == compartment)
        return await self.circles.open_(
            compartment.bytes, case=case.id.bytes, deputy=deputy.id.bytes,
            members=[each.bytes for each in found.member_ids], sensitive=sensitive,
        )  # fmt: skip


@asynccontextmanager
async def machine(founded: Founded, person: Person, folder: Path) -> AsyncIterator[Machine]:
    """Give somebody a machine, which remembers in a folder of their own."""
    unlocked = unlocked_keys(founded, person)
    memory = Memory(folder / str(person.id), founded.id)
    async with founded.api.client(person) as api:
        reader = Reader(api.vault, unlocked, memory, founded.api.network.clock)
        keys = EpochKeys(reader)
        yield Machine(
            person=person, api=api, memory=memory, reader=reader, keys=keys, circles=Circles(reader, keys),
            records=Records(reader, keys),
        )  # fmt: skip


def unlocked_keys(founded: Founded, person: Person) -> Unlocked:
    """Return somebody's keys as they are once unlocked."""
    keys = Keys(seed=founded.seed(person), secret=founded.secrets[person.id])
    return Unlocked(person=person.id.bytes, network=founded.id, keys=keys)
