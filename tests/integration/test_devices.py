"""Devices that can only raise: where, as whom, what they are told, and that none of it is ever silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.contacts import Contacts, Means
from agencies.model import AgencyId, Person, RaisingDevice
from alerts import reaching
from alerts.devices.service import DeviceRaises, Devices, Reached
from alerts.model import Alert, AlertId, State
from alerts.vocabulary import Certainty, Event, Severity, StandDownReason, Status, Through
from bots.words.rendering import Renderer, names_for
from cases.model import Part
from core import outbox
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.outbox import Lane, Message
from core.settings import Secret, Settings
from core.texts import LANGUAGES
from tests import outgoing
from tests.clock import MovableClock
from tests.linked import link_everybody
from tests.outgoing import Said, desk, direct
from tests.people import Network, Office, Scene
from tests.waiting import PATIENCE_SECONDS


class World:
    """A case, and devices that raise in it."""

    def __init__(self, database: Database, clock: MovableClock, network: Network, scene: Scene) -> None:
        self.database, self.clock, self.network, self.scene = database, clock, network, scene
        self.keeping = Devices(database, clock)
        self.raises = DeviceRaises(database, clock)

    async def device(self, owner: AgencyId | Person | None = None, label: str = "door-2") -> RaisingDevice:
        """Add a device, the shelter's unless it is somebody else's, and come back as whoever shows its token."""
        _, token = await self.keeping.add(label, owner or self.scene.shelter.agency.id, self.scene.case.codename)
        return await self.raises.of_token(token)

    async def alerts(self) -> list[Alert]:
        """Return every open alert of the case as its coordinator sees it."""
        return [each.alert for each in await self.network.alerts.see_all(self.scene.coordinator)]

    async def acts(self, act: str) -> list[dict[str, object]]:
        """Return who did this, in which case, with which facts."""
        async with self.database.transaction() as tx:
            rows = await tx.rows("SELECT * FROM ledger WHERE act = $1 ORDER BY entry", act)
        return [{"by": row["actor_id"] or row["actor_kind"], "case": row["case_id"], **row["facts"]} for row in rows]


@pytest.fixture
def world(database: Database, clock: MovableClock, network: Network, scene: Scene) -> World:
    return World(database, clock, network, scene)


# Raising -------------------------------------------------------------------------------------------


async def test_a_button_by_a_door_calls_everybody_as_a_device_of_its_agency(world: World) -> None:
    scene, device, key = world.scene, await world.device(), uuid4()
    told = await world.raises.raise_(device, key)
    assert (told.key, told.state, told.rooms, told.accepted_by) == (key, Reached.STORED, 0, ())
    (alert,) = await world.alerts()
    assert (alert.id, alert.event, alert.status) == (key, Event.PANIC, Status.ACTUAL)
    # The token proves the device: the call is as loud as a person's, and nobody's name stands there.
    assert (alert.severity, alert.certainty) == (Severity.EXTREME, Certainty.OBSERVED)
    assert (alert.raised_by, alert.raised_through, alert.device) == (None, Through.DEVICE, device)
    rung = await outgoing.rung(world.database)
    assert rung.keys() >= {desk(scene.shelter), desk(scene.police), desk(scene.welfare)}
    # Nobody is taken for the raiser: also whoever works where it was pressed is rung.
    assert scene.coordinator.id in {person for people in rung.values() for person in people}
    details = await outgoing.said(world.database, "alert_details_device")
    assert {each.target for each in details} >= set(rung)
    assert details[0].parameters["device"] == "door-2"
    assert details[0].parameters["agencies"] == str(scene.shelter.agency.id)
    assert await world.acts("alert_raised") == [
        {
            "by": "device", "case": scene.case.id, "device": str(device.id), "event": "panic", "status": "Actual",
            "through": "device",
        }
    ]  # fmt: skip


async def test_a_persons_shortcut_raises_as_the_person_and_says_with_what(world: World) -> None:
    member = world.scene.member
    device = await world.device(member, "phone")
    await world.raises.raise_(device, uuid4())
    (alert,) = await world.alerts()
    assert (alert.raised_by, alert.device) == (member.id, device)
    # Somebody who hides is not rung.
    assert not any(member.id in people for people in (await outgoing.rung(world.database)).values())
    (details, *_) = await outgoing.said(world.database, "alert_details_device_of_person")
    assert (details.parameters["person"], details.parameters["device"]) == (str(member.id), "phone")
    assert (await world.acts("alert_raised"))[0]["by"] == member.id


async def test_the_same_key_raises_once_also_at_the_same_moment(world: World) -> None:
    device, key = await world.device(), uuid4()
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        pressing = [tasks.create_task(world.raises.raise_(device, key)) for _ in range(4)]
    assert {each.result().key for each in pressing} == {key}
    assert (await world.raises.raise_(device, key)).state is Reached.STORED
    assert len(await world.acts("alert_raised")) == 1


async def test_a_further_press_becomes_part_of_the_open_alert(world: World) -> None:
    scene = world.scene
    raised = (await world.network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    device, key = await world.device(), uuid4()
    world.clock.move(timedelta(minutes=1))
    told = await world.raises.raise_(device, key)
    # It hears of its own press under its own key, and when calling began.
    assert (told.key, told.sent) == (key, raised.sent)
    (alert,) = await world.alerts()
    assert (alert.id, alert.raised_by, alert.device) == (raised.id, scene.member.id, None)
    assert {each.device for each in alert.presses} == {None, device}
    (again, *_) = await outgoing.said(world.database, "alert_raised_again_device")
    assert again.parameters["device"] == "door-2"


async def test_thousands_of_presses_of_a_device_are_read_as_few(world: World) -> None:
    device, other = await world.device(), await world.device(world.scene.member, "phone")
    for _ in range(5):
        for each in (device, other):
            await world.raises.raise_(each, uuid4())
        world.clock.move(timedelta(seconds=70))
    (alert,) = await world.alerts()
    assert len(alert.presses) <= 4
    assert alert.device == device


async def test_a_device_hears_how_far_it_came_and_nothing_else(world: World) -> None:
    scene, device, key = world.scene, await world.device(), uuid4()
    await world.raises.raise_(device, key)
    async with world.database.transaction() as tx:
        await tx.run("UPDATE outbox SET state = 'sent' WHERE target_id = $1", scene.police.desk_id)
    assert await world.raises.see(device, key) == replace(
        await world.raises.raise_(device, key), state=Reached.DELIVERED, rooms=1
    )
    await world.network.alerts.acknowledge(scene.police.officer, AlertId(key))
    seen = await world.raises.see(device, key)
    assert (seen.state, seen.accepted_by) == (Reached.ACCEPTED, (scene.police.officer.name,))
    await world.network.alerts.stand_down(scene.police.officer, AlertId(key), StandDownReason.SAFE)
    seen = await world.raises.see(device, key)
    assert (seen.state, seen.accepted_by) == (Reached.ENDED, ())
    known = {scene.case.codename, str(scene.case.id), str(scene.case.core.id), str(scene.police.officer.id)}
    assert not any(each in repr(seen) for each in known)


async def test_an_exercise_stays_one(world: World) -> None:
    device, key = await world.device(), uuid4()
    assert (await world.raises.raise_(device, key, status=Status.EXERCISE)).status is Status.EXERCISE
    assert {each.template for each in await outgoing.said(world.database) if each.mentions} == {"drill_ring"}
    assert await outgoing.said(world.database, "drill_details_device")
    with pytest.raises(Conflict, match="something else"):
        await world.raises.raise_(device, key)


async def test_nobody_elses_raise_is_seen(world: World) -> None:
    """Neither another device's of the same agency, nor one that a person made."""
    scene, device = world.scene, await world.device()
    others = await world.device(label="door-3"), uuid4()
    await world.raises.raise_(*others)
    persons = uuid4()
    await world.network.alerts.raise_(scene.member, scene.case.core.id, persons)
    told = []
    for key in (others[1], persons, uuid4()):
        with pytest.raises(NotFound) as refused:
            await world.raises.see(device, key)
        told.append(str(refused.value))
    assert told == [told[0]] * 3
    with pytest.raises(NotFound):
        await world.raises.raise_(device, persons)


async def test_an_owner_that_falls_silent_is_told_with_the_device(world: World) -> None:
    """A later ladder still says with which device the press was that it answers."""
    scene, key = world.scene, uuid4()
    await world.raises.raise_(await world.device(), key)
    for office in (scene.shelter, scene.police, scene.welfare):
        await world.network.alerts.acknowledge(office.officer, AlertId(key))
    (alert,) = await world.alerts()
    assert alert.state is State.ACCEPTED
    before = len(await outgoing.said(world.database, "alert_details_device"))
    world.clock.move(timedelta(minutes=1))
    await world.raises.raise_(await world.device(label="door-3"), uuid4())
    said = await outgoing.said(world.database, "alert_details_device")
    assert {each.parameters["device"] for each in said[before:]} == {"door-3"}
    assert (await world.alerts())[0].state is State.OPEN


# Without a place -----------------------------------------------------------------------------------


async def lose_by(world: World, how: str) -> None:
    scene, cases = world.scene, world.network.cases
    match how:
        case "excluded":
            await cases.exclude(scene.coordinator, scene.case.id, scene.member.id)
        case "removed":
            await cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
        case _:
            await world.network.closing.close_case(scene.coordinator, scene.case.id)


async def test_without_a_place_its_agency_is_rung_and_the_reason_cannot_be_told(
    database: Database, clock: MovableClock, network: Network
) -> None:
    told = set()
    for how in ("excluded", "removed", "closed"):
        world = World(database, clock, network, await network.scene())
        scene = world.scene
        device = await world.device(scene.member, "phone")
        await lose_by(world, how)
        before = await outgoing.count(database)
        with pytest.raises(NotFound) as refused:
            await world.raises.raise_(device, uuid4())
        rung = await outgoing.rung(database, before)
        assert rung == {
            desk(scene.police): {each.id for each in scene.police.officers},
            **{direct(each): frozenset({each.id}) for each in scene.police.deputies},
        }
        words = [each for each in (await outgoing.said(database))[before:] if each.template.startswith("device_")]
        assert {each.template for each in words} == {"device_unheard_of_person"}
        # Not a word of the case.
        shown = [*words[0].parameters.values(), str(refused.value)]
        assert not any(name in each for each in shown for name in (scene.case.codename, str(scene.case.id)))
        told.add((str(refused.value), tuple(sorted(words[0].parameters))))
        assert (await world.acts("raising_device_unheard"))[-1]["case"] is None
        # Once a minute, and nothing was raised; nor is it after the device is gone.
        with pytest.raises(NotFound):
            await world.raises.raise_(device, uuid4())
        assert await outgoing.rung(database, before) == rung
    assert len(told) == 1
    assert "NOT raised" in next(iter(told))[0]
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alerts") == 0


async def test_a_telephone_rings_too_and_not_for_ever(world: World) -> None:
    scene = world.scene
    await link_everybody(world.database, world.clock.now())
    contact = await Contacts(world.database, world.clock).add(
        scene.police.officer.id, Means.VOICE, "+381600000001", of_desk=False
    )
    device = await world.device(scene.member, "phone")
    await lose_by(world, "removed")
    with pytest.raises(NotFound):
        await world.raises.raise_(device, uuid4())
    async with world.database.transaction() as tx:
        (letter,) = await outbox.claim_letters(tx, world.clock.now(), 10, Lane.ALERT, mail=False)
        assert (letter.message.target.id, letter.message.template) == (contact, "alert_ring")
        wanted = await reaching.wanted(tx, letter.message, letter.created_at, world.clock.now())
        assert wanted is not None
        assert wanted.status is Status.ACTUAL
        later = world.clock.now() + timedelta(hours=1, minutes=1)
        assert await reaching.wanted(tx, letter.message, letter.created_at, later) is None


async def test_where_its_agency_has_nobody_those_who_never_sleep_are_rung(world: World) -> None:
    scene, network = world.scene, world.network
    small = await network.office(desk=False)
    await network.cases.set_part(scene.coordinator, scene.case.id, small.agency.id, Part.INFORMED)
    device = await world.device(small.agency.id)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    with pytest.raises(NotFound, match="nobody could be told"):
        await world.raises.raise_(device, uuid4())
    desk_id = await network.agencies.open_desk(scene.police.agency.id, always_staffed=True)
    assert desk_id == scene.police.desk_id
    before = await outgoing.count(world.database)
    with pytest.raises(NotFound, match="is being told"):
        await world.raises.raise_(device, uuid4())
    assert desk(scene.police) in await outgoing.rung(world.database, before)


async def test_where_nobody_is_on_duty_the_covering_desk_is_rung_too(world: World) -> None:
    scene, network = world.scene, world.network
    covered = await network.office(covered_by=scene.police, officers=0)
    await network.cases.set_part(scene.coordinator, scene.case.id, covered.agency.id, Part.INFORMED)
    device = await world.device(covered.agency.id)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    before = await outgoing.count(world.database)
    with pytest.raises(NotFound):
        await world.raises.raise_(device, uuid4())
    assert set(await outgoing.rung(world.database, before)) == {desk(scene.police)}


async def test_what_it_raised_before_goes_on_without_it(world: World) -> None:
    device, key = await world.device(world.scene.member, "phone"), uuid4()
    await world.raises.raise_(device, key)
    await lose_by(world, "excluded")
    before = await outgoing.count(world.database)
    for attempt in (world.raises.raise_, world.raises.see):
        with pytest.raises(NotFound) as refused:
            await attempt(device, key)
        assert "NOT raised" not in str(refused.value)
    assert await outgoing.count(world.database) == before
    assert [each.id for each in await world.alerts()] == [key]


async def test_an_exercise_without_a_place_rings_nobody_and_says_so(world: World) -> None:
    device = await world.device(world.scene.member, "phone")
    await lose_by(world, "removed")
    before = await outgoing.count(world.database)
    with pytest.raises(NotFound, match="in earnest neither"):
        await world.raises.raise_(device, uuid4(), status=Status.EXERCISE)
    assert await outgoing.count(world.database) == before


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whoever_is_told_reads_which_device_it_was(world: World, language: str) -> None:
    """In every language: of an agency's device its agency, of a person's the person."""
    scene = world.scene
    agency, member = scene.shelter.agency.name, scene.member.name
    devices = await world.device(), await world.device(scene.member, "phone")
    for device in devices:
        for status in Status:
            await world.raises.raise_(device, uuid4(), status=status)
            world.clock.move(timedelta(minutes=1))
    await world.network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    with pytest.raises(NotFound):
        await world.raises.raise_(devices[1], uuid4())
    await world.keeping.remove(devices[1].id)
    read = {each.template: await rendered(world, each, language) for each in await outgoing.said(world.database)}
    told = {name: words for name, words in read.items() if "device" in name}
    assert len(told) == 8
    for name, words in told.items():
        assert ("phone" in words, member in words) == 2 * (name.endswith("_of_person"),), (name, words)
        assert ("door-2" in words, agency in words) == 2 * (not name.endswith("_of_person"),), (name, words)
        if not name.startswith("device_unheard"):
            assert scene.case.codename in words


async def rendered(world: World, said: Said, language: str) -> str:
    """Return what stands in a room."""
    message = Message(key="", target=said.target, template=said.template, parameters=said.parameters)
    renderer = Renderer(Settings(database_url=Secret("postgresql://"), network="invented network"))
    async with world.database.transaction() as tx:
        return renderer.text(message, language, await names_for(tx, [message]))


# Keeping them --------------------------------------------------------------------------------------


async def test_only_the_hash_of_a_token_is_kept_and_a_removed_device_is_nobody(world: World) -> None:
    scene = world.scene
    device, token = await world.keeping.add("door-2", scene.shelter.agency.id, str(scene.case.core.id))
    async with world.database.transaction() as tx:
        stored = await tx.value("SELECT token_hash FROM raising_devices")
    assert token not in (stored, stored[: len(token)])
    await world.raises.raise_(await world.raises.of_token(token), uuid4())
    await world.keeping.remove(device.id)
    with pytest.raises(NotAuthenticated):
        await world.raises.of_token(token)
    with pytest.raises(NotAuthenticated):
        await world.raises.of_token(bytes(32))
    with pytest.raises(NotFound):
        await world.keeping.remove(device.id)
    facts = {"case": scene.case.id, "by": "operator", "agency": str(scene.shelter.agency.id),
             "compartment": str(scene.case.core.id)}  # fmt: skip
    assert await world.acts("raising_device_added") == await world.acts("raising_device_removed") == [facts]
    # The channel hears of both, with the name under which it would ring.
    for template in ("device_added", "device_removed"):
        (said,) = await outgoing.said(world.database, template)
        assert said.parameters["device"] == "door-2"
    # The label is free again.
    await world.device()


async def test_leaders_outside_of_a_circle_hear_of_its_devices(world: World) -> None:
    scene = world.scene
    circle = await world.network.cases.open_compartment(scene.deputy, scene.case.id, [scene.member.id])
    await world.keeping.add("phone", scene.member, circle.codename)
    said = await outgoing.said(world.database, "device_added_of_person")
    assert {each.target.id for each in said} == {circle.id, scene.coordinator.id}


async def test_a_device_ends_with_its_day_and_with_its_person(world: World) -> None:
    scene, now = world.scene, world.clock.now()
    _, token = await world.keeping.add(
        "door-2", scene.shelter.agency.id, scene.case.codename, ends_at=now + timedelta(days=2)
    )
    _, persons = await world.keeping.add("phone", scene.member, scene.case.codename)
    await world.raises.of_token(token)
    world.clock.move(timedelta(days=2))
    with pytest.raises(NotAuthenticated):
        await world.raises.of_token(token)
    assert [place for each, place in await world.keeping.all() if each.device.label == "door-2"] == [None]
    await world.raises.of_token(persons)
    # Also by itself, whatever else a departure ends.
    async with world.database.transaction() as tx:
        await tx.run("UPDATE people SET left_at = $2 WHERE id = $1", scene.member.id, world.clock.now())
    with pytest.raises(NotAuthenticated):
        await world.raises.of_token(persons)
    async with world.database.transaction() as tx:
        await tx.run("UPDATE people SET left_at = NULL WHERE id = $1", scene.member.id)
    await world.network.depart(scene.member)
    with pytest.raises(NotAuthenticated):
        await world.raises.of_token(persons)
    assert (await world.acts("raising_device_removed"))[0]["person"] == str(scene.member.id)


async def test_what_could_raise_nothing_is_not_added(world: World) -> None:
    scene, where = world.scene, world.scene.case.codename
    elsewhere: Office = scene.elsewhere
    for label, owner, place, ends_at, error in (
        ("door-2", elsewhere.agency.id, where, None, InvalidInput),
        ("phone", scene.stranger, where, None, InvalidInput),
        ("door-2", scene.shelter.agency.id, "no-such-case", None, NotFound),
        ("door-2", scene.shelter.agency.id, str(uuid4()), None, NotFound),
        ("Ana Primer", scene.shelter.agency.id, where, None, InvalidInput),
        ("-door", scene.shelter.agency.id, where, None, InvalidInput),
        ("d" * 25, scene.shelter.agency.id, where, None, InvalidInput),
        ("door-2", scene.shelter.agency.id, where, world.clock.now(), InvalidInput),
    ):
        with pytest.raises(error):
            await world.keeping.add(label, owner, place, ends_at=ends_at)
    await world.device()
    with pytest.raises(Conflict):
        await world.device()
    assert len(await world.keeping.all()) == 1
    assert len(await world.acts("raising_device_added")) == 1


async def test_use_is_noted_to_the_minute(world: World) -> None:
    device = await world.device()
    ((listed, place),) = await world.keeping.all()
    assert (listed.used_at, place) == (None, world.scene.case.codename)
    await world.raises.raise_(device, uuid4(), status=Status.EXERCISE)
    ((listed, _),) = await world.keeping.all()
    assert listed.used_at == world.clock.now().replace(second=0, microsecond=0)


async def test_a_raise_and_a_removal_at_the_same_moment_do_not_wait_for_each_other(world: World) -> None:
    device = await world.device()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(10):
            fresh = await world.device(label=f"door-{uuid4().hex[:8]}")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(world.raises.raise_(fresh, uuid4()))
                tasks.create_task(world.keeping.remove(fresh.id))
    assert {each.device.id for each, _ in await world.keeping.all()} == {device.id}
