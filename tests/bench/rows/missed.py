"""From the moment at which a step is missed until the buddy's strict client has decrypted that in their own room.

Time is moved, not slept through: the step's time is set so that the rung of the buddy is due now, and the engine's
sweep runs at once, as it does when its clock wakes it. The floor is a bare event, encrypted by nobody, put by plain
HTTP into the channel and seen by the same client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from core.clock import SystemClock
from core.database import Database
from core.outbox import Target, TargetKind
from core.settings import Secret, Settings
from operations.lateness import LADDERS, Rung
from operations.model import Despite, OperationId
from operations.service import Operations
from operations.sweep import call_for_late
from operations.templates import templates
from safety_plans.clocks.service import spans_of
from safety_plans.model import Level
from tests.bench.bot_network import bot_network
from tests.bench.reader import Reader, compared, reading
from tests.bench.row import Measure, MeasurementFailed, Row

MISSED, TINY_MISSED = 50, 2
ROUNDS = 4
FIRST = 3
# In the channel in the language of the case, in their own room in that of the agency.
WORDS, OWN_WORDS = ": LATE since ", ": KASNI od "

READ = "missed to read by the buddy"
BARE = "bare event to seen"
# After how long, and after which rungs, the buddy is called: nobody has assessed this case.
WAIT, BEFORE = next(
    (wait, number)
    for number, (wait, rung) in enumerate(LADDERS[Level.NOT_YET_ASSESSED].steps)
    if rung is Rung.BUDDY
)  # fmt: skip
# $1 when it was due, $2 how many rungs were climbed, $3 now, $4 operation.
DUE = """
UPDATE milestones SET due_at = $1, rung = $2, next_step_at = $3, lease_until = NULL, attempts = 0
WHERE operation_id = $4 AND position = 1
"""
clock = SystemClock()


class _Watching:
    """The measure."""

    def __init__(self, database: Database, way: OperationId, own: str, channel: str, reader: Reader) -> None:
        self._database = database
        self._way = way
        self._own = own
        self._channel = channel
        self._reader = reader

    async def read(self, missed: int) -> list[float]:
        """Let the step be missed so often; return how long it took each time until the buddy had read it."""
        return [await self._late() for _ in range(missed)]

    async def meet(self) -> None:
        """Let the client meet the bot: what is said to a newcomer is said twice."""
        for _ in range(FIRST):
            await self._late(once=False)

    async def _late(self, *, once: bool = True) -> float:
        client = self._reader.client
        before, now = len(client.messages), clock.now()
        async with self._database.transaction() as tx:
            await tx.run(DUE, now - WAIT, BEFORE, now, self._way)
        if await call_for_late(self._database, clock) != 1:
            raise MeasurementFailed("the step was not late")
        read = await self._reader.read(lambda message: OWN_WORDS in message.body, self._own, before)
        # In the channel too.
        await self._reader.read(lambda message: WORDS in message.body, self._channel, before)
        found = [each for each in client.messages[before:] if WORDS in each.body or OWN_WORDS in each.body]
        if once and len(found) != len({each.room_id for each in found}):
            raise MeasurementFailed("it was read twice in a room")
        return read - now.timestamp()


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        running = await resources.enter_async_context(bot_network(directory, fast=tiny, members=3))
        settings = Settings(database_url=Secret(""))
        database = running.network.database
        buddy, writer, other = running.members
        case = await running.open_case(running.members)
        channel = await running.channel(case)
        own = await running.network.room_of(Target(kind=TargetKind.PERSON, id=buddy.id))
        reader = await resources.enter_async_context(reading(directory, running, buddy, writer, [channel, own]))
        operations = Operations(database, clock, settings.time_zone, spans_of(settings))
        plan = templates()["court_other"].plan(
            clock.now() + timedelta(days=1), running.leader.id, buddy.id, [writer.id, other.id]
        )
        way = (await operations.plan(running.leader, case.core.id, uuid4(), plan)).operation.id
        await operations.approve(running.leader, way)
        await operations.go(running.leader, way, Despite.SEEN_TO)
        watching, missed = _Watching(database, way, own, channel, reader), TINY_MISSED if tiny else MISSED
        await watching.meet()
        yield {READ: lambda: watching.read(missed), BARE: lambda: reader.bare(missed)}


ROW = Row(
    name="missed",
    title="From the moment a step is missed until the buddy's strict client has decrypted that",
    prepared=_prepared,
    comparisons=compared(READ, BARE),
    rounds_at_most=ROUNDS,
    patience=300.0,
    notes=(
        f"{MISSED} missed steps and {MISSED} bare events in each round, one after the other, in a channel of four.",
        "Six messages each: ring and words in the channel, to the buddy and to the coordinator alone.",
        "Counted are the words in the buddy's own room, read once. The sweep runs at the moment the rung is due.",
        "The client is matrix-js-sdk, strict; the homeserver is Synapse in one process.",
    ),
)
