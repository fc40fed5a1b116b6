"""From a confirmation to keys, and from a changed identity to a link that counts no more: on a real database."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest

from agencies.attestation import EndReason, LinkState
from agencies.model import Role
from bots.olm.room_sessions import KeysNotShared
from bots.tally import TALLY
from bots.watching.identity_watch import ALL_ASKED_EVERY
from core import database as databases
from core.database import Database
from core.errors import Unavailable
from core.outbox import TargetKind
from core.tally import collect
from crypto import cross_signing, identity_proof
from tests.clock import MovableClock
from tests.linked import acts, state
from tests.scraped import counted
from tests.waiting import PATIENCE_SECONDS, until
from tests.watched_town import ROOM, Town, shared

pytest_plugins = ("tests.fixtures_watched_town",)


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


async def test_how_a_device_leads_to_its_identity_is_kept_for_who_attests_it(town: Town, clock: MovableClock) -> None:
    """Also of somebody who was linked before that was kept: when everybody's keys are asked for the next time."""
    member = town.scene.member
    (agency,) = await town.network.agencies.agencies([member.agency_id])
    administrator = await town.network.person(agency, Role.ADMINISTRATOR)
    phone = await town.confirmed(member)
    _device, watch = town.bot()
    await watch.begin()
    await watch.look()

    async def proven() -> bytes | None:
        found = [each for each in await town.network.linking.proofs(administrator) if each.person_id == member.id]
        if not found:
            return None
        return identity_proof.master_key_of(
            found[0].proof, user_id=member.matrix_user, device_id="PHONE", device_key=phone.session_key
        )

    seeds = town.server.identities[member.matrix_user]
    master = cross_signing.decode_unpadded(cross_signing.public_key(seeds.master))
    assert await proven() == master
    async with town.database.transaction() as tx:
        await tx.run("UPDATE matrix_attestations SET proof = NULL")
    await watch.look()
    assert await proven() is None
    clock.move(ALL_ASKED_EVERY)
    await watch.look()
    assert await proven() == master


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
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watch.begin()


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
