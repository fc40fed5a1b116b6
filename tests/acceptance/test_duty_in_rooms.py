"""A shift begins and ends in real rooms: who comes on duty answers a test that rings, and hands an alert over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agencies.model import AgencyKind, DeskId
from agencies.rosters import Rosters
from agencies.service import Agencies
from alerts.vocabulary import StandDownReason
from deploy.demo_network import agency_of_kind
from deploy.witness import Message
from tests.acceptance.conftest import Town

pytestmark = pytest.mark.slow
HOUR = timedelta(hours=1)
# Shifts are looked at every twenty seconds.
PATIENCE = 90.0


@pytest.fixture
async def desk_id(town: Town) -> AsyncIterator[DeskId]:
    """Seat Ana beside Ivan at their desk, and give the one an hour of duty and the other the hours after it."""
    clock, database = town.network.clock, town.network.database
    async with database.reading() as tx:
        agency = agency_of_kind(town.accounts, AgencyKind.SOCIAL_WELFARE)
        found = DeskId(await tx.value("SELECT id FROM duty_desks WHERE agency_id = $1", agency.id))
    directory, rosters = Agencies(database, clock), Rosters(database, clock, "Europe/Belgrade")
    await directory.seat(found, town.person("ana").id)
    # Both read what is said there before anybody is rung: a ring for somebody with no device is said once all the same.
    duty_room = await town.duty_room(AgencyKind.SOCIAL_WELFARE)
    ivan, ana = await town.witness("ivan"), await town.witness("ana")
    await ivan.joined(duty_room, ivan.user_id, ana.user_id)
    # At whatever hour this runs: to the next noon there, for nobody is rung at night.
    here = clock.now().astimezone(ZoneInfo("Europe/Belgrade"))
    noon = here.replace(hour=12, minute=0, second=0, microsecond=0)
    town.network.move_clock((noon if noon > here else noon + timedelta(days=1)) - here)
    now = clock.now()
    await rosters.add(found, town.person("ivan").id, now, now + HOUR)
    await rosters.add(found, town.person("ana").id, now + HOUR, now + 9 * HOUR)
    yield found
    await rosters.remove(found, None)
    await directory.unseat(found, town.person("ana").id)


async def test_who_comes_on_duty_answers_the_ring_and_who_is_next_takes_over_what_is_open(
    town: Town, desk_id: DeskId
) -> None:
    assert desk_id
    case = await town.open_case()
    duty_room, home = await town.duty_room(AgencyKind.SOCIAL_WELFARE), await town.direct_room("ivan")
    ivan, ana = await town.witness("ivan"), await town.witness("ana")
    await ivan.joined(home)

    def tests_ivan(message: Message) -> bool:
        return message.mentions == (ivan.user_id,) and message.body == "Streha: proba Vašeg dežurstva, napišite: tu sam"

    await ivan.wait_for(tests_ivan, duty_room, PATIENCE)
    await ivan.send(duty_room, "tu sam")
    await ana.wait_for("Time nije potvrđen prijem nijedne uzbune", duty_room, PATIENCE)

    raised = (await town.alerts.raise_(town.person("mila"), case.core.id, uuid4())).alert
    await town.alerts.acknowledge(town.person("ivan"), raised.id)
    before = len(ana.messages)
    town.network.move_clock(HOUR)
    await ana.wait_for(f"Da je preuzmete, napišite: primam {case.codename}", duty_room, PATIENCE, after=before)
    await ana.send(duty_room, f"primam {case.codename}")
    await ivan.wait_for("više niste dežurni", home, PATIENCE)
    assert (await town.alerts.see(town.person("ana"), raised.id)).alert.owner_id == town.person("ana").id
    await town.alerts.stand_down(town.person("ana"), raised.id, StandDownReason.SAFE)
