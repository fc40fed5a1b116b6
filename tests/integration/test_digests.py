"""Digests on a real database: each person's own numbers once a morning, each agency's once a week, nothing of what."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agencies.model import Role
from cases.model import Case, Part
from client.vault.telling import Tells
from core.database import Database
from core.outbox import Target, TargetKind
from safety_plans.clocks.rules import ClockKind
from safety_plans.digests.rules import MANY
from safety_plans.digests.sweep import KEPT, begin_new, forget_told, next_due, tell_due
from safety_plans.measures import sweep as measures
from safety_plans.model import Level
from safety_plans.quiet import Quiet
from safety_plans.sweep import remind_due
from safety_plans.triggers import Within
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import Said, desk, direct
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.vault_machines import Machine

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault", "tests.fixtures_machines")

ZONE = ZoneInfo("Europe/Belgrade")
NIGHT = Quiet.read("22:00-07:00", "Europe/Belgrade")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a moment by the clock on the wall."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


async def tell(database: Database, clock: MovableClock, moment: datetime) -> list[Said]:
    """Go to a moment, tell who is to be told then, and return what was said, without what rings."""
    before = await outgoing.count(database)
    clock.set(moment)
    await tell_due(database, clock, ZONE, NIGHT)
    return [each for each in (await outgoing.said(database))[before:] if each.template.startswith("digest")]


def told(said: list[Said], kind: str = "person") -> dict[Target, dict[str, str]]:
    """Return the numbers of one kind by room; nobody hears twice."""
    mine = [each for each in said if each.template == f"digest_{kind}"]
    found = {each.target: each.parameters for each in mine}
    assert len(found) == len(mine)
    return found


NAMES = ("due", "overdue", "clocks", "stale", "owed", "late")


def own(**some: int) -> dict[str, str]:
    return {each: str(some.get(each, 0)) for each in NAMES}


@pytest.fixture
async def begun(database: Database, clock: MovableClock, scene: Scene) -> Scene:
    """Give everybody a first turn, on the Monday after a Sunday."""
    clock.set(at(date(2026, 3, 1), 12))
    await begin_new(database, clock, ZONE)
    return scene


async def test_owners_hear_their_numbers_each_working_morning_and_nobody_else_hears_anything(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 2), 9))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.HIGH)
    assert await next_due(database) == at(date(2026, 3, 2), 10)
    assert told(await tell(database, clock, at(date(2026, 3, 2), 10) - timedelta(seconds=1))) == {}
    for day in range(2, 6):
        assert told(await tell(database, clock, at(date(2026, 3, day), 10))) == {}
    # Due on Friday at ten, then overdue, every working day; on Saturday and Sunday nobody works.
    mine = direct(begun.coordinator)
    assert told(await tell(database, clock, at(date(2026, 3, 6), 10))) == {mine: own(due=1)}
    for day in (7, 8):
        assert await tell(database, clock, at(date(2026, 3, day), 12)) == []
    assert told(await tell(database, clock, at(date(2026, 3, 9), 10))) == {mine: own(overdue=1)}
    assert await tell(database, clock, at(date(2026, 3, 9), 15)) == []
    assert told(await tell(database, clock, at(date(2026, 3, 10), 10))) == {mine: own(overdue=1)}
    rung = [each for each in await outgoing.said(database, "review_ring") if each.target == mine]
    assert [each.mentions for each in rung] == [{begun.coordinator.id}] * 3
    (open_one,) = await network.reviews.due(begun.coordinator)
    await network.reviews.complete(begun.coordinator, open_one.review.id)
    assert told(await tell(database, clock, at(date(2026, 3, 11), 10))) == {}


async def test_on_friday_what_falls_due_at_the_weekend_is_told(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.HIGH)
    assert told(await tell(database, clock, at(date(2026, 3, 5), 10))) == {}
    assert told(await tell(database, clock, at(date(2026, 3, 6), 10))) == {direct(begun.coordinator): own(due=1)}


async def test_what_a_digest_says_names_nothing(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    said = await tell(database, clock, at(date(2026, 3, 3), 10))
    assert {each.template for each in said} == {"digest_person", "digest_agency"}
    async with database.reading() as look:
        rows = await look.rows("SELECT *, outbox::text AS whole FROM outbox WHERE key LIKE 'digest:%'")
    assert {row["case_id"] for row in rows} == {None}
    assert all(value.isdigit() for row in rows for value in row["parameters"].values())
    everything = str([row["whole"] for row in rows])
    assert str(begun.coordinator.id) in everything
    assert begun.case.codename not in everything
    assert str(begun.case.id) not in everything


async def test_clocks_of_cases_are_counted_to_their_owners(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 2), 12))
    await network.clocks.looked(begun.coordinator, begun.case.id, ClockKind.CUSTODY, owner_id=begun.member.id)
    assert told(await tell(database, clock, at(date(2026, 3, 6), 10))) == {}
    # Due within seven days: on the last working morning, Monday at ten.
    assert told(await tell(database, clock, at(date(2026, 3, 9), 10))) == {direct(begun.member): own(clocks=1)}
    assert told(await tell(database, clock, at(date(2026, 3, 10), 10))) == {direct(begun.member): own(stale=1)}
    await network.clocks.looked(begun.coordinator, begun.case.id, ClockKind.CUSTODY)
    assert told(await tell(database, clock, at(date(2026, 3, 11), 10))) == {}


async def test_an_owner_who_is_in_the_case_no_more_is_not_counted_it_and_the_coordinator_is(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    async with database.transaction() as tx:
        await tx.run("UPDATE reviews SET owner_id = $1", begun.member.id)
    assert told(await tell(database, clock, at(date(2026, 3, 3), 10))) == {direct(begun.member): own(overdue=1)}
    await network.cases.exclude(begun.coordinator, begun.case.id, begun.member.id)
    assert told(await tell(database, clock, at(date(2026, 3, 4), 10))) == {direct(begun.coordinator): own(overdue=1)}


async def test_agencies_hear_on_the_first_working_morning_of_a_week_through_their_security_officers(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.HIGH)
    numbers = own() | {"open": "1", "many": str(MANY), "burdened": "0"}
    (security_officer,) = begun.shelter.deputies
    assert told(await tell(database, clock, at(date(2026, 3, 2), 10)), "agency") == {direct(security_officer): numbers}
    for day in (3, 4, 5, 6, 7, 8):
        assert told(await tell(database, clock, at(date(2026, 3, day), 10)), "agency") == {}
    # No engine ran until Tuesday evening, and at night nobody is rung: it is told on Wednesday.
    assert await tell(database, clock, at(date(2026, 3, 10), 23)) == []
    assert told(await tell(database, clock, at(date(2026, 3, 11), 10)), "agency") == {
        direct(security_officer): numbers | {"overdue": "1"}
    }
    assert told(await tell(database, clock, at(date(2026, 3, 12), 10)), "agency") == {}


async def test_without_security_officers_who_sits_at_the_desk_hears_and_nobody_who_is_excluded(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    """The police has two officers at its desk; one of them is excluded from the case."""
    kept, excluded = begun.police.officers
    async with database.transaction() as tx:
        await tx.run("UPDATE people SET role = 'practitioner' WHERE role = 'security_officer'")
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.HIGH)
    await network.cases.exclude(begun.coordinator, begun.case.id, excluded.id)
    async with database.transaction() as tx:
        await tx.run("UPDATE reviews SET owner_id = $1", begun.member.id)
    said = told(await tell(database, clock, at(date(2026, 3, 2), 10)), "agency")
    assert set(said) == {direct(kept)}


async def test_for_whom_a_case_was_opened_behind_their_back_counts_nothing_of_it(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    (security_officer,) = begun.shelter.deputies
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.HIGH)
    async with database.transaction() as tx:
        await tx.run("UPDATE cases SET opened_for = $1", security_officer.id)
    assert told(await tell(database, clock, at(date(2026, 3, 2), 10)), "agency") == {}


async def test_an_agency_hears_how_many_of_its_people_have_too_much(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.HIGH)
    for _ in range(MANY):
        case: Case = await network.case(begun.coordinator, {begun.police: Part.RESPONDER})
        await network.reviews.set_level(begun.coordinator, case.id, Level.LOW)
    (numbers,) = told(await tell(database, clock, at(date(2026, 3, 2), 10)), "agency").values()
    assert (numbers["open"], numbers["burdened"]) == (str(MANY + 1), "1")


async def test_newcomers_get_turns_and_who_leaves_has_none(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 2), 9, 30))
    newcomer = await network.person(begun.shelter.agency, Role.PRACTITIONER)
    assert await begin_new(database, clock, ZONE) == 1
    assert await begin_new(database, clock, ZONE) == 0
    await network.depart(newcomer)
    await tell(database, clock, at(date(2026, 3, 2), 10))
    async with database.reading() as look:
        assert await look.value("SELECT count(*) FROM digests WHERE id = $1", newcomer.id) == 0
    assert await begin_new(database, clock, ZONE) == 0


async def test_two_engines_and_one_that_died_tell_once(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    clock.set(at(date(2026, 3, 3), 10))
    # One has claimed everybody and died: nobody is told until its leases end, and then once.
    async with database.transaction() as tx:
        await tx.run("UPDATE digests SET lease_until = $1, attempts = 1", clock.now() + timedelta(seconds=30))
    assert await tell_due(database, clock, ZONE, NIGHT) == 0
    clock.move(timedelta(seconds=31))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(tell_due(database, clock, ZONE, NIGHT))
    assert len(await outgoing.said(database, "digest_person")) == 1
    assert len(await outgoing.said(database, "digest_agency")) == 1
    # Even where one took a turn twice, the same morning's numbers are said once.
    async with database.transaction() as tx:
        await tx.run("UPDATE digests SET told_on = $1, next_step_at = $2", date(2026, 3, 1), clock.now())
    await tell_due(database, clock, ZONE, NIGHT)
    assert len(await outgoing.said(database, "digest_person")) == 1


async def test_numbers_that_were_told_are_forgotten_after_a_while_and_nothing_else_is(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    assert len(await tell(database, clock, at(date(2026, 3, 3), 10))) == 2
    await remind_due(database, clock)
    before = await outgoing.count(database)
    clock.move(KEPT + timedelta(seconds=1))
    # What was not sent yet waits on.
    assert await forget_told(database, clock) == 0
    async with database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'sent'")
    assert await forget_told(database, clock) == 4
    assert await outgoing.count(database) == before - 4
    assert not await outgoing.said(database, "digest_person", "digest_agency")


async def test_after_a_restore_nobody_is_told_until_it_was_looked_at(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    async with database.transaction() as tx:
        await tx.run("UPDATE hold SET since = $1", clock.now())
    assert await tell(database, clock, at(date(2026, 3, 3), 10)) == []
    assert await next_due(database) is None


async def test_measures_are_counted_to_their_owners_as_long_as_they_stand(
    ana: Machine, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    await begin_new(database, clock, ZONE)
    today = clock.now().astimezone(ZONE).date()
    assert today.isoweekday() == 1
    tomorrow, later = today + timedelta(days=1), today + timedelta(days=2)
    member, mine = cast.member.id, direct(cast.member)
    plan = await ana.records.put(
        core, b"plan", kind="plan", tells=Tells(level=Level.LOW, measures=[(member, tomorrow), (member, later)])
    )
    assert told(await tell(database, clock, at(tomorrow, 10))) == {mine: own(owed=1)}
    assert told(await tell(database, clock, at(later, 10))) == {mine: own(owed=1, late=1)}
    # The owner goes: the coordinator, who leads, has to see to it.
    await api.services.cases.remove_member(cast.coordinator, cast.case.core.id, member)
    assert told(await tell(database, clock, at(later + timedelta(days=1), 10))) == {
        direct(cast.coordinator): own(late=2)
    }
    await ana.records.erase(core, plan.record.bytes)
    assert told(await tell(database, clock, at(later + timedelta(days=5), 10))) == {}


async def test_where_people_begin_late_a_digest_waits_for_them(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    late = Quiet.read("21:00-11:00", "Europe/Belgrade")
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    for day, hour, count in ((3, 10, 0), (3, 11, 1), (3, 23, 1), (4, 10, 1), (4, 11, 2), (7, 11, 2), (9, 12, 3)):
        clock.set(at(date(2026, 3, day), hour))
        await tell_due(database, clock, ZONE, late)
        assert len(await outgoing.said(database, "digest_person")) == count
        following = await next_due(database)
        assert following is not None
        assert following > clock.now()


async def test_at_night_a_reminder_waits_and_its_owner_is_rung_when_the_night_ends(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 2), 23))
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    clock.set(at(date(2026, 3, 3), 23))
    before = await outgoing.count(database)
    await remind_due(database, clock, quiet=NIGHT)
    assert await outgoing.count(database) == before
    clock.set(at(date(2026, 3, 4), 6, 59))
    assert await remind_due(database, clock, quiet=NIGHT) == 0
    clock.set(at(date(2026, 3, 4), 7))
    assert await remind_due(database, clock, quiet=NIGHT) == 1
    assert await outgoing.rung(database, before) == {channel(scene): {scene.coordinator.id}}
    # It was overdue at one already: the duty desk hears of it as soon as anybody may be rung.
    before = await outgoing.count(database)
    assert await remind_due(database, clock, quiet=NIGHT) == 1
    assert desk(scene.shelter) in await outgoing.rung(database, before)
    assert await remind_due(database, clock, quiet=NIGHT) == 0


async def test_at_night_what_is_due_within_two_hours_goes_on_through_the_duty_desk(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 2), 23))
    await network.reviews.note_event(scene.coordinator, scene.case.id, Within.TWO_HOURS)
    before = await outgoing.count(database)
    clock.set(at(date(2026, 3, 3), 1))
    assert await remind_due(database, clock, quiet=NIGHT) == 1
    reminders = [each for each in (await outgoing.said(database))[before:] if each.template == "review_ring"]
    assert {each.target: each.mentions for each in reminders} == {
        channel(scene): {scene.coordinator.id, scene.deputy.id},
        desk(scene.shelter): {scene.shelter.officer.id},
    }


async def test_a_measure_that_is_late_already_rings_nobody_at_night(
    ana: Machine, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    today = clock.now().astimezone(ZONE).date()
    clock.set(at(today, 23))
    await ana.records.put(
        core, b"plan", kind="plan", tells=Tells(level=Level.LOW, measures=[(cast.member.id, today - timedelta(days=3))])
    )
    await measures.remind_due(database, clock, ZONE, quiet=NIGHT)
    assert await outgoing.said(database, "measure_overdue") == []
    assert await measures.next_due(database) == at(today + timedelta(days=1), 7)
    clock.set(at(today + timedelta(days=1), 7))
    await measures.remind_due(database, clock, ZONE, quiet=NIGHT)
    assert len(await outgoing.said(database, "measure_overdue")) == 1


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


async def test_what_could_not_be_written_whole_says_nothing_and_is_told_whole_afterwards(
    database: Database, network: Network, begun: Scene, clock: MovableClock
) -> None:
    clock.set(at(date(2026, 3, 1), 12))
    await network.reviews.set_level(begun.coordinator, begun.case.id, Level.VERY_HIGH)
    async with database.transaction() as tx:
        await tx.script("ALTER TABLE digests ADD CONSTRAINT full_disk CHECK (told_on < '2026-03-03') NOT VALID")
    assert await tell(database, clock, at(date(2026, 3, 3), 10)) == []
    async with database.transaction() as tx:
        await tx.script("ALTER TABLE digests DROP CONSTRAINT full_disk")
    said = await tell(database, clock, at(date(2026, 3, 3), 10, 1))
    assert told(said) == {direct(begun.coordinator): own(overdue=1)}
    assert len(told(said, "agency")) == 1
