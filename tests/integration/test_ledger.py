"""The ledger: chained in order whatever commits when; a change or a removal is found."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest

from cases import ledger as chained
from cases.ledger import Head, Stretch
from core import database as databases
from core import ledger
from core.database import Database, Transaction
from core.errors import InvalidInput, StrehaError, Unavailable
from core.ledger import Act
from crypto import chain
from tests.clock import MovableClock
from tests.people import Network, Scene


async def record(database: Database, clock: MovableClock, act: str = "something", **facts: str | int | bool) -> None:
    async with database.transaction() as tx:
        await ledger.record(tx, Act(act=act, at=clock.now(), person_id=uuid4(), case_id=uuid4(), facts=facts))


async def as_superuser(tx: Transaction, statement: str, *values: object) -> None:
    """Do what the trigger forbids, as an intruder with the owner's rights would."""
    await tx.run("ALTER TABLE ledger DISABLE TRIGGER USER")
    await tx.run(statement, *values)
    await tx.run("ALTER TABLE ledger ENABLE TRIGGER USER")


async def acts_chained(database: Database) -> list[str]:
    """Chain what waits, and return it."""
    found = await chained.sequence(database)
    return [] if found is None else [each.act for each in found.entries]


async def test_acts_are_chained_in_order(database: Database, clock: MovableClock) -> None:
    assert (await chained.verify(database)).head == Head(position=0, hash=chain.START)
    for number in range(5):
        await record(database, clock, f"act {number}", number=number, yes=True, who="č")
    assert (await chained.verify(database)).waiting == 5
    told = await chained.sequence(database)
    assert told is not None
    assert await chained.sequence(database) is None
    verified = await chained.verify(database)
    assert (verified.entries, verified.waiting, verified.broken_at) == (5, 0, None)
    entries = await chained.entries(database)
    assert (told.after, told.entries, told.head) == (chained.BEGINNING, entries, verified.head)
    assert [each.position for each in entries] == [1, 2, 3, 4, 5]
    assert [each.act for each in entries] == [f"act {number}" for number in range(5)]
    assert Head(position=5, hash=entries[-1].hash) == verified.head
    assert entries[3].facts == {"number": 3, "yes": True, "who": "č"}
    assert entries[0].at == clock.now()
    assert [each.position for each in await chained.entries(database, after=3)] == [4, 5]
    # A head that was written down earlier still stands in the chain.
    await record(database, clock)
    further = await chained.sequence(database)
    assert further is not None
    assert further.after == verified.head
    assert (await chained.entries(database, after=4, limit=1))[0].hash == verified.head.hash
    assert (await chained.verify(database, verified.head)).whole


async def test_what_nobody_did_in_person_says_whose_it_is(database: Database, clock: MovableClock) -> None:
    async with database.transaction() as tx:
        await ledger.record(tx, Act(act="swept", at=clock.now(), actor_kind="system"))
        await ledger.record(tx, Act(act="signed_in", at=clock.now(), actor_kind="system", person_id=uuid4()))
    await chained.sequence(database)
    assert [each.actor_kind for each in await chained.entries(database)] == ["system", "person"]


async def test_who_leads_a_case_and_which_agencies_answer_is_recorded(
    database: Database, network: Network, scene: Scene
) -> None:
    await network.cases.set_leaders(scene.coordinator, scene.case.id, scene.deputy.id, scene.coordinator.id)
    await chained.sequence(database)
    facts = {each.act: each.facts for each in await chained.entries(database) if each.case_id == scene.case.id}
    leaders = {"coordinator": str(scene.deputy.id), "deputy": str(scene.coordinator.id)}
    former = {"former_coordinator": str(scene.coordinator.id), "former_deputy": str(scene.deputy.id)}
    assert facts["leaders_named"] == leaders | former
    opened = facts["case_opened"]
    assert (opened["coordinator"], opened["deputy"]) == (str(scene.coordinator.id), str(scene.deputy.id))
    told = {part: set(str(opened[part]).split(",")) for part in ("responder", "informed")}
    assert str(scene.police.agency.id) in told["responder"]
    assert told["informed"] == {str(scene.ngo.agency.id)}


async def test_many_acts_and_two_sequencers_make_one_chain(
    database: Database, database_url: str, clock: MovableClock
) -> None:
    async def chains(sequencer: Database) -> None:
        # Whoever was overtaken each time comes again later, as the engine does.
        with suppress(Unavailable):
            await chained.sequence(sequencer)

    async with databases.connect(database_url) as other, asyncio.TaskGroup() as tasks:
        for number in range(60):
            tasks.create_task(record(database, clock, number=number))
        for sequencer in (database, other) * 10:
            tasks.create_task(chains(sequencer))
    await chained.sequence_all(database)
    verified = await chained.verify(database)
    assert (verified.entries, verified.broken_at) == (60, None)


async def test_more_than_one_batch(database: Database, clock: MovableClock) -> None:
    many = chained.BATCH * 2 + 3
    async with database.transaction() as tx:
        for number in range(many):
            await ledger.record(tx, Act(act="many", at=clock.now(), facts={"number": number}))
    assert [len(await acts_chained(database)) for _ in range(4)] == [chained.BATCH, chained.BATCH, 3, 0]
    assert (await chained.verify(database)).entries == many


async def test_what_follows_a_position_comes_with_the_head_there(database: Database, clock: MovableClock) -> None:
    assert await chained.following(database, 0) == Stretch(after=chained.BEGINNING, entries=[])
    for number in range(5):
        await record(database, clock, number=number)
    await chained.sequence(database)
    entries = await chained.entries(database)
    assert await chained.following(database, 0, 2) == Stretch(after=chained.BEGINNING, entries=entries[:2])
    for at, here in enumerate(entries, start=1):
        for limit in (0, 2, chained.BATCH):
            found = await chained.following(database, at, limit)
            assert found == Stretch(after=here.head, entries=entries[at : at + limit])
            assert found.head == entries[min(at + limit, 5) - 1].head
    # A position that it does not have.
    assert await chained.following(database, 6) == Stretch(after=entries[-1].head, entries=[])


async def test_transactions_that_commit_out_of_order_are_all_chained(database: Database, clock: MovableClock) -> None:
    async with database.transaction() as slow:
        await ledger.record(slow, Act(act="began first", at=clock.now()))
        await record(database, clock, "ended first")
        assert await acts_chained(database) == ["ended first"]
    assert await acts_chained(database) == ["began first"]
    assert [each.act for each in await chained.entries(database)] == ["ended first", "began first"]
    assert (await chained.verify(database)).broken_at is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET act = 'another' WHERE position = 3",
        "UPDATE ledger SET actor_id = NULL WHERE position = 3",
        "UPDATE ledger SET actor_kind = 'system' WHERE position = 3",
        "UPDATE ledger SET at = at + interval '1 microsecond' WHERE position = 3",
        "UPDATE ledger SET case_id = gen_random_uuid() WHERE position = 3",
        "UPDATE ledger SET object_id = gen_random_uuid() WHERE position = 3",
        "UPDATE ledger SET facts = '{}' WHERE position = 3",
        "UPDATE ledger SET hash = sha256('x') WHERE position = 3",
        "DELETE FROM ledger WHERE position = 3",
        "UPDATE ledger SET position = NULL, hash = NULL WHERE position = 3",
        "UPDATE ledger SET position = CASE position WHEN 3 THEN 1004 ELSE 1003 END WHERE position IN (3, 4)",
    ],
)
async def test_a_change_by_a_superuser_is_found(database: Database, clock: MovableClock, statement: str) -> None:
    for number in range(6):
        await record(database, clock, number=number)
    await chained.sequence(database)
    async with database.transaction() as tx:
        await as_superuser(tx, statement)
        await as_superuser(tx, "UPDATE ledger SET position = position - 1000 WHERE position > 1000")
    verified = await chained.verify(database)
    assert (verified.entries, verified.broken_at) == (2, 3)


COPY_IN = """
    INSERT INTO ledger (at, actor_kind, actor_id, act, case_id, object_id, facts, position, hash)
    SELECT at, actor_kind, actor_id, act, case_id, object_id, facts, $2, hash FROM ledger WHERE position = $1
"""


async def test_no_entry_can_be_put_before_the_chain(database: Database, clock: MovableClock) -> None:
    await record(database, clock)
    await chained.sequence(database)
    for position in (0, -5):
        with pytest.raises(StrehaError):
            async with database.transaction() as tx:
                await tx.run(COPY_IN, 1, position)
    assert (await chained.verify(database)).whole


@pytest.mark.parametrize(
    ("permit", "position"),
    [
        ("ALTER TABLE ledger DROP CONSTRAINT ledger_position_check", -5),
        ("ALTER TABLE ledger DROP CONSTRAINT ledger_position_key", chained.BATCH),
    ],
)
async def test_an_entry_that_no_walk_meets_is_counted(
    database: Database, clock: MovableClock, permit: str, position: int
) -> None:
    # The second one stands twice where one page ends: the next page begins behind both.
    async with database.transaction() as tx:
        for number in range(chained.BATCH + 3):
            await ledger.record(tx, Act(act="many", at=clock.now(), facts={"number": number}))
    await chained.sequence_all(database)
    async with database.transaction() as tx:
        await tx.run(permit)
        await tx.run(COPY_IN, chained.BATCH, position)
    verified = await chained.verify(database)
    assert (verified.whole, verified.hidden, verified.broken_at) == (False, 1, None)


@pytest.mark.parametrize("made_anew", [False, True])
async def test_a_head_that_was_written_down_shows_a_cut_and_a_new_chain(
    database: Database, clock: MovableClock, *, made_anew: bool
) -> None:
    for number in range(6):
        await record(database, clock, number=number)
    await chained.sequence(database)
    written = str((await chained.verify(database)).head)
    async with database.transaction() as tx:
        await as_superuser(tx, "DELETE FROM ledger WHERE position > 3")
    if made_anew:
        for number in range(9):
            await record(database, clock, "forged", number=number)
        await chained.sequence(database)
    # By itself the rest is whole.
    rest = await chained.verify(database)
    assert rest.whole
    verified = await chained.verify(database, Head.read(written))
    assert (verified.whole, verified.broken_at, verified.lost) == (False, None, Head.read(written))
    for earlier in (Head(position=0, hash=chain.START), rest.head):
        assert (await chained.verify(database, Head.read(f" {earlier} ".upper()))).whole


@pytest.mark.parametrize(
    "written", ["", "5", "abc", f"-1:{'0' * 64}", f"5:{'0' * 63}", f"5:{'g' * 64}", "5:" + "٣" * 64]
)
def test_what_is_no_head_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        Head.read(written)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET act = 'another'",
        "UPDATE ledger SET facts = '{}' WHERE position IS NULL",
        "UPDATE ledger SET hash = sha256('x') WHERE position = 1",
        "DELETE FROM ledger WHERE position = 1",
        "DELETE FROM ledger WHERE position IS NULL",
        "TRUNCATE ledger",
    ],
)
async def test_the_program_itself_cannot_change_the_past(
    database: Database, clock: MovableClock, statement: str
) -> None:
    await record(database, clock, "chained", number=1)
    await chained.sequence(database)
    await record(database, clock, "waiting", number=2)

    async def change() -> None:
        async with database.transaction() as tx:
            await tx.run(statement)

    with pytest.raises(StrehaError):
        await change()
    verified = await chained.verify(database)
    assert (verified.entries, verified.waiting, verified.broken_at) == (1, 1, None)
