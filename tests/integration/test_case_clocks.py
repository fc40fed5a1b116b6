"""Clocks of cases on a real database: begun with the case, wound up, reminded, overdue; dates pull them and reviews."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from cases.ledger import sequence_all
from cases.model import Part
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from safety_plans.calendar import DAY
from safety_plans.clocks.rules import CaseClock, ClockKind, Spans
from safety_plans.clocks.service import ClocksView
from safety_plans.clocks.sweep import next_due, remind_due
from safety_plans.events import take_up_events
from safety_plans.model import Level, Reason, Review
from safety_plans.rings.rules import MOST
from safety_plans.sweep import open_missing
from tests import outgoing
from tests.clock import SERBIA, ZONE, MovableClock
from tests.people import Network, Scene


async def taken(database: Database, clock: MovableClock) -> None:
    await sequence_all(database)
    await take_up_events(database, clock, ZONE)


async def review(network: Network, scene: Scene) -> Review:
    (view,) = await network.reviews.due(scene.coordinator)
    return view.review


def of(view: ClocksView, kind: ClockKind) -> CaseClock:
    (found,) = [each for each in view.clocks if each.kind is kind]
    return found


@pytest.fixture
async def begun(database: Database, network: Network, scene: Scene, clock: MovableClock) -> ClocksView:
    """Let the case be looked after from its beginning, its risk assessed as low."""
    await open_missing(database, clock, ZONE, Spans())
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    await taken(database, clock)
    return await network.clocks.see(scene.coordinator, scene.case.id)


async def test_contact_and_plans_are_looked_after_from_the_beginning(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: ClocksView
) -> None:
    assert {each.kind for each in begun.clocks} == {ClockKind.CONTACT, ClockKind.RE_EXAMINATION}
    assert {each.owner_id for each in begun.clocks} == {scene.coordinator.id}
    contact = of(begun, ClockKind.CONTACT)
    assert await next_due(database) == contact.due_at
    clock.set(contact.due_at)
    assert await remind_due(database, clock) == 1
    assert list((await outgoing.rung(database)).values()) == [{scene.coordinator.id}]
    assert len(await outgoing.said(database, "clock_contact_due")) == 1
    # It is looked at: nobody is reminded further, and it begins anew.
    wound_up = of(await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CONTACT), ClockKind.CONTACT)
    assert (wound_up.since, wound_up.step, wound_up.id) == (clock.now(), 0, contact.id)
    clock.move(2 * DAY)
    assert await remind_due(database, clock) == 0


async def test_nobody_looked_so_those_who_lead_are_rung_daily_and_the_risk_is_assessed_again(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: ClocksView
) -> None:
    contact = of(begun, ClockKind.CONTACT)
    clock.set(contact.due_at)
    # Its review is done meanwhile, or it would be due first.
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    await remind_due(database, clock)
    for round_ in range(3):
        clock.move(DAY)
        count = await outgoing.count(database)
        assert await remind_due(database, clock) == 1
        assert list((await outgoing.rung(database, count)).values()) == [{scene.coordinator.id, scene.deputy.id}]
        assert len(await outgoing.said(database, "clock_contact_overdue")) == round_ + 1
        await taken(database, clock)
        if round_ == 0:
            pulled = await review(network, scene)
            assert (pulled.reason, pulled.due_at) == (Reason.CLOCK_24H, SERBIA.due(clock.now(), DAY))
            await network.reviews.complete(scene.coordinator, pulled.id)
        else:
            assert (await review(network, scene)).reason is Reason.INTERVAL
    seen = await network.clocks.see(scene.member, scene.case.id)
    assert of(seen, ClockKind.CONTACT).stale_since(clock.now()) == contact.due_at


@pytest.mark.usefixtures("begun")
async def test_custody_is_its_owners_to_confirm_and_what_nobody_confirmed_counts_as_released(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    with pytest.raises(Conflict):
        await network.clocks.looked(scene.member, scene.case.id, ClockKind.CUSTODY)
    with pytest.raises(InvalidInput):
        await network.clocks.looked(
            scene.coordinator, scene.case.id, ClockKind.CUSTODY, owner_id=scene.police.workers[1].id
        )
    await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY, owner_id=scene.member.id)
    clock.move(timedelta(hours=1))
    custody = of(await network.clocks.looked(scene.member, scene.case.id, ClockKind.CUSTODY), ClockKind.CUSTODY)
    assert custody.owner_id == scene.member.id
    assert custody.due_at == SERBIA.due(clock.now(), 7 * DAY)
    with pytest.raises(Conflict):
        await network.clocks.looked(scene.ngo.worker, scene.case.id, ClockKind.CUSTODY)
    clock.set(custody.due_at)
    assert await remind_due(database, clock) == 1
    assert list((await outgoing.rung(database)).values()) == [{scene.member.id}]
    clock.move(DAY)
    assert await remind_due(database, clock) == 1
    (said,) = await outgoing.said(database, "clock_custody_overdue")
    assert said.parameters["person"] == str(scene.member.id)
    await taken(database, clock)
    assert (await review(network, scene)).reason is Reason.CLOCK_24H


@pytest.mark.usefixtures("begun")
async def test_that_custody_ended_is_assessed_within_a_day(network: Network, scene: Scene, clock: MovableClock) -> None:
    await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY)
    with pytest.raises(Conflict):
        await network.clocks.end(scene.member, scene.case.id, ClockKind.CUSTODY)
    ended = await network.clocks.end(scene.deputy, scene.case.id, ClockKind.CUSTODY)
    assert ClockKind.CUSTODY not in {each.kind for each in ended.clocks}
    pulled = await review(network, scene)
    assert (pulled.reason, pulled.due_at) == (Reason.EVENT_24H, SERBIA.due(clock.now(), DAY))


@pytest.mark.usefixtures("begun")
async def test_a_date_pulls_custody_and_sets_reviews_before_and_after_it(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY)
    at = clock.now() + 5 * DAY
    view = await network.clocks.add_date(scene.member, scene.case.id, at)
    assert [each.at for each in view.dates] == [at]
    assert at - 5 * DAY < of(view, ClockKind.CUSTODY).due_at <= at - DAY
    assert (await review(network, scene)).reason is Reason.DATE
    # The same again changes nothing.
    assert (await network.clocks.add_date(scene.coordinator, scene.case.id, at)).dates == view.dates

    due = []
    for _ in range(5):
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
        following = await review(network, scene)
        due.append((following.reason, following.due_at))
        clock.set(following.due_at)
    before, after, month = due[:3]
    assert {reason for reason, _ in (before, after, month)} == {Reason.DATE}
    assert before[1] <= at - DAY
    assert at < after[1] <= at + DAY
    assert at + 20 * DAY < month[1] <= at + 30 * DAY
    assert due[3][0] is Reason.INTERVAL
    assert all(first < second for (_, first), (_, second) in pairwise(due))


@pytest.mark.usefixtures("begun")
async def test_a_date_that_is_off_is_assessed_too_and_custody_waits_again(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    custody = of(await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY), ClockKind.CUSTODY)
    at = clock.now() + 3 * DAY
    await network.clocks.add_date(scene.coordinator, scene.case.id, at)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    off = await network.clocks.take_date(scene.member, scene.case.id, at)
    assert (off.dates, of(off, ClockKind.CUSTODY).due_at) == ([], custody.due_at)
    assert (await review(network, scene)).reason is Reason.DATE
    # Nothing is left of it once that is assessed.
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    assert (await review(network, scene)).reason is Reason.INTERVAL


@pytest.mark.usefixtures("begun")
async def test_what_is_not_sensible_is_refused(network: Network, scene: Scene, clock: MovableClock) -> None:
    case = scene.case.id
    for at in (clock.now(), clock.now() + timedelta(days=4000)):
        with pytest.raises(InvalidInput):
            await network.clocks.add_date(scene.coordinator, case, at)
    with pytest.raises(InvalidInput):
        await network.clocks.looked(scene.coordinator, case, ClockKind.CONTACT, clock.now() + DAY)
    with pytest.raises(InvalidInput):
        await network.clocks.end(scene.coordinator, case, ClockKind.CONTACT)
    await network.clocks.looked(scene.coordinator, case, ClockKind.PLACEMENT_SHORT)
    with pytest.raises(Conflict):
        await network.clocks.looked(scene.coordinator, case, ClockKind.PLACEMENT_SHORT)
    # Said of an earlier time than the last: it is due no earlier for it.
    known = of(await network.clocks.see(scene.coordinator, case), ClockKind.CONTACT)
    clock.move(DAY)
    again = await network.clocks.looked(scene.coordinator, case, ClockKind.CONTACT, known.since - DAY)
    assert of(again, ClockKind.CONTACT) == known


async def test_that_it_was_so_long_ago_begins_no_reminders_anew(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: ClocksView
) -> None:
    contact = of(begun, ClockKind.CONTACT)
    clock.set(contact.due_at)
    for _ in range(3):
        await remind_due(database, clock)
        clock.move(DAY)
    await network.clocks.looked(
        scene.coordinator, scene.case.id, ClockKind.CONTACT, contact.since, owner_id=scene.member.id
    )
    # Whoever has it now is reminded of what is overdue, at its next step.
    assert await remind_due(database, clock) == 1
    said = await outgoing.said(database, "clock_contact_overdue")
    assert [each.parameters["person"] for each in said] == [str(scene.coordinator.id)] * 2 + [str(scene.member.id)]


async def test_in_a_closed_case_nothing_runs(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: ClocksView
) -> None:
    await network.closing.close_case(scene.coordinator, scene.case.id)
    for act in (
        network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CONTACT),
        network.clocks.add_date(scene.coordinator, scene.case.id, clock.now() + DAY),
    ):
        with pytest.raises((Conflict, NotFound)):
            await act
    clock.set(max(each.due_at for each in begun.clocks))
    await remind_due(database, clock)
    assert await outgoing.said(database, "clock_contact_due") == []
    assert await next_due(database) is None


@pytest.mark.usefixtures("begun")
async def test_whose_owner_has_gone_the_coordinator_is_reminded_of(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY, owner_id=scene.member.id)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    clock.set(of(view, ClockKind.CUSTODY).due_at)
    count = await outgoing.count(database)
    await remind_due(database, clock)
    assert {scene.coordinator.id} in (await outgoing.rung(database, count)).values()
    assert (
        of(await network.clocks.see(scene.coordinator, scene.case.id), ClockKind.CUSTODY).owner_id
        == scene.coordinator.id
    )


async def test_many_sweeps_at_once_remind_once(database: Database, clock: MovableClock, begun: ClocksView) -> None:
    moment: datetime = of(begun, ClockKind.CONTACT).due_at
    clock.set(moment)
    async with asyncio.TaskGroup() as tasks:
        done = [tasks.create_task(remind_due(database, clock)) for _ in range(5)]
    assert sum(each.result() for each in done) == 1
    assert len(await outgoing.said(database, "clock_contact_due")) == 1


async def test_that_nobody_confirmed_custody_rings_however_often(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    cases = [await network.case(scene.coordinator, {scene.police: Part.RESPONDER}) for _ in range(MOST + 2)]
    for case in cases:
        view = await network.clocks.looked(scene.coordinator, case.id, ClockKind.CUSTODY)
    clock.set(view.clocks[0].due_at)
    rung = []
    for _ in range(2):
        before = await outgoing.count(database)
        assert await remind_due(database, clock) == len(cases)
        said = (await outgoing.said(database))[before:]
        rung.append(sum(scene.coordinator.id in each.mentions for each in said))
        clock.move(DAY)
    # That it is due soon can wait; that the suspect may be free cannot.
    assert rung == [MOST, len(cases)]
