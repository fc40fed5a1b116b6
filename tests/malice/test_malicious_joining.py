"""A malicious server against somebody who comes in by paper, and against whoever attests them.

The server is a process of its own that rewrites real answers (`tests.malice.proxy`); the commands, Streha and
PostgreSQL are the real ones. What it says is believed at no point: the paper and the voice decide.
"""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agencies.trust import offers
from agencies.trust.offers import Offer
from client import key_file
from client.key_file import LockedKeyFile
from client.vault import unlocking
from core.clock import SystemClock
from core.settings import Settings
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.malice.town import Town, malicious_town
from tests.passphrases import OWN, piped, with_passphrases
from tests.people import Network
from tests.vault_clients import genesis_of
from tests.vault_machines import locked_file


@pytest.fixture
async def town(network: Network, clock: MovableClock, settings: Settings, tmp_path: Path) -> AsyncIterator[Town]:
    clock.set(SystemClock().now())
    async with malicious_town(network, settings, tmp_path) as made:
        yield made


async def boss(town: Town, *arguments: object, typed: str = "") -> Ran:
    person = town.founded.administrators[town.scene.shelter.agency.id]
    key = locked_file(town.founded, person, town.folder)
    with piped(OWN) as descriptor:
        return await streha("--passphrase-fd", descriptor, *arguments, "--key", key, typed=typed)


async def joined(town: Town, paper: str) -> Ran:
    given = town.folder / "paper"
    given.write_text(paper)
    return await with_passphrases(
        (OWN,), "join", new_key(town), "--paper", given, "--name", "Vera Primer", "--matrix", "@vera:streha.test",
        "--json",
    )  # fmt: skip


async def went_on(town: Town) -> Ran:
    return await with_passphrases((OWN,), "join", new_key(town), "--continue", "--json")


def new_key(town: Town) -> Path:
    return town.folder / "vera.key"


async def test_nothing_that_differs_from_the_paper_is_believed(town: Town) -> None:
    paper = (await boss(town, "invite", "Vera Primer", "--json")).json[0]["text"]
    await town.malice.begin("opened-elsewhere")
    refused = await joined(town, paper)
    assert (refused.code, "another network" in refused.err, new_key(town).exists()) == (2, True, False), refused
    await town.malice.begin("honest")
    code = (await joined(town, paper)).json["code"]
    assert (await boss(town, "attest", "person", "Vera Primer", typed=code + "\n")).code == 0

    # A server that had lied in all else meets the paper and the person's own keys here.
    before = new_key(town).read_bytes()
    scene = town.scene
    other, _secrets = genesis_of(
        town.api.network.seeds, town.founded.now,
        {scene.shelter.agency: [town.founded.administrators[scene.shelter.agency.id]]},
    )  # fmt: skip
    for attack, argument, said in (
        ("directory-of-another", base64.b64encode(other).decode(), "another network"),
        ("directory-shorter", "1", "entry that your paper names"),
        ("directory-shorter", "2", "does not name your keys"),
    ):
        await town.malice.begin(attack, argument)
        refused = await went_on(town)
        assert (refused.code, said in refused.err) == (2, True), (attack, refused)
        assert new_key(town).read_bytes() == before
        assert not new_key(town).with_name("vera.key.logs").exists()
    await town.malice.begin("honest")
    done = await went_on(town)
    assert (done.code, done.json["network"]) == (0, town.founded.id.hex()), done


async def test_an_offer_that_the_server_puts_in_another_s_place_has_another_code(town: Town) -> None:
    paper = (await boss(town, "invite", "Vera Primer", "--json")).json[0]["text"]
    code = (await joined(town, paper)).json["code"]
    own = key_file.read(new_key(town))
    assert isinstance(own, LockedKeyFile)
    assert own.joining is not None
    # All as Vera says it, with keys of the server's.
    said = offers.read(own.joining.offer, town.founded.id).offer
    false = offers.make(
        os.urandom(32), town.founded.id,
        Offer(
            person=said.person, agency=said.agency, name=said.name, role=said.role, matrix_user=said.matrix_user,
            box_key=bytes([7]) * 32, at=said.at,
        ),
    )  # fmt: skip
    await town.malice.begin("offer-replaced", base64.b64encode(false).decode())
    refused = await boss(town, "attest", "person", "Vera Primer", typed=code + "\n")
    assert (refused.code, "NOT the same" in refused.err) == (2, True), refused
    await town.malice.begin("honest")
    right = await boss(town, "attest", "person", "Vera Primer", typed=code + "\n")
    assert right.code == 0, right


async def test_an_offer_for_another_agency_is_taken_by_nobody(town: Town) -> None:
    """Which agency it is for is the server's word to a newcomer: neither paper nor code would show another."""
    paper = (await boss(town, "invite", "Vera Primer", "--json")).json[0]["text"]
    assert (await joined(town, paper)).code == 0
    own = key_file.read(new_key(town))
    assert isinstance(own, LockedKeyFile)
    assert own.joining is not None
    unlocked = unlocking.opened(own, OWN).unlocked
    police = town.scene.police.agency.id
    said = msgspec.structs.replace(offers.read(own.joining.offer, town.founded.id).offer, agency=police.bytes)
    misled = offers.make(unlocked.keys.seed, town.founded.id, said)
    code = offers.read(misled, town.founded.id).code
    for attack, refusal in (("offer-replaced", "another agency"), ("offer-moved", "may not decide this")):
        await town.malice.begin(attack, f"{base64.b64encode(misled).decode()},{police}")
        refused = await boss(town, "attest", "person", "Vera Primer", typed=code + "\n")
        assert (refused.code != 0, refusal in refused.err) == (True, True), (attack, refused)
