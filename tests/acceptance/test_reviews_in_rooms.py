"""A due review reaches its owner in the channel; one that nobody does reaches the duty desk, and the owner's digest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agencies.model import AgencyKind
from safety_plans.digests.rules import next_morning
from safety_plans.model import Level
from safety_plans.rules import overdue_at
from safety_plans.service import Reviews
from tests.acceptance.conftest import Town
from tests.clock import SERBIA, ZONE

pytestmark = pytest.mark.slow
PATIENCE = 90.0


async def test_due_reminds_the_owner_and_overdue_the_duty_desk(town: Town) -> None:
    case = await town.open_case()
    room, duty_room = await town.channel(case), await town.duty_room(AgencyKind.SOCIAL_WELFARE)
    ana, mila, ivan = await town.witness("ana"), await town.witness("mila"), await town.witness("ivan")
    await ana.joined(room, mila.user_id)
    await ivan.joined(duty_room)
    now = town.network.clock.now()
    reviews = Reviews(town.network.database, town.network.clock, ZONE.key)
    view = await reviews.set_level(town.person("ana"), case.id, Level.VERY_HIGH)

    town.network.move_clock(view.review.due_at - now + timedelta(seconds=5))
    ring = await ana.wait_for("Streha: reminder, open the app", room)
    assert ring.mentions == (ana.user_id,)
    reminder = await mila.wait_for("to be assessed again", room)
    assert (reminder.mentions, reminder.shield) == ((), "none")
    assert town.person("ana").name in reminder.body

    overdue = overdue_at(Level.VERY_HIGH, view.review.due_at)
    before = len(ivan.messages)
    town.network.move_clock(overdue - town.network.clock.now() + timedelta(seconds=5))
    # The duty room of the social welfare centre speaks Serbian.
    # What is overdue in other stories is said there first.
    at_the_desk = await ivan.wait_for(lambda each: case.codename in each.body, duty_room, PATIENCE, after=before)
    assert town.person("ana").name in at_the_desk.body
    assert (await ana.wait_for("OVERDUE", room)).mentions == ()

    # On the next working morning its owner hears alone, in the language of the agency, how much there is.
    alone, now = await town.direct_room("ana"), town.network.clock.now()
    await ana.joined(alone)
    before = len(ana.messages)
    morning = next_morning(now, ZONE, SERBIA.working)
    town.network.move_clock(morning - now + timedelta(seconds=5))
    numbers = await ana.wait_for("Vaše obaveze", alone, PATIENCE, after=before)
    assert (numbers.mentions, numbers.shield) == ((), "none")
    assert case.codename not in numbers.body
    assert (await ana.wait_for(lambda each: bool(each.mentions), alone, PATIENCE, after=before)).mentions == (
        ana.user_id,
    )

    await reviews.complete(town.person("ana"), view.review.id)
    (following,) = [each for each in await reviews.due(town.person("ana")) if each.codename == case.codename]
    assert following.review.due_at > town.network.clock.now() + timedelta(hours=5)
