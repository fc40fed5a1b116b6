"""The main thread over HTTP: sign in, open a case, raise, accept, stand down, review."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from alerts.vocabulary import StandDownReason, Status
from cases.model import Part
from client.raising import LOOK_SECONDS, Known, Progress, progress_of, raise_until_accepted
from core.errors import Conflict, NotFound
from safety_plans.model import Level
from tests.clock import SERBIA, MovableClock
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def test_a_case_an_alert_and_a_review(api: ServedApi, clock: MovableClock) -> None:
    scene = await api.network.scene()
    async with api.client(scene.coordinator) as coordinator, api.client(scene.police.officer) as officer:
        assert (await coordinator.me()).id == scene.coordinator.id
        assert {each.name for each in await coordinator.agencies()} >= {scene.police.agency.name}
        assert scene.police.worker.id in {each.id for each in await coordinator.people()}

        case = await coordinator.open_case(agencies={scene.police.agency.id: Part.RESPONDER}, language="sr-Latn")
        compartment = case.compartments[0]
        assert compartment.core
        assert compartment.members == [scene.coordinator.id]
        await coordinator.add_member(compartment.id, scene.police.worker.id)
        case = await coordinator.case(case.id)
        assert set(case.compartments[0].members) == {scene.coordinator.id, scene.police.worker.id}

        key = uuid4()
        alert = await coordinator.raise_alert(compartment.id, key)
        assert alert.id == key
        assert alert.state == "open"
        assert (await coordinator.raise_alert(compartment.id, key)).id == key
        merged = await coordinator.raise_alert(compartment.id, uuid4())
        assert merged.id == alert.id

        assert [each.id for each in await officer.alerts()] == [alert.id]
        accepted = await officer.acknowledge(alert.id)
        assert accepted.accepted_by == [scene.police.officer.id]
        async with api.client(scene.police.officers[1]) as other:
            with pytest.raises(Conflict):
                await other.stand_down(alert.id, StandDownReason.SAFE)
        ended = await officer.stand_down(alert.id, StandDownReason.SAFE)
        assert ended.state == "stood_down"
        assert await officer.alerts() == []
        assert [each.id for each in await officer.alerts(ended=True)] == [alert.id]

        review = await coordinator.set_level(case.id, Level.HIGH)
        assert review.due_at == clock.now() + timedelta(days=7)
        clock.move(timedelta(hours=1))
        following = await coordinator.complete_review(review.id)
        assert following.due_at == SERBIA.due(clock.now(), timedelta(days=7))
        assert following.id in {each.id for each in await coordinator.reviews()}
        await coordinator.close_case(case.id)
        with pytest.raises(Conflict):
            await coordinator.set_level(case.id, Level.LOW)
        await coordinator.sign_out()


async def test_a_raise_stays_until_a_named_person_accepted(api: ServedApi) -> None:
    scene = await api.network.scene()
    reports: list[Progress] = []

    async def report(progress: Progress) -> None:
        reports.append(progress)

    async with api.client(scene.member) as raiser, api.client(scene.welfare.officer) as officer:

        async def find() -> UUID:
            return scene.case.core.id

        async def instead_of_sleeping(seconds: float) -> None:
            assert seconds == LOOK_SECONDS
            if len(reports) == 3:
                await officer.acknowledge((await officer.alerts())[0].id)

        accepted = await raise_until_accepted(
            raiser, find, uuid4(), report=report, status=Status.EXERCISE, sleep=instead_of_sleeping
        )
    assert [each.known for each in reports] == [Known.STORED] * 3 + [Known.ACCEPTED]
    assert accepted.accepted_by == [scene.welfare.officer.id]
    assert progress_of(accepted).known is Known.ACCEPTED


async def test_a_raise_in_a_foreign_compartment_says_so_and_stops(api: ServedApi) -> None:
    scene = await api.network.scene()
    reports: list[Progress] = []

    async def report(progress: Progress) -> None:
        reports.append(progress)

    async with api.client(scene.stranger) as stranger:

        async def find() -> UUID:
            return scene.case.core.id

        with pytest.raises(NotFound):
            await raise_until_accepted(stranger, find, uuid4(), report=report)
    assert [each.known for each in reports] == [Known.NOT_RAISED]
