"""All that a thief of the servers could take is searched: for a thousand marked sentences, for keys, and for facts.

What may be known where is the table of docs/architecture.md, *What the server may know*: of what stands in sealed
records, of why somebody is excluded, of messages and of secret keys nothing is found anywhere; of names, accounts and
codenames exactly what the table allows, where it allows it.
"""

from __future__ import annotations

import base64
from contextlib import AsyncExitStack
from pathlib import Path

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
from crypto.vault import statement
from crypto.vault.bundle import Keys
from deploy.demo_linking import DemoLinking
from deploy.demo_network import populate
from deploy.network import LocalNetwork
from deploy.witness import Witnesses
from tests.acceptance.conftest import Town
from tests.acceptance.taken import Searched, fetched, files_of, rows_of, rows_of_homeserver
from tests.vault_clients import genesis_of

# Each sentence begins with it: whoever finds none of these finds none of the thousand.
MARK = "Kestenjar-"
RECORDS, SENTENCES = 100, 10
REASON, MESSAGE = MARK + "reason", MARK + "message"


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
            "metrics": [(await fetched(url)).encode() for url in network.metrics_urls.values()],
            "rows of Streha": [each async for each in rows_of(network.database)],
            "rows of the homeserver": await rows_of_homeserver(network),
        }
    taken = Searched(places=places | dict(files_of(tmp_path / "town")))
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
