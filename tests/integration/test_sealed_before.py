"""What was sealed for people who are linked no more, or for nobody, and was not sent yet: on a real database."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest

from agencies.attestation import EndReason
from agencies.model import Person
from bots.account.credentials import Credentials
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.olm.room_sessions import Sealed
from bots.rooms import rooms
from bots.rooms.housekeeping import Housekeeping
from bots.rooms.occupants import Occupants
from bots.rooms.rooms import StoredSend
from bots.sending import delivery as deliveries
from bots.sending.delivery import Delivery
from bots.sending.last_look import LastLook
from bots.sending.preparation import Ready
from bots.words.rendering import Renderer
from core import outbox
from core.errors import Temporary
from core.outbox import Lane, Message
from core.settings import Settings
from tests.clock import MovableClock
from tests.waiting import until
from tests.watched_town import BOT, ROOM, SECRET, Town, made_room

pytest_plugins = ("tests.fixtures_watched_town",)


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
    assert await kept(town)
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
    # What has left is not kept here.
    assert await kept(town) == b""


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


async def kept(town: Town) -> bytes:
    """Return the ciphertext that is stored of the one message."""
    async with town.database.reading() as look:
        return bytes(await look.value("SELECT content FROM matrix_sends"))


async def delivered(delivery: Delivery) -> None:
    """Deliver what waits, to its end."""
    async with asyncio.TaskGroup() as tasks:
        assert await delivery.deliver(tasks, Lane.ORDINARY) == 1


async def test_an_alert_never_waits_for_a_place_that_ordinary_words_hold(
    town: Town, clock: MovableClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PUTS_AT_ONCE", dict.fromkeys(Lane, 1))
    for member in (town.scene.member, town.scene.ngo.worker):
        await town.confirmed(member)
    Credentials(town.directory, SECRET).keep(BOT, "BOT", "a token")
    device, watch = town.bot()
    await watch.begin()
    await watch.look()
    lease, occupants = Lease(town.database, clock), Occupants(device.homeserver)
    await lease.acquire()
    housekeeping = Housekeeping(town.database, clock, device, lease, occupants, room_version="11")
    delivery = Delivery(town.database, clock, device, lease, housekeeping, occupants, Renderer(settings))
    town.server.joined[ROOM] = {town.scene.member.matrix_user, town.scene.ngo.worker.matrix_user}

    async def left(lane: Lane, template: str) -> None:
        async with town.database.transaction() as tx:
            message = Message(key=template, target=target, template=template, lane=lane, repeated=True)
            await outbox.post(tx, [message], clock.now())

    async with town.database.transaction() as tx:
        target = await made_room(tx, town)
    town.server.hanging.add("put")
    async with asyncio.TaskGroup() as tasks:
        await left(Lane.ORDINARY, "reply_no_alert")
        await delivery.deliver(tasks, Lane.ORDINARY)
        await until(lambda: town.server.asked["put"] == 1)
        await left(Lane.ALERT, "reply_look_ring")
        await delivery.deliver(tasks, Lane.ALERT)
        try:
            await until(lambda: town.server.asked["put"] == 2)
        finally:
            town.server.hanging.clear()
            town.server.free.set()
