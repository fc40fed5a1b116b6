"""The report of exercises, read off what exercises really leave."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import AgencyId, Role
from alerts.drills import Drills, Figures
from alerts.model import OWNED, OWNER_ANSWERS_WITHIN, Alert, Tier
from alerts.sweep import escalate_due
from alerts.vocabulary import StandDownReason, Status
from core.database import Database
from core.errors import NotFound
from tests.clock import MovableClock
from tests.commands import streha
from tests.people import Network, Scene

second = timedelta(seconds=1)


async def drilled(network: Network, scene: Scene, status: Status = Status.EXERCISE) -> Alert:
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=status)).alert


async def figures_of(database: Database, agency_id: AgencyId) -> dict[Tier | None, Figures]:
    """Return what is told of an agency over the whole day, by tier."""
    found = await Drills(database, "Europe/Belgrade").of_all()
    return {each.tier: each for each in found if each.agency_id == agency_id and each.hour is None}


async def test_it_tells_when_each_tier_of_a_responding_agency_accepted_first(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    drill = await drilled(network, scene)
    real = await drilled(network, scene, Status.ACTUAL)
    clock.move(20 * second)
    await network.alerts.acknowledge(scene.police.officers[1], drill.id)
    await network.alerts.acknowledge(scene.ngo.officer, drill.id)
    clock.move(20 * second)
    await network.alerts.acknowledge(scene.police.officers[0], drill.id)
    await network.alerts.acknowledge(scene.police.officers[0], real.id)
    clock.move(80 * second)
    await escalate_due(database, clock)
    clock.move(30 * second)
    await network.alerts.acknowledge(scene.welfare.deputies[0], drill.id)
    # While somebody may still answer, nobody is said never to have.
    welfare = await figures_of(database, scene.welfare.agency.id)
    assert {tier: each.p50 for tier, each in welfare.items()} == {None: 150.0, Tier.DEPUTIES: 150.0}
    await network.alerts.stand_down(scene.police.officers[0], drill.id, StandDownReason.DRILL_OVER)

    police = await figures_of(database, scene.police.agency.id)
    assert police[Tier.DESKS] == Figures(
        agency_id=scene.police.agency.id, tier=Tier.DESKS, hour=None, called=1, never_answered=0, p50=20.0, p95=20.0
    )
    shelter = await figures_of(database, scene.shelter.agency.id)
    assert (shelter[None].called, shelter[None].never_answered, shelter[None].p50) == (1, 1, None)
    welfare = await figures_of(database, scene.welfare.agency.id)
    assert (welfare[Tier.DESKS].never_answered, welfare[None].never_answered) == (1, 0)
    # Who is only informed need not answer, and is measured by nothing.
    assert not await figures_of(database, scene.ngo.agency.id)


async def test_an_acceptance_stays_one_when_the_alert_is_open_again(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    drill = await drilled(network, scene)
    clock.move(30 * second)
    for officer in (scene.police.officer, scene.shelter.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, drill.id)
    for wait in (OWNED, OWNER_ANSWERS_WITHIN):
        clock.move(wait)
        await escalate_due(database, clock)
    clock.move(10 * second)
    await network.alerts.acknowledge(scene.police.officer, drill.id)
    for office in (scene.police, scene.shelter):
        found = await figures_of(database, office.agency.id)
        assert (found[None].p95, found[None].never_answered) == (30.0, 0)


async def test_an_administrator_sees_the_own_agency_alone(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    drill = await drilled(network, scene)
    clock.move(15 * second)
    await network.alerts.acknowledge(scene.police.officer, drill.id)
    administrator = await network.person(scene.police.agency, Role.ADMINISTRATOR)
    drills = Drills(database, "Europe/Belgrade")
    own = await drills.of_agency(administrator, scene.police.agency.id)
    assert own == [each for each in await drills.of_all() if each.agency_id == scene.police.agency.id]
    assert own
    for actor, agency in (
        (administrator, scene.shelter.agency), (scene.police.officer, scene.police.agency),
        (scene.police.deputies[0], scene.police.agency), (scene.stranger, scene.police.agency),
    ):  # fmt: skip
        with pytest.raises(NotFound, match="no such agency"):
            await drills.of_agency(actor, agency.id)


async def test_the_operator_reads_it_as_a_table_and_as_json(
    database_url: str, network: Network, scene: Scene, clock: MovableClock
) -> None:
    operator = {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}
    assert "no exercise yet" in (await streha("alert", "drills", environment=operator)).out
    drill = await drilled(network, scene)
    clock.move(42 * second)
    await network.alerts.acknowledge(scene.police.officer, drill.id)
    table = (await streha("alert", "drills", environment=operator)).out
    assert scene.police.agency.name in table
    assert "42 s" in table
    told = (await streha("alert", "drills", "--json", environment=operator)).json
    assert told["time_zone"]
    whole = [each for each in told["drills"] if each["tier"] is None]
    assert [(each["agency"], each["called"], each["never_answered"], each["p50"]) for each in whole] == [
        (str(scene.police.agency.id), 1, 0, 42.0)
    ]
