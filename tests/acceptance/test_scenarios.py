"""What really happened, told with invented people before strict clients: nobody may be left out again.

A court that shortens detention, and the shelter that nobody tells; a night in which every telephone rings out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agencies.model import AgencyKind
from alerts.model import AlertId, State
from alerts.vocabulary import Event, StandDownReason
from core.ids import new_id
from safety_plans.model import Level
from safety_plans.service import Reviews
from safety_plans.triggers import SOON
from tests.acceptance.conftest import Town, rings
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

ZONE = ZoneInfo("Europe/Belgrade")


async def test_detention_ends_today_and_everybody_who_must_know_accepts_that_they_do(town: Town) -> None:
    """Scenario 3: the prosecutor learns in the courtroom that custody ends; the plan is examined within two hours."""
    case = await town.open_case()
    room, alone = await town.channel(case), await town.direct_room("ana")
    ana, petar, luka = await town.witness("ana"), await town.witness("petar"), await town.witness("luka")
    police, shelter = await town.duty_room(AgencyKind.POLICE), await town.duty_room(AgencyKind.SHELTER)
    for witness, place in ((ana, room), (ana, alone), (petar, police), (luka, shelter)):
        await witness.joined(place)
    before = {each: len(each.messages) for each in (ana, petar, luka)}
    reviews = Reviews(town.network.database, town.network.clock)
    await reviews.set_level(town.person("ana"), case.id, Level.LOW)

    # One message, from the prosecutor, who is only informed in this case and may raise all the same.
    raised_at = town.network.clock.now()
    raising = town.alerts.raise_(town.person("jelena"), case.core.id, new_id(), event=Event.DEFENDANT_RELEASED)
    alert = (await raising).alert
    for witness, place in ((ana, alone), (petar, police), (luka, shelter)):
        rung = await witness.wait_for(lambda each: bool(each.mentions), place, PATIENCE_SECONDS, after=before[witness])
        told = await witness.wait_for(case.codename, place, PATIENCE_SECONDS, after=before[witness])
        assert {rung.shield, told.shield} == {"none"}

    # Each of the responding agencies says that it knows, in its own room.
    for witness, place in ((petar, police), (luka, shelter), (ana, alone)):
        await witness.send(place, f"ack {case.codename}")

    async def accepted() -> bool:
        return (await town.alerts.see(town.person("ana"), alert.id)).alert.state is State.ACCEPTED

    await _until(accepted)

    # And the plan is examined within two hours, at whatever hour that is.
    async def pulled() -> bool:
        (found,) = [each for each in await reviews.due(town.person("ana")) if each.codename == case.codename]
        return found.review.due_at <= raised_at + SOON + timedelta(minutes=1)

    await _until(pulled)
    (review,) = [each for each in await reviews.due(town.person("ana")) if each.codename == case.codename]
    late = len(ana.messages)
    town.network.move_clock(review.review.due_at - town.network.clock.now() + timedelta(seconds=5))
    await ana.wait_for("to be assessed again. It was due", room, PATIENCE_SECONDS, after=late)
    await reviews.complete(town.person("ana"), review.review.id)
    await _end(town, alert.id)


async def test_at_night_a_silent_desk_costs_two_minutes_and_its_deputy_is_found(town: Town) -> None:
    """Scenario 4: at nine in the evening a woman is brought in, and the shelter's telephone rings out."""
    case = await town.open_case()
    room, shelter = await town.channel(case), await town.duty_room(AgencyKind.SHELTER)
    vesna, luka, ana = await town.witness("vesna"), await town.witness("luka"), await town.witness("ana")
    alone = await town.direct_room("vesna")
    for witness, place in ((vesna, alone), (luka, shelter), (ana, room)):
        await witness.joined(place)
    _until_evening(town)
    before = {each: len(each.messages) for each in (vesna, luka, ana)}

    alert = (await town.alerts.raise_(town.person("mila"), case.core.id, new_id())).alert
    await luka.wait_for(rings, shelter, PATIENCE_SECONDS, after=before[luka])
    await town.alerts.acknowledge(town.person("petar"), alert.id)
    await town.alerts.acknowledge(town.person("ana"), alert.id)
    assert not [each for each in vesna.messages[before[vesna] :] if rings(each)]

    # Nobody answers at the shelter: two minutes later its deputy is rung alone, and the channel knows who is silent.
    town.network.move_clock(timedelta(minutes=2, seconds=1))
    await vesna.wait_for(rings, alone, PATIENCE_SECONDS, after=before[vesna])
    silent = await ana.wait_for("no answer yet from", room, PATIENCE_SECONDS, after=before[ana])
    assert "Shelter Kesten" in silent.body
    await vesna.wait_for(case.codename, alone, PATIENCE_SECONDS, after=before[vesna])
    await vesna.send(alone, f"ack {case.codename}")
    await ana.wait_for("every responding agency has accepted", room, PATIENCE_SECONDS, after=before[ana])
    accepted = (await town.alerts.see(town.person("ana"), alert.id)).alert
    assert accepted.state is State.ACCEPTED
    assert accepted.has_acknowledged(town.person("vesna").id)
    await _end(town, alert.id)


def _until_evening(town: Town) -> None:
    """Let it be nine in the evening, by the clock on the wall."""
    now = town.network.clock.now().astimezone(ZONE)
    evening = datetime(now.year, now.month, now.day, 21, tzinfo=ZONE)
    if evening < now:
        evening += timedelta(days=1)
    town.network.move_clock(evening - now)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return once something holds that other processes bring about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110 (other processes bring it about)
            await asyncio.sleep(0.1)


async def _end(town: Town, alert_id: AlertId) -> None:
    petar = town.person("petar")
    await town.alerts.acknowledge(petar, alert_id)
    await town.alerts.stand_down(petar, alert_id, StandDownReason.SAFE)
