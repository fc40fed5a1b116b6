"""Continuous proof on a real database: what is begun, what an answer proves, and who hears when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from agencies.contacts import Contacts, Means
from agencies.model import DeskId
from alerts.proof import proving
from alerts.proof.rules import FAILS_AFTER, Proof
from bots.device.received import Received
from bots.rooms import probe, rooms
from bots.rooms.occupants import Occupants
from bots.rooms.probe import Party
from bots.talk.handling import Handling, NotYet
from bots.wire.homeserver import Homeserver
from core.database import Database, Row
from core.settings import Settings
from crypto import cross_signing
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.talk import BOT

INTERVAL = timedelta(minutes=5)
ROOM = "!probe:streha.localhost"
PROBER = "@prober:streha.localhost"
SEEDS = cross_signing.new_seeds()
IDENTITY = cross_signing.public_key(SEEDS.master)
KEY = cross_signing.decode_unpadded(IDENTITY)


@pytest.fixture
async def handling(database: Database, clock: MovableClock, settings: Settings) -> AsyncIterator[Handling]:
    async with aiohttp.ClientSession() as session:
        yield Handling(database, clock, settings, Occupants(Homeserver("http://127.0.0.1:9", session)), BOT)


@pytest.fixture
async def probed(database: Database, clock: MovableClock) -> Database:
    """Let the prober have made itself known, and its room be there."""
    await probe.introduce(database, Party.PROBER, PROBER, KEY, clock.now())
    async with database.transaction() as tx:
        await rooms.want_rooms(tx, clock.now())
        (target,) = [each for each in await rooms.to_apply(tx, clock.now(), 100) if each.kind == "probe"]
        await rooms.created(tx, target, ROOM)
        await rooms.applied(tx, (await rooms.rooms(tx, [target]))[target], complete=True)
    return database


async def state(database: Database) -> Proof:
    async with database.reading() as look:
        return await proving.state(look)


async def said(database: Database, kind: str = "probe") -> Sequence[Row]:
    async with database.reading() as look:
        return await look.rows("SELECT * FROM outbox WHERE target_kind = $1 ORDER BY sequence", kind)


def answer(code: str, clock: MovableClock, **changes: Any) -> Received:
    content = {"msgtype": "m.text", "body": probe.ANSWER.format(code=code)}
    given: dict[str, Any] = {
        "room_id": ROOM, "event_id": "$answer", "sender": PROBER, "sent_at": clock.now(),
        "event_type": "m.room.message", "content": content, "sender_device_id": "PROBER",
        "sender_identity": IDENTITY, "bound": True,
    }  # fmt: skip
    return Received(**{**given, **changes})


async def newest_code(database: Database) -> str:
    return str((await said(database))[-1]["parameters"]["code"])


async def test_one_begins_every_interval_and_says_nothing_but_its_number_to_nobody(
    probed: Database, clock: MovableClock
) -> None:
    for _ in range(3):
        await proving.prove(probed, clock, INTERVAL)
        await proving.prove(probed, clock, INTERVAL)
        clock.move(INTERVAL)
    rows = await said(probed)
    assert len({row["parameters"]["code"] for row in rows}) == 3
    for row in rows:
        assert (row["lane"], row["mentions"], row["alert_id"], row["case_id"]) == (0, [], None, None)
        assert row["parameters"]["status"] == "System"
    # What had not left when the next began is not sent any more.
    assert [row["state"] for row in rows] == ["withdrawn", "withdrawn", "pending"]
    async with probed.reading() as look:
        assert await look.value("SELECT count(*) FROM alerts") == 0
        assert await look.value("SELECT count(*) FROM ledger WHERE facts::text LIKE '%probe%'") == 0


async def test_of_two_engines_one_begins_it(probed: Database, clock: MovableClock) -> None:
    async with probed.transaction() as tx:
        assert await tx.row("SELECT * FROM proof_round FOR UPDATE")
        await proving.prove(probed, clock, INTERVAL)
        assert await state(probed) == Proof()
    await proving.prove(probed, clock, INTERVAL)
    assert (await state(probed)).newest_at == clock.now()


async def test_it_is_proven_by_the_provers_answer_in_its_room(
    probed: Database, clock: MovableClock, handling: Handling
) -> None:
    await proving.prove(probed, clock, INTERVAL)
    begun = clock.now()
    clock.move(timedelta(seconds=2))
    message = answer(await newest_code(probed), clock)
    await handling.handle(message)
    proof = await state(probed)
    assert (proof.begun_at, proof.took, proof.waiting_since) == (begun, timedelta(seconds=2), None)
    # Heard once more, after a crash perhaps, it is no later proof.
    clock.move(timedelta(minutes=1))
    await handling.handle(message)
    assert await state(probed) == proof


@pytest.mark.parametrize(
    "changes",
    [
        {"bound": False},
        {"sender_identity": cross_signing.public_key(cross_signing.new_seeds().master)},
        {"sender_identity": None},
        {"sender": "@somebody:streha.localhost"},
        {"room_id": "!another:streha.localhost"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_nobody_elses_words_prove_anything(
    probed: Database, clock: MovableClock, handling: Handling, changes: dict[str, Any]
) -> None:
    await proving.prove(probed, clock, INTERVAL)
    await handling.handle(answer(await newest_code(probed), clock, **changes))
    assert (await state(probed)).proven_at is None


async def test_an_answer_whose_senders_keys_may_have_changed_waits(
    probed: Database, clock: MovableClock, handling: Handling
) -> None:
    await proving.prove(probed, clock, INTERVAL)
    code = await newest_code(probed)
    with pytest.raises(NotYet):
        await handling.handle(answer(code, clock, current=False))
    await handling.handle(answer(UUID(int=7).hex, clock))
    assert (await state(probed)).proven_at is None


async def all_hours(network: Network, scene: Scene) -> DeskId:
    """Let one desk be staffed at all hours, with a telephone and a mailbox."""
    await network.agencies.open_desk(scene.police.agency.id, always_staffed=True)
    assert scene.police.desk_id is not None
    contacts = Contacts(network.database, network.clock)
    await contacts.add(scene.police.desk_id, Means.VOICE, "+381600000001", of_desk=True)
    await contacts.add(scene.police.officer.id, Means.EMAIL, "duty@example.org", of_desk=False)
    return scene.police.desk_id


async def pass_time(database: Database, clock: MovableClock, by: timedelta) -> None:
    """Let time pass as an engine sees it."""
    until = clock.now() + by
    while clock.now() < until:
        clock.move(min(timedelta(minutes=1), until - clock.now()))
        await proving.prove(database, clock, INTERVAL)


async def test_who_is_on_duty_at_all_hours_hears_once_that_it_fails_and_once_that_it_works(
    probed: Database, clock: MovableClock, network: Network, scene: Scene, handling: Handling
) -> None:
    desk_id = await all_hours(network, scene)
    await proving.prove(probed, clock, INTERVAL)
    await pass_time(probed, clock, FAILS_AFTER - timedelta(minutes=1))
    assert not await said(probed, "desk")
    await pass_time(probed, clock, timedelta(hours=2))
    ring, told = await said(probed, "desk")
    assert (ring["target_id"], told["target_id"]) == (desk_id, desk_id)
    assert (ring["template"], told["template"]) == ("proof_ring", "proof_failed")
    assert set(ring["mentions"]) == {each.id for each in scene.police.officers}
    assert not told["mentions"]
    letters = await said(probed, "contact")
    assert [each["template"] for each in letters] == ["proof_failed", "proof_failed"]
    # Nobody is told of anything that is theirs, and nothing is an alert's.
    assert {each["alert_id"] for each in (ring, told, *letters)} == {None}

    await pass_time(probed, clock, INTERVAL)
    await handling.handle(answer(await newest_code(probed), clock))
    for _ in range(3):
        await proving.prove(probed, clock, INTERVAL)
    assert [each["template"] for each in await said(probed, "desk")][2:] == ["proof_ring", "proof_works"]
    assert [each["template"] for each in await said(probed, "contact")][2:] == ["proof_works", "proof_works"]
    # And once more when it fails again.
    await pass_time(probed, clock, FAILS_AFTER + INTERVAL)
    assert len(await said(probed, "desk")) == 6


async def test_an_engine_that_was_away_tells_nobody_of_what_it_did_not_try(
    probed: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    await all_hours(network, scene)
    await proving.prove(probed, clock, INTERVAL)
    clock.move(timedelta(days=3))
    await proving.prove(probed, clock, INTERVAL)
    assert not await said(probed, "desk")
    assert (await state(probed)).waiting_since == clock.now()


async def test_without_a_prober_it_fails_in_its_time_and_nothing_is_posted(
    database: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    await all_hours(network, scene)
    await proving.prove(database, clock, INTERVAL)
    await pass_time(database, clock, FAILS_AFTER)
    assert not await said(database)
    assert {each["template"] for each in await said(database, "desk")} == {"proof_ring", "proof_failed"}


async def test_a_prober_that_makes_itself_known_is_not_kept_waiting(database: Database, clock: MovableClock) -> None:
    await proving.prove(database, clock, INTERVAL)
    clock.move(timedelta(seconds=5))
    await probe.introduce(database, Party.PROBER, PROBER, KEY, clock.now())
    clock.move(timedelta(seconds=5))
    for _ in range(3):
        await proving.prove(database, clock, INTERVAL)
    assert len(await said(database)) == 1


async def test_what_is_long_over_is_forgotten_but_for_the_last_that_succeeded(
    probed: Database, clock: MovableClock, handling: Handling
) -> None:
    await proving.prove(probed, clock, INTERVAL)
    await handling.handle(answer(await newest_code(probed), clock))
    proven = await state(probed)
    for _ in range(3):
        clock.move(timedelta(days=1, minutes=1))
        await proving.prove(probed, clock, INTERVAL)
    after = await state(probed)
    assert (after.begun_at, after.proven_at) == (proven.begun_at, proven.proven_at)
    async with probed.reading() as look:
        assert await look.value("SELECT count(*) FROM proofs") == 2
    assert len(await said(probed)) == 1


async def test_the_prober_is_nobody_and_its_room_follows_its_account(
    probed: Database, clock: MovableClock, network: Network, scene: Scene
) -> None:
    assert PROBER not in {each.matrix_user for each in await network.agencies.all_staff()}
    assert PROBER not in {each.matrix_user for each in await network.cases.colleagues(scene.coordinator)}
    assert not await probe.introduce(probed, Party.PROBER, PROBER, KEY, clock.now())
    async with probed.reading() as look:
        (before,) = await look.rows("SELECT * FROM room_members WHERE target_kind = 'probe'")
    another = "@prober-two:streha.localhost"
    assert await probe.introduce(probed, Party.PROBER, another, KEY, clock.now())
    async with probed.reading() as look:
        (member,) = await look.rows("SELECT * FROM room_members WHERE target_kind = 'probe'")
        (room,) = await look.rows("SELECT * FROM room_targets WHERE target_kind = 'probe'")
    assert (member["matrix_user"], member["target_id"], room["version"]) == (another, before["target_id"], 2)
