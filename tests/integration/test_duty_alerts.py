"""Alerts and rosters on a real database: who is rung first, who may accept, who is rung when nobody is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from agencies.model import DeskId
from agencies.rosters import Rosters
from alerts.model import OWNED, OWNER_ANSWERS_WITHIN, AlertId
from alerts.sweep import escalate_due
from alerts.vocabulary import Event
from core.database import Database
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import desk, direct
from tests.people import Network, Office, Scene

HOUR = timedelta(hours=1)


@pytest.fixture
def rosters(database: Database, clock: MovableClock) -> Rosters:
    """Return what keeps rosters, in the time of Belgrade."""
    return Rosters(database, clock, "Europe/Belgrade")


def of(office: Office) -> DeskId:
    assert office.desk_id is not None
    return office.desk_id


async def raised(network: Network, scene: Scene, event: Event = Event.PANIC) -> AlertId:
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event)).alert.id


async def test_who_is_on_duty_is_rung_and_whoever_sits_there_may_accept(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    await rosters.add(of(scene.police), second.id, clock.now(), clock.now() + HOUR)
    alert_id = await raised(network, scene)
    rung = await outgoing.rung(database)
    assert rung[desk(scene.police)] == {second.id}
    assert direct(scene.police.deputies[0]) not in rung
    seen = (await network.alerts.acknowledge(first, alert_id)).alert
    assert scene.police.agency.id not in seen.silent_agencies


async def test_whoever_sits_there_is_rung_when_who_is_on_duty_stays_silent(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    await rosters.add(of(scene.police), second.id, clock.now(), clock.now() + HOUR)
    await raised(network, scene)
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=2))
    assert await escalate_due(database, clock) == 1
    rung = await outgoing.rung(database, said)
    assert rung[desk(scene.police)] == {first.id, second.id}
    assert direct(scene.police.deputies[0]) in rung


async def test_a_closed_desk_is_passed_on_in_the_same_wave(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    helping = await network.office(officers=2)
    await network.agencies.open_desk(scene.police.agency.id, always_staffed=False, covered_by=helping.desk_id)
    # It is ten in the morning of a Monday there.
    await rosters.set_hours(of(scene.police), ["mon-fri 16:00-20:00"])
    await rosters.add(of(helping), helping.officers[1].id, clock.now(), clock.now() + HOUR)
    alert_id = await raised(network, scene, Event.BEING_FOLLOWED)
    rung = await outgoing.rung(database)
    assert rung[desk(scene.police)] == frozenset()
    assert rung[direct(scene.police.deputies[0])] == {scene.police.deputies[0].id}
    assert rung[desk(helping)] == {helping.officers[1].id}
    assert not await outgoing.said(database, "alert_unreachable")
    # Who is off duty and sees it may accept.
    seen = (await network.alerts.acknowledge(scene.police.officer, alert_id)).alert
    assert scene.police.agency.id not in seen.silent_agencies


async def test_an_alert_that_would_reach_nobody_rings_whoever_sits_there(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    await network.depart(scene.police.deputies[0])
    await rosters.add(of(scene.police), scene.police.officer.id, clock.now() - 2 * HOUR, clock.now() - HOUR)
    await raised(network, scene)
    rung = await outgoing.rung(database)
    assert rung[desk(scene.police)] == {each.id for each in scene.police.officers}
    assert not await outgoing.said(database, "alert_unreachable")


async def test_a_further_press_rings_who_is_on_duty_by_then(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    now = clock.now()
    await rosters.add(of(scene.police), first.id, now, now + timedelta(minutes=1))
    await rosters.add(of(scene.police), second.id, now + timedelta(minutes=1), now + HOUR)
    await raised(network, scene)
    assert (await outgoing.rung(database))[desk(scene.police)] == {first.id}
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=1))
    await raised(network, scene)
    assert (await outgoing.rung(database, said))[desk(scene.police)] == {second.id}


async def test_nobody_excluded_is_rung_whoever_is_on_duty(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    await rosters.add(of(scene.police), first.id, clock.now(), clock.now() + HOUR)
    await network.cases.exclude(scene.coordinator, scene.case.id, first.id)
    await raised(network, scene)
    rung = await outgoing.rung(database)
    assert desk(scene.police) not in rung
    assert not any(first.id in each for each in rung.values())
    assert direct(scene.police.deputies[0]) in rung
    assert direct(second) not in rung
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    assert direct(second) in await outgoing.rung(database, said)


async def test_on_the_night_when_clocks_go_back_the_hour_that_comes_twice_has_one_on_duty(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    clock.set(datetime(2026, 10, 24, 12, 0, tzinfo=UTC))
    evening = datetime(2026, 10, 24, 20, 0)  # noqa: DTZ001 (by the clock on the wall)
    await rosters.rotate(of(scene.police), [first.id, second.id], begins=evening, length=6 * HOUR, count=2)
    # 20:00 until 02:00, then until 08:00. The handover is at the first 02:00, midnight UTC; 08:00 is seven hours later.
    for minutes, who in ((-30, first), (30, second), (90, second), (6 * 60 + 30, second)):
        clock.set(datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + timedelta(minutes=minutes))
        said = await outgoing.count(database)
        await raised(network, scene)
        assert (await outgoing.rung(database, said))[desk(scene.police)] == {who.id}


async def test_a_shift_that_ends_between_the_waves_leaves_nobody_out(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    await rosters.add(of(scene.police), first.id, clock.now(), clock.now() + timedelta(minutes=1))
    await raised(network, scene)
    assert (await outgoing.rung(database))[desk(scene.police)] == {first.id}
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=2))
    assert await escalate_due(database, clock) == 1
    rung = await outgoing.rung(database, said)
    assert rung[desk(scene.police)] == {first.id, second.id}
    assert direct(scene.police.deputies[0]) in rung


async def test_where_everybody_on_duty_has_left_it_is_passed_on_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    await rosters.add(of(scene.police), first.id, clock.now(), clock.now() + HOUR)
    clock.move(HOUR / 2)
    await network.depart(first)
    await raised(network, scene)
    rung = await outgoing.rung(database)
    assert rung[desk(scene.police)] == frozenset()
    assert direct(scene.police.deputies[0]) in rung
    # And where there is no deputy either, whoever is left is rung.
    await network.depart(scene.police.deputies[0])
    said = await outgoing.count(database)
    await raised(network, scene, Event.MISSING_PERSON)
    assert (await outgoing.rung(database, said))[desk(scene.police)] == {second.id}


async def test_a_covering_desk_that_is_closed_itself_keeps_nothing_back(
    database: Database, network: Network, scene: Scene, rosters: Rosters
) -> None:
    helping = await network.office(officers=2)
    await network.agencies.open_desk(scene.police.agency.id, always_staffed=False, covered_by=helping.desk_id)
    await network.depart(scene.police.deputies[0])
    for each in (scene.police, helping):
        await rosters.set_hours(of(each), ["sat-sun 08:00-20:00"])
    await raised(network, scene)
    rung = await outgoing.rung(database)
    for each in (scene.police, helping):
        assert rung[desk(each)] == {one.id for one in each.officers}
    assert not await outgoing.said(database, "alert_unreachable")


@pytest.mark.parametrize("days", [-20, 60])
async def test_a_roster_of_another_time_is_a_gap_and_not_a_desk_without_roster(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters, days: int
) -> None:
    begin = clock.now() + timedelta(days=days)
    await rosters.add(of(scene.police), scene.police.officer.id, begin, begin + HOUR)
    await raised(network, scene)
    rung = await outgoing.rung(database)
    assert rung[desk(scene.police)] == frozenset()
    assert direct(scene.police.deputies[0]) in rung


async def test_an_owner_who_fell_silent_is_not_relied_upon_for_being_on_duty(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    deputy = scene.police.deputies[0]
    await rosters.add(of(scene.police), first.id, clock.now(), clock.now() + 4 * HOUR)
    alert_id = await raised(network, scene)
    for officer in (first, scene.shelter.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, alert_id)
    for wait in (OWNED, OWNER_ANSWERS_WITHIN):
        said = await outgoing.count(database)
        clock.move(wait)
        assert await escalate_due(database, clock) == 1
    rung = await outgoing.rung(database, said)
    assert rung[desk(scene.police)] == {first.id}
    assert rung[direct(deputy)] == {deputy.id}
    # At the others' desks nobody was asked: their deputies are called with the next wave.
    assert direct(scene.shelter.deputies[0]) not in rung
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    assert (await outgoing.rung(database, said))[desk(scene.police)] == {first.id, second.id}


async def test_a_further_press_rings_whoever_has_accepted_also_after_their_shift(
    database: Database, network: Network, scene: Scene, clock: MovableClock, rosters: Rosters
) -> None:
    first, second = scene.police.officers
    now = clock.now()
    await rosters.add(of(scene.police), first.id, now, now + timedelta(minutes=1))
    await rosters.add(of(scene.police), second.id, now + timedelta(minutes=1), now + HOUR)
    alert_id = await raised(network, scene)
    await network.alerts.acknowledge(first, alert_id)
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=1))
    await raised(network, scene)
    rung = await outgoing.rung(database, said)
    assert rung[desk(scene.police)] == {second.id}
    assert rung[direct(first)] == {first.id}
    # So it is where everybody has accepted, and all are called anew; but for who was excluded meanwhile.
    for officer in (scene.shelter.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, alert_id)
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=1))
    await raised(network, scene)
    rung = await outgoing.rung(database, said)
    assert rung[desk(scene.police)] == {second.id}
    assert rung[direct(first)] == {first.id}
    await network.alerts.acknowledge(first, alert_id)
    await network.cases.exclude(scene.coordinator, scene.case.id, first.id)
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=1))
    await raised(network, scene)
    rung = await outgoing.rung(database, said)
    assert direct(second) in rung
    assert not any(first.id in each for each in rung.values())
    assert desk(scene.police) not in rung
