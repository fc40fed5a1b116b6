"""The ring at the begin of a shift on a real database: answered, not answered, answered late; once whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from agencies import store as directory
from agencies.contacts import Contacts, Means
from agencies.duty_ring import ANSWERED_WITHIN, RingState
from agencies.model import DeskId, DutyDesk, Person
from agencies.roster import on_duty
from agencies.rosters import Rosters
from alerts.duty import ringing
from alerts.sweep import escalate_due
from alerts.vocabulary import Event
from core.database import Database
from server.board import Board
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import desk, direct
from tests.people import Network, Office, Scene
from tests.scraped import counted
from tests.waiting import until_somebody_waits

BELGRADE = ZoneInfo("Europe/Belgrade")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def rosters(database: Database, clock: MovableClock) -> Rosters:
    """Return what keeps rosters, in the time of Belgrade."""
    return Rosters(database, clock, "Europe/Belgrade")


def of(office: Office) -> DeskId:
    assert office.desk_id is not None
    return office.desk_id


class Post:
    """The police's desk, whose first officer comes on duty at this moment, for twelve hours."""

    def __init__(self, database: Database, clock: MovableClock, scene: Scene) -> None:
        self.database = database
        self.clock = clock
        self.office = scene.police
        self.officer, self.other = scene.police.officers
        self.deputy = scene.police.deputies[0]

    async def begin(self) -> int:
        """Ring who comes on duty."""
        return await ringing.ring_due(self.database, self.clock, BELGRADE)

    async def step(self, later: timedelta = ANSWERED_WITHIN) -> int:
        """Let time pass, and take rings further."""
        self.clock.move(later)
        return await ringing.step_due(self.database, self.clock, BELGRADE)

    async def answer(self, who: Person, at: datetime | None = None) -> int:
        """Let somebody answer, now or as written at a moment."""
        return await ringing.answer(self.database, self.clock, who, at or self.clock.now())

    async def states(self) -> list[str]:
        """Return how far the rings are, the oldest first."""
        async with self.database.reading() as tx:
            return [row["state"] for row in await tx.rows("SELECT state FROM duty_rings ORDER BY rung_at, id")]

    async def on_duty(self, later: timedelta = timedelta(0)) -> Sequence[Person]:
        """Return who answers now, or later."""
        return on_duty(await self.desk(), self.clock.now() + later)

    async def desk(self) -> DutyDesk:
        """Return the desk as an alert reads it."""
        async with self.database.reading() as tx:
            return (await directory.duty(tx, desk_ids=[of(self.office)], now=self.clock.now())).desks[0]

    async def templates(self, since: int = 0) -> list[str]:
        """Return what was said, in order."""
        return [each.template for each in (await outgoing.said(self.database))[since:]]


@pytest.fixture
async def post(database: Database, clock: MovableClock, scene: Scene, rosters: Rosters) -> Post:
    # It is ten in the morning of a Monday there.
    await rosters.add(of(scene.police), scene.police.officer.id, clock.now(), clock.now() + 12 * HOUR)
    return Post(database, clock, scene)


async def test_who_comes_on_duty_is_rung_once_in_the_duty_room_and_answers(post: Post, database: Database) -> None:
    assert await post.begin() == 1
    assert await post.begin() == 0
    assert await outgoing.rung(database) == {desk(post.office): frozenset({post.officer.id})}
    assert await post.templates() == ["duty_ring", "duty_ring_details"]
    assert (await outgoing.said(database, "duty_ring_details"))[0].parameters["person"] == str(post.officer.id)
    # Nobody else answers for them.
    assert await post.answer(post.other) == 0
    assert await post.answer(post.deputy) == 0
    assert await post.answer(post.officer) == 1
    assert await post.states() == [RingState.ANSWERED]
    assert (await post.templates())[2:] == ["duty_answered", "duty_answered"]
    # Said again it is talk, and when the time is over nothing is left to do.
    assert await post.answer(post.officer) == 0
    assert await post.step() == 1
    assert await post.step() == 0
    assert len(await post.templates()) == 4
    assert await post.on_duty() == (post.officer,)


async def test_a_word_that_was_written_before_the_ring_is_no_answer(post: Post) -> None:
    await post.begin()
    assert await post.answer(post.officer, post.clock.now() - MINUTE) == 0
    assert await post.answer(post.officer, post.clock.now()) == 1


async def test_a_deputy_stands_in_for_silence_beside_whoever_has_the_shift(post: Post, database: Database) -> None:
    await post.begin()
    said = await outgoing.count(database)
    assert await post.step(ANSWERED_WITHIN - MINUTE) == 0
    assert await post.step(MINUTE) == 1
    assert await post.states() == [RingState.DEPUTIES]
    assert await post.on_duty() == (post.officer, post.deputy)
    assert await post.on_duty(11 * HOUR) == (post.officer, post.deputy)
    assert await post.on_duty(12 * HOUR) == ()
    assert await outgoing.rung(database, said) == {direct(post.deputy): frozenset({post.deputy.id})}
    told = {each.target for each in await outgoing.said(database, "duty_silent")}
    assert told == {desk(post.office), direct(post.officer)}
    before = counted()
    assert await post.answer(post.deputy) == 1
    assert await post.states() == [RingState.STOOD_IN]
    assert counted().since(before, "streha_duty_rings_total", state="stood_in") == 1
    assert await post.on_duty() == (post.officer, post.deputy)
    assert await post.step(HOUR) == 0


async def test_a_late_answer_gives_the_shift_back(post: Post, database: Database) -> None:
    await post.begin()
    await post.step()
    await post.answer(post.deputy)
    said = await outgoing.count(database)
    post.clock.move(HOUR)
    assert await post.answer(post.officer) == 1
    assert await post.states() == [RingState.ANSWERED]
    assert await post.on_duty() == (post.officer,)
    told = {each.target for each in (await outgoing.said(database))[said:] if each.template == "duty_given_back"}
    assert told == {desk(post.office), direct(post.officer), direct(post.deputy)}


async def test_nobody_answers_is_loud(post: Post, database: Database, network: Network, scene: Scene) -> None:
    own = await network.case(post.office.worker, {}, [])
    assert own.coordinator_id == post.office.worker.id
    await post.begin()
    await post.step()
    said, before = await outgoing.count(database), counted()
    assert await post.step() == 1
    assert await post.states() == [RingState.UNANSWERED]
    # Of the agency's own people those who lead a case hear it, not those of others.
    leader = post.office.worker
    assert await outgoing.rung(database, said) == {direct(leader): frozenset({leader.id})}
    told = {each.target for each in await outgoing.said(database, "duty_nobody")}
    assert told == {desk(post.office), direct(leader)}
    assert direct(scene.coordinator) not in told
    assert counted().since(before, "streha_duty_rings_total", state="unanswered") == 1
    # In doubt both are rung.
    assert await post.on_duty() == (post.officer, post.deputy)
    assert await post.step() == 0
    assert await post.answer(post.deputy) == 1
    assert await post.states() == [RingState.STOOD_IN]


async def test_without_a_deputy_it_is_loud_at_once(post: Post, network: Network) -> None:
    await network.depart(post.deputy)
    await post.begin()
    await post.step()
    assert await post.states() == [RingState.UNANSWERED]


async def test_an_alert_rings_whoever_stands_in_and_they_may_accept(
    post: Post, database: Database, network: Network, scene: Scene
) -> None:
    await post.begin()
    await post.step()
    said = await outgoing.count(database)
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.BEING_FOLLOWED)
    rung = await outgoing.rung(database, said)
    assert rung[desk(post.office)] == {post.officer.id}
    assert rung[direct(post.deputy)] == {post.deputy.id}
    seen = (await network.alerts.acknowledge(post.deputy, raised.alert.id)).alert
    assert post.office.agency.id not in seen.silent_agencies


async def test_whoever_stands_in_at_a_desk_that_covers_hears_may_accept_and_sees_it(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    helping = await network.office(officers=1, deputies=1)
    await network.agencies.open_desk(scene.police.agency.id, always_staffed=False, covered_by=helping.desk_id)
    # The police are closed now; the desk that covers has somebody who does not answer.
    await rosters.set_hours(of(scene.police), ["mon-fri 16:00-20:00"])
    await rosters.add(of(helping), helping.officer.id, clock.now(), clock.now() + 12 * HOUR)
    await ringing.ring_due(database, clock, BELGRADE)
    clock.move(ANSWERED_WITHIN)
    await ringing.step_due(database, clock, BELGRADE)
    said, deputy = await outgoing.count(database), helping.deputies[0]
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.BEING_FOLLOWED)
    assert (await outgoing.rung(database, said))[direct(deputy)] == {deputy.id}
    assert [each.alert.id for each in await network.alerts.see_all(deputy)] == [raised.alert.id]
    # The second call, which rings whole desks, leaves them not out.
    said = await outgoing.count(database)
    clock.move(10 * MINUTE)
    await escalate_due(database, clock)
    assert (await outgoing.rung(database, said))[direct(deputy)] == {deputy.id}
    seen = (await network.alerts.acknowledge(deputy, raised.alert.id)).alert
    assert scene.police.agency.id not in seen.silent_agencies


async def test_nobody_excluded_stands_in_for_a_case(
    post: Post, database: Database, network: Network, scene: Scene
) -> None:
    await network.cases.exclude(scene.coordinator, scene.case.id, post.deputy.id)
    await post.begin()
    await post.step()
    said = await outgoing.count(database)
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    assert direct(post.deputy) not in await outgoing.rung(database, said)
    assert await network.alerts.see_all(post.deputy) == []


async def test_who_accepted_an_alert_since_then_has_answered(
    post: Post, database: Database, network: Network, scene: Scene
) -> None:
    await post.begin()
    post.clock.move(MINUTE)
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await network.alerts.acknowledge(post.officer, raised.alert.id)
    assert await post.step() == 1
    assert await post.states() == [RingState.ANSWERED]
    assert not await outgoing.said(database, "duty_silent")


async def test_a_roster_changed_after_the_ring_asks_whoever_has_the_shift_now(
    post: Post, rosters: Rosters, database: Database
) -> None:
    await post.begin()
    post.clock.move(5 * MINUTE)
    await rosters.remove(of(post.office), None)
    await rosters.add(of(post.office), post.other.id, post.clock.now() - HOUR, post.clock.now() + 10 * HOUR)
    assert await post.begin() == 1
    assert await post.step(5 * MINUTE) == 1
    assert await post.states() == [RingState.OVER, RingState.RINGING]
    assert await post.on_duty() == (post.other,)
    assert not await outgoing.said(database, "duty_silent")
    assert await post.answer(post.officer) == 0
    assert await post.answer(post.other) == 1


async def test_who_was_taken_from_the_desk_is_not_asked_any_more(post: Post, network: Network) -> None:
    await post.begin()
    post.clock.move(MINUTE)
    await network.agencies.unseat(of(post.office), post.officer.id)
    await post.step()
    assert await post.states() == [RingState.OVER]
    assert await post.on_duty() == ()


async def test_a_desk_with_hours_alone_is_answered_by_anybody_who_sits_there(
    database: Database, clock: MovableClock, scene: Scene, rosters: Rosters
) -> None:
    post = Post(database, clock, scene)
    await rosters.set_hours(of(post.office), ["mon-fri 10:00-20:00"])
    clock.set(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert await post.begin() == 1
    assert (await outgoing.rung(database))[desk(post.office)] == {post.officer.id, post.other.id}
    assert await post.answer(post.other) == 1
    clock.move(24 * HOUR)
    assert await post.begin() == 1
    await post.step()
    assert set(await post.on_duty()) == {post.officer, post.other, post.deputy}
    assert await post.answer(post.officer) == 1
    assert set(await post.on_duty()) == {post.officer, post.other}


async def test_a_desk_without_people_or_roster_rings_nobody(
    database: Database, clock: MovableClock, network: Network, scene: Scene, rosters: Rosters
) -> None:
    await rosters.set_hours(of(scene.shelter), ["mon-fri 10:00-20:00"])
    await network.agencies.unseat(of(scene.shelter), scene.shelter.officer.id)
    assert await ringing.ring_due(database, clock, BELGRADE) == 0
    assert await outgoing.count(database) == 0


async def test_the_telephone_rings_too_and_says_when_it_could_not(
    post: Post, database: Database, clock: MovableClock
) -> None:
    contacts = Contacts(database, clock)
    of_person = await contacts.add(post.officer.id, Means.VOICE, "+381600000001", of_desk=False)
    of_desk = await contacts.add(of(post.office), Means.TEXT, "+381600000002", of_desk=True)
    await contacts.add(post.officer.id, Means.EMAIL, "duty@example.org", of_desk=False)
    await contacts.add(post.other.id, Means.VOICE, "+381600000003", of_desk=False)
    await post.begin()
    called = [each for each in await outgoing.said(database, "duty_ring") if each.target.kind == "contact"]
    assert {each.target.id for each in called} == {of_person, of_desk}
    await post.answer(post.officer)
    async with database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'failed' WHERE target_id = $1", of_person)
    # Answered in the room, and yet the sleeper would not have been woken.
    assert await post.step() == 1
    assert [each.target for each in await outgoing.said(database, "duty_call_failed")] == [desk(post.office)]


async def test_a_desk_telephone_is_not_rung_the_evening_before_a_shift(
    database: Database, clock: MovableClock, scene: Scene, rosters: Rosters
) -> None:
    post, contacts = Post(database, clock, scene), Contacts(database, clock)
    mine = await contacts.add(post.officer.id, Means.VOICE, "+381600000001", of_desk=False)
    await contacts.add(of(post.office), Means.VOICE, "+381600000002", of_desk=True)
    midnight = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    await rosters.add(of(post.office), post.officer.id, midnight, midnight + 24 * HOUR)
    clock.set(midnight - 3 * HOUR)
    assert await post.begin() == 1
    called = {each.target.id for each in await outgoing.said(database, "duty_ring") if each.target.kind == "contact"}
    assert called == {mine}
    # Not answered: the deputy stands in when the shift begins, not in the evening.
    await post.step()
    assert await post.on_duty() == ()
    assert await post.on_duty(3 * HOUR) == (post.officer, post.deputy)
    assert await post.begin() == 0
    clock.set(midnight + MINUTE)
    assert await post.begin() == 0


async def test_many_engines_ring_once(post: Post, database: Database) -> None:
    async def engine() -> None:
        for _ in range(3):
            await post.begin()
            await ringing.step_due(database, post.clock, BELGRADE)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(engine())
    assert await post.templates() == ["duty_ring", "duty_ring_details"]
    post.clock.move(ANSWERED_WITHIN)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(engine())
    templates = await post.templates()
    assert sorted(templates[2:]) == ["duty_deputy", "duty_ring", "duty_silent", "duty_silent"]


async def test_two_engines_that_found_the_same_shift_ring_once(post: Post, database: Database) -> None:
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        # Both have looked and found nothing rung before either can write it down.
        await tx.run("LOCK TABLE duty_rings IN SHARE MODE")
        engines = [tasks.create_task(post.begin()) for _ in range(2)]
        await until_somebody_waits(tx, 2)
    assert sorted(each.result() for each in engines) == [0, 1]
    assert await post.templates() == ["duty_ring", "duty_ring_details"]


async def test_on_hold_nobody_is_rung_and_nobody_stands_in(post: Post, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run("UPDATE hold SET since = $1, why = 'head_lost'", post.clock.now())
    assert await post.begin() == 0
    async with database.transaction() as tx:
        await tx.run("UPDATE hold SET since = NULL")
    assert await post.begin() == 1
    async with database.transaction() as tx:
        await tx.run("UPDATE hold SET since = $1", post.clock.now())
    assert await post.step() == 0
    assert await post.on_duty() == (post.officer,)


async def test_desks_that_open_together_are_rung_a_few_in_each_round(
    database: Database, clock: MovableClock, network: Network, rosters: Rosters
) -> None:
    for _ in range(ringing.AT_ONCE + 1):
        await rosters.set_hours(of(await network.office()), ["mon-fri 10:00-20:00"])
    begun = [await ringing.ring_due(database, clock, BELGRADE) for _ in range(3)]
    assert begun == [ringing.AT_ONCE, 1, 0]


async def test_an_engine_that_was_down_rings_late_and_only_while_it_is_worth_it(post: Post) -> None:
    post.clock.move(12 * HOUR - 29 * MINUTE)
    assert await post.begin() == 0
    post.clock.move(-HOUR)
    assert await post.begin() == 1


async def test_the_board_tells_how_the_ring_went(
    post: Post, database: Database, network: Network, scene: Scene
) -> None:
    board = Board(
        database, post.clock, agencies=network.agencies, cases=network.cases, alerts=network.alerts,
        reviews=network.reviews, rung=network.rung,
    )  # fmt: skip
    await post.begin()
    await post.step()
    view = await board.see(scene.coordinator)
    ((ring, standing),) = view.rings
    assert (ring.state, ring.person_id, standing) == (RingState.DEPUTIES, post.officer.id, [post.deputy.id])
    assert view.people[post.deputy.id] == post.deputy.name
    await post.answer(post.officer)
    ((ring, standing),) = (await board.see(scene.coordinator)).rings
    assert (ring.state, ring.answered_by, ring.answered_at, standing) == (
        RingState.ANSWERED, post.officer.id, post.clock.now(), [],
    )  # fmt: skip
    assert not (await board.see(scene.stranger)).rings
    post.clock.move(12 * HOUR)
    assert not (await board.see(scene.coordinator)).rings


async def test_what_is_in_the_ledger_names_ids_alone(post: Post, database: Database) -> None:
    await post.begin()
    await post.step()
    await post.answer(post.officer)
    async with database.reading() as tx:
        rows = await tx.rows(
            "SELECT act, actor_id, object_id, facts FROM ledger WHERE act LIKE 'duty_r%' ORDER BY entry"
        )
    assert [row["act"] for row in rows] == ["duty_rung", "duty_ring_silent", "duty_ring_answered"]
    assert {row["object_id"] for row in rows} == {of(post.office)}
    assert rows[-1]["actor_id"] == post.officer.id
    assert {UUID(str(row["facts"]["person"])) for row in rows} == {post.officer.id}


async def test_a_ring_is_of_the_whole_stint_however_long_it_is(
    database: Database, clock: MovableClock, scene: Scene, rosters: Rosters
) -> None:
    post, now = Post(database, clock, scene), clock.now()
    for day in range(6):
        begins = now + day * 24 * HOUR
        await rosters.add(of(scene.police), post.officer.id, begins, begins + 24 * HOUR)
    assert await post.begin() == 1
    async with database.reading() as tx:
        assert await tx.value("SELECT shift_ends_at FROM duty_rings") == now + 6 * 24 * HOUR
