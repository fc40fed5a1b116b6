"""A trial with a hostile gallery: telephones off inside, the accused released, and a month later one is met again.

Scenario 2, with invented people, on the real stack. Who sat beside the witness is protected too: awaited at home, asked
the day after and a month after, and their organisation looks to its own safety at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from agencies.model import AgencyKind
from alerts.model import State
from alerts.vocabulary import StandDownReason
from deploy.demo_linking import DemoLinking
from deploy.demo_network import populate
from deploy.network import LocalNetwork
from deploy.witness import Witness, Witnesses
from operations.acting import OperationView
from operations.model import OperationStatus
from operations.under_way import UnderWay
from safety_plans.model import Level, Reason
from safety_plans.organisations.service import OrganisationReviews
from safety_plans.service import Reviews
from safety_plans.triggers import SOON
from tests.acceptance.conftest import Town, rings
from tests.acceptance.phones import phone_of
from tests.acceptance.test_operations_in_rooms import Day, due
from tests.clock import ZONE
from tests.console.screen import ANYTHING
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


async def test_hostile_people_a_release_the_way_home_and_a_panic_a_month_later(tmp_path: Path) -> None:
    async with LocalNetwork(tmp_path / "town", fast=True) as network:
        accounts = await populate(network)
        async with Witnesses(network.stack.addresses.homeserver_url, log_file=tmp_path / "witnesses.log") as clients:
            town = Town(network=network, accounts=accounts, clients=clients, known={}, linking=DemoLinking(network))
            await _told(town)


async def _told(town: Town) -> None:
    """Tell the story: ana leads, jelena and sara sit behind the witness, nina observes, mila stays behind."""
    case = await town.open_case()
    room, police = await town.channel(case), await town.duty_room(AgencyKind.POLICE)
    ana, mila, jelena, sara = [await town.witness(each) for each in ("ana", "mila", "jelena", "sara")]
    nina, petar = await town.witness("nina"), await town.witness("petar")
    for each in (ana, mila, jelena, sara, nina):
        await each.joined(room)
    await petar.joined(police)
    reviews = Reviews(town.network.database, town.network.clock, ZONE.key)
    await reviews.set_level(town.person("ana"), case.id, Level.LOW)
    day = Day(town, case)
    view = await day.begun()
    name = view.operation.codename

    # Met, on the way, inside; then telephones are off, and nobody is called.
    for number, words in ((1, "ready to go"), (2, "departed"), (3, "inside")):
        day.to(due(await day.seen(view), number))
        await jelena.send(room, f"op {name} ok")
        await ana.wait_for(f"{name}: {words}, confirmed by", room, PATIENCE_SECONDS)
    await sara.send(room, f"op {name} dark 120")
    await ana.wait_for("telephones are off", room, PATIENCE_SECONDS)
    quiet = (await day.seen(view)).operation.dark_until
    assert quiet is not None

    # Out in the corridor the observer writes two words; then, at sentencing, two more.
    day.to(quiet - timedelta(minutes=30))
    since = {each: len(each.messages) for each in (petar, ana, mila)}
    raised_at = day.now()
    await nina.send(room, "alert hostile")
    await petar.wait_for("hostile presence", police, PATIENCE_SECONDS, after=since[petar])
    await nina.send(room, "alert released")
    await petar.wait_for("raised again", police, PATIENCE_SECONDS, after=since[petar])
    await petar.send(police, f"ack {case.codename}")
    await petar.wait_for(f"{case.codename}: accepted", police, PATIENCE_SECONDS, after=since[petar])
    (alert,) = await town.alerts.open_for(town.person("petar"), [case.core.id])
    assert alert.alert.has_acknowledged(town.person("petar").id)

    # The witness is assessed again within two hours, and those who helped look to their own within a day.
    own = OrganisationReviews(town.network.database, town.network.clock, ZONE.key)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := (await reviews.due(town.person("ana")))[0].review).reason is not Reason.ALERT:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert found.due_at <= raised_at + SOON + timedelta(minutes=1)
        while (of_sara := (await own.own(town.person("sara"))).review) is None or (  # noqa: ASYNC110
            of_sara.due_at > raised_at + timedelta(hours=24, minutes=1)
        ):
            await asyncio.sleep(0.1)

    # The way out: elsewhere than was planned, and everybody home, whoever went along too.
    await sara.send(room, f"op {name} divert")
    await mila.wait_for(f"{name}: DIVERTED", room, PATIENCE_SECONDS)
    for _ in ("waypoint", "cleared", "arrived", "home_safe"):
        day.to(day.now() + timedelta(minutes=3))
        step = (await day.seen(view)).operation.next
        await jelena.send(room, f"op {name} ok")
        # What is said a second time in the room is no new step.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await day.seen(view)).operation.next == step:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        if (await day.seen(view)).operation.status is OperationStatus.COMPLETED:
            break
    assert (await day.seen(view)).operation.status is OperationStatus.COMPLETED
    await mila.wait_for(f"{name}: everybody is home", room, PATIENCE_SECONDS)
    await town.alerts.stand_down(town.person("petar"), alert.alert.id, StandDownReason.SAFE)
    await _afterwards(town, day, view, room)


async def _afterwards(town: Town, day: Day, view: OperationView, room: str) -> None:
    """Let them talk about it a day later, be asked a month later, and let one of them then press panic."""
    ana, sara, mila, petar = [await town.witness(each) for each in ("ana", "sara", "mila", "petar")]
    ends = (await day.seen(view)).operation.ends_at
    day.to(ends + timedelta(days=1))
    await ana.wait_for("talk with everybody who went", room, PATIENCE_SECONDS)
    # As `streha operation ok` says it.
    said = UnderWay(town.network.database, town.network.clock, ZONE.key)
    await said.confirm(town.person("ana"), view.operation.id)
    await ana.wait_for("talked about afterwards, confirmed by", room, PATIENCE_SECONDS)
    day.to(ends + timedelta(days=30))
    await ana.wait_for("has anything happened since to whoever went, staff too", room, PATIENCE_SECONDS)

    # The driver of her taxi is one of them. She holds one button on her phone, and it goes on until a named person
    # accepts.
    since = {each: len(each.messages) for each in (petar, mila, sara)}
    async with phone_of(town, "sara") as phone:
        async with phone.holding(phone.panic, "finger"):
            await expect(phone.own_alert).to_contain_text(
                phone.like("DELIVERED to {count} rooms. Nobody has accepted yet.", count=ANYTHING)
            )
        await _answered(town, day, room, since)
        accepted = phone.like("ACCEPTED by {people}.", people=town.person("mila").name + ANYTHING)
        await expect(phone.own_alert).to_contain_text(accepted)


async def _answered(town: Town, day: Day, room: str, since: Mapping[Witness, int]) -> None:
    """Let everybody be rung, nobody answer for two minutes, and one of them then accept."""
    sara, mila, petar = [await town.witness(each) for each in ("sara", "mila", "petar")]
    police = await town.duty_room(AgencyKind.POLICE)
    await mila.wait_for(rings, room, PATIENCE_SECONDS, after=since[mila])
    await petar.wait_for(rings, police, PATIENCE_SECONDS, after=since[petar])
    # Nobody has answered for two minutes: it is said who is silent, and it goes on.
    town.network.move_clock(timedelta(minutes=2, seconds=1))
    await sara.wait_for("no answer yet from", room, PATIENCE_SECONDS, after=since[sara])
    await mila.send(room, f"ack {day.case.codename}")
    told = await sara.wait_for(f"{day.case.codename}: accepted", room, PATIENCE_SECONDS, after=since[sara])
    assert town.person("mila").name in told.body
    views = await town.alerts.open_for(town.person("petar"), [day.case.core.id])
    assert any(
        each.alert.has_acknowledged(town.person("mila").id) and each.alert.state is not State.STOOD_DOWN
        for each in views
    )
