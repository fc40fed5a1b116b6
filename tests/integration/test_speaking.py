"""Who spoke with whom about an alert: written down, told in its channel, and counted as nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.model import Alert, Conversation
from alerts.service import AlertView
from alerts.vocabulary import StandDownReason, Status
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.outbox import Target, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.people import Network, Scene


@pytest.fixture
async def alert(network: Network, scene: Scene, clock: MovableClock) -> Alert:
    """Raise a panic by a member of the case; twelve minutes pass."""
    raised = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    clock.move(timedelta(minutes=12))
    return raised


async def seen(network: Network, scene: Scene, alert: Alert) -> AlertView:
    return await network.alerts.see(scene.coordinator, alert.id)


async def test_a_conversation_is_written_down_and_told_in_the_channel_without_ringing(
    database: Database, network: Network, scene: Scene, clock: MovableClock, alert: Alert
) -> None:
    before = (await seen(network, scene, alert)).alert
    count = await outgoing.count(database)
    officer, at = scene.police.officer, clock.now() - timedelta(minutes=5)
    await network.alerts.note_conversation(officer, alert.id, scene.member.id, at)
    view = await network.alerts.note_conversation(scene.member, alert.id, scene.coordinator.id)
    assert view.alert.conversations == (
        Conversation(spoken_by=officer.id, spoken_with=scene.member.id, spoken_at=at),
        Conversation(spoken_by=scene.member.id, spoken_with=scene.coordinator.id, spoken_at=clock.now()),
    )
    # Nobody has accepted by it, and it is called on as before.
    assert replace((await seen(network, scene, alert)).alert, conversations=()) == before
    assert {officer.id, scene.member.id, scene.coordinator.id} <= {each.id for each in view.people}
    told = (await outgoing.said(database))[count:]
    assert [(each.template, each.target, each.mentions) for each in told] == [
        ("alert_spoken", Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id), frozenset())
    ] * 2
    assert told[0].parameters["person"] == str(officer.id)
    assert told[0].parameters["other"] == str(scene.member.id)
    async with database.transaction() as tx:
        row = await tx.row("SELECT * FROM ledger WHERE act = 'alert_conversation_noted' ORDER BY entry LIMIT 1")
    assert row is not None
    assert (row["actor_id"], row["object_id"]) == (officer.id, alert.id)
    assert row["facts"] == {"spoken_with": str(scene.member.id), "spoken_at": at.isoformat()}


async def test_the_same_conversation_is_noted_and_told_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock, alert: Alert
) -> None:
    at = clock.now()
    for _ in range(2):
        view = await network.alerts.note_conversation(scene.coordinator, alert.id, scene.member.id, at)
    assert len(view.alert.conversations) == 1
    assert len(await outgoing.said(database, "alert_spoken")) == 1


async def test_only_who_may_act_notes_it_and_only_of_who_takes_part(
    database: Database, network: Network, scene: Scene, clock: MovableClock, alert: Alert
) -> None:
    excluded, others = scene.police.officers
    await network.cases.exclude(scene.coordinator, scene.case.id, excluded.id)
    for barred in (excluded, scene.stranger, scene.police.workers[1]):
        with pytest.raises(NotFound, match="no such alert"):
            await network.alerts.note_conversation(barred, alert.id, scene.member.id)
    with pytest.raises(NotFound, match="no part"):
        await network.alerts.note_conversation(others, alert.id, scene.stranger.id)
    with pytest.raises(InvalidInput, match="the other one"):
        await network.alerts.note_conversation(others, alert.id, others.id)
    for wrong in (alert.sent - timedelta(minutes=1), clock.now() + timedelta(seconds=1)):
        with pytest.raises(InvalidInput, match="after it was raised"):
            await network.alerts.note_conversation(others, alert.id, scene.member.id, wrong)
    assert not (await seen(network, scene, alert)).alert.conversations
    assert not await outgoing.said(database, "alert_spoken")


async def test_what_was_said_before_the_end_may_be_noted_after_it_and_no_room_hears_of_it(
    database: Database, network: Network, scene: Scene, alert: Alert
) -> None:
    officer = scene.police.officer
    await network.alerts.acknowledge(officer, alert.id)
    await network.alerts.stand_down(officer, alert.id, StandDownReason.SAFE)
    view = await network.alerts.note_conversation(officer, alert.id, scene.member.id)
    assert len(view.alert.conversations) == 1
    assert view.alert.ended
    assert not await outgoing.said(database, "alert_spoken")


async def test_in_an_exercise_it_says_so(database: Database, network: Network, scene: Scene) -> None:
    drill = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=Status.EXERCISE)).alert
    await network.alerts.note_conversation(scene.coordinator, drill.id, scene.member.id)
    assert len(await outgoing.said(database, "drill_spoken")) == 1
    assert not await outgoing.said(database, "alert_spoken")
