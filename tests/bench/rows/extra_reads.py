"""What secrecy reads besides: own sentences for each ordinary message, the cards for each alert that is seen.

Every message of three words or more that is no command is compared with its sender's own sentences, a read of the
database; and every alert is shown with how it stands with its emergency cards, another. It is a database of a few
people.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from alerts.cards import store as card_store
from alerts.duress import own
from alerts.store import SQL
from bots.device.received import Received
from bots.talk.own_sentences import OwnSentences
from core.clock import SystemClock
from core.database import connect
from core.migrations import migrate
from deploy.stack import LocalStack
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.people import Network

COUNT, TINY_COUNT = 500, 5

COMPARED = "an ordinary message compared with its sender's own sentences"
BARE_READ = "the bare statement on a connection of its own"
SEEN = "an alert seen"
CARDS = "how it stands with its cards, of that"


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    count = TINY_COUNT if tiny else COUNT
    clock = SystemClock()
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        url = await stack.database("few")
        database = await resources.enter_async_context(connect(url))
        await migrate(database)
        bare = await asyncpg.connect(url)
        resources.push_async_callback(bare.close)
        network = Network(database, clock)
        scene = await network.scene()
        officer, core = scene.police.officer, scene.case.core.id
        view = await network.alerts.raise_(scene.member, core, uuid4())
        sentences = OwnSentences(database, clock, directory, b"a secret of this benchmark alone")
        await sentences.sweep()
        # Somebody who has sentences: else the statement finds nothing, which is quicker.
        async with database.transaction() as tx:
            await tx.run(
                "INSERT INTO own_sentences (person_id, public_key, sealed_at, all_clear, duress, taken_at)"
                " SELECT $1, public_key, $2, $3, $4, $2 FROM sentence_key",
                officer.id, clock.now(), bytes(32), bytes(range(32)),
            )  # fmt: skip
            key = bytes(await tx.value("SELECT public_key FROM sentence_key"))
            if await own.of_user(tx, officer.matrix_user, key) is None:
                raise MeasurementFailed("nothing is there to compare with")
        message = Received(
            room_id="!room:streha.localhost", event_id="$event", sender=officer.matrix_user, sent_at=clock.now(),
            event_type="m.room.message", content={"msgtype": "m.text", "body": "we talk about the weather today"},
            sender_device_id=None, sender_identity=None, bound=True,
        )  # fmt: skip

        async def compared() -> None:
            if await sentences.meaning(message) is not None:
                raise MeasurementFailed("talk about the weather meant something")

        async def bare_read() -> None:
            await bare.fetchrow(SQL["sentences_of_user"], officer.matrix_user, key)

        async def seen() -> None:
            await network.alerts.see(officer, view.alert.id)

        async def cards() -> None:
            async with database.reading() as look:
                await card_store.states(look, {core})

        yield {
            COMPARED: _each(compared, count),
            BARE_READ: _each(bare_read, count),
            SEEN: _each(seen, count),
            CARDS: _each(cards, count),
        }


def _each(act: Callable[[], Awaitable[None]], count: int) -> Measure:
    """Return a measure of how long one of many takes, one after the other."""

    async def measure() -> float:
        started_at = time.monotonic()
        for _ in range(count):
            await act()
        return (time.monotonic() - started_at) / count

    return measure


ROW = Row(
    name="extra-reads",
    title="What is read besides: for an ordinary message, and for an alert that is seen",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=COMPARED, floor=BARE_READ),
        Comparison(measure=CARDS, floor=SEEN, at_most=0.5),
    ),
    notes=(
        "The first takes a connection, begins and ends a transaction, and hashes; the bare one does none of it.",
        f"{CARDS}: alone, with a connection and a transaction of its own, so more than its part in the other.",
    ),
)
