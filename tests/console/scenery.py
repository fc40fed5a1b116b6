"""A night on which everything happens at once: for stories about how the screens look, and for pictures of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from agencies.model import Agency, Person
from agencies.rosters import Rosters
from alerts.model import AlertId
from alerts.vocabulary import Event, StandDownReason, Status
from cases.model import Case
from core.ids import new_id
from core.outbox import TargetKind
from operations.acting import OperationView
from operations.model import Despite
from operations.safe_calls.model import SafeCallPlan
from operations.safe_calls.service import SafeCallView
from operations.templates import templates
from safety_plans.model import Level
from tests.console.elsewhere import deliver, refuse
from tests.console.serving import ServedConsole
from tests.people import Network, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What is on the coordinator's board: an alert in each state, exercises, assessments of every urgency."""

    story: Scene
    nobody_accepted: Case
    somebody_accepted: Case
    everybody_accepted: Case
    practised: Case
    ended: Case
    late: Case


async def night(console: ServedConsole, story: Scene) -> Night:
    """Let it become such a night."""
    network, clock = console.api.network, console.clock
    opened = [await _case(network, story) for _ in range(5)]
    nobody, somebody, everybody, practised, ended = opened
    late = story.case
    for case, level in ((late, Level.VERY_HIGH), (nobody, Level.HIGH), (somebody, Level.MEDIUM), (ended, Level.LOW)):
        await network.reviews.set_level(story.coordinator, case.id, level)
    clock.move(timedelta(days=1, hours=5))

    drill = await _raise(network, practised, story.member, status=Status.EXERCISE)
    await deliver(network)
    clock.move(timedelta(seconds=40))
    await network.alerts.acknowledge(story.police.officer, drill)
    over = await _raise(network, ended, story.member, event=Event.DEFENDANT_RELEASED)
    await deliver(network)
    await network.alerts.acknowledge(story.police.officer, over)
    await network.alerts.stand_down(story.police.officer, over, StandDownReason.HANDED_OVER)
    clock.move(timedelta(minutes=9))

    all_of_them = await _raise(network, everybody, story.member, event=Event.BEING_FOLLOWED)
    for office in (story.shelter, story.police, story.welfare):
        await network.alerts.acknowledge(office.officer, all_of_them)
    one_of_them = await _raise(network, somebody, story.deputy)
    await deliver(network)
    clock.move(timedelta(seconds=75))
    await network.alerts.acknowledge(story.police.officer, one_of_them)
    await _raise(network, nobody, story.member, event=Event.LOCATION_COMPROMISED)
    await refuse(network, lambda target: target.kind is TargetKind.COMPARTMENT)
    unreached = story.police.officers[1].id
    await deliver(network, lambda target: target.id == story.police.desk_id, unreached=[unreached])
    assert story.ngo.desk_id is not None
    await network.agencies.unseat(story.ngo.desk_id, story.ngo.officer.id)
    assert story.shelter.desk_id is not None
    tonight = (clock.now() - timedelta(hours=2), clock.now() + timedelta(hours=7))
    await Rosters(network.database, clock, "Europe/Belgrade").add(
        story.shelter.desk_id, story.shelter.officer.id, *tonight
    )
    clock.move(timedelta(seconds=20))
    await console.beat()
    return Night(
        story=story, nobody_accepted=nobody, somebody_accepted=somebody, everybody_accepted=everybody,
        practised=practised, ended=ended, late=late,
    )  # fmt: skip


async def planned(
    network: Network, story: Scene, receiver: Person | None = None, *, lead: Person | None = None
) -> OperationView:  # fmt: skip
    """Let two be about to go in ten minutes, to court or to somebody who receives; `lead` leads the day, if named."""
    goes = [story.member.id, story.deputy.id]
    kind = "court_testimony" if receiver is None else "shelter_transfer"
    buddy = story.ngo.worker if receiver is None else story.coordinator
    plan = templates()[kind].plan(
        network.clock.now() + timedelta(minutes=10), (lead or story.coordinator).id, buddy.id, goes,
        receiver=None if receiver is None else receiver.id,
    )  # fmt: skip
    return await network.operations.plan(story.coordinator, story.case.core.id, uuid4(), plan)


async def begun(network: Network, story: Scene, receiver: Person | None = None) -> OperationView:
    """Let them be about to go, and go be said."""
    operation = (await planned(network, story, receiver)).operation
    await network.operations.approve(story.coordinator, operation.id)
    return await network.operations.go(story.coordinator, operation.id, Despite.SEEN_TO)


async def expected(network: Network, story: Scene) -> SafeCallView:
    """Let somebody be expected to be heard from within the hour, and on the two days after."""
    due = network.clock.now() + timedelta(hours=1)
    plan = SafeCallPlan(
        listeners=[story.member.id, story.deputy.id], buddy_id=story.ngo.worker.id, due_at=due,
        last_day=due.date() + timedelta(days=2),
    )  # fmt: skip
    return await network.safe_calls.plan(story.coordinator, story.case.core.id, uuid4(), plan)


async def rename(network: Network, names: dict[Agency | Person, str]) -> None:
    """Give agencies and people other names, as long and as strange as real ones are."""
    async with network.database.transaction() as tx:
        for who, name in names.items():
            table = "agencies" if isinstance(who, Agency) else "people"
            await tx.run(f"UPDATE {table} SET name = $2 WHERE id = $1", who.id, name)  # noqa: S608 (one of the two)


async def _case(network: Network, story: Scene) -> Case:
    offices = {office.agency.id: office for office in (story.police, story.welfare, story.ngo)}
    parts = {offices[each]: part for each, part in story.case.agencies.items() if each in offices}
    return await network.case(story.coordinator, parts, [story.member, story.ngo.worker], story.deputy)


async def _raise(
    network: Network, case: Case, by: Person, *, event: Event = Event.PANIC, status: Status = Status.ACTUAL
) -> AlertId:
    key: UUID = new_id()
    view = await network.alerts.raise_(by, case.core.id, key, event=event, status=status)
    return view.alert.id
