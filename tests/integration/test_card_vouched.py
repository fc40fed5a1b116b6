"""Emergency cards where the writer trusts a network: no key of a desk is believed because the server shows it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

from agencies.model import Person
from agencies.trust.deeds import Approve, Revoke, Suspend
from client import desk_key_file, known_keys
from client.card_answers import DeskInCard
from client.desk_vouching import require_vouched, vouched
from core.clock import SystemClock
from core.errors import Conflict
from crypto import desk_key, emergency_card, signing
from crypto.emergency_card import Place
from crypto.vault import statement
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.passphrases import OWN, with_passphrases
from tests.people import NETWORK, Scene
from tests.sealing import give_key
from tests.served import ServedApi
from tests.vault_clients import Founded, found, text
from tests.vault_machines import locked_file

pytest_plugins = ("tests.fixtures_api",)

PAGE = "who: a girl of 16\nwhere: the shelter\nring: Ana Primer +381600000000\nrules: do NOT ring her mother\n"


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    return await found(api, town.shelter, town.police, town.welfare, town.ngo)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.txt"
    path.write_text(PAGE, encoding="utf-8")
    return path


async def run(founded: Founded, person: Person, folder: Path, *arguments: object) -> Ran:
    """Run a command of cards on a machine that trusts the network."""
    times = 2 if arguments[0] == "put" else 1
    return await with_passphrases((OWN,) * times, "card", *arguments, "--key", locked_file(founded, person, folder))


async def altered(founded: Founded, statement_: str, *values: object) -> None:
    async with founded.api.network.database.transaction() as tx:
        await tx.run(statement_, *values)


async def test_a_key_that_the_agencys_people_signed_is_sealed_to_without_a_telephone(
    founded: Founded, town: Scene, card: Path, tmp_path: Path, clock: MovableClock
) -> None:
    network, lead, code = founded.api.network, town.coordinator, town.case.codename
    secret = await give_key(network, town.police)
    put = await run(founded, lead, tmp_path, "put", code, "--file", card)
    assert (put.code, "for the first time" in put.out) == (0, False), put
    # Renewed by somebody of the desk: what refused without the directory is right with it.
    clock.set(SystemClock().now())
    fresh = await give_key(network, town.police, by=town.police.deputies[0])
    assert fresh != secret
    again = await run(founded, lead, tmp_path, "put", code, "--file", card, "--yes")
    assert again.code == 0, again
    known = known_keys.beside(locked_file(founded, lead, tmp_path))
    assert known.desks[town.police.desk_id or uuid4()] == desk_key.public_key(fresh)


async def test_what_the_server_makes_up_is_not_sealed_to(
    founded: Founded, town: Scene, card: Path, tmp_path: Path
) -> None:
    network, lead, code = founded.api.network, town.coordinator, town.case.codename
    await give_key(network, town.police)
    desk, own = town.police.desk_id, desk_key.public_key(desk_key.new_secret())

    async def refused(why: str = "Nobody whom the directory attests") -> None:
        ran = await run(founded, lead, tmp_path, "put", code, "--file", card, "--yes")
        assert (ran.code, why in ran.err) == (1, True), ran
        assert (await network.cards.see(lead, town.case.core.id)).card is None

    # Its own key in the place of the desk's, under the signature that was given for another.
    true = desk_key.public_key(await give_key(network, town.police))
    await altered(founded, "UPDATE desk_keys SET key = $1 WHERE replaced_at IS NULL", own)
    await refused()
    # Signed by whoever stands in the table, with a key that the table gives them.
    seed = signing.new_seed()
    stranger = town.police.workers[1]
    at = int(network.clock.now().timestamp())
    assert desk is not None
    word = desk_key.sign(seed, network=NETWORK, person=stranger.id.bytes, desk=desk.bytes, key=own, at=at)
    await altered(founded, "UPDATE people SET signing_key = $1 WHERE id = $2", signing.public_key(seed), stranger.id)
    await altered(
        founded, "UPDATE desk_keys SET added_by = $1, signature = $2 WHERE replaced_at IS NULL", stranger.id, word
    )
    await refused()
    # By a true person of another agency, for this desk.
    other = town.ngo.officer
    word = desk_key.sign(founded.seed(other), network=NETWORK, person=other.id.bytes, desk=desk.bytes, key=own, at=at)
    await altered(
        founded, "UPDATE desk_keys SET added_by = $1, signature = $2 WHERE replaced_at IS NULL", other.id, word
    )
    await refused()
    assert true != own


async def test_a_desk_that_was_met_is_not_said_to_be_of_another_agency(
    founded: Founded, town: Scene, card: Path, tmp_path: Path
) -> None:
    network, lead, code, desk = founded.api.network, town.coordinator, town.case.codename, town.police.desk_id
    await give_key(network, town.police)
    assert desk is not None
    assert (await run(founded, lead, tmp_path, "put", code, "--file", card)).code == 0
    # Of another agency's true people one has signed a newer key for it, and the server says that it is theirs.
    other, at = town.ngo.officer, network.clock.now().replace(microsecond=0)
    own = desk_key.public_key(desk_key.new_secret())
    word = desk_key.sign(
        founded.seed(other), network=NETWORK, person=other.id.bytes, desk=desk.bytes, key=own, at=int(at.timestamp())
    )
    shown = DeskInCard(
        desk=desk,
        agency=other.agency_id,
        state="sealed",
        key=own,
        renew_since=None,
        excluded_sits=False,
        given_by=other.id,
        signed_at=at,
        signature=word,
    )
    directory = (await founded.directory(founded.administrators[other.agency_id])).now
    assert vouched(directory, NETWORK, shown)
    known = known_keys.beside(locked_file(founded, lead, tmp_path))
    with pytest.raises(Conflict, match="one of another agency"):
        require_vouched(directory, NETWORK, shown, known, "any")


async def test_whoever_is_gone_or_suspended_vouches_for_no_key_until_somebody_else_does(
    founded: Founded, town: Scene, card: Path, tmp_path: Path
) -> None:
    network, lead, code = founded.api.network, town.coordinator, town.case.codename
    giver, colleague = town.police.deputies[0], town.police.officer
    secret = await give_key(network, town.police, by=giver)
    administrator = founded.administrators[town.police.agency.id]
    assert (await founded.decide(administrator, Revoke(person=giver.id.bytes))).status == 200
    refused = await run(founded, lead, tmp_path, "put", code, "--file", card)
    assert (refused.code, "streha card key" in refused.err) == (1, True), refused
    # A colleague stands by the same key.
    await give_key(network, town.police, secret, by=colleague)
    assert (await run(founded, lead, tmp_path, "put", code, "--file", card)).code == 0
    deed = Suspend(agency=town.police.agency.id.bytes, until=founded.now + 3600)
    first, second = (founded.administrators[each.agency.id] for each in (town.shelter, town.ngo))
    entry = founded.entry(first, deed, await founded.directory(first))
    assert (await founded.ask(first, "POST", "directory", {"entry": text(entry)})).status == 200
    assert (await founded.decide(second, Approve(proposal=statement.hash_of(entry)))).status == 200
    again = await run(founded, lead, tmp_path, "put", code, "--file", card, "--yes")
    assert again.code == 1, again


async def test_an_older_key_than_one_that_was_met_is_refused(
    founded: Founded, town: Scene, card: Path, tmp_path: Path, clock: MovableClock
) -> None:
    network, lead, code = founded.api.network, town.coordinator, town.case.codename
    old = desk_key.public_key(await give_key(network, town.police))
    clock.set(SystemClock().now())
    async with network.database.reading() as look:
        (row,) = await look.rows("SELECT key, added_by, signed_at, signature FROM desk_keys")
    await altered(founded, "UPDATE desk_keys SET signed_at = signed_at - interval '1 hour'")
    at = int(row["signed_at"].timestamp()) - 3600
    giver = next(each for each in (*town.police.officers, *town.police.deputies) if each.id == row["added_by"])
    assert town.police.desk_id is not None
    word = desk_key.sign(
        founded.seed(giver), network=NETWORK, person=giver.id.bytes, desk=town.police.desk_id.bytes, key=old, at=at
    )
    await altered(founded, "UPDATE desk_keys SET signature = $1", word)
    fresh = await give_key(network, town.police)
    assert (await run(founded, lead, tmp_path, "put", code, "--file", card)).code == 0
    # The server shows the former one again, whose secret somebody has who left.
    await altered(founded, "UPDATE desk_keys SET replaced_at = now() WHERE replaced_at IS NULL")
    await altered(founded, "UPDATE desk_keys SET replaced_at = NULL WHERE key = $1", old)
    refused = await run(founded, lead, tmp_path, "put", code, "--file", card, "--yes")
    assert (refused.code, "an older key" in refused.err) == (1, True), refused
    # Whoever compared it by telephone decides.
    shown = desk_key.fingerprint(old)
    assert (await run(founded, lead, tmp_path, "trust", town.police.agency.name, shown)).code == 0
    assert (await run(founded, lead, tmp_path, "put", code, "--file", card, "--yes")).code == 0
    assert desk_key.public_key(fresh) != old


async def test_a_directory_that_is_a_lie_stops_the_writer_and_warns_the_reader(
    founded: Founded, town: Scene, card: Path, tmp_path: Path
) -> None:
    network, lead, officer, code = founded.api.network, town.coordinator, town.police.officer, town.case.codename
    file = tmp_path / "desk.key"
    held = desk_key_file.add_key(file, desk_id=town.police.desk_id or uuid4(), network=NETWORK)
    await give_key(network, town.police, held.secrets[0])
    assert (await run(founded, lead, tmp_path, "put", code, "--file", card)).code == 0
    await network.alerts.raise_(town.member, town.case.core.id, uuid4())
    assert (await streha("alert", "ack", code, "--key", founded.api.key_path(officer))).code == 0
    shown = await run(founded, officer, tmp_path, "show", code, "--desk-key", file)
    assert (shown.code, "first time" in shown.out, shown.err) == (0, False, ""), shown
    # Who wrote it says the directory, and not the server.
    await altered(founded, "UPDATE people SET name = 'Somebody Trusted' WHERE id = $1", lead.id)
    named = await run(founded, officer, tmp_path, "show", code, "--desk-key", file)
    assert (lead.name in named.out, "Somebody Trusted" in named.out, "no more" in named.out) == (True, False, False)
    # The author's key is nobody's in the directory, whatever the server says.
    async with network.database.reading() as look:
        (row,) = await look.rows("SELECT number FROM emergency_cards WHERE compartment_id = $1", town.case.core.id)
    forged = emergency_card.seal(
        signing.new_seed(),
        Place(
            network=NETWORK, compartment=town.case.core.id.bytes, number=row["number"], desk=held.desk_id.bytes,
            key=held.key,
        ),
        author=lead.id.bytes, written_at=founded.now, fields=("w", "x", "y", "z"),
    )  # fmt: skip
    true = await _envelope(founded)
    await altered(founded, "UPDATE card_envelopes SET sealed = $1", forged)
    refused = await run(founded, officer, tmp_path, "show", code, "--desk-key", file)
    assert (refused.code, "NOT shown" in refused.err) == (1, True), refused
    await altered(founded, "UPDATE card_envelopes SET sealed = $1", true)
    # Whoever signed it is gone, and the card stands: it is shown, with a warning.
    administrator = founded.administrators[lead.agency_id]
    assert (await founded.decide(administrator, Revoke(person=lead.id.bytes))).status == 200
    old = await run(founded, officer, tmp_path, "show", code, "--desk-key", file)
    assert (old.code, "has that key no more, or is gone" in old.out.replace("\n", " ")) == (0, True), old
    # The directory is cut: nobody writes; whoever was woken is told, and reads.
    await altered(founded, "UPDATE vault_entries SET statement = $1", os.urandom(200))
    stopped = await run(founded, town.deputy, tmp_path, "put", code, "--file", card, "--yes")
    assert (stopped.code != 0, "DANGER" in stopped.err) == (True, True), stopped
    night = await run(founded, officer, tmp_path, "show", code, "--desk-key", file)
    assert (night.code, "could not be asked whose signature" in night.err) == (0, True), night


async def _envelope(founded: Founded) -> bytes:
    async with founded.api.network.database.reading() as look:
        return bytes((await look.rows("SELECT sealed FROM card_envelopes"))[0]["sealed"])
