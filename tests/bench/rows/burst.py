"""Five hundred alerts within ten seconds: how long until a strict client has read them all; none lost or double.

One officer is called for every case, in its channel and in the duty room, which hears of all five hundred. Whatever is
missing, comes twice or out of order there ends the row: it is not measured then.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from alerts import texts
from alerts.model import AlertId
from alerts.vocabulary import StandDownReason
from bots.words.commands import Verb, word
from cases.model import Case
from core.clock import SystemClock
from core.ids import new_id
from core.outbox import Target, TargetKind
from core.texts import render
from deploy.witness import Message, Witness, Witnesses
from tests.bench.bot_network import PASSWORD, BotNetwork, bot_network
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.evil_member import EvilMember

ALERTS, TINY_ALERTS = 500, 4
WITHIN, TINY_WITHIN = 10.0, 0.1
# In the channel and in the duty room: the ring and the details.
EVENTS_OF_AN_ALERT = 4
# The channels speak English, the duty room the agency's language.
LANGUAGES = ("en", "sr-Latn")
RINGS = frozenset(render(texts.TEXTS["alert_ring"], each) for each in LANGUAGES)
ACCEPT = tuple(word(Verb.ACK, each) for each in LANGUAGES)
ENDED = tuple(render(texts.REASON_TEXTS["false_alarm"], each) for each in LANGUAGES)
# For each of two waits of a measure; a measure may take longer, so that it is told how many were read.
PATIENCE, TINY_PATIENCE = 400.0, 200.0
LONGEST = 900.0
AT_ONCE = 20

READ = "first press to all read by the officer's client"
BARE = "first of as many bare events to all seen by it"
clock = SystemClock()


class _Burst:
    """The measures."""

    def __init__(
        self, running: BotNetwork, cases: Sequence[Case], rooms: Mapping[str, str], duty_room: str, officer: Witness,
        script: EvilMember, within: float, patience: float,
    ) -> None:  # fmt: skip
        self._running = running
        self._cases = cases
        self._rooms = rooms
        self._duty_room = duty_room
        self._officer = officer
        self._script = script
        self._within = within
        self._patience = patience
        self._room_of_alert = asyncio.Semaphore(AT_ONCE)

    async def read(self) -> float:
        """Press everywhere, wait until everything was read, look at it, and end it all."""
        before, began = len(self._officer.messages), clock.now().timestamp()
        async with asyncio.TaskGroup() as pressing:
            pressed = [
                pressing.create_task(self._press(case, number * self._within / len(self._cases)))
                for number, case in enumerate(self._cases)
            ]
        await self._until(before, _is_details, 2 * len(self._cases))
        took = max(each.at for each in self._officer.messages[before:]) / 1000 - began
        self._require_order(self._officer.messages[before:])
        async with asyncio.TaskGroup() as ending:
            for each in pressed:
                ending.create_task(self._end(each.result()))
        await self._until(before, _is_end, 2 * len(self._cases))
        return took

    async def bare(self) -> float:
        """Put as many events, in clear, into the same rooms, at the same pace, by plain HTTP."""
        before, began = len(self._officer.messages), clock.now().timestamp()
        rooms = list(self._rooms.values())
        body = f"bare {new_id()}"
        async with asyncio.TaskGroup() as putting:
            for number, room in enumerate(rooms):
                putting.create_task(self._put(room, body, number * self._within / len(rooms)))
        await self._until(before, lambda each: each.body == body, EVENTS_OF_AN_ALERT * len(rooms))
        return max(each.at for each in self._officer.messages[before:]) / 1000 - began

    async def _press(self, case: Case, after: float) -> AlertId:
        await asyncio.sleep(after)
        return (await self._running.alerts.raise_(self._running.members[0], case.core.id, new_id())).alert.id

    async def _end(self, alert_id: AlertId) -> None:
        alerts, leader = self._running.alerts, self._running.leader
        async with self._room_of_alert:
            await alerts.acknowledge(leader, alert_id)
            await alerts.stand_down(leader, alert_id, StandDownReason.FALSE_ALARM)

    async def _put(self, room: str, body: str, after: float) -> None:
        await asyncio.sleep(after)
        for place in (room, room, self._rooms[min(self._rooms)], self._rooms[min(self._rooms)]):
            async with self._room_of_alert:
                await self._script.put(place, "m.room.message", {"msgtype": "m.text", "body": body})

    async def _until(self, before: int, wanted: Callable[[Message], bool], count: int) -> None:
        try:
            async with asyncio.timeout(self._patience):
                while sum(1 for each in self._officer.messages[before:] if wanted(each)) < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            found = sum(1 for each in self._officer.messages[before:] if wanted(each))
            raise MeasurementFailed(f"{found} of {count} were read: the others are lost") from None

    def _require_order(self, heard: Sequence[Message]) -> None:
        """Refuse what was said twice, is missing, or came in another order than it was left in."""
        rung = Counter(each.room_id for each in heard if each.body in RINGS)
        told = Counter((each.room_id, each.body) for each in heard if _is_details(each))
        if max(told.values()) > 1 or len(told) != 2 * len(self._rooms):
            raise MeasurementFailed("the details of an alert are missing or double")
        if rung[self._duty_room] != len(self._rooms) or any(rung[each] != 1 for each in self._rooms.values()):
            raise MeasurementFailed("a room was not rung once for each alert")
        for room in {*self._rooms.values(), self._duty_room}:
            # A ring, then its details: at any moment no room has heard more details than rings.
            balance = 0
            for each in heard:
                balance += (each.room_id == room) * ((each.body in RINGS) - _is_details(each))
                if balance < 0:
                    raise MeasurementFailed("details came before their ring")


def _is_details(message: Message) -> bool:
    return any(f": {each} " in message.body for each in ACCEPT) and message.body not in RINGS


def _is_end(message: Message) -> bool:
    return any(each in message.body for each in ENDED)


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        running = await resources.enter_async_context(bot_network(directory, fast=True, members=1))
        homeserver = running.network.stack.addresses.homeserver_url
        witnesses = await resources.enter_async_context(
            Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log")
        )
        (presser,) = running.members
        script = await EvilMember.sign_in(homeserver, running.http, presser.matrix_user, PASSWORD)
        await running.link(presser, script.device_id, script.ed25519)
        officer = await witnesses.add("officer", running.leader.matrix_user, PASSWORD)
        await running.link(running.leader, officer.device_id, await officer.session_key())
        cases = [await running.open_case([presser]) for _ in range(TINY_ALERTS if tiny else ALERTS)]
        await running.settled(cases)
        rooms = {case.codename: await running.channel(case) for case in cases}
        desk = Target(kind=TargetKind.DESK, id=running.office.desk_id) if running.office.desk_id else None
        if desk is None:
            raise MeasurementFailed("the office has no desk")
        duty_room = await running.network.room_of(desk)
        for room in (*rooms.values(), duty_room):
            await officer.joined(room, patience=PATIENCE)
        for room in rooms.values():
            await script.join(room)
        # To say a word a strict client has to learn whose device the bot's is: what came before, it would refuse.
        await officer.send(duty_room, "Good morning")
        within = TINY_WITHIN if tiny else WITHIN
        patience = TINY_PATIENCE if tiny else PATIENCE
        burst = _Burst(running, cases, rooms, duty_room, officer, script, within, patience)
        yield {READ: burst.read, BARE: burst.bare}


ROW = Row(
    name="burst",
    title="500 alerts within ten seconds: until an officer's strict client has read them all",
    prepared=_prepared,
    comparisons=(Comparison(measure=READ, floor=BARE),),
    rounds_at_most=2,
    patience=LONGEST,
    notes=(
        "Each alert: ring and details in the channel of its case and in one duty room, 2,000 events.",
        "Each channel hears the ring first, and the duty room every ring and every alert's details once.",
        "Bare: as many events in clear by plain HTTP, at the same pace, as many at once, seen by the same client.",
    ),
)
