"""Duty rosters on a real database: what is kept, what is refused, what leaves with whom, and what the board says."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from agencies import store as directory
from agencies.model import CameBy, DeskId, DutyDesk, Opening, Person, PersonId, Shift, ShiftId
from agencies.roster import KEPT, Interval, gaps, on_duty
from agencies.rosters import Rosters
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from tests.clock import MovableClock
from tests.people import Network, Office
from tests.served import ServedApi
from tests.waiting import until_somebody_waits

pytest_plugins = ("tests.fixtures_api",)

HOUR = timedelta(hours=1)


@pytest.fixture
def rosters(database: Database, clock: MovableClock) -> Rosters:
    """Return what keeps rosters, in the time of Belgrade."""
    return Rosters(database, clock, "Europe/Belgrade")


@pytest.fixture
async def office(network: Network) -> Office:
    """Admit an agency with three duty officers."""
    return await network.office(officers=3)


def of(office: Office) -> DeskId:
    assert office.desk_id is not None
    return office.desk_id


async def desk(network: Network, office: Office) -> DutyDesk:
    return next(each for each in await network.agencies.all_desks() if each.id == of(office))


def brief(shifts: tuple[Shift, ...]) -> list[tuple[PersonId, datetime, datetime, CameBy]]:
    return [(each.person_id, each.begins_at, each.ends_at, each.came_by) for each in shifts]


def table(*rows: tuple[Person, datetime, datetime]) -> bytes:
    lines = [
        "person,begins,ends",
        *(f"{who.matrix_user},{begin.isoformat()},{end.isoformat()}" for who, begin, end in rows),
    ]
    return "\n".join(lines).encode()


async def acts(database: Database) -> list[dict[str, object]]:
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT facts FROM ledger WHERE act = 'roster_changed' ORDER BY entry")
    return [row["facts"] for row in rows]


async def test_hours_are_kept_in_the_zone_they_were_said_in(
    network: Network, rosters: Rosters, office: Office, database: Database, clock: MovableClock
) -> None:
    plain = await desk(network, office)
    assert (plain.hours, plain.shifts) == ((), ())
    await rosters.set_hours(of(office), ["mon-fri 08:00-16:00"])
    kept = await desk(network, office)
    assert kept.hours == tuple(Opening(weekday=day, opens=480, closes=960) for day in range(1, 6))
    # Another setting later, for other desks, moves nothing here.
    other = await network.office()
    await Rosters(database, clock, "America/New_York").set_hours(of(other), ["mon 08:00-16:00"])
    assert (await desk(network, office)).time_zone == "Europe/Belgrade"
    assert on_duty(await desk(network, office), clock.now())
    assert not on_duty(await desk(network, other), clock.now())
    await rosters.set_hours(of(office), [])
    assert await desk(network, office) == plain
    for hours in (["mon 8-16"], ["mon 08:00-16:00", ""]):
        with pytest.raises(InvalidInput):
            await rosters.set_hours(of(office), hours)
    with pytest.raises(NotFound):
        await rosters.set_hours(DeskId(uuid4()), [])
    assert [each["what"] for each in await acts(database)] == ["hours"] * 3


async def test_shifts_are_planned_by_hand_and_in_rotation(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock
) -> None:
    ana, vera, boris = office.officers
    # Nine in the morning UTC, ten in Belgrade.
    await rosters.add(of(office), ana.id, datetime(2026, 3, 2, 10, 0), datetime(2026, 3, 2, 20, 0))  # noqa: DTZ001 (wall)
    await rosters.rotate(
        of(office), [vera.id, boris.id], begins=datetime(2026, 3, 2, 20, 0), length=12 * HOUR, count=3  # noqa: DTZ001
    )  # fmt: skip
    now = clock.now()
    assert brief((await desk(network, office)).shifts) == [
        (ana.id, now, now + 10 * HOUR, CameBy.HAND),
        (vera.id, now + 10 * HOUR, now + 22 * HOUR, CameBy.ROTATION),
        (boris.id, now + 22 * HOUR, now + 34 * HOUR, CameBy.ROTATION),
        (vera.id, now + 34 * HOUR, now + 46 * HOUR, CameBy.ROTATION),
    ]
    assert [each.id for each in on_duty(await desk(network, office), now + 23 * HOUR)] == [boris.id]


async def test_what_is_no_shift_is_refused_and_nothing_is_kept(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock, database: Database
) -> None:
    stranger = await network.office()
    ana, now = office.officer, clock.now()
    for person_id, begin, end in (
        (office.worker.id, now, now + HOUR),
        (stranger.officer.id, now, now + HOUR),
        (PersonId(uuid4()), now, now + HOUR),
        (ana.id, now, now),
        (ana.id, now + HOUR, now),
        (ana.id, now, now + 32 * 24 * HOUR),
        (ana.id, now + 400 * 24 * HOUR, now + 401 * 24 * HOUR),
    ):
        with pytest.raises(InvalidInput):
            await rosters.add(of(office), person_id, begin, end)
    with pytest.raises(InvalidInput):
        await rosters.rotate(of(office), [ana.id, office.worker.id], begins=now, length=HOUR, count=4)
    with pytest.raises(NotFound):
        await rosters.add(DeskId(uuid4()), ana.id, now, now + HOUR)
    # A roster has a bound, however it is filled.
    planned = len(await rosters.rotate(of(office), [ana.id], begins=now, length=HOUR, count=6_000))
    with pytest.raises(InvalidInput):
        await rosters.rotate(of(office), [ana.id], begins=now, length=HOUR, count=6_000)
    assert len((await desk(network, office)).shifts) == planned
    assert [each["shifts"] for each in await acts(database)] == [planned]


async def test_shifts_are_removed(network: Network, rosters: Rosters, office: Office, clock: MovableClock) -> None:
    ana, now = office.officer, clock.now()
    one, two, _ = await rosters.rotate(of(office), [ana.id], begins=now, length=HOUR, count=3)
    other = await network.office()
    (theirs,) = await rosters.rotate(of(other), [other.officer.id], begins=now, length=HOUR, count=1)
    for ids in ([one.id, ShiftId(uuid4())], [theirs.id]):
        with pytest.raises(NotFound):
            await rosters.remove(of(office), ids)
    assert len((await desk(network, office)).shifts) == 3
    assert await rosters.remove(of(office), [one.id, two.id, two.id]) == 2
    assert await rosters.remove(of(office), None) == 1
    assert on_duty(await desk(network, office), now) == (await desk(network, office)).officers
    assert len((await desk(network, other)).shifts) == 1


async def test_who_leaves_the_desk_or_the_agency_loses_the_shifts_to_come(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock
) -> None:
    ana, vera, boris = office.officers
    now = clock.now()
    for who in (ana, vera, boris):
        await rosters.rotate(of(office), [who.id], begins=now, length=HOUR, count=3)
    clock.move(HOUR + HOUR / 2)
    await network.agencies.unseat(of(office), ana.id)
    await network.depart(vera)
    middle = clock.now()
    left = brief((await desk(network, office)).shifts)
    for who in (ana, vera):
        assert [each[1:3] for each in left if each[0] == who.id] == [(now, now + HOUR), (now + HOUR, middle)]
    assert [each[1:3] for each in left if each[0] == boris.id] == [
        (now + number * HOUR, now + (number + 1) * HOUR) for number in range(3)
    ]
    assert [each.id for each in on_duty(await desk(network, office), middle)] == [boris.id]
    # Coming back gives nothing back, and a new shift is refused until then.
    with pytest.raises(InvalidInput):
        await rosters.add(of(office), ana.id, middle, middle + HOUR)
    await network.agencies.seat(of(office), ana.id)
    assert ana.id not in {each.id for each in on_duty(await desk(network, office), middle)}


async def test_a_shift_and_a_departure_at_the_same_moment_leave_no_shift_behind(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock
) -> None:
    ana, now = office.officer, clock.now()

    async def plan() -> None:
        try:
            await rosters.add(of(office), ana.id, now + HOUR, now + 2 * HOUR)
        except InvalidInput:
            return

    for _ in range(10):
        await network.agencies.seat(of(office), ana.id)
        async with asyncio.TaskGroup() as tasks:
            for act in (plan(), network.agencies.unseat(of(office), ana.id), plan()):
                tasks.create_task(act)
        assert (await desk(network, office)).shifts == ()


async def test_an_import_replaces_what_came_by_import_in_its_time(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock, database: Database
) -> None:
    ana, vera, boris = office.officers
    now = clock.now()
    await rosters.add(of(office), boris.id, now + HOUR, now + 30 * HOUR)
    first = table(
        (ana, now, now + 10 * HOUR), (ana, now + 10 * HOUR, now + 20 * HOUR), (vera, now + 20 * HOUR, now + 40 * HOUR)
    )
    imported = await rosters.import_(of(office), first)
    assert (imported.shifts, imported.replaced, imported.problems) == (3, 0, ())
    # The same again: the same again, and not twice.
    before = brief((await desk(network, office)).shifts)
    assert (await rosters.import_(of(office), first)).replaced == 3
    assert brief((await desk(network, office)).shifts) == before

    imported = await rosters.import_(of(office), table((vera, now + 5 * HOUR, now + 25 * HOUR)))
    assert imported.span == Interval(begins_at=now + 5 * HOUR, ends_at=now + 25 * HOUR)
    assert imported.replaced == 3
    # What reaches out of the span is cut there, and what was planned by hand stays.
    assert brief((await desk(network, office)).shifts) == [
        (ana.id, now, now + 5 * HOUR, CameBy.IMPORT),
        (boris.id, now + HOUR, now + 30 * HOUR, CameBy.HAND),
        (vera.id, now + 5 * HOUR, now + 25 * HOUR, CameBy.IMPORT),
        (vera.id, now + 25 * HOUR, now + 40 * HOUR, CameBy.IMPORT),
    ]
    assert [each["what"] for each in await acts(database)] == ["hand", *["imported"] * 3]


async def test_an_import_with_a_problem_or_only_looked_at_writes_nothing(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock, database: Database
) -> None:
    ana, now = office.officer, clock.now()
    good = table((ana, now, now + HOUR))
    wrong = table((ana, now, now + HOUR), (office.worker, now, now + HOUR), (ana, now + HOUR, now))
    assert (await rosters.import_(of(office), good, dry_run=True)).shifts == 1
    for dry_run in (True, False):
        imported = await rosters.import_(of(office), wrong, dry_run=dry_run)
        assert [(each.row, each.column) for each in imported.problems] == [(3, "person"), (4, "ends")]
    with pytest.raises(InvalidInput):
        await rosters.import_(of(office), b"nothing")
    # Of what has ended nothing is left to write, nor to replace.
    assert (await rosters.import_(of(office), table((ana, now - HOUR, now)))).span is None
    assert (await desk(network, office)).shifts == ()
    assert await acts(database) == []


async def test_an_import_waits_for_another_and_replaces_it(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock, database: Database
) -> None:
    ana, vera, _ = office.officers
    now = clock.now()
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await directory.hold_roster(tx, of(office))
        waiting = tasks.create_task(rosters.import_(of(office), table((vera, now, now + HOUR))))
        await until_somebody_waits(tx)
        theirs = Shift(
            id=ShiftId(uuid4()), person_id=ana.id, begins_at=now, ends_at=now + HOUR, came_by=CameBy.IMPORT
        )  # fmt: skip
        await directory.add_shifts(tx, of(office), [theirs], now, KEPT.days)
    assert waiting.result().replaced == 1
    assert [each.person_id for each in (await desk(network, office)).shifts] == [vera.id]


async def test_what_ended_long_ago_is_forgotten_when_something_is_planned(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock
) -> None:
    ana, now = office.officer, clock.now()
    await rosters.add(of(office), ana.id, now, now + HOUR)
    await rosters.add(of(office), ana.id, now + HOUR, now + 2 * HOUR)
    clock.set(now + HOUR + KEPT + timedelta(seconds=1))
    await rosters.add(of(office), ana.id, clock.now(), clock.now() + HOUR)
    assert [each.begins_at for each in (await desk(network, office)).shifts] == [now + HOUR, clock.now()]


async def test_what_is_read_around_a_moment_says_the_same_as_the_whole_roster(
    database: Database, network: Network, rosters: Rosters, office: Office, clock: MovableClock
) -> None:
    ana, vera, boris = office.officers
    now, day = clock.now(), 24 * HOUR
    # As long as a shift can be, one after the other; short ones; and a hole before the last.
    await rosters.rotate(of(office), [ana.id, vera.id], begins=now, length=31 * day, count=3)
    await rosters.rotate(of(office), [boris.id], begins=now, length=5 * HOUR, count=150)
    await rosters.add(of(office), boris.id, now + 100 * day, now + 100 * day + HOUR)
    whole = await desk(network, office)
    assert whole.has_shifts

    async def read(at: datetime, ahead: timedelta = timedelta(0)) -> DutyDesk:
        async with database.reading() as tx:
            return (await directory.duty(tx, desk_ids=[of(office)], now=at, ahead=ahead)).desks[0]

    for days in range(-3, 104):
        for at in (now + days * day, now + days * day - timedelta(microseconds=1)):
            around = await read(at)
            assert around.has_shifts
            assert on_duty(around, at) == on_duty(whole, at)
            assert len(around.shifts) < 20
    for days in (-3, 90, 101):
        at = now + days * day
        assert gaps(await read(at, 14 * day), None, at, at + 14 * day) == gaps(whole, None, at, at + 14 * day)
    assert gaps(whole, None, now + 90 * day, now + 104 * day) != []
    assert not (await read(now + 103 * day)).shifts
    await rosters.remove(of(office), None)
    assert not (await read(now)).has_shifts
    assert on_duty(await read(now), now) == whole.officers


async def test_a_changed_desk_keeps_its_roster(
    network: Network, rosters: Rosters, office: Office, clock: MovableClock
) -> None:
    await rosters.set_hours(of(office), ["mon 08:00-16:00"])
    await rosters.rotate(of(office), [office.officer.id], begins=clock.now(), length=HOUR, count=2)
    before = await desk(network, office)
    await network.agencies.open_desk(office.agency.id, always_staffed=True)
    after = await desk(network, office)
    assert (after.hours, after.shifts, after.time_zone) == (before.hours, before.shifts, before.time_zone)
    # The room is as before: a roster changes nobody's membership.
    assert after.membership_version == before.membership_version
    with pytest.raises(Conflict):
        await network.agencies.open_desk(office.agency.id, always_staffed=True, covered_by=DeskId(uuid4()))


async def test_the_board_says_who_is_on_duty_now_and_the_next_gap_to_the_agency_itself(
    api: ServedApi, rosters: Rosters, clock: MovableClock
) -> None:
    scene = await api.network.scene()
    police, now = scene.police, clock.now()
    first, second = police.officers
    token = {who: await api.token(who) for who in (scene.coordinator, police.worker)}

    async def shown(who: Person) -> dict[str, object]:
        told = (await api.ask("GET", "/api/board", token=token[who])).json
        found: dict[str, object] = next(each for each in told["duty"] if each["agency"] == str(police.agency.id))
        return found

    plain = await shown(police.worker)
    assert plain["on_duty"] == plain["officers"]
    assert plain["next_gap"] is None
    await rosters.add(of(police), first.id, now, now + 2 * HOUR)
    await rosters.add(of(police), second.id, now + 3 * HOUR, now + 200 * HOUR)
    for who in (scene.coordinator, police.worker):
        assert (await shown(who))["on_duty"] == [str(first.id)]
        assert (await shown(who))["officers"] == plain["officers"]
    gap = {"begins_at": "2026-03-02T11:00:00Z", "ends_at": "2026-03-02T12:00:00Z"}
    assert (await shown(police.worker))["next_gap"] == gap
    # Others cannot mend it, and need not know when nobody is there.
    assert (await shown(scene.coordinator))["next_gap"] is None
    clock.move(2 * HOUR)
    assert (await shown(police.worker))["on_duty"] == []
    assert (await shown(police.worker))["next_gap"] == gap
    clock.move(HOUR)
    assert (await shown(police.worker))["on_duty"] == [str(second.id)]
    # The next one is more than a week ahead.
    assert (await shown(police.worker))["next_gap"] is None
