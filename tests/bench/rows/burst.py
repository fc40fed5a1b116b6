"""Five hundred alerts within ten seconds: how long until a strict client has read them all; none lost or double.

One officer is called for every case, in its channel and in the duty room, which hears of all five hundred. Whatever is
missing, comes twice or out of an alert's order (`tests.bench.room_account`) ends the row: it is not measured then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from alerts import texts
from alerts.model import AlertId
from alerts.vocabulary import StandDownReason
from bots.words.commands import Verb, word
from bots.words.rendering import REPEATED
from cases.model import Case
from core.clock import SystemClock
from core.errors import Unavailable
from core.ids import new_id
from core.outbox import Target, TargetKind
from core.texts import render
from deploy.witness import Message, Witness, Witnesses
from tests.bench.bot_network import PASSWORD, BotNetwork, bot_network
from tests.bench.room_account import Left, faults
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.evil_member import EvilMember

ALERTS, TINY_ALERTS = 500, 4
WITHIN, TINY_WITHIN = 10.0, 0.1
# In the channel and in the duty room: the ring and the details.
EVENTS_OF_AN_ALERT = 4
# The channels speak English, the duty room the agency's language.
LANGUAGES = ("en", "sr-Latn")
ACCEPT = tuple(word(Verb.ACK, each) for each in LANGUAGES)
ENDED = tuple(render(texts.REASON_TEXTS["false_alarm"], each) for each in LANGUAGES)
AGAIN = tuple(render(REPEATED, each, text="") for each in LANGUAGES)
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
        self._in_turn: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self) -> float:
        """Press everywhere, wait until everything was read, end it all, and take the account of what was read."""
        before, began = len(self._officer.messages), clock.now().timestamp()
        async with asyncio.TaskGroup() as pressing:
            pressed = [
                pressing.create_task(self._press(case, number * self._within / len(self._cases)))
                for number, case in enumerate(self._cases)
            ]
        alerts = [each.result() for each in pressed]
        await self._until(before, _details, EVENTS_OF_AN_ALERT // 2 * len(self._cases))
        took = max(each.at for each in self._officer.messages[before:]) / 1000 - began
        async with asyncio.TaskGroup() as ending:
            for each in alerts:
                ending.create_task(self._end(each))
        await self._until(before, _ends, EVENTS_OF_AN_ALERT // 2 * len(self._cases))
        await self._take_account(alerts, before)
        return took

    async def bare(self) -> float:
        """Put as many events, in clear, into the same rooms, at the same pace, by plain HTTP."""
        before, began = len(self._officer.messages), clock.now().timestamp()
        rooms = list(self._rooms.values())
        body = f"bare {new_id()}"
        async with asyncio.TaskGroup() as putting:
            for number, room in enumerate(rooms):
                putting.create_task(self._put(room, body, number * self._within / len(rooms)))
        await self._until(before, lambda each: int(each.body == body), EVENTS_OF_AN_ALERT * len(rooms))
        return max(each.at for each in self._officer.messages[before:]) / 1000 - began

    async def _press(self, case: Case, after: float) -> AlertId:
        """Press, and again with the same key where there is no answer, as everybody's client does."""
        await asyncio.sleep(after)
        key = new_id()
        while True:
            with suppress(Unavailable):
                return (await self._running.alerts.raise_(self._running.members[0], case.core.id, key)).alert.id

    async def _end(self, alert_id: AlertId) -> None:
        alerts, leader = self._running.alerts, self._running.leader
        async with self._room_of_alert:
            await alerts.acknowledge(leader, alert_id)
            await alerts.stand_down(leader, alert_id, StandDownReason.FALSE_ALARM)

    async def _put(self, room: str, body: str, after: float) -> None:
        await asyncio.sleep(after)
        for place in (room, room, self._rooms[min(self._rooms)], self._rooms[min(self._rooms)]):
            # One after the other in each room, as an alert's messages are: at once is no faster, and has no order.
            async with self._in_turn[place], self._room_of_alert:
                await self._script.put(place, "m.room.message", {"msgtype": "m.text", "body": body})

    async def _until(self, before: int, counted: Callable[[Message], int], count: int) -> None:
        """Wait until the officer has read so much."""
        try:
            async with asyncio.timeout(self._patience):
                while sum(map(counted, self._officer.messages[before:])) < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            found = sum(map(counted, self._officer.messages[before:]))
            raise MeasurementFailed(f"{found} of {count} were read: the others are lost") from None

    async def _take_account(self, alerts: Collection[AlertId], before: int) -> None:
        """Refuse what is missing, was said twice, or came in another order than it was left in."""
        left, withdrawn = await self._left(alerts)
        events = {each.event for each in left}
        rooms = {*self._rooms.values(), self._duty_room}

        def heard() -> list[Message]:
            return [each for each in self._officer.messages[before:] if each.room_id in rooms]

        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while not events <= {each.event_id for each in heard()}:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        order = {room: await self._officer.timeline(room) for room in rooms}
        bot = self._running.network.environment()["STREHA_MATRIX_USER"]
        read = [each.event_id for each in heard() if each.sender == bot]
        wrong = faults(left, [each for each in read if each not in withdrawn], order)
        wanted = dict.fromkeys(rooms, 1) | {self._duty_room: len(self._cases)}
        for counted, what in ((_details, "details"), (_ends, "ends")):
            told = {room: sum(counted(each) for each in heard() if each.room_id == room) for room in rooms}
            if any(told[room] < times for room, times in wanted.items()):
                wrong.append(f"{what} are missing")
            # What says of itself that it is sent again may have been read before.
            once = {room: sum(counted(e) for e in heard() if e.room_id == room and not _again(e)) for room in rooms}
            if any(once[room] > times for room, times in wanted.items()):
                wrong.append(f"{what} were told twice")
        if wrong:
            raise MeasurementFailed("; ".join(wrong))

    async def _left(self, alerts: Collection[AlertId]) -> tuple[list[Left], frozenset[str]]:
        """Return what of these alerts was sent, once nothing waits, and what was withdrawn while it was being sent.

        An alert that has ended needs no more words of who accepted it: only what failed is a fault.
        """
        waits, went_wrong = ("pending", "sending"), ("failed", "quarantined")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while await self._counted(*waits):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        if await self._counted(*waits, *went_wrong):
            raise MeasurementFailed("not everything that was left has been sent")
        async with self._running.network.database.reading() as look:
            rows = await look.rows(
                "SELECT room_id, alert_id, sequence, event_id, template, state FROM outbox "
                "JOIN matrix_sends ON outbox_id = outbox.id WHERE alert_id = ANY($1) AND target_kind = ANY($2)",
                list(alerts), [TargetKind.COMPARTMENT, TargetKind.DESK],
            )  # fmt: skip
        sent = [
            Left(
                room=row["room_id"],
                alert=row["alert_id"],
                sequence=row["sequence"],
                event=row["event_id"],
                rings=row["template"] == "alert_ring",
                ends=row["template"] == "alert_ended",
            )
            for row in rows
            if row["state"] == "sent"
        ]
        return sent, frozenset(row["event_id"] for row in rows if row["state"] != "sent")

    async def _counted(self, *states: str) -> int:
        async with self._running.network.database.reading() as look:
            return int(await look.value("SELECT count(*) FROM outbox WHERE state = ANY($1)", list(states)))


def _again(message: Message) -> bool:
    """Whether a message says of itself that it is sent again."""
    return message.body.startswith(AGAIN)


def _details(message: Message) -> int:
    """Return of how many alerts a message tells how they are accepted: what is late is told together."""
    return sum(message.body.count(f": {each} ") for each in ACCEPT)


def _ends(message: Message) -> int:
    """Return of how many alerts a message tells that they were ended."""
    return sum(message.body.count(each) for each in ENDED)


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
        "Before it counts: everything left was read once, nothing else, and each alert's messages in their order.",
        "Bare: as many events in clear by plain HTTP, at the same pace, as many at once, seen by the same client.",
    ),
)
