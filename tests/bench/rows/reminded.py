"""From the moment at which a review is due until a strict client has decrypted the reminder in its channel.

Time is moved, not slept through: the review's time is set to now, and the engine's sweep runs at once, as it does when
its clock wakes it. The floor is a bare event, encrypted by nobody, put by plain HTTP into the same channel and seen by
the same client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from cases.model import Case
from core.clock import SystemClock
from core.database import Database
from core.settings import Secret, Settings
from safety_plans.clocks.service import spans_of
from safety_plans.model import Level
from safety_plans.service import Reviews
from safety_plans.sweep import open_missing, remind_due
from tests.bench.bot_network import bot_network
from tests.bench.reader import Reader, compared, reading
from tests.bench.row import Measure, MeasurementFailed, Row

REMINDERS, TINY_REMINDERS = 50, 2
ROUNDS = 4
FIRST = 3
WORDS = "the risk is to be assessed again"
RING = "Streha: reminder, open the app"

READ = "due to reminder read"
BARE = "bare event to seen"
# $1 when, $2 case. As if nobody had been reminded yet.
DUE = """
UPDATE reviews SET step = 0, due_at = $1, next_step_at = $1, lease_until = NULL, attempts = 0
WHERE case_id = $2 AND state = 'open'
"""
clock = SystemClock()


class _Watching:
    """The measure."""

    def __init__(self, database: Database, case: Case, room: str, reader: Reader) -> None:
        self._database = database
        self._case = case
        self._room = room
        self._reader = reader

    async def read(self, reminders: int) -> list[float]:
        """Let the review be due so often; return how long it took each time until its words were read."""
        return [await self._reminded() for _ in range(reminders)]

    async def meet(self) -> None:
        """Let the client meet the bot: what is said to a newcomer is said twice."""
        for _ in range(FIRST):
            await self._reminded(once=False)

    async def _reminded(self, *, once: bool = True) -> float:
        client = self._reader.client
        before, now = len(client.messages), clock.now()
        async with self._database.transaction() as tx:
            await tx.run(DUE, now, self._case.id)
        if await remind_due(self._database, clock) != 1:
            raise MeasurementFailed("the review was not due")
        read = await self._reader.read(lambda message: WORDS in message.body, self._room, before)
        await self._reader.read(lambda message: message.body == RING, self._room, before)
        found = [each for each in client.messages[before:] if WORDS in each.body]
        if once and len(found) != 1:
            raise MeasurementFailed("a reminder was read twice")
        return read - now.timestamp()


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        running = await resources.enter_async_context(bot_network(directory, fast=tiny, members=1))
        settings = Settings(database_url=Secret(""))
        # Whoever is reminded reads it.
        person, (writer,) = running.leader, running.members
        case = await running.open_case(running.members)
        database = running.network.database
        await open_missing(database, clock, ZoneInfo(settings.time_zone), spans_of(settings))
        # Of such a level every reminder rings, however often: none is folded.
        await Reviews(database, clock, settings.time_zone).set_level(running.leader, case.id, Level.VERY_HIGH)
        room = await running.channel(case)
        reader = await resources.enter_async_context(reading(directory, running, person, writer, [room]))
        watching, reminders = _Watching(database, case, room, reader), TINY_REMINDERS if tiny else REMINDERS
        await watching.meet()
        yield {READ: lambda: watching.read(reminders), BARE: lambda: reader.bare(reminders)}


ROW = Row(
    name="reminded",
    title="From the moment a review is due until a strict client has decrypted the reminder",
    prepared=_prepared,
    comparisons=compared(READ, BARE),
    rounds_at_most=ROUNDS,
    patience=300.0,
    notes=(
        f"{REMINDERS} reminders and {REMINDERS} bare events in each round, one after the other, in a channel of three.",
        "Counted is the second message of two, the words; each was read once. The sweep runs at the moment it is due.",
        "The client is matrix-js-sdk, strict; the homeserver is Synapse in one process.",
    ),
)
