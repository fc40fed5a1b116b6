"""The outbox: one cause one message, each room in its order, alerts first, leases that run out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from core import database as databases
from core import outbox, queries
from core.database import Database
from core.errors import StrehaError
from core.outbox import LEASE, Claimed, Lane, Message, Target, TargetKind
from tests.clock import MovableClock
from tests.waiting import PATIENCE_SECONDS, until_somebody_waits

ROOMS = [Target(kind=TargetKind.COMPARTMENT, id=uuid4()) for _ in range(3)]


def message(key: str, room: Target = ROOMS[0], lane: Lane = Lane.ORDINARY, alert_id: UUID | None = None) -> Message:
    return Message(key=key, target=room, template="review_due", lane=lane, alert_id=alert_id)


async def post(database: Database, clock: MovableClock, *messages: Message) -> None:
    async with database.transaction() as tx:
        await outbox.post(tx, messages, clock.now())


async def claim(database: Database, clock: MovableClock, limit: int = 100) -> list[Claimed]:
    """Claim alerts first, then the rest, as the two lanes of one bot do side by side."""
    async with database.transaction() as tx:
        alerts = await outbox.claim(tx, clock.now(), limit, Lane.ALERT)
        return [*alerts, *await outbox.claim(tx, clock.now(), limit - len(alerts), Lane.ORDINARY)]


def keys(claimed: list[Claimed]) -> list[str]:
    return [each.message.key for each in claimed]


async def test_a_message_comes_out_as_it_went_in(database: Database, clock: MovableClock) -> None:
    posted = Message(
        key="a cause", target=ROOMS[1], template="alert_details", parameters={"codename": "tiho-jezero č"},
        mentions=(uuid4(), uuid4()), lane=Lane.ALERT, alert_id=uuid4(), case_id=uuid4(),
    )  # fmt: skip
    await post(database, clock, posted)
    (claimed,) = await claim(database, clock)
    assert claimed.message == Message(**{**_fields(posted), "mentions": list(posted.mentions)})  # type: ignore[arg-type]
    assert (claimed.attempts, claimed.created_at) == (1, clock.now())


def _fields(posted: Message) -> dict[str, object]:
    return {name: getattr(posted, name) for name in Message.__slots__}


async def test_the_same_cause_is_said_once(database: Database, clock: MovableClock) -> None:
    await post(database, clock, message("one"), message("one"), message("two"))
    await post(database, clock, message("one", ROOMS[1]))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(post(database, clock, message("three")))
    claimed = await claim(database, clock)
    assert keys(claimed) == ["one", "two", "three"]
    assert {each.message.target for each in claimed} == {ROOMS[0]}


async def test_a_clock_that_is_set_back_keeps_nothing_waiting_that_is_to_be_said_at_once(
    database: Database, clock: MovableClock
) -> None:
    await post(database, clock, message("at once", lane=Lane.ALERT), message("after it", lane=Lane.ALERT))
    async with database.transaction() as tx:
        later = clock.now() + timedelta(seconds=6)
        await outbox.post(tx, [message("later", ROOMS[1], Lane.ALERT)], clock.now(), due_at=later)
    clock.move(-timedelta(seconds=70))
    assert keys(await claim(database, clock)) == ["at once", "after it"]
    # What was put off waits for its time, and its room's next message with it.
    (first, _) = await claimed_again(database, clock)
    async with database.transaction() as tx:
        await outbox.put_off(tx, first.id, clock.now() + timedelta(seconds=90), "Unavailable")
    assert keys(await claimed_again(database, clock)) == []


async def test_what_a_claim_reads_grows_with_what_waits_and_not_with_its_square(
    database: Database, clock: MovableClock
) -> None:
    # Nobody else can claim while one claim looks, and the bot's lease waits for it as well.
    few, many = 200, 800
    await post(database, clock, *(message(f"{number}", lane=Lane.ALERT) for number in range(few)))
    read = await _blocks_read(database, clock)
    await post(database, clock, *(message(f"{number}", lane=Lane.ALERT) for number in range(few, many)))
    assert await _blocks_read(database, clock) < 2 * read * many / few


async def _blocks_read(database: Database, clock: MovableClock) -> int:
    """Return how many blocks the database looks at to claim one message."""
    claiming = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + queries.load("core")["claim"]
    async with database.transaction() as tx:
        told = await tx.value(
            claiming, clock.now(), clock.now() + LEASE, 1, Lane.ALERT, sorted(outbox.ROOMS)
        )  # fmt: skip
        await outbox.free_leases(tx)
    (explained,) = told if isinstance(told, list) else msgspec.json.decode(told)
    plan = explained["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def claimed_again(database: Database, clock: MovableClock) -> list[Claimed]:
    async with database.transaction() as tx:
        await outbox.free_leases(tx)
    return await claim(database, clock)


async def test_alerts_come_first_and_each_room_in_order(database: Database, clock: MovableClock) -> None:
    for number in range(4):
        await post(
            database, clock,
            message(f"talk {number}", ROOMS[number % 2]), message(f"alert {number}", ROOMS[number % 2], Lane.ALERT),
        )  # fmt: skip
    claimed = await claim(database, clock, 6)
    assert keys(claimed) == ["alert 0", "alert 1", "alert 2", "alert 3", "talk 0", "talk 1"]


async def test_two_claimers_share_the_work_without_overtaking(database: Database, clock: MovableClock) -> None:
    for number in range(40):
        await post(database, clock, message(str(number), ROOMS[number % 3]))
    taken: list[list[Claimed]] = []

    async def claimer() -> None:
        while claimed := await claim(database, clock, 7):
            taken.append(claimed)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(claimer())
    everything = [each.id for batch in taken for each in batch]
    assert len(everything) == len(set(everything))
    # What is leased holds back what comes after it in the same room, so that nobody overtakes.
    assert {each.message.target for each in taken[0]} == set(ROOMS)
    assert len(taken) == 1


@pytest.mark.parametrize("waiting", ["leased", "put off"])
async def test_a_later_message_waits_for_the_earlier_in_its_room_and_lane(
    database: Database, clock: MovableClock, waiting: str
) -> None:
    await post(database, clock, message("first"))
    (first,) = await claim(database, clock)
    await post(database, clock, message("second"), message("elsewhere", ROOMS[1]), message("alert", lane=Lane.ALERT))
    if waiting == "put off":
        async with database.transaction() as tx:
            await outbox.put_off(tx, first.id, clock.now() + timedelta(seconds=10), "M_LIMIT_EXCEEDED")
    assert keys(await claim(database, clock)) == ["alert", "elsewhere"]
    clock.move(timedelta(seconds=10))
    if waiting == "leased":
        async with database.transaction() as tx:
            await outbox.mark_sent(tx, [(first.id, [])], clock.now())
        assert keys(await claim(database, clock)) == ["second"]
    else:
        assert keys(await claim(database, clock)) == ["first", "second"]


async def test_a_claimer_never_sees_past_another_that_has_not_committed(
    database: Database, clock: MovableClock
) -> None:
    await post(database, clock, message("first"), message("second"))
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        earlier = await outbox.claim(tx, clock.now(), 1, Lane.ORDINARY)
        later = tasks.create_task(claim(database, clock))
        await until_somebody_waits(tx)
    assert keys(earlier) == ["first"]
    assert keys(later.result()) == []


async def test_a_lost_lease_is_claimed_again_with_its_neighbours_behind_it(
    database: Database, clock: MovableClock
) -> None:
    await post(database, clock, message("first"), message("second"))
    assert keys(await claim(database, clock, 1)) == ["first"]
    clock.move(LEASE - timedelta(seconds=1))
    assert await claim(database, clock) == []
    clock.move(timedelta(seconds=1))
    again = await claim(database, clock)
    assert keys(again) == ["first", "second"]
    assert [each.attempts for each in again] == [2, 1]


async def test_what_has_ended_stays_ended(database: Database, clock: MovableClock) -> None:
    alert_id = uuid4()
    await post(
        database, clock,
        message("sent"), message("failed", ROOMS[1]), message("quarantined", ROOMS[2]),
        message("claimed", Target(kind=TargetKind.DESK, id=uuid4()), Lane.ALERT, alert_id),
    )  # fmt: skip
    claimed = {each.message.key: each for each in await claim(database, clock)}
    await post(database, clock, message("waiting", ROOMS[0], Lane.ALERT, alert_id), message("other", ROOMS[0]))
    async with database.transaction() as tx:
        await outbox.mark_sent(tx, [(claimed["sent"].id, [])], clock.now())
        await outbox.give_up(tx, claimed["failed"].id, "failed", "M_FORBIDDEN", clock.now())
        await outbox.give_up(tx, claimed["quarantined"].id, "quarantined", "lease_lost", clock.now())
        await outbox.withdraw_alert(tx, alert_id, clock.now())
        # A deliverer that was away too long changes nothing of what others have ended.
        for name in ("sent", "failed", "quarantined"):
            await outbox.put_off(tx, claimed[name].id, clock.now(), "late")
            await outbox.give_up(tx, claimed[name].id, "failed", "late", clock.now())
        await outbox.mark_sent(tx, [(claimed["failed"].id, []), (claimed["quarantined"].id, [])], clock.now())
    async with database.transaction() as tx:
        states = {row["key"]: row["state"] for row in await tx.rows("SELECT key, state FROM outbox")}
        assert await outbox.states(tx) == {
            ("sent", 1): 1, ("failed", 1): 1, ("quarantined", 1): 1, ("sending", 0): 1, ("withdrawn", 0): 1,
            ("pending", 1): 1,
        }  # fmt: skip
        deliveries = (await outbox.deliveries_of_alerts(tx, [alert_id]))[alert_id]
    assert states == {
        "sent": "sent", "failed": "failed", "quarantined": "quarantined", "claimed": "sending",
        "waiting": "withdrawn", "other": "pending",
    }  # fmt: skip
    assert [each.state for each in deliveries] == ["sending", "withdrawn"]
    clock.move(timedelta(days=1))
    assert keys(await claim(database, clock)) == ["claimed", "other"]


async def test_nothing_is_left_by_a_transaction_that_failed(database: Database, clock: MovableClock) -> None:
    class Refused(StrehaError):
        """Something after the message went wrong."""

    async def fail() -> None:
        async with database.transaction() as tx:
            await outbox.post(tx, [message("never")], clock.now())
            raise Refused("no")

    with pytest.raises(Refused):
        await fail()
    assert await claim(database, clock) == []


async def test_whoever_listens_is_woken_when_it_commits(database_url: str, clock: MovableClock) -> None:
    heard = asyncio.Event()
    async with databases.connect(database_url) as database, asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(database.listen([outbox.CHANNEL], heard.set))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not heard.is_set():
                await post(database, clock, message(str(uuid4())))
        # The connection is cut: it listens again by itself.
        async with database.transaction() as tx:
            await tx.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE 'LISTEN%'"
            )
        heard.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not heard.is_set():
                await post(database, clock, message(str(uuid4())))
        listening.cancel()


@pytest.mark.parametrize("cause", ["alert", "rooms"])
async def test_what_was_called_off_while_it_was_being_sent_is_not_tried_again(
    database: Database, clock: MovableClock, cause: str
) -> None:
    alert_id, case_id = uuid4(), uuid4()
    posted = [
        Message(
            key=str(number), target=room, template="alert_ring", lane=Lane.ALERT, alert_id=alert_id, case_id=case_id
        )
        for number, room in enumerate(ROOMS)
    ]
    await post(database, clock, posted[0])
    (dead,) = await claim(database, clock)
    clock.move(LEASE)
    await post(database, clock, *posted[1:])
    async with database.transaction() as tx:
        # The first one's deliverer has died; the second is under way, the third arrives all the same.
        await tx.run("UPDATE outbox SET lease_until = $2, state = 'sending' WHERE key <> $1", "0", clock.now() + LEASE)
        if cause == "alert":
            await outbox.withdraw_alert(tx, alert_id, clock.now())
        else:
            await outbox.withdraw_from_rooms(tx, case_id, [each.id for each in ROOMS], clock.now())
        ids = {row["key"]: row["id"] for row in await tx.rows("SELECT key, id FROM outbox")}
        await outbox.put_off(tx, ids["1"], clock.now(), "M_LIMIT_EXCEEDED")
        await outbox.mark_sent(tx, [(ids["2"], [])], clock.now())
        states = {row["key"]: row["state"] for row in await tx.rows("SELECT key, state FROM outbox")}
    assert ids["0"] == dead.id
    assert states == {"0": "withdrawn", "1": "withdrawn", "2": "sent"}
    clock.move(timedelta(days=1))
    assert await claim(database, clock) == []


async def test_what_is_still_on_its_way_keeps_its_lease_and_its_place(database: Database, clock: MovableClock) -> None:
    await post(database, clock, message("first"), message("second"))
    (first, _) = await claim(database, clock)
    for _ in range(3):
        clock.move(outbox.LEASE - timedelta(seconds=1))
        async with database.transaction() as tx:
            await outbox.renew(tx, [first.id], clock.now())
        assert keys(await claim(database, clock)) == []
    async with database.transaction() as tx:
        assert await outbox.still_wanted(tx, first.id)


async def test_what_the_database_interrupted_is_taken_up_at_once_and_not_suspected(
    database: Database, clock: MovableClock
) -> None:
    await post(database, clock, message("first"), message("second"))
    for _ in range(8):
        first, second = await claim(database, clock)
        assert not first.suspect
        async with database.transaction() as tx:
            await outbox.interrupted(tx, {each.id: each.attempts for each in (first, second)})


async def test_an_attempt_that_is_over_takes_nothing_from_whoever_has_the_message_now(
    database: Database, clock: MovableClock
) -> None:
    await post(database, clock, message("first"))
    (before,) = await claim(database, clock)
    clock.move(outbox.LEASE)
    await claim(database, clock)
    async with database.transaction() as tx:
        await outbox.interrupted(tx, {before.id: before.attempts})
    assert await claim(database, clock) == []
