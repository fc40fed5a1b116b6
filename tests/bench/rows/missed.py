"""From the moment at which a step is missed until the buddy's strict client has decrypted that in their own room.

Time is moved, not slept through: the step's time is set so that the rung of the buddy is due now, and the engine's
sweep runs at once, as it does when its clock wakes it. The floor is a bare event, encrypted by nobody, put by plain
HTTP into the channel and seen by the same client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from core.clock import SystemClock
from core.database import Database
from core.ids import new_id
from core.outbox import Target, TargetKind
from core.settings import Secret, Settings
from deploy.witness import Message, Witness, Witnesses
from operations.lateness import LADDERS, Rung
from operations.model import Despite, OperationId
from operations.service import Operations
from operations.sweep import call_for_late
from operations.templates import templates
from safety_plans.clocks.service import spans_of
from safety_plans.model import Level
from tests.bench.bot_network import PASSWORD, bot_network
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row, p50, p95, p99
from tests.evil_member import EvilMember

MISSED, TINY_MISSED = 50, 2
ROUNDS = 4
FIRST = 3
# In the channel in the language of the case, in their own room in that of the agency.
WORDS, OWN_WORDS = ": LATE since ", ": KASNI od "
PATIENCE = 30.0

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
    """The measures."""

    def __init__(
        self, database: Database, way: OperationId, rooms: tuple[str, str], client: Witness, script: EvilMember,
        missed: int,
    ) -> None:  # fmt: skip
        self._database = database
        self._way = way
        self._channel, self._own = rooms
        self._client = client
        self._script = script
        self._missed = missed

    async def read(self) -> list[float]:
        """Let the step be missed, again and again; return how long it took each time until the buddy had read it."""
        return [await self._late() for _ in range(self._missed)]

    async def bare(self) -> list[float]:
        """Do the same with events that nobody has to decrypt."""
        return [await self._put() for _ in range(self._missed)]

    async def meet(self) -> None:
        """Let the client meet the bot: what is said to a newcomer is said twice."""
        for _ in range(FIRST):
            await self._late(once=False)

    async def _late(self, *, once: bool = True) -> float:
        before, now = len(self._client.messages), clock.now()
        async with self._database.transaction() as tx:
            await tx.run(DUE, now - WAIT, BEFORE, now, self._way)
        if await call_for_late(self._database, clock) != 1:
            raise MeasurementFailed("the step was not late")
        read = await self._seen(lambda message: OWN_WORDS in message.body, self._own, before)
        # In the channel too.
        await self._seen(lambda message: WORDS in message.body, self._channel, before)
        found = [each for each in self._client.messages[before:] if WORDS in each.body or OWN_WORDS in each.body]
        if once and len(found) != len({each.room_id for each in found}):
            raise MeasurementFailed("it was read twice in a room")
        return read - now.timestamp()

    async def _put(self) -> float:
        before = len(self._client.messages)
        body = f"bare {new_id()}"
        put_at = clock.now().timestamp()
        await self._script.put(self._channel, "m.room.message", {"msgtype": "m.text", "body": body})
        return await self._seen(lambda message: message.body == body, self._channel, before) - put_at

    async def _seen(self, wanted: Callable[[Message], bool], room: str, before: int) -> float:
        return (await self._client.wait_for(wanted, room, PATIENCE, after=before)).at / 1000


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        running = await resources.enter_async_context(bot_network(directory, fast=tiny, members=3))
        settings = Settings(database_url=Secret(""))
        database = running.network.database
        homeserver = running.network.stack.addresses.homeserver_url
        witnesses = await resources.enter_async_context(
            Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log")
        )
        buddy, writer, other = running.members
        case = await running.open_case(running.members)
        channel = await running.channel(case)
        script = await EvilMember.sign_in(homeserver, running.http, writer.matrix_user, PASSWORD)
        # Linked to nobody: a script keeps no keys, and what a member's device cannot read is said again.
        await script.join(channel)
        client = await witnesses.add(buddy.matrix_user, buddy.matrix_user, PASSWORD)
        await running.link(buddy, client.device_id, await client.session_key())
        own = await running.network.room_of(Target(kind=TargetKind.PERSON, id=buddy.id))
        for room in (channel, own):
            await client.joined(room, client.user_id)
            # To say a word a strict client has to learn whose device the bot's is: what came before, it would refuse.
            await client.send(room, "Good morning")
        operations = Operations(database, clock, settings.time_zone, spans_of(settings))
        plan = templates()["court_other"].plan(
            clock.now() + timedelta(days=1), running.leader.id, buddy.id, [writer.id, other.id]
        )
        way = (await operations.plan(running.leader, case.core.id, uuid4(), plan)).operation.id
        await operations.approve(running.leader, way)
        await operations.go(running.leader, way, Despite.SEEN_TO)
        watching = _Watching(database, way, (channel, own), client, script, TINY_MISSED if tiny else MISSED)
        await watching.meet()
        yield {READ: watching.read, BARE: watching.bare}


ROW = Row(
    name="missed",
    title="From the moment a step is missed until the buddy's strict client has decrypted that",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=p50(READ), floor=p50(BARE)),
        Comparison(measure=p95(READ), floor=p95(BARE)),
        Comparison(measure=p99(READ), floor=p99(BARE)),
    ),
    rounds_at_most=ROUNDS,
    patience=300.0,
    notes=(
        f"{MISSED} missed steps and {MISSED} bare events in each round, one after the other, in a channel of four.",
        "Six messages each: ring and words in the channel, to the buddy and to the coordinator alone.",
        "Counted are the words in the buddy's own room, read once. The sweep runs at the moment the rung is due.",
        "The client is matrix-js-sdk, strict; the homeserver is Synapse in one process.",
    ),
)
