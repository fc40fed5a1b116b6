"""A hundred thousand events received: how fast the bot takes them in and handles them, and what it then holds.

The events are a member's encrypted words in one channel, a new room key every hundred. The homeserver hands them
out as news, two hundred at a time, more than it would ever have by itself: what is measured is the bot.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import vodozemac

from core.clock import SystemClock
from tests import forging
from tests.adverse_homeserver import AdverseHomeserver, Rule, What
from tests.bench.bot_network import PASSWORD, BotNetwork, bot_network
from tests.bench.row import Limit, Measure, Row
from tests.evil_member import Addressee, EvilMember, room_key

IN_A_ROUND, IN_A_TINY_ROUND = 10_000, 200
# In all rounds and the first: a hundred thousand.
ROUNDS = 9
IN_AN_ANSWER = 200
# A client speaks with a new key after so many words.
WITH_ONE_KEY = 100
A_SECOND = 50

TAKEN_IN = f"{IN_A_ROUND:,} events, received and handled"
MEMORY = "memory of the bot after that"
GROWN = "memory grown since the first 10,000"
DISK = "disk of the bot's device after that"
HANDLED = "streha_bot_event_lag_seconds_count"


class _Receiving:
    """The measures."""

    def __init__(
        self, running: BotNetwork, proxy: AdverseHomeserver, sender: EvilMember, bot: Addressee, room: str, count: int
    ) -> None:
        self._running = running
        self._proxy = proxy
        self._sender = sender
        self._bot = bot
        self._room = room
        self._count = count
        # After every round: the measures take turns, and these are asked for at any time.
        self._memory: list[float] = []
        self._disk = 0.0

    async def taken_in(self) -> float:
        """Hand out a round of events; return how long the bot takes until it has handled all."""
        answers = [await self._answer() for _ in range(self._count // IN_AN_ANSWER)]
        before = await self._running.until_told(HANDLED, 0.0)
        answers.reverse()
        started = time.monotonic()

        def news(answer: Any) -> Any:
            messages, events = answers.pop()
            answer = forging.with_messages(messages)(answer)
            return forging.with_events(self._room, events)(answer)

        self._proxy.adopt(Rule(part="sync", what=What.FORGE, times=len(answers), forge=news))
        await self._running.until_told(HANDLED, before + self._count)
        took = time.monotonic() - started
        self._memory.append(self._running.memory())
        self._disk = self._running.disk()
        return took

    async def memory(self) -> float:
        """Return what the process held then."""
        return self._memory[-1]

    async def grown(self) -> float:
        """Return by how much that is more than it was after the first round."""
        return max(self._memory[-1] - self._memory[0], 0.01)

    async def disk(self) -> float:
        """Return what lay on the disk then."""
        return self._disk

    async def _answer(self) -> tuple[list[Any], list[Any]]:
        """Return what one answer brings: room keys, and what they open."""
        at = int(SystemClock().now().timestamp() * 1000)
        messages, events = [], []
        for _ in range(IN_AN_ANSWER // WITH_ONE_KEY):
            session = vodozemac.GroupSession()
            sealed = await self._sender.sealed(self._bot, "m.room_key", room_key(session, self._room))
            messages.append(forging.event("m.room.encrypted", self._sender.user_id, sealed, at))
            for number in range(WITH_ONE_KEY):
                content = self._sender.said(session, self._room, f"The bus arrives at {number}.")
                events.append(forging.event("m.room.encrypted", self._sender.user_id, content, at))
        return messages, events


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with bot_network(directory, fast=tiny, members=1) as running:
        homeserver = running.network.stack.addresses.homeserver_url
        case = await running.open_case(running.members)
        room = await running.channel(case)
        sender = await EvilMember.sign_in(homeserver, running.http, running.members[0].matrix_user, PASSWORD)
        await running.link(running.members[0], sender.device_id, sender.ed25519)
        await sender.join(room)
        (bot,) = await sender.devices_of(running.network.environment()["STREHA_MATRIX_USER"])
        proxy = AdverseHomeserver(homeserver)
        async with proxy.serve() as address:
            await running.network.stop_role("bots")
            await running.network.start_role("bots", settings={"STREHA_HOMESERVER_URL": address})
            count = IN_A_TINY_ROUND if tiny else IN_A_ROUND
            receiving = _Receiving(running, proxy, sender, bot, room, count)
            yield {
                TAKEN_IN: receiving.taken_in,
                MEMORY: receiving.memory,
                GROWN: receiving.grown,
                DISK: receiving.disk,
            }
            await running.network.stop_role("bots")


ROW = Row(
    name="received",
    title="100,000 events received by the bot, 10,000 in each round",
    prepared=_prepared,
    limits=(Limit(figure=TAKEN_IN, at_most=IN_A_ROUND / A_SECOND), Limit(figure=GROWN, at_most=20)),
    units={MEMORY: "MiB", GROWN: "MiB", DISK: "MiB"},
    rounds_at_most=ROUNDS,
    notes=(
        f"At most: {A_SECOND} events a second.",
        "Every event is decrypted, stored, bound to its sender's device, handled as no command, and removed.",
        "Memory in PSS, of the process `streha run --role bots`.",
    ),
)
