"""Somebody without an app is not heard from: two are asked, then called, then the buddy, then whoever accepts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from alerts.vocabulary import Event, StandDownReason
from operations.safe_calls.model import SafeCallPlan
from operations.safe_calls.service import SafeCalls, SafeCallView
from tests.acceptance.conftest import Town
from tests.clock import ZONE

pytestmark = pytest.mark.slow
PATIENCE = 60.0
# Nobody has assessed the case: it counts as high.
GRACE, BUDDY, ALERT = timedelta(minutes=10), timedelta(minutes=15), timedelta(minutes=20)


class Evening:
    """An evening on which somebody is to be heard from: jelena and sara listen, mila is called next, ana leads."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.safe_calls = SafeCalls(town.network.database, town.network.clock, ZONE.key)

    def to(self, moment: datetime) -> None:
        """Let it be a little later than a moment."""
        network = self.town.network
        network.move_clock(moment - network.clock.now() + timedelta(seconds=5))


@pytest.fixture
async def evening(town: Town) -> AsyncIterator[Evening]:
    """Give an evening; whatever alert is open at its end is ended."""
    yield Evening(town)
    await town.calm()


async def test_nobody_hears_from_them_until_somebody_accepts_and_somebody_does(town: Town, evening: Evening) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana, mila, jelena, sara = [await town.witness(each) for each in ("ana", "mila", "jelena", "sara")]
    for each in (ana, mila, jelena, sara):
        await each.joined(room)
    people = {each: town.person(each) for each in ("ana", "mila", "jelena", "sara")}
    due = town.network.clock.now() + timedelta(hours=2)
    plan = SafeCallPlan(listeners=[people["jelena"].id, people["sara"].id], buddy_id=people["mila"].id, due_at=due)
    call = (await evening.safe_calls.plan(people["ana"], case.core.id, uuid4(), plan)).call
    name = call.codename
    told = await mila.wait_for(f"{name}: somebody is expected to be heard from by", room, PATIENCE)
    assert told.shield == "none"

    # It is time: the two who listen for it are asked, and nobody else's telephone rings.
    evening.to(due)
    asked = await jelena.wait_for(f"{name}: NOT HEARD FROM yet", room, PATIENCE)
    assert asked.shield == "none"
    rung = await jelena.wait_for(lambda each: each.body == "Streha: answer now, open the app", room, PATIENCE)
    assert set(rung.mentions) == {jelena.user_id, sara.user_id}

    # Its grace is over: who stays behind is called by name.
    evening.to(due + BUDDY)
    late = await mila.wait_for(f"{name}: NOT HEARD FROM since", room, PATIENCE)
    assert people["mila"].name in late.body

    # Everybody whom an alert calls: who leads the case is called alone, in the language of the agency, and accepts.
    evening.to(due + ALERT)
    alone = await town.direct_room("ana")
    await ana.joined(alone)
    await ana.wait_for(f"{case.codename}: neko se nije javio na vreme", alone, PATIENCE)
    await ana.send(alone, f"ack {case.codename}")
    await ana.wait_for(f"{case.codename}: prijem potvrđen", alone, PATIENCE)
    (alert,) = [
        each.alert for each in await town.alerts.see_all(people["ana"]) if each.alert.compartment_id == case.core.id
    ]
    assert (alert.event, alert.has_acknowledged(people["ana"].id)) == (Event.MISSED_CHECK_IN, True)

    # They are heard from: the waiting ends for everybody at once, and the alert when people end it.
    await sara.send(room, f"heard {name}")
    for each in (ana, mila, jelena):
        heard = await each.wait_for(f"{name}: heard from at", room, PATIENCE)
        assert people["sara"].name in heard.body
    found = await _call(evening, town, name)
    assert (found.late, found.call.due_at, found.call.heard_by) == (False, None, people["sara"].id)
    before = len(jelena.messages)
    evening.to(due + timedelta(hours=1))
    await town.alerts.stand_down(people["ana"], alert.id, StandDownReason.SAFE)
    await ana.wait_for(f"{case.codename}: prestanak uzbune", alone, PATIENCE)
    assert not [each for each in jelena.messages[before:] if name in each.body]


async def _call(evening: Evening, town: Town, name: str) -> SafeCallView:
    (found,) = [each for each in await evening.safe_calls.see_all(town.person("ana")) if each.call.codename == name]
    return found
