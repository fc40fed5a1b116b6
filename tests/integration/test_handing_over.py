"""Open alerts at the end of a shift, on a real database: who is asked, who keeps them, who may go home."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agencies.contacts import Contacts, Means
from agencies.model import DeskId, Person
from agencies.rosters import Rosters
from alerts.duty import handing_over, ringing
from alerts.model import OWNED, Alert, AlertId, State
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason, Status
from core.database import Database
from core.errors import NotFound
from core.settings import Settings
from tests import outgoing
from tests.carried import FarGateway, carry
from tests.clock import MovableClock
from tests.linked import link_everybody
from tests.outgoing import Said, desk, direct
from tests.people import Network, Office, Scene

pytest_plugins = ("tests.fixtures_carried",)

BELGRADE = ZoneInfo("Europe/Belgrade")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def of(office: Office) -> DeskId:
    assert office.desk_id is not None
    return office.desk_id


class Night:
    """The police's first officer has the shift until one o'clock, the second from then on; the first owns an alert."""

    def __init__(self, database: Database, clock: MovableClock, network: Network, scene: Scene) -> None:
        self.database = database
        self.clock = clock
        self.network = network
        self.scene = scene
        self.office = scene.police
        self.leaving, self.coming = scene.police.officers
        self.alert_id = AlertId(uuid4())

    async def look(self) -> tuple[int, int]:
        """Do what the engine does; return how many hand-overs began, and how many were asked about."""
        begun = await handing_over.open_due(self.database, self.clock, BELGRADE)
        return begun, await handing_over.ask_due(self.database, self.clock)

    async def later(self, by: timedelta) -> tuple[int, int]:
        """Let time pass, and do what the engine does."""
        self.clock.move(by)
        return await self.look()

    async def alert(self) -> Alert:
        """Return the alert as it stands."""
        return (await self.network.alerts.see(self.scene.coordinator, self.alert_id)).alert

    async def accept(self, person: Person) -> Alert:
        """Let somebody accept it."""
        return (await self.network.alerts.acknowledge(person, self.alert_id)).alert

    async def said(self, *templates: str) -> list[Said]:
        """Return what was said about hand-overs."""
        return await outgoing.said(self.database, *templates)

    async def states(self) -> list[str]:
        """Return how the hand-overs stand."""
        async with self.database.reading() as tx:
            return [row["state"] for row in await tx.rows("SELECT state FROM hand_overs ORDER BY opened_at, id")]

    async def acts(self) -> list[str]:
        """Return what the ledger says of hand-overs."""
        async with self.database.reading() as tx:
            rows = await tx.rows(
                "SELECT act FROM ledger WHERE act LIKE 'alert_hand%' OR act = 'alert_taken_over' ORDER BY entry"
            )
        return [row["act"] for row in rows]


async def accepted_by_all(night: Night, status: Status = Status.ACTUAL) -> None:
    raised = await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4(), status=status)
    night.alert_id = raised.alert.id
    for who in (night.leaving, night.scene.shelter.officer, night.scene.welfare.officer):
        await night.accept(who)
    assert (await night.alert()).owner_id == night.leaving.id


async def telephones(night: Night) -> dict[str, str]:
    """Give telephones to who leaves, who comes, their desk, and who leads; return the numbers."""
    contacts = Contacts(night.database, night.clock)
    people = {"leaving": night.leaving, "coming": night.coming, "coordinator": night.scene.coordinator}
    numbers = {name: f"+38160000010{place}" for place, name in enumerate([*people, "desk"])}
    for name, person in people.items():
        await contacts.add(person.id, Means.VOICE, numbers[name], of_desk=False)
    await contacts.add(of(night.office), Means.VOICE, numbers["desk"], of_desk=True)
    await contacts.add(night.coming.id, Means.EMAIL, "coming@example.org", of_desk=False)
    return numbers


@pytest.fixture
async def night(database: Database, clock: MovableClock, network: Network, scene: Scene) -> Night:
    """Let the shift begin; nobody has raised anything yet."""
    rosters, now = Rosters(database, clock, "Europe/Belgrade"), clock.now()
    found = Night(database, clock, network, scene)
    await rosters.add(of(scene.police), found.leaving.id, now - HOUR, now + HOUR)
    await rosters.add(of(scene.police), found.coming.id, now + HOUR, now + 9 * HOUR)
    return found


async def test_the_next_on_duty_is_asked_and_takes_it_over(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    assert await night.later(59 * MINUTE) == (0, 0)
    said = await outgoing.count(database)
    assert await night.later(MINUTE) == (1, 1)
    assert await night.look() == (0, 0)
    # Who comes is rung in the duty room; who leaves owns it still.
    assert await outgoing.rung(database, said) == {desk(night.office): frozenset({night.coming.id})}
    (asked,) = await night.said("alert_hand_over")
    assert (asked.target, asked.parameters["person"]) == (desk(night.office), str(night.leaving.id))
    assert (await night.alert()).owner_id == night.leaving.id
    night.clock.move(MINUTE)
    taken = await night.accept(night.coming)
    assert (taken.state, taken.owner_id, taken.owner_asked_at) == (State.ACCEPTED, night.coming.id, None)
    assert taken.next_step_at == night.clock.now() + OWNED
    answers = {each.agency_id: each.acknowledged_by for each in (await night.alert()).agencies}
    assert answers[night.office.agency.id] == night.coming.id
    (home,) = await night.said("alert_off_duty")
    assert (home.target, home.parameters["person"]) == (direct(night.leaving), str(night.coming.id))
    rooms = {each.target for each in await night.said("alert_taken_over")}
    assert desk(night.office) in rooms
    assert direct(night.leaving) not in rooms
    assert await night.states() == ["taken"]
    assert await night.acts() == ["alert_hand_over_begun", "alert_hand_over_asked", "alert_taken_over"]
    # Said again it moves nothing, and nobody is asked any more.
    count = await outgoing.count(database)
    await night.accept(night.coming)
    await night.accept(night.leaving)
    assert (await night.alert()).owner_id == night.coming.id
    assert await night.later(HOUR) == (0, 0)
    assert await outgoing.count(database) == count


async def test_it_is_asked_again_and_those_who_lead_hear_after_half_an_hour(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    await night.later(HOUR)
    assert await night.later(9 * MINUTE) == (0, 0)
    assert await night.later(MINUTE) == (0, 1)
    assert await night.later(10 * MINUTE) == (0, 1)
    assert not await night.said("alert_hand_over_silent")
    said = await outgoing.count(database)
    await night.later(10 * MINUTE)
    told = await night.said("alert_hand_over_silent")
    leaders = {direct(night.scene.coordinator), direct(night.scene.deputy)}
    assert {each.target for each in told} == leaders
    assert set(await outgoing.rung(database, said)) == {*leaders, desk(night.office)}
    await night.later(10 * MINUTE)
    # Told once, asked on.
    assert len(await night.said("alert_hand_over_silent")) == len(told)
    assert len(await night.said("alert_hand_over")) == 5
    night.clock.move(6 * HOUR)
    await night.look()
    assert await night.later(HOUR) == (0, 0)


async def test_who_does_not_answer_in_the_room_is_called_by_telephone(
    night: Night, database: Database, reaching: Settings, gateway: FarGateway
) -> None:
    """The story: the room asks first, after ten minutes telephones ring, after thirty those of who leads."""
    numbers = await telephones(night)
    await accepted_by_all(night)
    await night.later(HOUR - MINUTE)
    await carry(database, night.clock, reaching)
    gateway.taken.clear()

    async def called(later: timedelta) -> set[str]:
        await night.later(later)
        await carry(database, night.clock, reaching)
        letters, gateway.taken = gateway.taken, []
        assert {each["text"] for each in letters} <= {"Streha: uzbuna čeka preuzimanje, otvorite aplikaciju"}
        assert {each["status"] for each in letters} <= {"Actual"}
        return {each["to"] for each in letters}

    await link_everybody(database, night.clock.now())
    assert await called(MINUTE) == set()
    assert await called(10 * MINUTE) == {numbers["coming"], numbers["desk"]}
    assert await called(10 * MINUTE) == {numbers["coming"], numbers["desk"]}
    assert await called(10 * MINUTE) == {numbers["coming"], numbers["desk"], numbers["coordinator"]}
    # Who has taken it over while a call was on its way is not called any more, nor is anybody afterwards.
    await night.later(10 * MINUTE)
    await night.accept(night.coming)
    assert await called(10 * MINUTE) == set()


async def test_who_has_no_room_is_called_by_telephone_at_once(
    night: Night, database: Database, reaching: Settings, gateway: FarGateway
) -> None:
    numbers = await telephones(night)
    await accepted_by_all(night, Status.EXERCISE)
    await carry(database, night.clock, reaching)
    gateway.taken.clear()
    await night.later(HOUR)
    await carry(database, night.clock, reaching)
    assert numbers["coming"] in {each["to"] for each in gateway.taken}
    assert {(each["status"], each["text"]) for each in gateway.taken} == {
        ("Exercise", "Streha: VEŽBA čeka preuzimanje, otvorite aplikaciju")
    }


async def test_no_telephone_of_excluded_people_or_of_their_desk_rings_for_a_hand_over(
    night: Night, database: Database
) -> None:
    await telephones(night)
    await accepted_by_all(night)
    await night.network.cases.exclude(night.scene.coordinator, night.scene.case.id, night.coming.id)
    await night.later(HOUR)
    await night.later(10 * MINUTE)
    assert await outgoing.said(database, "alert_hand_over_ring") == []


async def test_until_then_whoever_leaves_is_asked_and_rung_for_it(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    await night.later(HOUR)
    await escalate_due(database, night.clock)
    questions = await outgoing.said(database, "alert_owner_asked")
    assert direct(night.leaving) in {each.target for each in questions}
    # Whoever leaves may still say that they see to it; that hands nothing over.
    await night.accept(night.leaving)
    assert (await night.alert()).owner_id == night.leaving.id
    assert await night.states() == ["waiting"]
    # Raised again it rings whoever comes, and whoever has not gone yet.
    said = await outgoing.count(database)
    await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4())
    rung = await outgoing.rung(database, said)
    assert night.coming.id in rung[desk(night.office)]
    assert rung[direct(night.leaving)] == {night.leaving.id}


async def test_any_who_was_called_may_take_it_and_answers_for_their_own_agency_alone(night: Night) -> None:
    await accepted_by_all(night)
    await night.later(HOUR)
    taken = await night.accept(night.scene.welfare.officer)
    assert taken.owner_id == night.scene.welfare.officer.id
    answers = {each.agency_id: each.acknowledged_by for each in taken.agencies}
    assert answers[night.office.agency.id] == night.leaving.id
    assert await night.states() == ["taken"]
    with pytest.raises(NotFound):
        await night.accept(night.scene.stranger)


async def test_an_alert_that_is_still_calling_is_handed_over_too(night: Night, database: Database) -> None:
    raised = await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4())
    night.alert_id = raised.alert.id
    await night.accept(night.leaving)
    await night.later(HOUR)
    due = (await night.alert()).next_step_at
    # Accepting for the first time and taking over is one word.
    taken = await night.accept(night.coming)
    assert (taken.state, taken.owner_id, taken.next_step_at) == (State.OPEN, night.coming.id, due)
    assert night.coming.id in {person for person, _ in taken.answered}
    assert await night.states() == ["taken"]
    assert len(await outgoing.said(database, "alert_off_duty")) == 1


async def test_who_accepted_for_an_agency_hands_that_over(night: Night) -> None:
    raised = await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4())
    night.alert_id = raised.alert.id
    for who in (night.scene.shelter.officer, night.leaving, night.scene.welfare.officer):
        await night.accept(who)
    assert await night.later(HOUR) == (1, 1)
    # Another agency's word is no answer for this one.
    await night.accept(night.scene.welfare.officer)
    assert await night.states() == ["waiting"]
    taken = await night.accept(night.coming)
    assert taken.owner_id == night.scene.shelter.officer.id
    answers = {each.agency_id: each.acknowledged_by for each in taken.agencies}
    assert answers[night.office.agency.id] == night.coming.id


async def test_nothing_is_asked_where_who_comes_has_accepted_and_another_owns_it(night: Night) -> None:
    raised = await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4())
    night.alert_id = raised.alert.id
    for who in (night.scene.shelter.officer, night.leaving, night.coming):
        await night.accept(who)
    assert await night.later(HOUR) == (0, 0)


async def test_excluded_people_and_their_rooms_hear_nothing(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    await night.network.cases.exclude(night.scene.coordinator, night.scene.case.id, night.coming.id)
    said = await outgoing.count(database)
    await night.later(HOUR)
    asked = (await outgoing.said(database))[said:]
    assert {each.target for each in asked if each.template == "alert_hand_over"} == {direct(night.office.deputies[0])}
    assert not {desk(night.office), direct(night.coming)} & {each.target for each in asked}
    with pytest.raises(NotFound):
        await night.accept(night.coming)
    taken = await night.accept(night.office.deputies[0])
    assert taken.owner_id == night.office.deputies[0].id
    told = {each.target for each in await night.said("alert_taken_over")}
    assert not {desk(night.office), direct(night.coming)} & told


async def test_an_exercise_says_so_when_it_is_handed_over(night: Night, database: Database) -> None:
    await accepted_by_all(night, Status.EXERCISE)
    said = await outgoing.count(database)
    await night.later(HOUR)
    await night.later(30 * MINUTE)
    await night.accept(night.coming)
    templates = {each.template for each in (await outgoing.said(database))[said:]}
    assert templates == {
        "drill_accepted",
        "drill_all_accepted",
        "drill_ring", "drill_hand_over", "drill_hand_over_silent", "drill_taken_over", "drill_off_duty",
    }  # fmt: skip


async def test_what_ends_or_comes_back_is_asked_about_no_more(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    await night.later(HOUR)
    rosters = Rosters(database, night.clock, "Europe/Belgrade")
    await rosters.add(of(night.office), night.leaving.id, night.clock.now(), night.clock.now() + 2 * HOUR)
    said = await outgoing.count(database)
    assert await night.later(10 * MINUTE) == (0, 1)
    assert await night.states() == ["kept"]
    assert await outgoing.count(database) == said
    # The next end of a shift is another.
    assert (await night.later(2 * HOUR))[0] == 1
    await night.network.alerts.stand_down(night.leaving, night.alert_id, StandDownReason.SAFE)
    await night.later(10 * MINUTE)
    assert await night.states() == ["kept", "over"]


async def test_who_can_act_no_more_is_replaced_by_the_owners_clock(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    await night.later(HOUR)
    await night.network.depart(night.leaving)
    await night.later(10 * MINUTE)
    assert await night.states() == ["over"]
    await escalate_due(database, night.clock)
    night.clock.move(OWNED)
    await escalate_due(database, night.clock)
    assert (await night.alert()).owner_id is None


async def test_a_desk_that_closes_hands_over_to_whom_an_alert_would_ring(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    night = Night(database, clock, network, scene)
    clock.set(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    await Rosters(database, clock, "Europe/Belgrade").set_hours(of(scene.police), ["mon-fri 08:00-16:00"])
    await accepted_by_all(night)
    assert await night.later(2 * HOUR) == (0, 0)
    assert await night.later(HOUR) == (1, 1)
    deputy = scene.police.deputies[0]
    assert {each.target for each in await night.said("alert_hand_over")} == {direct(deputy)}
    assert (await night.accept(deputy)).owner_id == deputy.id


async def test_where_nobody_is_on_duty_whoever_sits_there_is_asked_but_not_who_leaves(
    night: Night, database: Database, network: Network
) -> None:
    await network.depart(night.office.deputies[0])
    await accepted_by_all(night)
    await Rosters(database, night.clock, "Europe/Belgrade").add(
        of(night.office), night.leaving.id, night.clock.now(), night.clock.now() + 10 * HOUR
    )
    said = await outgoing.count(database)
    assert await night.later(10 * HOUR) == (1, 1)
    assert await outgoing.rung(database, said) == {desk(night.office): frozenset({night.coming.id})}


async def test_where_nobody_can_be_asked_those_who_lead_hear_at_once(
    night: Night, database: Database, network: Network
) -> None:
    await accepted_by_all(night)
    for each in (night.coming, night.office.deputies[0]):
        await network.depart(each)
    said = await outgoing.count(database)
    assert await night.later(HOUR) == (1, 1)
    told = (await outgoing.said(database))[said:]
    assert {each.template for each in told} == {"alert_ring", "alert_hand_over_silent"}
    assert (await night.alert()).owner_id == night.leaving.id


async def test_who_accepted_off_duty_has_no_shift_that_ends(
    database: Database, night: Night, network: Network, clock: MovableClock
) -> None:
    del database, network
    raised = await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4())
    night.alert_id = raised.alert.id
    await night.accept(night.coming)
    clock.move(30 * MINUTE)
    assert await night.look() == (0, 0)
    # Until the one that has begun since then ends.
    clock.move(9 * HOUR)
    assert (await night.look())[0] == 1


async def test_who_takes_over_off_duty_is_not_asked_to_hand_over_at_once(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    night = Night(database, clock, network, scene)
    rosters, now = Rosters(database, clock, "Europe/Belgrade"), clock.now()
    await rosters.add(of(night.office), night.leaving.id, now - HOUR, now + HOUR)
    await rosters.add(of(night.office), night.coming.id, now - HOUR, now + HOUR / 2)
    await accepted_by_all(night)
    await night.accept(night.coming)
    assert await night.later(HOUR) == (1, 1)
    # Their own shift ended before: they answer for it since they took it over, and nobody is on duty.
    clock.move(MINUTE)
    assert (await night.accept(night.coming)).owner_id == night.coming.id
    assert await night.later(MINUTE) == (0, 0)
    assert await night.states() == ["taken"]


async def test_a_deputy_who_stood_in_hands_over_when_that_ends(night: Night, database: Database) -> None:
    await ringing.ring_due(database, night.clock, BELGRADE)
    night.clock.move(10 * MINUTE)
    await ringing.step_due(database, night.clock, BELGRADE)
    deputy = night.office.deputies[0]
    raised = await night.network.alerts.raise_(night.scene.member, night.scene.case.core.id, uuid4())
    night.alert_id = raised.alert.id
    await night.accept(deputy)
    assert await night.later(50 * MINUTE) == (1, 1)
    assert (await night.accept(night.coming)).owner_id == night.coming.id


async def test_many_engines_ask_once(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    night.clock.move(HOUR)
    said = await outgoing.count(database)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(night.look())
    assert [each.template for each in (await outgoing.said(database))[said:]] == ["alert_ring", "alert_hand_over"]
    assert await night.acts() == ["alert_hand_over_begun", "alert_hand_over_asked"]


async def test_two_who_take_over_at_once_end_with_one_owner(night: Night, database: Database) -> None:
    await accepted_by_all(night)
    await night.later(HOUR)
    async with asyncio.TaskGroup() as tasks:
        for who in (night.coming, night.scene.welfare.officer, night.coming):
            tasks.create_task(night.accept(who))
    assert await night.states() == ["taken"]
    assert (await night.alert()).owner_id in {night.coming.id, night.scene.welfare.officer.id}
    assert len(await outgoing.said(database, "alert_off_duty")) == 1


async def test_on_the_night_when_clocks_go_back_the_shift_ends_once(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    night = Night(database, clock, network, scene)
    clock.set(datetime(2026, 10, 24, 20, 0, tzinfo=UTC))
    evening = datetime(2026, 10, 24, 20, 0)  # noqa: DTZ001 (by the clock on the wall)
    await Rosters(database, clock, "Europe/Belgrade").rotate(
        of(scene.police), [night.leaving.id, night.coming.id], begins=evening, length=6 * HOUR, count=2
    )  # fmt: skip
    await accepted_by_all(night)
    # 02:00 comes at midnight UTC, and once more an hour later.
    assert await night.later(4 * HOUR - MINUTE) == (0, 0)
    assert await night.later(MINUTE) == (1, 1)
    assert await night.later(HOUR) == (0, 1)
    assert await night.states() == ["waiting"]


async def test_other_alerts_are_not_touched(night: Night, network: Network, scene: Scene) -> None:
    await accepted_by_all(night)
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    other = await network.alerts.raise_(scene.member, circle.id, uuid4(), event=Event.BEING_FOLLOWED)
    await network.alerts.acknowledge(scene.shelter.officer, other.alert.id)
    before = (await network.alerts.see(scene.coordinator, other.alert.id)).alert
    await night.later(HOUR)
    await night.accept(night.coming)
    after = (await network.alerts.see(scene.coordinator, other.alert.id)).alert
    assert replace(after, next_step_at=before.next_step_at) == before
