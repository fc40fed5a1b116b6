"""From a confirmation to keys, and from a changed identity to whoever can ring: on a real database.

The homeserver is the small one of keys, in the tests' hands.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from agencies.attestation import EndReason, LinkState
from agencies.linking import end_by_operator
from agencies.model import Person, Role
from bots import rooms
from bots.credentials import Credentials
from bots.delivery import Delivery
from bots.device import MatrixDevice
from bots.homeserver import Homeserver
from bots.housekeeping import Housekeeping
from bots.identity_watch import IdentityWatch
from bots.last_look import LastLook
from bots.lease import Lease
from bots.occupants import Occupants
from bots.olm_machine import OlmMachine
from bots.olm_store import OlmStore
from bots.preparation import Ready
from bots.rendering import Renderer
from bots.room_sessions import KeysNotShared, Sealed
from bots.rooms import StoredSend
from bots.tally import TALLY
from core import database as databases
from core import outbox
from core.database import Database, Transaction
from core.errors import Temporary, Unavailable
from core.outbox import Lane, Message, Target, TargetKind
from core.settings import Settings
from core.tally import collect
from tests.clock import MovableClock
from tests.key_server import KeyServer, PersonDevice, key_server
from tests.linked import acts, state
from tests.people import Network, Scene
from tests.scraped import counted
from tests.waiting import until

ROOM = "!core:streha.localhost"
BOT = "@bot:streha.localhost"
SECRET = b"an invented store key of 32 bytes"


@dataclass(kw_only=True)
class Town:
    """A case whose people have Matrix accounts, somebody who confirms them, and the bot's side of it."""

    network: Network
    scene: Scene
    administrator: Person
    server: KeyServer
    http: aiohttp.ClientSession
    directory: Path
    resources: AsyncExitStack
    devices: dict[str, PersonDevice] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.network.database

    def signs_in(self, person: Person, *, signed: bool = True) -> PersonDevice:
        """Let somebody's client publish an identity and a device."""
        user = self.server.person(person.matrix_user)
        self.devices[user] = self.server.device(user, "PHONE", signed=signed)
        return self.devices[user]

    async def confirmed(self, person: Person) -> PersonDevice:
        """Let somebody have signed in, and an administrator confirm the device."""
        device = self.devices.get(person.matrix_user) or self.signs_in(person)
        key = await self.network.claim(person, device="PHONE", key=device.session_key)
        await self.network.confirm(person, self.administrator, key)
        return device

    def bot(self, database: Database | None = None) -> tuple[MatrixDevice, IdentityWatch]:
        """Start the bot; a second time, it goes on from the disk."""
        store = OlmStore(BOT, "BOT", self.directory, SECRET)
        self.resources.callback(store.close)
        device = MatrixDevice(
            Homeserver(self.server.url, self.http, "a token"), OlmMachine(BOT, "BOT", store),
            Credentials(self.directory, SECRET), self.network.clock, AsyncExitStack(),
        )  # fmt: skip
        return device, IdentityWatch(database or self.database, self.network.clock, device)

    async def told(self, of: str = "identity_changed") -> list[tuple[TargetKind, object, str]]:
        """Return whose rooms were told of a changed identity, or of a link that ended, in order."""
        async with self.database.reading() as look:
            rows = await look.rows(
                "SELECT target_kind, target_id, template, mentions, parameters FROM outbox "
                "WHERE starts_with(key, $1) ORDER BY sequence",
                f"{of}:",
            )
        for row in rows:
            assert row["mentions"] == ([row["target_id"]] if row["template"] == "reply_look_ring" else [])
        return [(row["target_kind"], row["target_id"], row["template"]) for row in rows]


@pytest.fixture
async def town(network: Network, tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as resources:
        server = await resources.enter_async_context(key_server())
        http = await resources.enter_async_context(aiohttp.ClientSession())
        scene = await network.scene()
        administrator = await network.person(scene.police.agency, Role.ADMINISTRATOR)
        yield Town(
            network=network, scene=scene, administrator=administrator, server=server, http=http, directory=tmp_path,
            resources=resources,
        )  # fmt: skip


async def shared(device: MatrixDevice, *people: Person) -> set[str]:
    """Give the keys of the channel out; return who holds them."""
    sharing = (await device.share_keys_many({ROOM: {each.matrix_user for each in people}})).get(ROOM)
    return set() if sharing is None else {user for user, _device in sharing.holders}


# From a confirmation to keys ------------------------------------------------------------------------------------


async def test_a_confirmed_device_is_followed_to_its_identity_and_its_owner_is_given_keys(town: Town) -> None:
    member, other = town.scene.member, town.scene.ngo.worker
    phone = town.signs_in(member)
    town.signs_in(other)
    device, watch = town.bot()
    await watch.begin()
    assert await shared(device, member, other) == set()
    await town.confirmed(member)
    assert await state(town.network, member) is LinkState.WAITING_FOR_IDENTITY
    await watch.look()
    assert await state(town.network, member) is LinkState.LINKED
    assert await shared(device, member, other) == {member.matrix_user}
    assert len(town.server.keys_for(phone)) == 1
    assert await acts(town.network) == ["device_claimed", "device_confirmed", "matrix_identity_pinned"]
    # Whatever else the identity signs, counts; the first device may go.
    town.server.devices[member.matrix_user].clear()
    tablet = town.server.device(member.matrix_user, "TABLET")
    device._directory.mark_changed([member.matrix_user])
    await watch.look()
    assert await shared(device, member) == {member.matrix_user}
    assert len(town.server.keys_for(tablet)) == 1
    assert not await town.told()


async def test_a_device_that_leads_nowhere_waits_and_is_asked_about_again(town: Town) -> None:
    member = town.scene.member
    phone = town.signs_in(member)
    phone.vouches = False
    await town.confirmed(member)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    assert await state(town.network, member) is LinkState.WAITING_FOR_IDENTITY
    assert await shared(device, member) == set()
    town.server.failing.add("query")
    phone.vouches = True
    await watch.look()
    assert await state(town.network, member) is LinkState.WAITING_FOR_IDENTITY
    town.server.failing.clear()
    await watch.look()
    assert await shared(device, member) == {member.matrix_user}


async def test_a_link_that_ends_is_obeyed_at_once(town: Town) -> None:
    member = town.scene.member
    await town.confirmed(member)
    device, watch = town.bot()
    await watch.begin()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run())
        await until(lambda: bool(device.attestations.ids_of([member.matrix_user])))
        assert await shared(device, member) == {member.matrix_user}
        device.encrypt(ROOM, "m.room.message", {"body": "marked"})
        await town.network.linking.end(town.administrator, member.id, EndReason.LOST_DEVICE)
        await until(lambda: not device.attestations.users)
        running.cancel()
    # Nothing more is said with a key that they hold, even before anybody gives out another.
    with pytest.raises(KeysNotShared):
        device.encrypt(ROOM, "m.room.message", {"body": "marked"})
    assert await shared(device, member) == set()


async def test_while_the_database_is_gone_what_was_known_stands_and_nothing_is_added(
    town: Town, database_url: str
) -> None:
    member, other = town.scene.member, town.scene.ngo.worker
    await town.confirmed(member)
    async with databases.connect(database_url) as connected:
        device, watch = town.bot(connected)
        await watch.look()
        await town.confirmed(other)
    with pytest.raises(Unavailable):
        await watch.look()
    assert await shared(device, member, other) == {member.matrix_user}


async def test_a_link_that_ends_is_obeyed_while_a_homeserver_is_waited_for(town: Town) -> None:
    member = town.scene.member
    await town.confirmed(member)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    town.server.hanging.add("query")
    device._directory.mark_changed([member.matrix_user])
    asked = town.server.asked["query"]
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run())
        await until(lambda: town.server.asked["query"] > asked)
        await town.network.linking.end(town.administrator, member.id, EndReason.LOST_DEVICE)
        await until(lambda: not device.attestations.users)
        assert not town.server.free.is_set()
        running.cancel()


async def test_whoever_listens_again_looks_at_once(database: Database, database_url: str) -> None:
    """What was said while a connection was gone is not waited for by the minute."""
    heard: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(database.listen(["streha_invented"], lambda: heard.append("woken")))
        await until(lambda: len(heard) == 1)
        async with databases.connect(database_url) as other, other.transaction() as tx:
            await tx.value(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN %streha_invented%'"
            )
        await until(lambda: len(heard) == 2)
        listening.cancel()


async def test_a_device_that_cannot_keep_who_is_confirmed_ends_the_bot(town: Town) -> None:
    """Its lease goes to a bot whose disk can be written."""
    await town.confirmed(town.scene.member)
    device, watch = town.bot()
    device._machine.store.database.execute_sql("PRAGMA query_only = ON")
    with pytest.raises(Unavailable):
        async with asyncio.timeout(30):
            await watch.begin()


# Another identity -----------------------------------------------------------------------------------------------


async def test_a_changed_identity_is_told_once_to_whoever_can_ring_and_link_again(
    town: Town, clock: MovableClock, logged: io.StringIO
) -> None:
    scene, member = town.scene, town.scene.member
    await town.confirmed(member)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    assert await shared(device, member) == {member.matrix_user}
    await collect(town.database, clock, [TALLY])
    assert counted()("streha_bot_identities_changed") == 0

    first = town.server.identities[member.matrix_user]
    town.signs_in(member)
    device._directory.mark_changed([member.matrix_user])
    for _ in range(3):
        await watch.look()
    assert await shared(device, member) == set()
    assert await state(town.network, member) is LinkState.CHANGED
    expected = sorted(each.id for each in (scene.coordinator, scene.deputy, town.administrator))
    assert await town.told() == [
        (TargetKind.PERSON, each, template)
        for each in expected
        for template in ("reply_look_ring", "reply_identity_changed")
    ]
    assert logged.getvalue().count('"identity_changed"') == 1
    await collect(town.database, clock, [TALLY])
    assert counted()("streha_bot_identities_changed") == 1
    # The old identity comes back, and another bot asks: nothing is undone, and nothing told again.
    town.server.identities[member.matrix_user] = first
    device._directory.mark_changed([member.matrix_user])
    await watch.look()
    again, its_watch = town.bot()
    await its_watch.begin()
    await its_watch.look()
    assert await shared(again, member) == set()
    assert len(await town.told()) == 2 * len(expected)
    # Linked again, they read on.
    town.signs_in(member)
    await town.confirmed(member)
    again._directory.mark_changed([member.matrix_user])
    await its_watch.look()
    assert await shared(again, member) == {member.matrix_user}
    await collect(town.database, clock, [TALLY])
    assert counted()("streha_bot_identities_changed") == 0


async def test_a_change_that_could_not_be_written_down_is_made_up_for_after_a_restart(
    town: Town, database_url: str
) -> None:
    member = town.scene.member
    await town.confirmed(member)
    async with databases.connect(database_url) as connected:
        device, watch = town.bot(connected)
        await watch.begin()
        await watch.look()
    first = town.server.identities[member.matrix_user]
    town.signs_in(member)
    device._directory.mark_changed([member.matrix_user])
    # The database is gone. Nobody is spoken to under another identity all the same.
    assert await shared(device, member) == set()
    town.server.identities[member.matrix_user] = first
    again, its_watch = town.bot()
    await its_watch.begin()
    await its_watch.look()
    assert await shared(again, member) == set()
    assert await state(town.network, member) is LinkState.CHANGED
    assert await town.told()


async def test_a_change_that_the_homeserver_never_spoke_of_is_found_within_the_hour(
    town: Town, clock: MovableClock
) -> None:
    member = town.scene.member
    await town.confirmed(member)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    assert await shared(device, member) == {member.matrix_user}
    town.signs_in(member)
    await watch.look()
    assert await state(town.network, member) is LinkState.LINKED
    clock.move(timedelta(hours=1))
    for _ in range(2):
        await watch.look()
    assert await state(town.network, member) is LinkState.CHANGED


async def test_an_identity_that_vanished_has_changed(town: Town, clock: MovableClock) -> None:
    member = town.scene.member
    await town.confirmed(member)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    town.server.hidden.add(member.matrix_user)
    device._directory.mark_changed([member.matrix_user])
    await watch.look()
    assert await state(town.network, member) is LinkState.LINKED
    for _ in range(3):
        await watch.look()
    # Gone for a moment, they are given nothing, and lose nothing for good.
    assert await shared(device, member) == set()
    assert await state(town.network, member) is LinkState.LINKED
    clock.move(timedelta(minutes=6))
    await watch.look()
    await watch.look()
    assert await state(town.network, member) is LinkState.CHANGED
    assert await shared(device, member) == set()


async def test_a_homeserver_that_shows_nobodys_identity_for_a_while_ends_nobodys_link(
    town: Town, clock: MovableClock
) -> None:
    member, other = town.scene.member, town.scene.ngo.worker
    await town.confirmed(member)
    await town.confirmed(other)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    users = {member.matrix_user, other.matrix_user}
    town.server.hidden |= users
    device._directory.mark_changed(users)
    for _ in range(3):
        await watch.look()
        clock.move(timedelta(minutes=6))
    assert await shared(device, member, other) == set()
    town.server.hidden.clear()
    await watch.look()
    assert await shared(device, member, other) == users
    assert not await town.told()


async def test_where_an_agency_has_no_administrator_those_of_others_are_told(town: Town) -> None:
    alone = town.scene.stranger
    await town.confirmed(alone)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    town.signs_in(alone)
    device._directory.mark_changed([alone.matrix_user])
    await watch.look()
    await watch.look()
    assert {target for _kind, target, _template in await town.told()} == {town.administrator.id}


async def test_whoever_was_called_and_cannot_read_any_more_is_told_as_not_reached(
    town: Town, clock: MovableClock
) -> None:
    scene, member = town.scene, town.scene.member
    await town.confirmed(member)
    await town.confirmed(scene.coordinator)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    view = await town.network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    async with town.database.transaction() as tx:
        called = await outbox.claim(tx, clock.now(), 100, Lane.ALERT)
        await outbox.mark_sent(tx, [(each.id, []) for each in called], clock.now())
    await watch.look()

    async def unreached() -> set[object]:
        (shown,) = await town.network.alerts.see_all(scene.coordinator)
        return {each for delivery in shown.deliveries for each in delivery.unreached}

    linked = {member.id, scene.coordinator.id}
    before = await unreached()
    assert not before & linked
    town.signs_in(member)
    device._directory.mark_changed([member.matrix_user])
    await watch.look()
    await watch.look()
    assert await unreached() - before == {member.id}
    # Boards hear of it, once.
    async with town.database.reading() as look:
        heard = "SELECT count(*) FROM ledger WHERE act = 'people_unreached' AND object_id = $1"
        assert await look.value(heard, view.alert.id) == 2


async def test_what_cannot_be_written_of_one_is_written_of_the_others(town: Town) -> None:
    member, other = town.scene.member, town.scene.ngo.worker
    for each in (member, other):
        await town.confirmed(each)
    device, watch = town.bot()
    await watch.begin()
    assert await watch.look()
    for poisoned, healthy in ((member, other), (other, member)):
        async with town.database.transaction() as tx:
            await tx.run("DROP TRIGGER IF EXISTS poison ON matrix_attestations")
            await tx.script(
                "CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'invented'; END $$; "
                "CREATE TRIGGER poison BEFORE UPDATE ON matrix_attestations FOR EACH ROW "
                f"WHEN (OLD.person_id = '{poisoned.id}') EXECUTE FUNCTION poison()"
            )
        if healthy is other:
            for each in (member, other):
                town.signs_in(each)
            device._directory.mark_changed([member.matrix_user, other.matrix_user])
            await watch.look()
            assert not await watch.look()
            assert await state(town.network, member) is LinkState.LINKED
            # What comes after it is done, too: it waits for a confirmed device.
            late = town.scene.coordinator
            await town.confirmed(late)
            await watch.look()
            assert await state(town.network, late) is LinkState.LINKED
        else:
            assert not await watch.look() or await state(town.network, member) is LinkState.CHANGED
        assert await state(town.network, healthy) is LinkState.CHANGED


# Whom to tell ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["administrator", "operator", "person", "departure"])
async def test_that_somebody_else_ended_a_link_is_told_once_to_whoever_can_ring(
    town: Town, clock: MovableClock, by: str, logged: io.StringIO
) -> None:
    scene, member = town.scene, town.scene.member
    second = await town.network.person(scene.police.agency, Role.ADMINISTRATOR)
    await town.confirmed(member)
    _device, watch = town.bot()
    await watch.begin()
    await watch.look()
    if by == "operator":
        async with town.database.transaction() as tx:
            await end_by_operator(tx, member.id, EndReason.COMPROMISED, clock.now())
    elif by == "departure":
        await town.network.depart(member)
    else:
        ender = town.administrator if by == "administrator" else member
        await town.network.linking.end(ender, member.id, EndReason.COMPROMISED)
    for _ in range(3):
        await watch.look()
    told = {scene.coordinator.id, scene.deputy.id, second.id}
    if by == "operator":
        told.add(town.administrator.id)
    elif by != "administrator":
        told.clear()
    assert await town.told("link_ended") == [
        (TargetKind.PERSON, each, template)
        for each in sorted(told)
        for template in ("reply_look_ring", "reply_link_ended")
    ]
    assert logged.getvalue().count('"link_ended_by_another"') == bool(told)


async def test_a_link_that_another_takes_the_place_of_is_nobodys_news(town: Town) -> None:
    member = town.scene.member
    town.signs_in(member).vouches = False
    await town.confirmed(member)
    _device, watch = town.bot()
    await watch.begin()
    await town.confirmed(member)
    await watch.look()
    assert await town.told("link_ended") == []


async def test_warnings_go_to_those_who_can_read_them(town: Town) -> None:
    scene, member = town.scene, town.scene.member
    elsewhere = await town.network.person(scene.ngo.agency, Role.ADMINISTRATOR)
    await town.network.person(scene.welfare.agency, Role.ADMINISTRATOR)
    for each in (member, scene.coordinator, elsewhere):
        await town.confirmed(each)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()

    async def told_when_changed(person: Person) -> set[object]:
        before = len(await town.told())
        town.signs_in(person)
        device._directory.mark_changed([person.matrix_user])
        await watch.look()
        await watch.look()
        return {target for _kind, target, _template in (await town.told())[before:]}

    assert await told_when_changed(member) == {scene.coordinator.id}
    # Neither the deputy nor an administrator of the agency can read: somebody who can link is told.
    assert await told_when_changed(scene.coordinator) == {elsewhere.id}


async def test_where_the_last_one_who_was_called_cannot_read_any_more_the_channel_hears_whom_to_ring(
    town: Town, clock: MovableClock
) -> None:
    scene = town.scene
    alone, (first, second) = scene.shelter.officer, scene.police.officers
    for each in (alone, first, second):
        await town.confirmed(each)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    view = await town.network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    async with town.database.transaction() as tx:
        called = await outbox.claim(tx, clock.now(), 100, Lane.ALERT)
        await outbox.mark_sent(tx, [(each.id, []) for each in called], clock.now())

    async def told() -> list[tuple[object, object]]:
        await watch.look()
        async with town.database.reading() as look:
            rows = await look.rows(
                "SELECT target_id, parameters->>'agencies' AS agencies FROM outbox "
                "WHERE template = 'alert_not_delivered_to_desk' AND alert_id = $1 ORDER BY sequence", view.alert.id,
            )  # fmt: skip
        return [(row["target_id"], row["agencies"]) for row in rows]

    before = await told()
    channel = scene.case.core.id
    # One of two is lost: the other still reads the call.
    await town.network.linking.end(town.administrator, first.id, EndReason.LOST_DEVICE)
    assert await told() == before
    await town.network.linking.end(town.administrator, second.id, EndReason.LOST_DEVICE)
    assert await told() == [*before, (channel, str(scene.police.agency.id))]
    town.signs_in(alone)
    device._directory.mark_changed([alone.matrix_user])
    await watch.look()
    expected = [*before, (channel, str(scene.police.agency.id)), (channel, str(scene.shelter.agency.id))]
    assert await told() == expected
    # Once, whoever looks again.
    assert await told() == expected


# What was sealed before -----------------------------------------------------------------------------------------


async def made_room(tx: Transaction, town: Town) -> Target:
    """Let the case's channel be there, and right."""
    target = Target(kind=TargetKind.COMPARTMENT, id=town.scene.case.core.id)
    await rooms.want_rooms(tx, town.network.clock.now())
    await rooms.created(tx, target, ROOM)
    await rooms.applied(tx, (await rooms.rooms(tx, [target]))[target], complete=True)
    return target


async def sealed_for(town: Town, device: MatrixDevice, *people: Person) -> Ready:
    """Leave a message whose ciphertext was stored for these people this moment, and was not put yet."""
    now = town.network.clock.now()
    async with town.database.transaction() as tx:
        target = await made_room(tx, town)
        version = (await rooms.rooms(tx, [target]))[target].version
        await outbox.post(tx, [Message(key="k", target=target, template="alert_ring", lane=Lane.ALERT)], now)
        (claimed,) = await outbox.claim(tx, now, 10, Lane.ALERT)
        stored = StoredSend(
            outbox_id=claimed.id, room_id=ROOM, device_id="BOT", transaction_id="t", content=b"{}",
            membership_version=version, stored_at=now,
            attestations=device.attestations.ids_of([each.matrix_user for each in people]),
        )  # fmt: skip
        assert len(stored.attestations) == len(people)
        await rooms.store_sends(tx, [stored])
    sealed = Sealed(
        room_id=ROOM, transaction_id="t", content=b"{}", device_id="BOT", session_id="s", message_index=0
    )  # fmt: skip
    return Ready(claimed=claimed, sealed=sealed, unreached=(), version=version)


@pytest.mark.parametrize("how", ["ended", "changed"])
async def test_what_was_sealed_for_somebody_who_is_linked_no_more_does_not_leave(
    town: Town, clock: MovableClock, how: str
) -> None:
    member, other = town.scene.member, town.scene.ngo.worker
    await town.confirmed(member)
    await town.confirmed(other)
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    lease = Lease(town.database, clock)
    await lease.acquire()
    ready = await sealed_for(town, device, member)

    async def overtaken() -> bool:
        async with town.database.transaction() as tx:
            return (await rooms.stored_sends(tx, [ready.claimed.id]))[ready.claimed.id].overtaken

    # Somebody else's link is nothing to it.
    await town.network.linking.end(town.administrator, other.id, EndReason.RESET)
    clock.move(timedelta(seconds=1))
    await LastLook(town.database, lease).require(ready)
    assert not await overtaken()
    if how == "ended":
        await town.network.linking.end(town.administrator, member.id, EndReason.COMPROMISED)
    else:
        town.signs_in(member)
        device._directory.mark_changed([member.matrix_user])
        await watch.look()
        await watch.look()
    with pytest.raises(Temporary):
        await LastLook(town.database, lease).require(ready)
    assert await overtaken()


async def test_what_could_not_leave_is_sealed_anew_for_those_who_are_still_linked(
    town: Town, clock: MovableClock, settings: Settings
) -> None:
    member, other = town.scene.member, town.scene.ngo.worker
    await town.confirmed(member)
    phone = await town.confirmed(other)
    Credentials(town.directory, SECRET).keep(BOT, "BOT", "a token")
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    lease, occupants = Lease(town.database, clock), Occupants(device.homeserver)
    await lease.acquire()
    housekeeping = Housekeeping(town.database, clock, device, lease, occupants, room_version="11")
    delivery = Delivery(town.database, clock, device, lease, housekeeping, occupants, Renderer(settings))
    town.server.joined[ROOM] = {member.matrix_user, other.matrix_user}
    async with town.database.transaction() as tx:
        target = await made_room(tx, town)
        # A repetition: nothing of it is said again to those who met the bot a moment before.
        message = Message(key="k", target=target, template="reply_no_alert", repeated=True)
        await outbox.post(tx, [message], clock.now())
    town.server.failing.add("put")
    await delivered(delivery)
    # The same again, as long as it may be: one event, however often it is put.
    clock.move(timedelta(minutes=1))
    await delivered(delivery)
    assert len({transaction for transaction, _content in town.server.puts}) == 1
    await town.network.linking.end(town.administrator, member.id, EndReason.COMPROMISED)
    await watch.look()
    town.server.failing.clear()
    town.server.puts.clear()
    clock.move(timedelta(minutes=2))
    await delivered(delivery)
    ((_transaction, content),) = town.server.puts
    theirs = [key["session_id"] for key in town.server.keys_for(phone)]
    lost = [key["session_id"] for key in town.server.keys_for(town.devices[member.matrix_user])]
    assert (len(theirs), lost) == (2, theirs[:1])
    assert content["session_id"] == theirs[1]


async def test_what_was_sealed_before_anybody_was_linked_is_sealed_anew(
    town: Town, clock: MovableClock, settings: Settings
) -> None:
    """An earlier version gave keys to whoever published any: what it left must not leave."""
    member = town.scene.member
    await town.confirmed(member)
    Credentials(town.directory, SECRET).keep(BOT, "BOT", "a token")
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    lease, occupants = Lease(town.database, clock), Occupants(device.homeserver)
    await lease.acquire()
    housekeeping = Housekeeping(town.database, clock, device, lease, occupants, room_version="11")
    delivery = Delivery(town.database, clock, device, lease, housekeeping, occupants, Renderer(settings))
    town.server.joined[ROOM] = {member.matrix_user}
    async with town.database.transaction() as tx:
        target = await made_room(tx, town)
        message = Message(key="k", target=target, template="reply_no_alert", repeated=True)
        await outbox.post(tx, [message], clock.now())
    town.server.failing.add("put")
    await delivered(delivery)
    async with town.database.transaction() as tx:
        assert await tx.run("UPDATE matrix_sends SET attestations = '{}'") == 1
    town.server.failing.clear()
    clock.move(timedelta(minutes=1))
    await delivered(delivery)
    assert len({transaction for transaction, _content in town.server.puts}) == 2


async def test_what_nobody_could_read_waits_for_somebody_who_can_and_holds_nothing_up(
    town: Town, clock: MovableClock, settings: Settings, logged: io.StringIO
) -> None:
    scene, member = town.scene, town.scene.member
    town.signs_in(member)
    Credentials(town.directory, SECRET).keep(BOT, "BOT", "a token")
    device, watch = town.bot()
    await watch.begin()
    lease, occupants = Lease(town.database, clock), Occupants(device.homeserver)
    await lease.acquire()
    housekeeping = Housekeeping(town.database, clock, device, lease, occupants, room_version="11")
    delivery = Delivery(town.database, clock, device, lease, housekeeping, occupants, Renderer(settings))
    town.server.joined[ROOM] = {member.matrix_user}

    async def left(key: str) -> None:
        async with town.database.transaction() as tx:
            await outbox.post(tx, [Message(key=key, target=target, template="reply_no_alert")], clock.now())

    async def states() -> list[str]:
        async with town.database.reading() as look:
            rows = await look.rows(
                "SELECT state, failure FROM outbox WHERE target_id = $1 AND NOT repeated ORDER BY sequence",
                scene.case.core.id,
            )
        return [f"{row['state']} {row['failure'] or ''}".strip() for row in rows]

    async with town.database.transaction() as tx:
        target = await made_room(tx, town)
        await tx.run("DELETE FROM outbox")
    await left("one")
    await delivered(delivery)
    assert (await states(), town.server.puts) == (["pending nobody_can_read"], [])
    # What comes later is tried at once.
    await left("two")
    await delivered(delivery)
    assert await states() == ["pending nobody_can_read"] * 2
    await town.confirmed(member)
    await watch.look()
    clock.move(timedelta(minutes=1))
    async with asyncio.TaskGroup() as tasks:
        assert await delivery.deliver(tasks, Lane.ORDINARY) == 2
    assert await states() == ["sent"] * 2
    # Nor for ever: it is loud in the end.
    await town.network.linking.end(town.administrator, member.id, EndReason.COMPROMISED)
    await watch.look()
    await left("three")
    await delivered(delivery)
    assert "message_not_delivered" not in logged.getvalue()
    clock.move(timedelta(hours=1, seconds=1))
    await lease.renew()
    async with asyncio.TaskGroup() as tasks:
        await delivery.deliver(tasks, Lane.ORDINARY)
    assert (await states())[-1] == "failed nobody_can_read"
    assert "message_not_delivered" in logged.getvalue()


async def delivered(delivery: Delivery) -> None:
    """Deliver what waits, to its end."""
    async with asyncio.TaskGroup() as tasks:
        assert await delivery.deliver(tasks, Lane.ORDINARY) == 1
