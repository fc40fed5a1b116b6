"""`streha card` from a new desk key to an opened card, over a served API: what people type, and what they are told."""

from __future__ import annotations

import asyncio
import stat
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from agencies.model import Person
from client import desk_key_file, known_keys
from core import private_files
from core.clock import SystemClock
from core.database import Database
from crypto import desk_key, emergency_card, signing
from crypto.emergency_card import Place
from tests.at_terminal import PATIENCE_SECONDS, Terminal
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.people import NETWORK, Scene
from tests.sealing import give_key, seal_to
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)

PAGE = (
    "who: a girl of 16\nwhere: the shelter\n  until Friday\nring: Ana Primer +381600000000\n"
    "rules: do NOT ring her mother\n"
)


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    """Make the people and the case of `scene` at this moment: desks' keys are signed by the clock of a real machine."""
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Write a card."""
    path = tmp_path / "card.txt"
    path.write_text(PAGE, encoding="utf-8")
    return path


async def run(api: ServedApi, person: Person, *arguments: object, typed: str = "") -> Ran:
    return await streha("card", *arguments, "--key", api.key_path(person), typed=typed)


async def raised(api: ServedApi, town: Scene) -> str:
    await api.network.alerts.raise_(town.member, town.case.core.id, uuid4())
    return town.case.codename


async def test_from_a_desks_key_to_the_opened_card(
    api: ServedApi, database: Database, town: Scene, card: Path, tmp_path: Path
) -> None:
    officer, lead, codename = town.police.officer, town.coordinator, town.case.codename
    file = tmp_path / "desk.key"
    # Nobody could open one yet.
    refused = await run(api, lead, "put", codename, "--file", card)
    assert (refused.code, "streha card key" in refused.err) == (1, True), refused
    made = await run(api, officer, "key", file, "--json")
    assert (made.code, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600), made
    held = desk_key_file.load(file)
    assert made.json["fingerprint"] == desk_key.fingerprint(held.key)
    # Asked again it shows the same.
    assert (await run(api, officer, "key", file)).out.count(made.json["fingerprint"]) == 1

    put = await run(api, lead, "put", codename, "--file", card)
    assert put.code == 0, put
    assert f"{codename}: card 1, written" in put.out
    assert f"Sealed to the desk of {town.police.agency.name} for the first time" in put.out
    assert put.out.count("MISSING: the desk has no key") == 2
    trusted = await run(api, lead, "trust", town.police.agency.name, made.json["fingerprint"].lower())
    assert trusted.code == 0, trusted

    alert = await raised(api, town)
    early = await run(api, officer, "show", alert, "--desk-key", file)
    assert (early.code, "Accept the alert first" in early.err, early.out) == (1, True, "")
    accepted = await streha("alert", "ack", alert, "--key", api.key_path(officer))
    assert f"streha card show {codename} --desk-key FILE" in accepted.out
    shown = await run(api, officer, "show", alert, "--desk-key", file)
    assert shown.code == 0, shown
    lines = shown.out.splitlines()
    assert lines[0] == f"EMERGENCY CARD {codename}"
    assert lines[2] == "This machine meets that key for the first time."
    assert lines[lines.index("Who") :] == [
        "Who", "a girl of 16", "", "Where expected", "the shelter", "until Friday", "", "Whom to ring",
        "Ana Primer +381600000000", "", "Do, and do not", "do NOT ring her mother",
    ]  # fmt: skip
    again = await run(api, officer, "show", alert, "--desk-key", file, "--json")
    assert again.json["where"] == "the shelter\nuntil Friday"
    assert "first time" not in (await run(api, officer, "show", alert, "--desk-key", file)).out
    assert (
        f"Emergency card, {town.police.agency.name}: there"
        in (await streha("alert", "show", alert, "--key", api.key_path(lead))).out
    )
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'card_given'") == 3
    # Another desk is told that it has none.
    none = await streha("alert", "ack", alert, "--key", api.key_path(town.welfare.officer))
    assert "NO emergency card for your desk" in none.out


async def test_a_desk_renews_its_key_and_opens_old_cards_until_they_are_put_again(
    api: ServedApi, town: Scene, card: Path, tmp_path: Path
) -> None:
    officer, other, lead = *town.police.officers, town.coordinator
    file, copy = tmp_path / "desk.key", tmp_path / "copy.key"
    assert (await run(api, officer, "key", file)).code == 0
    # A colleague does not make another by mistake, and brings a copy of the file.
    refused = await run(api, other, "key", copy)
    assert (refused.code, "--new" in refused.err, copy.exists()) == (1, True, False), refused
    private_files.write(copy, file.read_bytes())
    assert (await run(api, other, "key", copy)).code == 0
    assert (await run(api, lead, "put", town.case.codename, "--file", card)).code == 0
    alert = await raised(api, town)
    assert (await streha("alert", "ack", alert, "--key", api.key_path(officer))).code == 0

    assert (await run(api, officer, "key", file, "--new")).code == 0
    assert len(desk_key_file.load(file).secrets) == 2
    old = await run(api, officer, "show", alert, "--desk-key", file)
    assert "former key of the desk" in old.out
    # The key has changed: it is not sealed to until somebody has compared.
    changed = await run(api, lead, "put", town.case.codename, "--file", card, "--yes")
    assert (changed.code, "NOTHING was sealed" in changed.err) == (1, True), changed
    assert "OLD" in (await run(api, lead, "list")).out
    wrong = await run(api, lead, "trust", town.police.agency.name, desk_key.fingerprint(bytes(32)))
    assert (wrong.code, "NOT the same" in wrong.err) == (1, True), wrong
    assert (await run(api, lead, "put", town.case.codename, "--file", card, "--yes")).code == 1
    right = desk_key.fingerprint(desk_key_file.load(file).key)
    assert (await run(api, lead, "trust", town.police.agency.name, right)).code == 0
    assert (await run(api, lead, "put", town.case.codename, "--file", card, "--yes")).code == 0
    assert "former key" not in (await run(api, officer, "show", alert, "--desk-key", file)).out
    # The copy that was not renewed says what is wrong, not that the card is broken.
    assert (await streha("alert", "ack", alert, "--key", api.key_path(other))).code == 0
    stale = await run(api, other, "show", alert, "--desk-key", copy)
    assert (stale.code, "newest key file" in stale.err, stale.out) == (1, True, "")
    stolen = await run(api, other, "key", copy)
    assert (stolen.code, "--new" in stolen.err) == (1, True)


async def test_what_is_there_is_put_over_only_when_somebody_says_so(api: ServedApi, town: Scene, card: Path) -> None:
    await give_key(api.network, town.police)
    where = town.case.codename
    assert (await run(api, town.deputy, "put", where, "--file", card)).code == 0
    refused = await run(api, town.coordinator, "put", where, "--file", card)
    assert (refused.code, "number 1, written" in refused.err, town.deputy.name in refused.err) == (2, True, True)
    assert (await run(api, town.coordinator, "put", where, "--yes", typed=PAGE)).code == 0
    told = (await run(api, town.coordinator, "list", "--json")).json
    assert [each["number"] for each in told] == [2]


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("", "four parts"), ("hello\nwho: x\n", "four parts"), ("who: x\nwho: y\n", "four parts"),
        ("where: x\nrules: y\n", "The card is empty"), ("who: x\nring: \x1b[2J\n", "cannot be shown"),
        ("who: x\nring: " + "ш" * 2000, "Shorten it by about 937 letters"),
    ],
)  # fmt: skip
async def test_what_is_no_card_is_said_and_nothing_is_stored(
    api: ServedApi, town: Scene, tmp_path: Path, page: str, told: str
) -> None:
    await give_key(api.network, town.police)
    path = tmp_path / "bad.txt"
    path.write_text(page, encoding="utf-8")
    ran = await run(api, town.coordinator, "put", town.case.codename, "--file", path)
    assert (ran.code, told in ran.err) == (2, True), ran
    assert path.read_text(encoding="utf-8") == page
    assert (await run(api, town.coordinator, "list", "--json")).json[0]["number"] == 0


async def test_a_card_in_serbian_is_read_in_both_scripts(api: ServedApi, town: Scene, tmp_path: Path) -> None:
    await give_key(api.network, town.police)
    for page in ("KO: A\ngde: B\nzvati: C\npravila: D\n", "\ufeffКо : A\nГде: B\nЗвати: C\nПравила: D"):
        path = tmp_path / "karton.txt"
        path.write_text(page, encoding="utf-8")
        ran = await run(api, town.coordinator, "put", town.case.codename, "--file", path, "--yes")
        assert ran.code == 0, ran


async def test_a_card_that_another_key_signed_or_that_was_exchanged_is_not_shown(
    api: ServedApi, database: Database, town: Scene, card: Path, tmp_path: Path
) -> None:
    """Whoever can write in the database, and knows every public key, passes nothing off for the coordinator's card."""
    officer, file = town.police.officer, tmp_path / "desk.key"
    assert (await run(api, officer, "key", file)).code == 0
    assert (await run(api, town.coordinator, "put", town.case.codename, "--file", card)).code == 0
    alert, core, desk = await raised(api, town), town.case.core.id, town.police.desk_id
    assert desk is not None
    assert (await streha("alert", "ack", alert, "--key", api.key_path(officer))).code == 0
    assert (await run(api, officer, "show", alert, "--desk-key", file)).code == 0
    key = desk_key_file.load(file).key

    async def shown(sealed: bytes, *more: str) -> Ran:
        async with database.transaction() as tx:
            await tx.run("UPDATE card_envelopes SET sealed = $1", sealed)
        return await run(api, officer, "show", alert, "--desk-key", file, *more)

    real = api.network.seeds[town.coordinator.id]
    # Of another compartment, of another number: the right author's own words.
    for place, number in ((uuid4(), 1), (core, 2)):
        refused = await shown(seal_to(api.network, town.coordinator, place, number, {desk: key})[desk])
        assert (refused.code, refused.out, "cannot be opened" in refused.err) == (1, "", True), refused
    api.network.seeds[town.coordinator.id] = signing.new_seed()
    forged = seal_to(api.network, town.coordinator, core, 1, {desk: key})[desk]
    api.network.seeds[town.coordinator.id] = real
    refused = await shown(forged)
    assert (refused.code, refused.out, "signed with another key" in refused.err) == (1, "", True), refused
    warned = await shown(forged, "--anyway")
    assert "This may be false." in warned.out
    assert (await shown(forged)).code == 1
    # The file that remembers says who met what; another's hands in it are noticed.
    known = known_keys.beside(api.key_path(officer))
    assert known.authors == {town.coordinator.id: signing.public_key(real)}
    known.path.write_bytes(b"{}")
    broken = await shown(forged)
    assert (broken.code, broken.out, "look who changed it" in broken.err) == (2, "", True), broken


async def test_a_desks_key_file_is_refused_where_it_is_not_whole_or_another_desks(
    api: ServedApi, town: Scene, tmp_path: Path
) -> None:
    file = tmp_path / "desk.key"
    assert (await run(api, town.police.officer, "key", file)).code == 0
    other = await run(api, town.welfare.officer, "key", file)
    assert (other.code, "another duty desk" in other.err) == (2, True), other
    whole = msgspec.json.decode(file.read_bytes())
    for changed in ({**whole, "version": 2}, {**whole, "desk_secrets": []}, {**whole, "desk_secrets": ["AAAA"]}, {}):
        file.write_bytes(msgspec.json.encode(changed))
        ran = await run(api, town.police.officer, "key", file)
        assert (ran.code, "not a key file of a duty desk" in ran.err) == (2, True), ran
    file.write_bytes(msgspec.json.encode(whole))
    file.chmod(0o644)
    assert "chmod 600" in (await run(api, town.police.officer, "key", file)).err
    # Somebody of no desk, and of two.
    none = await run(api, town.stranger, "key", tmp_path / "none.key")
    assert (none.code, (tmp_path / "none.key").exists()) == (1, False)


async def test_what_was_typed_is_kept_until_it_is_sealed(api: ServedApi, database: Database, town: Scene) -> None:
    """Too long, and then the desk's key changes while somebody types: nothing is written twice."""
    network, lead, where = api.network, town.coordinator, town.case.codename
    await give_key(network, town.police)
    path = api.key_path(lead)
    loop = asyncio.get_running_loop()

    def person() -> None:
        with closing(Terminal("card", "put", where, "--key", str(path), environment={"LC_ALL": "en"})) as terminal:
            for part in ("a girl of 16", "", "Ana Primer +381600000000"):
                terminal.sees(": ")
                terminal.types(part)
            terminal.sees("what not to do")
            terminal.types("ш" * 1700)
            terminal.sees("Shorten it by about")
            for part in ("", "", ""):
                terminal.sees(": ")
                terminal.types(part)
            terminal.sees("what not to do")
            # Meanwhile the desk has another key than the one this machine was shown.
            known = known_keys.beside(path)
            assert town.police.desk_id is not None
            known.meet(town.police.desk_id, town.police.agency.id, bytes(32))
            known.save()
            terminal.types("do NOT ring her mother")
            terminal.sees("is not the one you sealed to before")
            terminal.sees("What you have written is kept")
            terminal.types("y")
            terminal.sees("is not the one you sealed to before")
            terminal.sees("What you have written is kept")
            key = asyncio.run_coroutine_threadsafe(
                give_key(network, town.police), loop
            ).result(PATIENCE_SECONDS)  # fmt: skip
            trusted = known_keys.beside(path)
            trusted.trust(town.police.desk_id, town.police.agency.id, desk_key.public_key(key))
            trusted.save()
            terminal.types("y")
            terminal.sees("card 1, written")
            assert terminal.process.wait(PATIENCE_SECONDS) == 0
            secrets.append(key)

    secrets: list[bytes] = []
    await asyncio.to_thread(person)
    async with database.reading() as tx:
        sealed = await tx.value("SELECT sealed FROM card_envelopes")
    assert town.police.desk_id is not None
    place = Place(
        network=NETWORK, compartment=town.case.core.id.bytes, number=1, desk=town.police.desk_id.bytes,
        key=desk_key.public_key(secrets[0]),
    )  # fmt: skip
    page = emergency_card.open_(secrets[0], bytes(sealed), place)
    assert page.fields == ("a girl of 16", "", "Ana Primer +381600000000", "do NOT ring her mother")
