"""The board: what one person must see at once, and nothing of what that person may not know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

from agencies.model import Person
from alerts.model import AlertId
from alerts.proof import proving
from alerts.vocabulary import Event, StandDownReason, Status
from cases import ledger
from core import heartbeat
from server.api.wire.board import ProofAnswer
from server.board import BoardView
from tests.clock import MovableClock
from tests.people import Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def board(api: ServedApi, person: Person) -> BoardView:
    return await api.services.board.see(person)


async def test_it_shows_alerts_reviews_duty_and_channels_with_every_name(
    api: ServedApi, scene: Scene, clock: MovableClock
) -> None:
    await api.network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    seen = await board(api, scene.coordinator)
    assert [each.alert.compartment_id for each in seen.alerts] == [scene.case.core.id]
    assert {each.codename for each in seen.channels} == {scene.case.core.codename}
    on_duty = {each.agency_id: {officer.id for officer in each.officers} for each in seen.desks}
    assert on_duty[scene.police.agency.id] == {each.id for each in scene.police.officers}
    assert seen.at == clock.now()
    named = {each.person_id for view in seen.alerts for each in view.alert.recipients}
    assert named <= seen.people.keys()
    assert on_duty.keys() <= seen.agencies.keys()


async def test_an_alert_stands_there_for_whoever_may_see_it_called_or_not(api: ServedApi, scene: Scene) -> None:
    network, member = api.network, scene.ngo.worker
    followed = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.BEING_FOLLOWED)
    assert not followed.alert.called(member.id)
    assert [each.alert.id for each in (await board(api, member)).alerts] == [followed.alert.id]
    # Seeing it is not being asked: a bare word in a room is never for it.
    assert not await network.alerts.open_for(member, [])

    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [])
    within = await network.alerts.raise_(scene.coordinator, circle.id, uuid4())
    assert within.alert.id not in {each.alert.id for each in (await board(api, member)).alerts}
    await network.cases.set_leaders(scene.coordinator, scene.case.id, scene.coordinator.id, member.id)
    assert within.alert.id in {each.alert.id for each in (await board(api, member)).alerts}


async def test_a_stranger_and_an_excluded_person_see_nothing_of_the_case(api: ServedApi, scene: Scene) -> None:
    await api.network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    excluded = scene.ngo.worker
    await api.network.cases.exclude(scene.coordinator, scene.case.id, excluded.id)
    for person in (scene.stranger, excluded):
        seen = await board(api, person)
        assert not seen.alerts
        assert not seen.reviews
        assert not seen.channels
        assert seen.proven is None
        assert {each.agency_id for each in seen.desks} <= {person.agency_id}
        assert scene.police.officer.id not in seen.people


async def test_it_says_when_calling_people_last_worked(api: ServedApi, scene: Scene, clock: MovableClock) -> None:
    key = uuid4()
    assert (await board(api, scene.coordinator)).proven is None
    await api.network.alerts.raise_(scene.member, scene.case.core.id, key, status=Status.EXERCISE)
    called_at = clock.now()
    clock.move(timedelta(seconds=40))
    await api.network.alerts.acknowledge(scene.police.officer, AlertId(key))
    for person in (scene.coordinator, scene.member, scene.police.officer):
        proven = (await board(api, person)).proven
        assert proven is not None
        assert (proven.status, proven.called_at, proven.at) == (Status.EXERCISE, called_at, clock.now())
    assert (await board(api, scene.stranger)).proven is None


async def test_what_one_may_not_see_any_more_proves_nothing(api: ServedApi, scene: Scene) -> None:
    network, police, case = api.network, scene.police, scene.case
    key = AlertId(uuid4())
    await network.alerts.raise_(scene.member, case.core.id, key)
    await network.alerts.acknowledge(police.officers[1], key)
    await network.alerts.stand_down(police.officers[1], key, StandDownReason.SAFE)
    desk_id = police.desk_id
    assert desk_id is not None
    losing: dict[Person, Callable[[Person], Awaitable[object]]] = {
        scene.member: lambda each: network.cases.remove_member(scene.coordinator, case.core.id, each.id),
        police.officer: lambda each: network.agencies.unseat(desk_id, each.id),
        scene.welfare.officer: lambda each: network.cases.exclude(scene.coordinator, case.id, each.id),
        scene.ngo.worker: lambda _: network.closing.close_case(scene.coordinator, case.id),
    }
    for person, lose in losing.items():
        assert (await board(api, person)).proven is not None
        await lose(person)
        assert (await board(api, person)).proven is None
    # Who leads the case, and who sits at a desk of it, may see its alerts still.
    for person in (scene.coordinator, scene.deputy, police.officers[1]):
        assert (await network.alerts.see(person, key)).alert.ended
        assert (await board(api, person)).proven is not None


async def test_the_position_is_that_of_the_last_chained_act(api: ServedApi, scene: Scene, clock: MovableClock) -> None:
    await ledger.sequence(api.network.database)
    before = (await board(api, scene.coordinator)).position
    await api.network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await ledger.sequence(api.network.database)
    await heartbeat.beat(api.network.database, "engine", clock.now())
    seen = await board(api, scene.coordinator)
    assert seen.position > before
    assert (seen.engine_at, seen.bots_at) == (clock.now(), None)


async def test_it_is_answered_over_the_api(api: ServedApi) -> None:
    scene = await api.network.scene()
    await api.network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    answer = await api.ask("GET", "/api/board", token=await api.token(scene.coordinator))
    assert answer.status == 200
    told = answer.json
    assert told["me"]["id"] == str(scene.coordinator.id)
    assert told["police_number"] == api.services.settings.police_number
    assert [each["compartment"] for each in told["alerts"]] == [str(scene.case.core.id)]
    desk = next(each for each in told["duty"] if each["agency"] == str(scene.police.agency.id))
    by_name = sorted(scene.police.officers, key=lambda each: each.name)
    assert desk["officers"] == [str(each.id) for each in by_name]


async def test_it_says_when_the_self_test_last_came_round(api: ServedApi, scene: Scene, clock: MovableClock) -> None:
    assert ProofAnswer.of((await board(api, scene.coordinator)).proof, clock.now()) is None
    begun = clock.now()
    await proving.prove(api.network.database, clock, timedelta(minutes=5))
    clock.move(timedelta(seconds=3))
    async with api.network.database.transaction() as tx:
        await tx.run("UPDATE proofs SET proven_at = $1", clock.now())
    for person in (scene.coordinator, scene.stranger):
        told = ProofAnswer.of((await board(api, person)).proof, clock.now())
        assert told == ProofAnswer(
            proven_at=begun + timedelta(seconds=3), took_seconds=3.0, waiting_since=None, failing=False
        )
    clock.move(timedelta(minutes=5))
    await proving.prove(api.network.database, clock, timedelta(minutes=5))
    waiting = clock.now()
    clock.move(timedelta(minutes=15))
    told = ProofAnswer.of((await board(api, scene.coordinator)).proof, clock.now())
    assert told is not None
    assert (told.failing, told.waiting_since) == (True, waiting)
    assert told.proven_at == begun + timedelta(seconds=3)
