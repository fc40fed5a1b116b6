"""A review within two hours that nobody did: the one whose lapse calls people until somebody accepts."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.model import Alert, State
from alerts.sweep import escalate_due
from alerts.vocabulary import Certainty, Event, StandDownReason, Status, Through
from cases.ledger import sequence_all
from core.database import Database
from core.errors import InvalidInput
from safety_plans.events import take_up_events
from safety_plans.model import Level, Reason
from safety_plans.sweep import remind_due
from safety_plans.triggers import Within
from tests import outgoing
from tests.clock import ZONE, MovableClock
from tests.people import Network, Scene


async def taken(database: Database, clock: MovableClock) -> None:
    """Chain what was recorded, and take it up."""
    await sequence_all(database)
    await take_up_events(database, clock, ZONE)


async def open_ones(network: Network, scene: Scene) -> list[Alert]:
    return [each.alert for each in await network.alerts.see_all(scene.coordinator)]


@pytest.fixture
async def missed(database: Database, network: Network, scene: Scene, clock: MovableClock) -> Alert:
    """Let nobody assess what happened two hours ago."""
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    await network.reviews.note_event(scene.member, scene.case.id, Within.TWO_HOURS)
    clock.move(timedelta(hours=2))
    assert await remind_due(database, clock) == 1
    (alert,) = await open_ones(network, scene)
    return alert


async def test_whoever_assesses_and_leads_hears_at_once_that_it_is_due(
    database: Database, network: Network, scene: Scene
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    for within in (Within.THREE_DAYS, Within.ONE_DAY):
        await network.reviews.note_event(scene.member, scene.case.id, within)
    assert await outgoing.rung(database) == {}
    await network.reviews.note_event(scene.member, scene.case.id, Within.TWO_HOURS)
    assert list((await outgoing.rung(database)).values()) == [{scene.coordinator.id, scene.deputy.id}]
    (said,) = await outgoing.said(database, "review_pulled")
    assert said.parameters["person"] == str(scene.coordinator.id)


async def test_nobody_did_it_so_people_are_called_until_somebody_accepts(
    database: Database, network: Network, scene: Scene, clock: MovableClock, missed: Alert
) -> None:
    assert (missed.event, missed.status, missed.certainty) == (Event.REVIEW_MISSED, Status.ACTUAL, Certainty.OBSERVED)
    assert (missed.raised_through, missed.raised_by, missed.state) == (Through.CLOCK, None, State.OPEN)
    assert {each.parameters["event"] for each in await outgoing.said(database, "alert_details_clock")} == {
        Event.REVIEW_MISSED
    }
    for _ in range(3):
        clock.move(timedelta(minutes=15))
        await escalate_due(database, clock)
    (alert,) = await open_ones(network, scene)
    assert len(alert.recipients) > len(missed.recipients)
    seen = await network.alerts.acknowledge(scene.coordinator, missed.id)
    assert (seen.alert.owner_id, seen.alert.has_acknowledged(scene.coordinator.id)) == (scene.coordinator.id, True)


async def test_it_opens_no_further_review_and_its_end_none(
    database: Database, network: Network, scene: Scene, clock: MovableClock, missed: Alert
) -> None:
    await network.alerts.acknowledge(scene.coordinator, missed.id)
    done = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    await network.alerts.stand_down(scene.coordinator, missed.id, StandDownReason.SAFE)
    await taken(database, clock)
    (still,) = await network.reviews.due(scene.coordinator)
    assert (still.review.id, still.review.reason) == (done.review.id, Reason.INTERVAL)


async def test_what_else_was_raised_with_it_has_its_own_reviews(
    database: Database, network: Network, scene: Scene, clock: MovableClock, missed: Alert
) -> None:
    clock.move(timedelta(minutes=1))
    await network.alerts.raise_(scene.deputy, scene.case.core.id, uuid4(), event=Event.BEING_FOLLOWED)
    await taken(database, clock)
    clock.move(timedelta(minutes=1))
    await network.alerts.acknowledge(scene.coordinator, missed.id)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    await network.alerts.stand_down(scene.coordinator, missed.id, StandDownReason.SAFE)
    await taken(database, clock)
    (following,) = await network.reviews.due(scene.coordinator)
    assert following.review.reason is Reason.AFTER_ALERT


async def test_while_people_act_none_is_raised_and_once_they_stopped_one_is(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await taken(database, clock)
    await network.alerts.acknowledge(scene.coordinator, view.alert.id)
    clock.move(timedelta(hours=2))
    assert await remind_due(database, clock) == 1
    assert [each.event for each in await open_ones(network, scene)] == [Event.PANIC]
    await network.alerts.stand_down(scene.coordinator, view.alert.id, StandDownReason.SAFE)
    await taken(database, clock)
    clock.move(timedelta(hours=2))
    assert await remind_due(database, clock) == 1
    assert [each.event for each in await open_ones(network, scene)] == [Event.REVIEW_MISSED]


async def test_that_somebody_ended_the_alert_without_assessing_does_not_end_the_matter(
    database: Database, network: Network, scene: Scene, clock: MovableClock, missed: Alert
) -> None:
    await network.alerts.acknowledge(scene.coordinator, missed.id)
    await network.alerts.stand_down(scene.coordinator, missed.id, StandDownReason.FALSE_ALARM)
    await taken(database, clock)
    clock.move(timedelta(hours=2))
    assert await remind_due(database, clock) == 1
    (again,) = await open_ones(network, scene)
    assert (again.event, again.id != missed.id) == (Event.REVIEW_MISSED, True)


@pytest.mark.parametrize("within", [Within.ONE_DAY, Within.THREE_DAYS])
async def test_no_other_review_raises_an_alert(
    database: Database, network: Network, scene: Scene, clock: MovableClock, within: Within
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    await network.reviews.note_event(scene.member, scene.case.id, within)
    for _ in range(5):
        clock.move(timedelta(days=1))
        await remind_due(database, clock)
    assert await open_ones(network, scene) == []


async def test_nobody_raises_it_by_hand(network: Network, scene: Scene) -> None:
    with pytest.raises(InvalidInput):
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.REVIEW_MISSED)
