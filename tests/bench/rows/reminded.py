"""From the moment at which a review is due until a strict client has decrypted the reminder in its channel.

Time is moved, not slept through: the review's time is set to now, and the engine's sweep runs at once, as it does when
its clock wakes it. The floor is a bare event, encrypted by nobody, put by plain HTTP into the same channel and seen by
the same client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from cases.model import Case
from core.clock import SystemClock
from core.ids import new_id
from core.settings import Secret, Settings
from deploy.witness import Message, Witness, Witnesses
from safety_plans.clocks.service import spans_of
from safety_plans.model import Level
from safety_plans.service import Reviews
from safety_plans.sweep import open_missing, remind_due
from tests.bench.bot_network import PASSWORD, BotNetwork, bot_network
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row, p50, p95, p99
from tests.evil_member import EvilMember

REMINDERS, TINY_REMINDERS = 50, 2
ROUNDS = 4
FIRST = 3
WORDS = "the risk is to be assessed again"
RING = "Streha: reminder, open the app"
PATIENCE = 30.0

READ = "due to reminder read"
BARE = "bare event to seen"
# $1 when, $2 case. As if nobody had been reminded yet.
DUE = """
UPDATE reviews SET step = 0, due_at = $1, next_step_at = $1, lease_until = NULL, attempts = 0
WHERE case_id = $2 AND state = 'open'
"""
clock = SystemClock()


class _Watching:
    """The measures."""

    def __init__(
        self, running: BotNetwork, case: Case, room: str, client: Witness, script: EvilMember, reminders: int
    ) -> None:  # fmt: skip
        self._running = running
        self._case = case
        self._room = room
        self._client = client
        self._script = script
        self._reminders = reminders

    async def read(self) -> list[float]:
        """Let the review be due, again and again; return how long it took each time until its words were read."""
        return [await self._reminded() for _ in range(self._reminders)]

    async def bare(self) -> list[float]:
        """Do the same with events that nobody has to decrypt."""
        return [await self._put() for _ in range(self._reminders)]

    async def meet(self) -> None:
        """Let the client meet the bot: what is said to a newcomer is said twice."""
        for _ in range(FIRST):
            await self._reminded(once=False)

    async def _reminded(self, *, once: bool = True) -> float:
        database = self._running.network.database
        before = len(self._client.messages)
        now = clock.now()
        async with database.transaction() as tx:
            await tx.run(DUE, now, self._case.id)
        if await remind_due(database, clock) != 1:
            raise MeasurementFailed("the review was not due")
        read = await self._seen(lambda message: WORDS in message.body, before)
        await self._seen(lambda message: message.body == RING, before)
        found = [each for each in self._client.messages[before:] if WORDS in each.body]
        if once and len(found) != 1:
            raise MeasurementFailed("a reminder was read twice")
        return read - now.timestamp()

    async def _put(self) -> float:
        before = len(self._client.messages)
        body = f"bare {new_id()}"
        put_at = clock.now().timestamp()
        await self._script.put(self._room, "m.room.message", {"msgtype": "m.text", "body": body})
        return await self._seen(lambda message: message.body == body, before) - put_at

    async def _seen(self, wanted: Callable[[Message], bool], before: int) -> float:
        return (await self._client.wait_for(wanted, self._room, PATIENCE, after=before)).at / 1000


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        running = await resources.enter_async_context(bot_network(directory, fast=tiny, members=1))
        settings = Settings(database_url=Secret(""))
        homeserver = running.network.stack.addresses.homeserver_url
        witnesses = await resources.enter_async_context(
            Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log")
        )
        # Whoever is reminded reads it.
        reader, (writer,) = running.leader, running.members
        case = await running.open_case(running.members)
        database = running.network.database
        await open_missing(database, clock, ZoneInfo(settings.time_zone), spans_of(settings))
        # Of such a level every reminder rings, however often: none is folded.
        await Reviews(database, clock, settings.time_zone).set_level(running.leader, case.id, Level.VERY_HIGH)
        room = await running.channel(case)
        script = await EvilMember.sign_in(homeserver, running.http, writer.matrix_user, PASSWORD)
        # Linked to nobody: a script keeps no keys, and what a member's device cannot read is said again.
        await script.join(room)
        client = await witnesses.add(reader.matrix_user, reader.matrix_user, PASSWORD)
        await running.link(reader, client.device_id, await client.session_key())
        await client.joined(room, client.user_id)
        # To say a word a strict client has to learn whose device the bot's is: what came before, it would refuse.
        await client.send(room, "Good morning")
        watching = _Watching(running, case, room, client, script, TINY_REMINDERS if tiny else REMINDERS)
        await watching.meet()
        yield {READ: watching.read, BARE: watching.bare}


ROW = Row(
    name="reminded",
    title="From the moment a review is due until a strict client has decrypted the reminder",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=p50(READ), floor=p50(BARE)),
        Comparison(measure=p95(READ), floor=p95(BARE)),
        Comparison(measure=p99(READ), floor=p99(BARE)),
    ),
    rounds_at_most=ROUNDS,
    patience=300.0,
    notes=(
        f"{REMINDERS} reminders and {REMINDERS} bare events in each round, one after the other, in a channel of three.",
        "Counted is the second message of two, the words; each was read once. The sweep runs at the moment it is due.",
        "The client is matrix-js-sdk, strict; the homeserver is Synapse in one process.",
    ),
)
