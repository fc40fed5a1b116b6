"""From the press to the slowest of ten strict clients that has decrypted the ring, over two hundred alerts.

The floor is a bare event, encrypted by nobody, put by plain HTTP into the same channel and seen by the same clients:
what the homeserver and ten clients in one process take by themselves. Each alert is ended before the next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from alerts.vocabulary import StandDownReason
from cases.model import Case
from core.clock import SystemClock
from core.ids import new_id
from deploy.witness import Message, Witness, Witnesses
from tests.bench.bot_network import PASSWORD, BotNetwork, bot_network
from tests.bench.row import Comparison, Measure, Row, p50, p95, p99
from tests.evil_member import EvilMember

CLIENTS, TINY_CLIENTS = 10, 2
# Ten rounds and the first: two hundred.
ALERTS, TINY_ALERTS = 20, 2
ROUNDS = 9
RING = "Streha: alert, open the app"
PATIENCE = 30.0

DECRYPTED = "press to decrypted by the slowest"
BARE = "bare event to seen by the slowest"
clock = SystemClock()


class _Watching:
    """The measures."""

    def __init__(
        self, running: BotNetwork, case: Case, room: str, clients: Sequence[Witness], script: EvilMember, alerts: int
    ) -> None:
        self._running = running
        self._case = case
        self._room = room
        self._clients = clients
        self._script = script
        self._alerts = alerts

    async def decrypted(self) -> list[float]:
        """Press and end, again and again; return how long the slowest took each time."""
        return await self._each(self._pressed)

    async def bare(self) -> list[float]:
        """Do the same with events that nobody has to decrypt."""
        return await self._each(self._put)

    async def _each(self, once: Callable[[], Awaitable[float]]) -> list[float]:
        return [await once() for _ in range(self._alerts)]

    async def _pressed(self) -> float:
        before = [len(each.messages) for each in self._clients]
        pressed_at = clock.now().timestamp()
        view = await self._running.alerts.raise_(self._running.members[0], self._case.core.id, new_id())
        took = await self._slowest(lambda message: message.body == RING, before) - pressed_at
        await self._running.alerts.acknowledge(self._running.leader, view.alert.id)
        await self._running.alerts.stand_down(self._running.leader, view.alert.id, StandDownReason.FALSE_ALARM)
        await self._slowest(lambda message: "the alert was ended" in message.body, before)
        return took

    async def _put(self) -> float:
        before = [len(each.messages) for each in self._clients]
        body = f"bare {new_id()}"
        put_at = clock.now().timestamp()
        await self._script.put(self._room, "m.room.message", {"msgtype": "m.text", "body": body})
        return await self._slowest(lambda message: message.body == body, before) - put_at

    async def _slowest(self, wanted: Callable[[Message], bool], before: Sequence[int]) -> float:
        """Return when the last of the clients had seen something new."""
        seen = [
            await each.wait_for(wanted, self._room, PATIENCE, after=skipped)
            for each, skipped in zip(self._clients, before, strict=True)
        ]
        return max(each.at for each in seen) / 1000


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    clients = TINY_CLIENTS if tiny else CLIENTS
    async with AsyncExitStack() as resources:
        running = await resources.enter_async_context(bot_network(directory, fast=tiny, members=clients + 1))
        homeserver = running.network.stack.addresses.homeserver_url
        witnesses = await resources.enter_async_context(
            Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log")
        )
        *people, writer = running.members
        case = await running.open_case(running.members)
        room = await running.channel(case)
        script = await EvilMember.sign_in(homeserver, running.http, writer.matrix_user, PASSWORD)
        await running.link(writer, script.device_id, script.ed25519)
        await script.join(room)
        watching = [await witnesses.add(each.matrix_user, each.matrix_user, PASSWORD) for each in people]
        for person, each in zip(people, watching, strict=True):
            await running.link(person, each.device_id, await each.session_key())
        for each in watching:
            await each.joined(room, *(other.user_id for other in watching))
            # To say a word a strict client has to learn whose device the bot's is: what came before, it would refuse.
            await each.send(room, "Good morning")
        measures = _Watching(running, case, room, watching, script, TINY_ALERTS if tiny else ALERTS)
        # The clients meet the bot: what is said to a newcomer is said twice.
        await measures.decrypted()
        yield {DECRYPTED: measures.decrypted, BARE: measures.bare}


ROW = Row(
    name="decrypted",
    title="From the press until the slowest of ten strict clients has decrypted the ring",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=p50(DECRYPTED), floor=p50(BARE)),
        Comparison(measure=p95(DECRYPTED), floor=p95(BARE)),
        Comparison(measure=p99(DECRYPTED), floor=p99(BARE)),
    ),
    rounds_at_most=ROUNDS,
    notes=(
        f"{ALERTS} alerts and {ALERTS} bare events in each round, one after the other, in a channel of twelve.",
        "An alert is written to the database, taken up by the bot, and told in the duty room too; its details follow.",
        "All clients live in one process, and tell when they had decrypted; the homeserver is Synapse in one process.",
    ),
)
