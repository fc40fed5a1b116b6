"""Right before it leaves, a message is looked at once more: who was removed a moment ago does not hear it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bots.account.lease import LEASE, Lease
from bots.olm.room_sessions import Sealed
from bots.rooms import former_rooms, rooms
from bots.rooms.former_rooms import Why
from bots.sending.last_look import LastLook
from bots.sending.preparation import Ready
from core import outbox
from core.database import Database
from core.errors import Temporary
from core.ids import new_id
from core.outbox import Lane, Message, Target, TargetKind
from tests.clock import MovableClock
from tests.people import Network, Scene

ROOM = "!channel:streha.localhost"


async def made_ready(network: Network, scene: Scene) -> Ready:
    """Make the case's channel, and in it a message that was sealed this moment."""
    target = Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)
    now = network.clock.now()
    async with network.database.transaction() as tx:
        await rooms.want_rooms(tx, now)
        await rooms.created(tx, target, ROOM)
        room = (await rooms.rooms(tx, [target]))[target]
        await rooms.applied(tx, room, complete=True)
        message = Message(
            key="k", target=target, template="alert_ring", lane=Lane.ALERT, case_id=scene.case.id, alert_id=None
        )
        await outbox.post(tx, [message], now)
        (claimed,) = await outbox.claim(tx, now, 10, Lane.ALERT)
    sealed = Sealed(
        room_id=ROOM, transaction_id="t", content=b"{}", device_id="BOT", session_id="s", message_index=0
    )  # fmt: skip
    return Ready(claimed=claimed, sealed=sealed, unreached=(), version=room.version)


async def test_what_was_sealed_this_moment_may_leave(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    lease = Lease(database, clock)
    await lease.acquire()
    ready = await made_ready(network, scene)
    await LastLook(database, lease).require(ready)
    # However long it waited for its turn, as long as nothing has changed.
    clock.move(timedelta(hours=1))
    await LastLook(database, lease).require(ready)


async def _removed(network: Network, scene: Scene) -> None:
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)


async def _removed_and_put_right(network: Network, scene: Scene) -> None:
    """Remove a member; the room is right again, but what was sealed was sealed for them too."""
    await _removed(network, scene)
    target = Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)
    async with network.database.transaction() as tx:
        await rooms.applied(tx, (await rooms.rooms(tx, [target]))[target], complete=True)


async def _called_off(network: Network, scene: Scene) -> None:
    async with network.database.transaction() as tx:
        targets = [scene.case.core.id]
        await outbox.withdraw_from_rooms(tx, scene.case.id, targets, network.clock.now())


async def _room_lost(network: Network, _scene: Scene) -> None:
    async with network.database.transaction() as tx:
        await former_rooms.give_up(tx, ROOM, Why.REMOVED, network.clock.now())


async def _stranger_seen(network: Network, _scene: Scene) -> None:
    async with network.database.transaction() as tx:
        await rooms.drifted(tx, ROOM, network.clock.now())


async def _sent_by_another(network: Network, _scene: Scene) -> None:
    async with network.database.transaction() as tx:
        message_id = await tx.value("SELECT id FROM outbox WHERE key = 'k'")
        await outbox.mark_sent(tx, [(message_id, [])], network.clock.now())


@pytest.mark.parametrize(
    "change", [_removed, _removed_and_put_right, _called_off, _room_lost, _stranger_seen, _sent_by_another]
)
async def test_what_changed_within_the_last_moment_keeps_it_back(
    database: Database,
    clock: MovableClock,
    network: Network,
    scene: Scene,
    change: Callable[[Network, Scene], Awaitable[None]],
) -> None:
    lease = Lease(database, clock)
    await lease.acquire()
    ready = await made_ready(network, scene)
    await change(network, scene)
    with pytest.raises(Temporary):
        await LastLook(database, lease).require(ready)


async def test_a_bot_that_another_has_replaced_does_not_speak(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    hung, active = Lease(database, clock), Lease(database, clock)
    await hung.acquire()
    ready = await made_ready(network, scene)
    clock.move(LEASE + timedelta(seconds=1))
    await LastLook(database, hung).require(ready)
    await active.acquire()
    with pytest.raises(Temporary):
        await LastLook(database, hung).require(ready)
    await LastLook(database, active).require(ready)


async def test_what_is_sealed_this_moment_keeps_nobody_from_ending_the_alert(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    ready, alert_id = await made_ready(network, scene), new_id()
    stored = rooms.StoredSend(
        outbox_id=ready.claimed.id, room_id=ROOM, device_id="BOT", transaction_id="t", content=b"{}",
        membership_version=1, stored_at=clock.now(), unreached=[scene.member.id],
    )  # fmt: skip
    async with database.transaction() as tx:
        await tx.run("UPDATE outbox SET alert_id = $1", alert_id)
    async with database.transaction() as sealing:
        await rooms.store_sends(sealing, [stored])
        # Whoever ends it holds the alert, for which the one who seals may yet ask: nobody may wait here.
        async with database.transaction() as ending:
            await outbox.withdraw_alert(ending, alert_id, clock.now())
    async with database.transaction() as tx:
        assert await tx.value("SELECT called_off FROM outbox WHERE id = $1", ready.claimed.id)


async def test_who_could_not_read_a_ciphertext_is_kept_with_it(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    ready = await made_ready(network, scene)
    stored = rooms.StoredSend(
        outbox_id=ready.claimed.id, room_id=ROOM, device_id="BOT", transaction_id="t", content=b"{}",
        membership_version=1, stored_at=clock.now(), unreached=[scene.member.id],
    )  # fmt: skip
    async with database.transaction() as tx:
        await rooms.store_sends(tx, [stored])
        assert await rooms.stored_sends(tx, [ready.claimed.id]) == {ready.claimed.id: stored}
