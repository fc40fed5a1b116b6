"""Somebody forced is on the way with others: whoever goes along hears nothing of it, and may be who forces them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import Person, Role
from alerts.model import AlertId
from alerts.sweep import escalate_due
from alerts.vocabulary import Event
from bots.talk.own_sentences import OwnSentences
from cases.model import Part
from core.database import Database
from core.errors import NotFound
from operations.model import Despite, OperationId
from tests.clock import MovableClock
from tests.forced import DURESS, duress_alerts, of_duress, require_kept, settle
from tests.integration.test_operations import HOUR, plan_of
from tests.people import Network, Scene
from tests.talk import Talk

pytest_plugins = ("tests.fixtures_duress",)

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def buddy(network: Network, scene: Scene) -> Person:
    """Let somebody into the case who stays behind."""
    found = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, scene.case.core.id, found.id)
    return found


@pytest.fixture
async def way(network: Network, scene: Scene, buddy: Person, clock: MovableClock) -> OperationId:
    """Let the member and the deputy go together, in an hour."""
    plan = plan_of(scene, buddy, clock.now() + 4 * HOUR)
    view = await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), plan)
    await network.operations.approve(scene.coordinator, view.operation.id)
    await network.operations.go(scene.coordinator, view.operation.id, Despite.SEEN_TO)
    clock.move(3 * HOUR)
    return view.operation.id


async def hears(network: Network, database: Database, person: Person) -> bool:
    """Return whether somebody sees an alert for duress, or anything of it is said where they are."""
    seen = {each.alert.event for each in await network.alerts.see_all(person)}
    said = [row for row in await of_duress(database) if row["target_id"] == person.id or person.id in row["mentions"]]
    assert (Event.DURESS in seen) == bool(said)
    return Event.DURESS in seen


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("where", ["channel", "alone"])
async def test_whoever_goes_along_hears_nothing_of_it(
    talk: Talk, scene: Scene, buddy: Person, database: Database, network: Network, *, where: str
) -> None:
    # Another case in which both have a part: alone with the bot it is raised there too.
    other = await network.case(scene.coordinator, {scene.police: Part.RESPONDER, scene.welfare: Part.RESPONDER})
    for each in (scene.member, scene.deputy):
        await network.cases.add_member(scene.coordinator, other.core.id, each.id)
    await talk.say(scene.member, scene.case.core.id if where == "channel" else scene.member.id, DURESS)
    found = [AlertId(each) for each in await duress_alerts(database)]
    assert len(found) == (1 if where == "channel" else 2)
    # Nor when it goes on, over all tiers.
    for _ in range(4):
        talk.clock.move(3 * MINUTE)
        await escalate_due(database, talk.clock)
    await require_kept(database, scene.member, scene.deputy)
    for alert_id in found:
        with pytest.raises(NotFound):
            await network.alerts.see(scene.deputy, alert_id)
        with pytest.raises(NotFound):
            await network.alerts.acknowledge(scene.deputy, alert_id)
    assert not await hears(network, database, scene.deputy)
    for each in (scene.coordinator, buddy):
        assert await hears(network, database, each)
    # What everybody is to know they still hear.
    await talk.say(scene.member, scene.case.core.id, "panic")
    assert Event.PANIC in {each.alert.event for each in await network.alerts.see_all(scene.deputy)}


@pytest.mark.parametrize("when", ["long before", "home", "postponed", "planned anew", "long after"])
async def test_whoever_is_not_on_the_way_with_them_hears_of_it(
    talk: Talk, scene: Scene, buddy: Person, database: Database, network: Network, way: OperationId, when: str
) -> None:
    clock = talk.clock
    match when:
        case "long before":
            clock.move(-90 * MINUTE)
        case "home":
            clock.move(HOUR)
            for position in (1, 2, 3, 4):
                await network.under_way.confirm(scene.member, way, position)
        case "postponed":
            await network.operations.postpone(scene.coordinator, way)
        case "planned anew":
            await network.operations.plan_anew(scene.coordinator, way, plan_of(scene, buddy, clock.now() + HOUR))
        case "long after":
            # Nobody ever said how it ended.
            clock.move(timedelta(days=4))
    await talk.say(scene.member, scene.case.core.id, DURESS)
    assert await hears(network, database, scene.deputy)


async def test_whoever_goes_along_is_not_asked_to_lead_the_case_that_is_opened_for_it(
    talk: Talk, scene: Scene, buddy: Person, database: Database, network: Network, own: OwnSentences
) -> None:
    person, beside = scene.shelter.workers[1], scene.shelter.deputies[0]
    administrator = await network.person(scene.elsewhere.agency, Role.ADMINISTRATOR)
    await settle(own, database, talk.clock, [person])
    case = await network.case(scene.coordinator, {})
    for each in (person, beside, buddy):
        await network.cases.add_member(scene.coordinator, case.core.id, each.id)
    begins = talk.clock.now() + HOUR
    steps = [replace(each, confirmers=(person.id, beside.id)) for each in plan_of(scene, buddy, begins).steps]
    plan = plan_of(scene, buddy, begins, liaison_id=None, steps=steps)
    view = await network.operations.plan(scene.coordinator, case.core.id, uuid4(), plan)
    await network.operations.approve(scene.coordinator, view.operation.id)
    await network.operations.go(scene.coordinator, view.operation.id, Despite.SEEN_TO)
    # Their only case is closed while they are out.
    await network.close_all_the_same(case)
    await talk.say(person, person.id, DURESS)
    assert len(await duress_alerts(database)) == 1
    await require_kept(database, person, beside)
    assert not await hears(network, database, beside)
    talk.clock.move(3 * MINUTE)
    await escalate_due(database, talk.clock)
    assert await hears(network, database, administrator)
