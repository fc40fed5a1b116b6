"""A day at court, told by strict clients: words on the way, a silence, a step that is late until people are called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from alerts.vocabulary import StandDownReason
from cases.model import Case
from core.settings import Secret, Settings
from operations.acting import OperationView
from operations.model import Despite, OperationStatus
from operations.service import Operations
from operations.templates import templates
from safety_plans.clocks.service import spans_of
from tests.acceptance.conftest import Town
from tests.clock import ZONE

pytestmark = pytest.mark.slow
PATIENCE = 60.0
HOUR = timedelta(hours=1)


class Day:
    """A day at court that ana leads; sara and jelena go, mila stays behind."""

    def __init__(self, town: Town, case: Case) -> None:
        self.town, self.case = town, case
        settings = Settings(database_url=Secret("postgresql://"), network="invented network")
        self.operations = Operations(town.network.database, town.network.clock, ZONE.key, spans_of(settings))

    def now(self) -> datetime:
        return self.town.network.clock.now()

    def to(self, moment: datetime) -> None:
        """Let it be a little later than a moment."""
        self.town.network.move_clock(moment - self.now() + timedelta(seconds=5))

    async def begun(self) -> OperationView:
        """Plan it for tomorrow, approve it, and say go an hour before it begins."""
        ana, mila, jelena, sara = (self.town.person(each) for each in ("ana", "mila", "jelena", "sara"))
        plan = templates()["court_testimony"].plan(
            self.now() + timedelta(days=1), ana.id, mila.id, [jelena.id, sara.id]
        )
        view = await self.operations.plan(ana, self.case.core.id, uuid4(), plan)
        await self.operations.approve(ana, view.operation.id)
        self.to(plan.begins_at - HOUR)
        return await self.operations.go(ana, view.operation.id, Despite.SEEN_TO)

    async def seen(self, view: OperationView) -> OperationView:
        return await self.operations.see(self.town.person("ana"), view.operation.id)


@pytest.fixture
async def day(town: Town) -> AsyncIterator[Day]:
    """Give a day of a case; whatever alert is open at its end is ended."""
    yield Day(town, await town.open_case())
    await town.calm()


def due(view: OperationView, position: int) -> datetime:
    found = view.operation.milestones[position - 1].due_at
    assert found is not None
    return found


async def test_a_day_at_court_from_the_door_until_everybody_is_called(town: Town, day: Day) -> None:
    room = await town.channel(day.case)
    ana, mila, jelena, sara = [await town.witness(each) for each in ("ana", "mila", "jelena", "sara")]
    for each in (ana, mila, jelena, sara):
        await each.joined(room)
    view = await day.begun()
    name = view.operation.codename
    await jelena.wait_for(f"{name}: GO", room, PATIENCE)

    # It is time: both who go are asked, and a bare word is enough.
    before = len(ana.messages)
    day.to(due(view, 1))
    ring = await jelena.wait_for(lambda each: each.body == "Streha: answer now, open the app", room, PATIENCE)
    assert set(ring.mentions) == {jelena.user_id, sara.user_id}
    asked = await jelena.wait_for(f"{name}: expected", room, PATIENCE)
    assert (asked.mentions, asked.shield) == ((), "none")
    await jelena.send(room, "ok")
    await ana.wait_for("ready to go, confirmed by", room, PATIENCE, after=before)

    # Later, told to everybody who has a part in it; then inside, where telephones are off.
    await sara.send(room, "op delayed 20")
    await mila.wait_for("they are later, 20 minutes in all", room, PATIENCE)
    # What sara writes within two minutes is about the same step, and is answered so.
    await sara.send(room, "op ok")
    await sara.wait_for("next expected", room, PATIENCE)
    day.to(due(await day.seen(view), 2))
    await sara.send(room, "op ok")
    await ana.wait_for("departed, confirmed by", room, PATIENCE, after=before)
    await jelena.send(room, "op dark 120")
    await ana.wait_for("telephones are off", room, PATIENCE, after=before)
    quiet = await day.seen(view)
    assert quiet.operation.dark_until is not None
    day.to(due(quiet, 3))
    # The silence ends in a question, and nobody was called meanwhile.
    before = len(jelena.messages)
    day.to(quiet.operation.dark_until)
    await jelena.wait_for(f"{name}: expected", room, PATIENCE, after=before)
    assert not [each for each in ana.messages if "LATE since" in each.body and name in each.body]

    # Nobody answers: the buddy, then everybody whom an alert calls.
    before = len(mila.messages)
    day.to(quiet.operation.dark_until + timedelta(minutes=16))
    late = await mila.wait_for("LATE since", room, PATIENCE, after=before)
    assert town.person("mila").name in late.body
    day.to(quiet.operation.dark_until + timedelta(minutes=21))
    # Who leads the case is called alone, in the language of the agency.
    alone = await town.direct_room("ana")
    await ana.joined(alone)
    await ana.wait_for("niko se nije javio s puta", alone, PATIENCE)

    # They are heard from. The alert stays until somebody ends it; what is next is watched again.
    await jelena.send(room, "op ok")
    await ana.wait_for("inside, confirmed by", room, PATIENCE)
    reached = await day.seen(view)
    assert (reached.operation.status, reached.late) == (OperationStatus.IN_PROGRESS, [])
    (alert,) = [
        each.alert for each in await town.alerts.see_all(town.person("ana"))
        if each.alert.compartment_id == day.case.core.id
    ]  # fmt: skip
    await town.alerts.acknowledge(town.person("ana"), alert.id)
    await town.alerts.stand_down(town.person("ana"), alert.id, StandDownReason.SAFE)

    # To the other place, and home.
    await sara.send(room, "op divert")
    assert "DIVERTED" in (await mila.wait_for(f"{name}: DIVERTED", room, PATIENCE)).body
    home = next(each.position for each in reached.operation.milestones if each.kind == "home_safe")
    while (step := (await day.seen(view)).operation.next) is not None and step.position <= home:
        day.to(day.now() + timedelta(minutes=3))
        await jelena.send(room, "op ok")
        position = step.position
        while (now := (await day.seen(view)).operation.next) is not None and now.position == position:
            await ana.wait_for("confirmed by", room, PATIENCE, after=len(ana.messages))
    assert (await day.seen(view)).operation.status is OperationStatus.COMPLETED
    await mila.wait_for(f"{name}: everybody is home", room, PATIENCE)


async def test_where_nobody_is_on_the_way_ok_is_talk_and_op_says_so(town: Town, day: Day) -> None:
    room = await town.channel(day.case)
    jelena = await town.witness("jelena")
    await jelena.joined(room)
    before = len(jelena.messages)
    await jelena.send(room, "ok")
    await jelena.send(room, "op ok")
    await jelena.wait_for("No operation is running here", room, PATIENCE, after=before)
    assert len([each for each in jelena.messages[before:] if "No operation" in each.body]) == 1
