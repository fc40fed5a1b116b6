"""People of a test on their own machines: the vault's client as it is, over the served API, each with a memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agencies.model import Person
from cases.model import Case, CompartmentId
from client import key_file
from client.api import ApiClient
from client.key_file import KeyFile
from client.vault import unlocking
from client.vault.circles import Circles, Decided
from client.vault.epochs import EpochKeys
from client.vault.memory import Memory
from client.vault.person import Unlocked
from client.vault.reading import Reader
from client.vault.records import Records
from crypto.vault.bundle import Keys
from tests.passphrases import OWN
from tests.people import NETWORK
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


class Machines:
    """Everybody's machine, of those who were asked for."""

    def __init__(self, founded: Founded, folder: Path) -> None:
        self._founded = founded
        self._folder = folder
        self._entered = AsyncExitStack()

    async def of(self, person: Person) -> Machine:
        """Give somebody a machine until the end."""
        return await self._entered.enter_async_context(machine(self._founded, person, self._folder))

    async def leave(self) -> None:
        """Let all of them go."""
        await self._entered.aclose()


def locked_file(founded: Founded, person: Person, folder: Path) -> Path:
    """Write somebody's locked key file, which trusts the network, once; it opens with `OWN`."""
    path = folder / f"{person.id}.locked"
    if not path.exists():
        seed = founded.seed(person)
        key = KeyFile(person_id=person.id, network=NETWORK, api_url=founded.api.url, seed=seed)
        keys = Keys(seed=seed, secret=founded.secrets[person.id])
        locked = unlocking.sealed(key, keys, passphrase=OWN, words="", genesis=founded.id)
        key_file.write_locked(path, locked, new=True)
    return path


def unlocked_keys(founded: Founded, person: Person) -> Unlocked:
    """Return somebody's keys as they are once unlocked."""
    keys = Keys(seed=founded.seed(person), secret=founded.secrets[person.id])
    return Unlocked(person=person.id.bytes, network=founded.id, keys=keys)
