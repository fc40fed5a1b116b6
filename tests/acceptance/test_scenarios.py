"""What really happened, told with invented people before strict clients: nobody may be left out again.

A court that shortens detention, and the shelter that nobody tells; a night in which every telephone rings out; stones
at the window of a flat with a child in it, and threats to publish images.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from agencies.model import AgencyKind
from alerts.incidents.records import Incidents
from alerts.incidents.rules import Fact, Kind, Section
from alerts.model import AlertId, State
from alerts.police.emergency import Police
from alerts.vocabulary import Event, Severity, StandDownReason
from core.ids import new_id
from deploy.witness import Witness
from safety_plans.model import Level
from safety_plans.service import Reviews
from safety_plans.triggers import SOON
from tests.acceptance.conftest import Town, rings
from tests.clock import ZONE
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow


async def test_detention_ends_today_and_everybody_who_must_know_accepts_that_they_do(town: Town) -> None:
    """Scenario 3: the prosecutor learns in the courtroom that custody ends; the plan is examined within two hours."""
    case = await town.open_case()
    room, alone = await town.channel(case), await town.direct_room("ana")
    ana, petar, luka = await town.witness("ana"), await town.witness("petar"), await town.witness("luka")
    police, shelter = await town.duty_room(AgencyKind.POLICE), await town.duty_room(AgencyKind.SHELTER)
    for witness, place in ((ana, room), (ana, alone), (petar, police), (luka, shelter)):
        await witness.joined(place)
    before = {each: len(each.messages) for each in (ana, petar, luka)}
    reviews = Reviews(town.network.database, town.network.clock, ZONE.key)
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
    _until_hour(town, 21)
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


async def test_stones_at_the_window_a_child_inside_and_images_that_may_be_published(town: Town) -> None:
    """Scenario 5: at eleven at night somebody attacks a client's flat, and threatens to publish images of her."""
    case = await town.open_case()
    room, alone = await town.channel(case), await town.direct_room("ana")
    police, shelter = await town.duty_room(AgencyKind.POLICE), await town.duty_room(AgencyKind.SHELTER)
    sara, ana, petar = await town.witness("sara"), await town.witness("ana"), await town.witness("petar")
    luka, mila = await town.witness("luka"), await town.witness("mila")
    for witness, place in ((sara, room), (mila, room), (ana, alone), (petar, police), (luka, shelter)):
        await witness.joined(place)
    reviews = Reviews(town.network.database, town.network.clock, ZONE.key)
    incidents = Incidents(town.network.database, town.network.clock)
    await reviews.set_level(town.person("ana"), case.id, Level.LOW)
    _until_hour(town, 23)

    # Her worker writes what happens, with two words. At night that wakes those on duty and who leads, and nobody else.
    since, raised_at = _read(sara, mila, ana, petar, luka), town.network.clock.now()
    await sara.send(room, "alert premises")
    for witness, place, happening in (
        (petar, police, "incident at the premises"), (luka, shelter, "incident at the premises"),
        (ana, alone, "incident u prostorijama"),
    ):  # fmt: skip
        rung = await witness.wait_for(lambda each: bool(each.mentions), place, PATIENCE_SECONDS, after=since[witness])
        told = await witness.wait_for(happening, place, PATIENCE_SECONDS, after=since[witness])
        assert case.codename not in rung.body
        assert case.codename in told.body
        assert {rung.shield, told.shield} == {"none"}
    (view,) = await town.alerts.open_for(town.person("sara"), [case.core.id])
    night = view.alert
    assert (night.event, night.severity, night.police) == (Event.PREMISES_INCIDENT, Severity.SEVERE, None)
    await sara.send(room, "alert threat")
    await luka.wait_for("threat received, raised again", shelter, PATIENCE_SECONDS, after=since[luka])
    assert not [each for each in mila.messages[since[mila] :] if rings(each)]

    # They are at the door, and a child is inside: now everybody is called, and whoever accepts is asked about 192.
    since |= _read(petar)
    await sara.send(room, "panic")
    await mila.wait_for(rings, room, PATIENCE_SECONDS, after=since[mila])
    await petar.wait_for(rings, police, PATIENCE_SECONDS, after=since[petar])
    await petar.wait_for(f"ack {case.codename}", police, PATIENCE_SECONDS, after=since[petar])
    await petar.send(police, f"ack {case.codename}")
    await petar.wait_for("has 192 been called", police, PATIENCE_SECONDS, after=since[petar])
    # Another alert may be open in this room by then, of a case of an earlier story.
    await petar.send(police, f"192 {case.codename} me")
    await mila.wait_for("192 was called", room, PATIENCE_SECONDS, after=since[mila])
    await luka.send(shelter, f"ack {case.codename}")
    await ana.send(alone, f"ack {case.codename}")
    await mila.wait_for("every responding agency has accepted", room, PATIENCE_SECONDS, after=since[mila])
    grave = (await town.alerts.see(town.person("ana"), night.id)).alert
    assert (grave.severity, grave.state, grave.police) == (Severity.EXTREME, State.ACCEPTED, Police.CALLED)
    assert grave.owner_id == town.person("petar").id

    # Nobody knows whether the images are out already: whoever leads notes it, and the clock of a leak runs.
    since |= _read(ana)
    await incidents.add(town.person("ana"), night.id, Section.IMMEDIATE, Fact.NOBODY_HARMED)
    leak = await incidents.add(town.person("ana"), night.id, Section.UPDATE, Fact.DATA_MAY_HAVE_LEAKED)
    (clock,) = [each for each in leak.duties if each.kind is Kind.BREACH]
    assert clock.due_at - town.network.clock.now() > timedelta(hours=71)
    await ana.wait_for("podaci o ličnosti su možda procureli", alone, PATIENCE_SECONDS, after=since[ana])

    # The police drove them off. What is left has an owner and a time: the record, and the review within two hours.
    await petar.send(police, f"stand-down {case.codename} safe")
    await mila.wait_for("the alert was ended", room, PATIENCE_SECONDS, after=since[mila])
    record = await incidents.see(town.person("ana"), night.id)
    assert [each.owner_id for each in record.duties if each.kind is Kind.RECORD] == [town.person("petar").id]
    assert record.missing == [Section.POST_INCIDENT]

    async def pulled() -> bool:
        (found,) = [each for each in await reviews.due(town.person("ana")) if each.codename == case.codename]
        return found.review.due_at <= raised_at + SOON + timedelta(minutes=1)

    await _until(pulled)

    # Afterwards it turns out that her address was sold: that is another alert, and as grave as any.
    since |= _read(mila, petar, ana)
    await mila.send(room, "alert location")
    await petar.wait_for(rings, police, PATIENCE_SECONDS, after=since[petar])
    await petar.wait_for("location known to the wrong people", police, PATIENCE_SECONDS, after=since[petar])
    (view,) = await town.alerts.open_for(town.person("mila"), [case.core.id])
    assert view.alert.id != night.id
    assert (view.alert.event, view.alert.severity) == (Event.LOCATION_COMPROMISED, Severity.EXTREME)

    async def clock_runs() -> bool:
        found = await incidents.see(town.person("ana"), view.alert.id)
        return Kind.BREACH in {each.kind for each in found.duties}

    await _until(clock_runs)
    await _end(town, view.alert.id)
    # And what is decided about her and the child is looked at again within a day.
    again = (await reviews.set_level(town.person("ana"), case.id, Level.VERY_HIGH)).review
    assert again.level is Level.VERY_HIGH
    assert SOON < again.due_at - town.network.clock.now() <= timedelta(days=1)
    done = await incidents.add(town.person("petar"), night.id, Section.POST_INCIDENT, Fact.MOVED_TO_SAFETY)
    assert not done.missing


def _read(*witnesses: Witness) -> dict[Witness, int]:
    """Return how much each has read so far."""
    return {each: len(each.messages) for each in witnesses}


def _until_hour(town: Town, hour: int) -> None:
    """Let it be so late in the evening, by the clock on the wall."""
    now = town.network.clock.now().astimezone(ZONE)
    evening = datetime(now.year, now.month, now.day, hour, tzinfo=ZONE)
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
