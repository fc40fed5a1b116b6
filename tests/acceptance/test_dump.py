"""All that a thief of the servers could take is searched: for a thousand marked sentences, for keys, and for facts.

What may be known where is the table of docs/architecture.md, *What the server may know*: of what stands in sealed
records, of why somebody is excluded, of messages and of secret keys nothing is found anywhere; of names, accounts and
codenames exactly what the table allows, where it allows it.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from agencies.model import Agency, Person, Role
from agencies.vault.keeping import KeptNetwork
from cases.model import Case
from cases.vault.directory import DirectoryLog
from client import key_file
from client.api import ApiClient
from client.vault.circles import Circles
from client.vault.epochs import EpochKeys
from client.vault.memory import Memory
from client.vault.person import Unlocked
from client.vault.reading import Reader
from client.vault.records import Records
from core.database import Database, connect
from crypto.vault import statement
from crypto.vault.bundle import Keys
from deploy import remembered
from deploy.demo_linking import DemoLinking
from deploy.demo_network import populate
from deploy.network import LocalNetwork
from deploy.witness import Witnesses
from tests.acceptance.conftest import Town
from tests.vault_clients import genesis_of

# Each sentence begins with it: whoever finds none of these finds none of the thousand.
MARK = "Kestenjar-"
RECORDS, SENTENCES = 100, 10
REASON, MESSAGE = MARK + "reason", MARK + "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """All that could be taken, by place; and what is looked for there, by what it is."""

    places: dict[str, list[bytes]]

    def places_of(self, *wanted: bytes) -> set[str]:
        """Return where one of these is found, written in any way."""
        ways = [each for one in wanted for each in written(one)]
        return {place for place, pieces in self.places.items() if any(way in piece for piece in pieces for way in ways)}


def written(wanted: bytes) -> list[bytes]:
    """Return how bytes may be written: as they are, in wide letters, in hexadecimal, in base64 at any place."""
    ways = [wanted, wanted.hex().encode(), wanted.hex().upper().encode()]
    if wanted.isascii():
        ways += [wanted.decode().encode("utf-16-le"), wanted.decode().encode("utf-16-be")]
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + wanted)
        # The first and last letters depend on what stands beside it.
        inner = encoded[(before * 8 + 5) // 6 :][: (len(wanted) * 8 - 6) // 6 - 1]
        ways += [inner, inner.replace(b"+", b"-").replace(b"/", b"_")]
    return ways


def test_what_is_looked_for_would_be_found() -> None:
    sentence = f"it was {MARK}0421 there"
    for way in (
        sentence.encode(), sentence.encode("utf-16-le"), sentence.encode().hex().encode(),
        *(base64.b64encode(b"x" * before + sentence.encode()) for before in range(3)),
        *(base64.urlsafe_b64encode(b"\xff" * before + bytes(range(200, 232))) for before in range(3)),
    ):  # fmt: skip
        found = Searched(places={"here": [b"much besides " + way + b" and after"]})
        assert found.places_of(MARK.encode(), bytes(range(200, 232))) == {"here"}


@pytest.mark.slow
@pytest.mark.long
async def test_nothing_sealed_is_found_anywhere_and_facts_only_where_they_may_be(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(LocalNetwork(tmp_path / "town", fast=True))
        accounts = await populate(network)
        clients = Witnesses(network.stack.addresses.homeserver_url, log_file=tmp_path / "witnesses.log")
        await stack.enter_async_context(clients)
        town = Town(network=network, accounts=accounts, clients=clients, known={}, linking=DemoLinking(network))
        case = await town.open_case()
        room = await town.channel(case)
        secrets = await _write_records(town, case, tmp_path / "machines")
        mila = await town.witness("mila")
        await mila.joined(room, mila.user_id)
        await mila.send(room, MESSAGE)
        await mila.send(room, "panic")
        await mila.wait_for(lambda message: message.room_id == room and bool(message.mentions))
        places = {
            "metrics": [(await _fetched(url)).encode() for url in network.metrics_urls.values()],
            "rows of Streha": [each async for each in _rows(network.database)],
            "rows of the homeserver": await _homeserver(network),
        }
    taken = Searched(places=places | dict(_files(tmp_path / "town")))
    assert taken.places.keys() >= places.keys() | {"logs", "postgres", "bot"}
    assert all(any(pieces) for pieces in taken.places.values())
    assert taken.places_of(MARK.encode(), *secrets) == set()
    shown = {
        what: taken.places_of(fact.encode())
        for what, fact in {
            "an agency": accounts["ana"].agency.name,
            "a name": accounts["ana"].person.name,
            "an account": accounts["ana"].person.matrix_user,
            "a codename": case.codename,
        }.items()
    }
    streha = {"rows of Streha", "postgres"}
    # The homeserver knows accounts, and a room is called by its codename.
    assert shown == {
        "an agency": streha,
        "a name": streha,
        "an account": streha | {"rows of the homeserver"},
        "a codename": streha | {"rows of the homeserver"},
    }


async def _write_records(town: Town, case: Case, folder: Path) -> list[bytes]:
    """Found the network, write a thousand marked sentences into its records, and bar somebody; return secret keys."""
    administrators_first = sorted(town.accounts.values(), key=lambda each: each.person.role is not Role.ADMINISTRATOR)
    staff: dict[Agency, list[Person]] = {}
    for each in administrators_first:
        staff.setdefault(each.agency, []).append(each.person)
    keys = {each.person.id: key_file.load(each.key_file) for each in town.accounts.values()}
    seeds = {person: key.seed for person, key in keys.items()}
    genesis, boxes = genesis_of(seeds, int(town.network.clock.now().timestamp()), staff)
    await DirectoryLog(town.network.database, town.network.clock, KeptNetwork()).install(genesis)
    person = town.person("ana")
    unlocked = Unlocked(
        person=person.id.bytes, network=statement.hash_of(genesis),
        keys=Keys(seed=seeds[person.id], secret=boxes[person.id]),
    )  # fmt: skip
    async with ApiClient(keys[person.id]) as api:
        reader = Reader(api.vault, unlocked, Memory(folder, unlocked.network), town.network.clock)
        epochs = EpochKeys(reader)
        circles, records, compartment = Circles(reader, epochs), Records(reader, epochs), case.core.id.bytes
        await circles.open_(
            compartment, case=case.id.bytes, deputy=town.person("nina").id.bytes,
            members=[each.bytes for each in case.core.member_ids],
        )  # fmt: skip
        for record in range(RECORDS):
            text = "\n".join(f"{MARK}{record:04}-{sentence}" for sentence in range(SENTENCES))
            await records.put(compartment, text.encode())
        await circles.exclude(compartment, town.person("sara").id.bytes, REASON)
        opened, view = await records.all_current(compartment)
        assert len(opened) == RECORDS
        contents = [(await records.key_and_content(view, each.version))[0] for each in opened[:SENTENCES]]
        epoch = await epochs.key(view, view.circle.epoch)
    return [epoch, *contents, *seeds.values(), *boxes.values()]


async def _rows(database: Database) -> AsyncIterator[bytes]:
    """Yield all that is stored, row by row, as PostgreSQL writes it: bytes in hexadecimal."""
    async with database.transaction() as tx:
        for table in await tx.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for row in await tx.rows(f"SELECT t::text AS line FROM {table['tablename']} AS t"):  # noqa: S608 (own tables)
                yield row["line"].encode()


async def _homeserver(network: LocalNetwork) -> list[bytes]:
    kept = remembered.load(network.directory)
    url = f"postgresql://synapse:{kept.homeserver_password}@127.0.0.1:{kept.postgres_port}/synapse"
    async with connect(url) as database:
        return [each async for each in _rows(database)]


async def _fetched(url: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.text()


def _files(folder: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Yield what lies on the disks: each folder of the network's with its files, but people's own key files."""
    for each in sorted(folder.iterdir()):
        if each.name != "keys":
            inside = [each] if each.is_file() else each.rglob("*")
            yield each.name, [path.read_bytes() for path in inside if path.is_file()]
