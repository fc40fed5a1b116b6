"""The directory as commands fetch it that need no compartment: held against paper and memory, forks kept as proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agencies.model import Person
from agencies.trust.deeds import Revoke
from agencies.trust.network import Network
from client.vault import trusting
from client.vault.logs import DIRECTORY
from client.vault.memory import Memory
from core.clock import SystemClock
from core.errors import Conflict, InvalidInput
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.passphrases import OWN, with_passphrases
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, data, found
from tests.vault_clients import text as b64
from tests.vault_machines import locked_file

pytest_plugins = ("tests.fixtures_api",)


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    return await found(api, town.shelter, town.police)


@pytest.fixture
def boss(founded: Founded, town: Scene) -> Person:
    return founded.administrators[town.shelter.agency.id]


@pytest.fixture
def memory(founded: Founded, tmp_path: Path) -> Memory:
    return Memory(tmp_path / "logs", founded.id)


async def fetched(
    founded: Founded, person: Person, memory: Memory, *, require: Callable[[Network], None] = lambda _network: None
) -> Network:
    async with founded.api.client(person) as client:
        return await trusting.fetched(client.keys_of_vault, memory, founded.id, require=require)


async def revoked(founded: Founded, by: Person, person: Person) -> bytes:
    """Let an administrator put an entry into the directory; return it."""
    made = founded.entry(by, Revoke(person=person.id.bytes), await founded.directory(by))
    assert (await founded.decide(by, Revoke(person=person.id.bytes))).status == 200
    answer = (await founded.ask(by, "GET", "directory")).json
    assert data(answer["entries"][-1]) == made
    return made


def shown_otherwise(founded: Founded, network: Network, boss: Person, person: Person, memory: Memory) -> bytes:
    """Let a machine have been shown an entry that the server has not; return it."""
    other = founded.entry(boss, Revoke(person=person.id.bytes), network)
    memory.remember({DIRECTORY: (0, [founded.genesis, other])}, compartment=None, at=0)
    return other


async def test_it_is_verified_remembered_and_gone_on_with(
    founded: Founded, town: Scene, boss: Person, memory: Memory
) -> None:
    assert (await fetched(founded, boss, memory)).head.number == 0
    made = await revoked(founded, boss, town.shelter.deputies[0])
    # What is right and not what is wanted is not remembered.
    with pytest.raises(InvalidInput):
        await fetched(
            founded, boss, memory,
            require=lambda each: trusting.require_named(
                each, person=boss.id.bytes, signing_key=bytes(32), box_key=bytes(32)
            ),
        )  # fmt: skip
    assert memory.entries(DIRECTORY) == [founded.genesis]
    network = await fetched(founded, boss, memory)
    assert (network.head.number, memory.entries(DIRECTORY)) == (1, [founded.genesis, made])
    # The same again, from memory, is the same; and nothing is written where nothing is new.
    before = (memory.folder / "heads.json").stat().st_mtime_ns
    assert (await fetched(founded, boss, memory)).now == network.now
    assert (memory.folder / "heads.json").stat().st_mtime_ns == before


async def test_less_than_is_known_is_refused(founded: Founded, town: Scene, boss: Person, memory: Memory) -> None:
    shown_otherwise(founded, await founded.directory(boss), boss, town.shelter.worker, memory)
    with pytest.raises(InvalidInput, match="holds back"):
        await fetched(founded, boss, memory)
    async with founded.api.client(boss) as client:
        with pytest.raises(InvalidInput, match="another network"):
            await trusting.fetched(client.keys_of_vault, Memory(memory.folder / "other", bytes(32)), bytes(32))
    assert memory.proofs(DIRECTORY) == []


async def test_what_was_shown_otherwise_before_is_kept_as_proof_and_stops_work(
    founded: Founded, town: Scene, boss: Person, memory: Memory
) -> None:
    ours = shown_otherwise(founded, await founded.directory(boss), boss, town.shelter.worker, memory)
    theirs = await revoked(founded, boss, town.shelter.deputies[0])
    with pytest.raises(Conflict, match="shows another directory"):
        await fetched(founded, boss, memory)
    (path,) = memory.proofs(DIRECTORY)
    kept = path.read_text()
    assert all(each in kept for each in (b64(ours), b64(theirs)))
    with pytest.raises(Conflict, match="two different logs"):
        await fetched(founded, boss, memory)
    memory.forget(DIRECTORY)
    assert (await fetched(founded, boss, memory)).head.number == 1


async def test_every_command_that_asks_for_the_directory_keeps_the_proof(
    founded: Founded, town: Scene, boss: Person, tmp_path: Path
) -> None:
    key = locked_file(founded, boss, tmp_path)
    memory = Memory.beside(key, founded.id)
    ours = shown_otherwise(founded, await founded.directory(boss), boss, town.shelter.worker, memory)
    await revoked(founded, boss, town.shelter.deputies[0])

    async def types(*arguments: object) -> Ran:
        return await with_passphrases((OWN,), *arguments, "--key", key)

    for command in (("attest", "list"), ("keys", "trust", founded.id.hex()), ("attest", "identity", "--yes")):
        memory.forget(DIRECTORY)
        memory.remember({DIRECTORY: (0, [founded.genesis, ours])}, compartment=None, at=0)
        refused = await types(*command)
        assert (refused.code, "streha compartment forget --directory" in refused.err) == (1, True), refused
        assert len(memory.proofs(DIRECTORY)) == 1, command
        again = await types(*command)
        assert (again.code, "two different logs" in again.err) == (1, True), again
    # Cleared up by a person, who need not be in any compartment.
    nothing = await streha("compartment", "forget", "--yes", "--key", key)
    assert (nothing.code, "--directory" in nothing.err) == (2, True), nothing
    forgotten = await streha("compartment", "forget", "--directory", "--yes", "--key", key)
    assert (forgotten.code, "Kept as proof" in forgotten.out) == (0, True), forgotten
    assert (await types("attest", "list")).code == 0
