"""The test ring of a shift is answered where it rang: by telephone, with its number, as whoever has the shift."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agencies.contacts import ContactId, Means
from agencies.duty_ring import ANSWERED_WITHIN
from agencies.rosters import Rosters
from alerts.duty import ringing
from alerts.telephone import answer_numbers
from alerts.telephone.hearing import WRONG_NUMBERS
from core.database import Database
from core.settings import Settings
from crypto.answer_number import answer_number
from tests import outgoing
from tests.carried import FarGateway, carry
from tests.clock import MovableClock
from tests.people import Network, Office, Scene
from tests.telephoned import Line, telephoning

pytest_plugins = ("tests.fixtures_telephoned", "tests.fixtures_carried")

BELGRADE = ZoneInfo("Europe/Belgrade")
SHIFT = timedelta(hours=12)


async def begin_shift(database: Database, clock: MovableClock, office: Office) -> None:
    """Let the office's officer come on duty now, and be rung."""
    assert office.desk_id is not None
    rosters = Rosters(database, clock, "Europe/Belgrade")
    await rosters.add(office.desk_id, office.officer.id, clock.now(), clock.now() + SHIFT)
    assert await ringing.ring_due(database, clock, BELGRADE) == 1


async def number_of(database: Database, line: Line, contact: ContactId) -> str:
    """Return the number that answers the newest ring at a contact."""
    async with database.reading() as tx:
        ring = await tx.value("SELECT id FROM duty_rings ORDER BY rung_at DESC LIMIT 1")
    return answer_number(line.key, contact.bytes, ring.bytes, answer_numbers.OF_NO_ALERT)


async def ring_state(database: Database) -> tuple[str, object]:
    async with database.reading() as tx:
        row = await tx.row("SELECT state, answered_by FROM duty_rings")
    assert row is not None
    return row["state"], row["answered_by"]


@pytest.fixture
async def names(scene: Scene, database: Database) -> None:
    """Let the two who sit at the desk of the police have names that tests can write."""
    async with database.transaction() as tx:
        for person, name in zip(scene.police.officers, ("Mila Jovanović", "Ana Đorđević"), strict=True):
            await tx.run("UPDATE people SET name = $2 WHERE id = $1", person.id, name)


async def test_the_number_that_rang_answers_and_accepts_no_alert(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line, reaching: Settings,
    gateway: FarGateway,
) -> None:  # fmt: skip
    officer = scene.police.officer
    number, contact = await line.of(officer)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await begin_shift(database, clock, scene.police)
    await carry(database, clock, telephoning(reaching))
    told = await number_of(database, line, contact)
    tests = [each for each in gateway.taken if each["to"] == number and "proba" in each["text"]]
    assert [each["text"] for each in tests] == [f"Streha: proba Vašeg dežurstva. Odgovorite {told}"]
    assert [each["status"] for each in tests] == ["Test"]
    assert await line.say(number, told, id_="first") == "duty_answered"
    assert await ring_state(database) == ("answered", officer.id)
    assert await outgoing.said(database, "duty_answered")
    # Also where the process ended before it had kept what it answers; and said again from another message.
    async with database.transaction() as tx:
        await tx.run("DELETE FROM telephone_answers")
    assert await line.say(number, told, id_="first") == "duty_answered"
    assert await line.say(number, told, id_="second") == "duty_answered"
    assert len(await outgoing.said(database, "duty_answered")) == len({
        each.target.id for each in await outgoing.said(database, "duty_answered")
    })  # fmt: skip
    alert = (await network.alerts.see(scene.coordinator, view.alert.id)).alert
    assert [each for each in alert.recipients if each.acknowledged_at] == []


async def test_without_a_way_in_the_telephone_is_told_to_write(
    scene: Scene, database: Database, clock: MovableClock, line: Line, reaching: Settings,
    gateway: FarGateway,
) -> None:  # fmt: skip
    await line.of(scene.police.officer)
    await begin_shift(database, clock, scene.police)
    await carry(database, clock, reaching)
    assert [any(map(str.isdigit, each["text"])) for each in gateway.taken] == [False]


async def test_a_number_counts_from_its_own_telephone_only(
    scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    _, contact = await line.of(scene.police.officer)
    other, _ = await line.of(scene.coordinator)
    await begin_shift(database, clock, scene.police)
    right = await number_of(database, line, contact)
    assert await line.say(other, right) == "wrong"
    assert (await ring_state(database))[0] == "ringing"


async def test_whoever_tries_numbers_answers_no_ring_either(
    scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.police.officer)
    await begin_shift(database, clock, scene.police)
    right = await number_of(database, line, contact)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    assert [await line.say(number, wrong) for _ in range(WRONG_NUMBERS)] == ["wrong"] * WRONG_NUMBERS
    assert await line.say(number, right) == "refused"
    assert (await ring_state(database))[0] == "ringing"


@pytest.mark.usefixtures("names")
async def test_at_the_desks_telephone_it_is_the_one_who_has_the_shift(
    scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of_desk(scene.police, Means.VOICE)
    await begin_shift(database, clock, scene.police)
    right = await number_of(database, line, contact)
    assert await line.say(number, right) == "name_missing"
    # A colleague who happens to sit there has not proven that whoever has the shift is reached.
    assert await line.say(number, f"{right} AĐ") == "not_accepted"
    assert (await ring_state(database))[0] == "ringing"
    assert await line.say(number, f"{right}65#", means="voice") == "duty_answered"
    assert await ring_state(database) == ("answered", scene.police.officer.id)


async def test_a_deputy_answers_by_telephone_and_a_late_answer_gives_the_shift_back(
    scene: Scene, database: Database, clock: MovableClock, line: Line, reaching: Settings,
    gateway: FarGateway,
) -> None:  # fmt: skip
    deputy = scene.police.deputies[0]
    late, contact_of_late = await line.of(scene.police.officer)
    number, contact = await line.of(deputy, Means.VOICE)
    await begin_shift(database, clock, scene.police)
    clock.move(ANSWERED_WITHIN)
    assert await ringing.step_due(database, clock, BELGRADE) == 1
    await carry(database, clock, telephoning(reaching))
    told = await number_of(database, line, contact)
    assert f"Streha: proba Vašeg dežurstva. Pritisnite {' '.join(told)}." in {
        each["text"] for each in gateway.taken if each["to"] == number
    }
    assert await line.say(number, f"{told}#", means="voice") == "duty_answered"
    assert await ring_state(database) == ("stood_in", deputy.id)
    assert await line.say(late, await number_of(database, line, contact_of_late)) == "duty_answered"
    assert await ring_state(database) == ("answered", scene.police.officer.id)


async def test_when_the_shift_is_over_its_number_says_so(
    scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.police.officer)
    await begin_shift(database, clock, scene.police)
    right = await number_of(database, line, contact)
    clock.move(SHIFT)
    assert await line.say(number, right) == "ended"
    clock.move(timedelta(days=2))
    assert await line.say(number, right) == "wrong"
