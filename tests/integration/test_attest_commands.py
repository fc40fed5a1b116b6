"""`streha attest` over a served API, in a network that was founded: who is attested, by whom, and what is refused."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from agencies.model import Person
from client import key_file
from client.vault.logs import DIRECTORY
from client.vault.memory import Memory
from core.clock import SystemClock
from tests.clock import MovableClock
from tests.commands import Ran
from tests.passphrases import OWN, with_passphrases
from tests.people import NETWORK, Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found
from tests.vault_machines import locked_file

pytest_plugins = ("tests.fixtures_api",)


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    """Found a network of the scene's agencies, at this moment."""
    return await found(api, town.shelter, town.police, town.welfare)


async def test_a_new_person_is_attested_by_the_code_and_signs_in(founded: Founded, tmp_path: Path) -> None:
    api, agency = founded.api, next(iter(founded.administrators))
    boss = locked_file(founded, founded.administrators[agency], tmp_path)
    fresh, offer = tmp_path / "vera.key", tmp_path / "vera.offer"
    assert (await with_passphrases((OWN,), "keys", "new", fresh, "--api", api.url, "--network", NETWORK)).code == 0
    offered = await with_passphrases(
        (OWN,), "keys", "offer", offer, "--name", "Vera Primer", "--agency", agency, "--role", "practitioner",
        "--matrix", "@vera-new:streha.test", "--key", fresh, "--json",
    )  # fmt: skip
    code = offered.json["code"]

    async def attest(*arguments: object) -> Ran:
        return await with_passphrases((OWN,), "attest", *arguments, "--key", boss)

    wrong = await attest("offer", offer, "--code", "00000 00000 00000 00000", "--yes")
    assert (wrong.code, "NOT the same" in wrong.err) == (2, True), wrong
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(offer.read_bytes()[:-1])
    assert (await attest("offer", nonsense, "--code", code, "--yes")).code == 2
    unsure = await attest("offer", offer, "--code", code)
    assert unsure.code == 2
    vera = key_file.read(fresh)
    early = await with_passphrases((OWN,), "case", "list", "--key", fresh)
    assert early.code == 1
    done = await attest("offer", offer, "--code", code.lower(), "--yes", "--json")
    assert (done.code, done.json["waits"]) == (0, False), done
    listed = (await attest("list", "--json")).json
    # What was verified is remembered, so that no server shows this machine less.
    assert len(Memory.beside(boss, founded.id).entries(DIRECTORY)) == listed["entries"] == 2
    assert str(vera.person_id) in {each["id"] for each in listed["people"]}
    assert (await with_passphrases((OWN,), "keys", "trust", founded.id.hex(), "--key", fresh)).code == 0
    assert (await with_passphrases((OWN,), "case", "list", "--key", fresh)).code == 0
    # A practitioner attests nobody, and sees the directory.
    refused = await with_passphrases((OWN,), "attest", "revoke", vera.person_id, "--yes", "--key", fresh)
    assert (refused.code, "it takes an administrator" in refused.err) == (1, True), refused

    assert (await attest("revoke", UUID(int=7), "--yes")).code == 1
    assert (await attest("revoke", vera.person_id, "--yes")).code == 0
    assert (await with_passphrases((OWN,), "case", "list", "--key", fresh)).code == 1


async def test_somebody_known_gets_other_keys_by_two_administrators(
    founded: Founded, town: Scene, tmp_path: Path
) -> None:
    """Their old keys are lost: both administrators compare the code, and both see for whom it is."""
    api, person, agency = founded.api, town.shelter.workers[1], town.shelter.agency.id
    first = founded.administrators[agency]
    others = [each for each in founded.administrators.values() if each.agency_id != agency]
    fresh, offer = tmp_path / "again.key", tmp_path / "again.offer"
    made = await with_passphrases(
        (OWN,), "keys", "new", fresh, "--api", api.url, "--network", NETWORK, "--person", person.id
    )
    assert made.code == 0, made
    offered = await with_passphrases(
        (OWN,), "keys", "offer", offer, "--name", "Somebody Else", "--agency", agency, "--role", "practitioner",
        "--matrix", "@else:streha.test", "--key", fresh, "--json",
    )  # fmt: skip

    async def attest(by: Person, *arguments: object) -> Ran:
        return await with_passphrases((OWN,), "attest", *arguments, "--key", locked_file(founded, by, tmp_path))

    async def decides(by: Person) -> Ran:
        return await attest(by, "offer", offer, "--code", offered.json["code"], "--yes")

    early = await with_passphrases((OWN,), "keys", "trust", founded.id.hex(), "--key", fresh)
    assert early.code != 0, early
    proposed = await decides(first)
    # Whom the directory knows under this id, and not what the offer says of itself.
    assert (proposed.code, person.name in proposed.out, "Somebody Else" in proposed.out) == (0, True, False), proposed
    assert "OTHER KEYS" in proposed.out
    assert person.name in (await attest(others[0], "list")).out.partition("other keys")[2]
    # Nobody agrees to keys unseen: without the code that the person reads, there is no agreeing.
    waiting = (await attest(others[0], "list", "--json")).json["waiting"]
    unseen = await attest(others[0], "approve", waiting[0]["id"], "--yes")
    assert (unseen.code, "NOT agreed" in unseen.err) == (1, True), unseen
    agreed = await decides(others[0])
    assert (agreed.code, "It holds" in agreed.out) == (0, True), agreed
    assert (await with_passphrases((OWN,), "keys", "trust", founded.id.hex(), "--key", fresh)).code == 0
    assert (await with_passphrases((OWN,), "case", "list", "--key", fresh)).code == 0
    old = await with_passphrases((OWN,), "case", "list", "--key", locked_file(founded, person, tmp_path))
    assert old.code == 1, old


async def test_what_is_proposed_waits_for_another_agency(founded: Founded, tmp_path: Path) -> None:
    first, second = list(founded.administrators.values())[:2]
    agencies = list(founded.administrators)
    boss, other = (locked_file(founded, each, tmp_path) for each in (first, second))
    proposed = await with_passphrases((OWN,), "attest", "suspend", agencies[2], "--yes", "--key", boss, "--json")
    assert (proposed.code, proposed.json["waits"]) == (0, True), proposed
    name = proposed.json["id"][:16]
    # Whoever proposed it does not agree twice, and nobody to what is not there.
    assert (await with_passphrases((OWN,), "attest", "approve", name, "--yes", "--key", boss)).code == 1
    assert (await with_passphrases((OWN,), "attest", "approve", "00" * 8, "--yes", "--key", boss)).code == 1
    assert (await with_passphrases((OWN,), "attest", "withdraw", name, "--yes", "--key", other)).code == 1
    agreed = await with_passphrases((OWN,), "attest", "approve", name, "--yes", "--key", other)
    assert (agreed.code, "It holds" in agreed.out) == (0, True), agreed
