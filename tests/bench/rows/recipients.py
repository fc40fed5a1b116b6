"""From the press to every recipient: how long until each strict client has decrypted the ring, for 1, 10 and 100.

The floor are ciphertexts of the same content, made beforehand, put by plain HTTP into the same channel in the same
round and decrypted by the same clients: what the homeserver and so many clients take by themselves, whoever raises.
What a recipient costs is a figure of its own. `RECIPIENTS=1000 make bench ARGS=recipients` adds a thousand; for two
cores so many strict clients are too much: then all but ten of a channel are light (`tests.bench.light_recipient`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import vodozemac

from agencies.model import Person
from alerts import texts
from alerts.vocabulary import StandDownReason
from bots.words.rendering import text_content
from cases.model import Case
from core.clock import SystemClock
from core.ids import new_id
from core.texts import render
from deploy.witness import Witness, Witnesses
from tests.bench.bot_network import PASSWORD, BotNetwork, bot_network
from tests.bench.light_recipient import LightRecipient, Read, Recipient, http_for_many
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row, p50, p95, p99
from tests.evil_member import EvilMember

# How many alerts a round raises in a channel of so many recipients.
ALERTS = {1: 20, 10: 10, 100: 3, 1000: 1}
TINY_SIZES = (1, 3, 2)
# So many of a channel's clients are strict, and the others light; the same for every size of one run.
STRICT = 100
STRICT_AMONG_MANY, TINY_STRICT = 10, 2
LEISURELY = 100
ROUNDS = 5
AT_ONCE = 4
# A thousand people join a room one after the other, and each of those who are there hears of it.
PATIENCE_TO_JOIN = 1800.0
RING = render(texts.TEXTS["alert_ring"], "en")
ENDED = "the alert was ended"
MILLISECONDS = "ms"
Once = Callable[[], Awaitable[list[float]]]
clock = SystemClock()


LARGEST = int(os.environ.get("RECIPIENTS", "100"))
SIZES = tuple(size for size in ALERTS if size <= LARGEST)
MANY = LARGEST > STRICT
# How long one of an alert's words may take to reach everybody, and how long all alerts of a measure may.
PATIENCE = 1000.0 if MANY else 110.0
PATIENCE_OF_A_MEASURE = 3600.0 if MANY else 120.0


def _decrypted(size: int) -> str:
    return f"{size} recipients: press to decrypted"


def _bare(size: int) -> str:
    return f"{size} recipients: bare ciphertext to decrypted"


def _per_recipient(measure: str) -> str:
    return f"{measure} by the last, for each"


def _processor(size: int) -> str:
    return f"{size} recipients: the bot's processor time, for each"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Channel:
    """A channel, the clients of its recipients, and the session with which the bare ciphertexts are made."""

    case: Case
    room: str
    clients: Sequence[Recipient]
    users: Sequence[str]
    session: vodozemac.GroupSession


class _Reaching:
    """The measures of one channel."""

    def __init__(self, running: BotNetwork, channel: _Channel, script: EvilMember, size: int, alerts: int) -> None:
        self._running = running
        self._channel = channel
        self._script = script
        self._alerts = alerts
        # What the figures are named by.
        self._size = size
        self._told = ""
        # What was made of the last time something was measured, until it is asked for.
        self._last: dict[str, float] = {}

    def measures(self) -> dict[str, Measure]:
        """Return the measures by name."""
        decrypted, bare, processor = _decrypted(self._size), _bare(self._size), _processor(self._size)
        found: dict[str, Measure] = {
            decrypted: partial(self._all, decrypted, self._pressed),
            bare: partial(self._all, bare, self._put),
        }
        found[_per_recipient(decrypted)] = partial(self._made, _per_recipient(decrypted), found[decrypted])
        found[processor] = partial(self._made, processor, found[decrypted])
        found[_per_recipient(bare)] = partial(self._made, _per_recipient(bare), found[bare])
        return found

    async def meet(self) -> None:
        """Let the clients meet the bot: what is said to a newcomer is said twice."""
        await self._pressed()

    async def _all(self, name: str, once: Once) -> list[float]:
        """Do something several times; return how long it took for each recipient each time."""
        bot = self._running.processor_seconds()
        times = [await once() for _ in range(self._alerts)]
        recipients = self._alerts * len(self._channel.clients)
        self._last[_per_recipient(name)] = sum(max(each) for each in times) * 1000 / recipients
        self._last[_processor(self._size)] = (self._running.processor_seconds() - bot) * 1000 / recipients
        return [each for taken in times for each in taken]

    async def _made(self, figure: str, measure: Measure) -> float:
        """Return what was made of a measure, which is measured first where this one's turn came before."""
        if figure not in self._last:
            await measure()
        return self._last.pop(figure)

    async def _pressed(self) -> list[float]:
        """Raise, and end it; return how long each client took to decrypt the ring."""
        before, codename = self._read(), self._channel.case.codename
        raiser, colleague = self._running.leader, self._running.members[-1]
        pressed_at = clock.now().timestamp()
        view = await self._running.alerts.raise_(raiser, self._channel.case.core.id, new_id())
        rung = await self._everybody(lambda each: each.body == RING and each.sender != self._script.user_id, before)
        details = f"ack {codename}"
        told = await self._everybody(
            lambda each: details in each.body and each.sender != self._script.user_id, before
        )  # fmt: skip
        self._told = told[0].body
        await self._running.alerts.acknowledge(colleague, view.alert.id)
        await self._running.alerts.stand_down(colleague, view.alert.id, StandDownReason.FALSE_ALARM)
        await self._everybody(lambda each: ENDED in each.body, before)
        return [each.at / 1000 - pressed_at for each in rung]

    async def _put(self) -> list[float]:
        """Put ciphertexts of the same ring and details by plain HTTP; return how long each client took for the ring."""
        before = self._read()
        ring, details = self._sealed(RING, self._channel.users), self._sealed(self._told)
        put_at = clock.now().timestamp()
        rung = await self._script.put(self._channel.room, "m.room.encrypted", ring)
        told = await self._script.put(self._channel.room, "m.room.encrypted", details)
        seen = await self._everybody(lambda each: each.event_id == rung, before)
        await self._everybody(lambda each: each.event_id == told, before)
        return [each.at / 1000 - put_at for each in seen]

    def _sealed(self, body: str, mentions: Sequence[str] = ()) -> dict[str, Any]:
        content = text_content(body, mentions)
        del content["msgtype"], content["body"]
        return self._script.said(self._channel.session, self._channel.room, body, **content)

    def _read(self) -> list[int]:
        return [len(each.messages) for each in self._channel.clients]

    async def _everybody(self, wanted: Callable[[Read], bool], before: Sequence[int]) -> list[Read]:
        """Return what every client of the channel has read that is new."""
        return [
            await each.wait_for(wanted, self._channel.room, PATIENCE, after=skipped)
            for each, skipped in zip(self._channel.clients, before, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """Everybody's clients: the strict ones come first in each channel, the light ones listen once all are in."""

    strict: Sequence[Witness]
    light: Sequence[LightRecipient]

    def of(self, size: int) -> tuple[Sequence[Witness], Sequence[LightRecipient]]:
        """Return the clients of a channel of this size."""
        strict = self.strict[:size]
        return strict, self.light[: size - len(strict)]


async def _signed_in(
    running: BotNetwork, witnesses: Witnesses, http: aiohttp.ClientSession, size: int, strict: int
) -> _People:
    """Sign so many people in, a few at a time, before they share any room: nobody has to hear of the others' keys."""
    limit = asyncio.Semaphore(AT_ONCE)
    homeserver = running.network.stack.addresses.homeserver_url

    async def sign_in(person: Person) -> Witness:
        async with limit:
            client = await witnesses.add(person.matrix_user, person.matrix_user, PASSWORD)
            await running.link(person, client.device_id, await client.session_key())
            return client

    async def sign_in_lightly(person: Person) -> LightRecipient:
        async with limit:
            member = await EvilMember.sign_in(homeserver, http, person.matrix_user, PASSWORD)
            await running.link(person, member.device_id, member.ed25519)
            return LightRecipient(member=member)

    async with asyncio.TaskGroup() as tasks:
        signing = [tasks.create_task(sign_in(each)) for each in running.members[:strict]]
        lightly = [tasks.create_task(sign_in_lightly(each)) for each in running.members[strict:size]]
    return _People(strict=[each.result() for each in signing], light=[each.result() for each in lightly])


async def _channel(running: BotNetwork, people: _People, size: int, script: EvilMember) -> _Channel:
    """Open a case with these recipients and the script's person; return its channel, when all have met in it."""
    strict, light = people.of(size)
    case = await running.open_case([*running.members[:size], running.members[-1]])
    await running.settled([case])
    room = await running.channel(case)
    await LightRecipient(member=script).join(room, PATIENCE_TO_JOIN)
    for joining in light:
        await joining.join(room, PATIENCE_TO_JOIN)
    users = [each.user_id for each in strict] + [each.member.user_id for each in light]
    for each in strict:
        await each.joined(room, script.user_id, patience=PATIENCE_TO_JOIN)
    await strict[0].joined(room, *users, patience=PATIENCE_TO_JOIN)
    # What comes from a device that a strict client does not know yet, it refuses.
    bot = running.network.environment()["STREHA_MATRIX_USER"]
    for each in strict:
        if not all([await each.meet(known) for known in (bot, script.user_id)]):
            raise MeasurementFailed("a client does not know the devices of those who speak")
    session = vodozemac.GroupSession()
    for user in users:
        for device in await script.devices_of(user):
            await script.share(session, room, device)
    return _Channel(case=case, room=room, clients=[*strict, *light], users=users, session=session)


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    sizes = dict(zip(SIZES, TINY_SIZES if tiny else SIZES, strict=False))
    people = max(sizes.values())
    async with AsyncExitStack() as resources:
        # A thousand accounts are made in a hurry; then nothing waits for the disk, on either side.
        hurried = tiny or people > LEISURELY
        running = await resources.enter_async_context(bot_network(directory, fast=hurried, members=people + 1))
        homeserver = running.network.stack.addresses.homeserver_url
        witnesses = await resources.enter_async_context(
            Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log")
        )
        writer = running.members[-1]
        script = await EvilMember.sign_in(homeserver, running.http, writer.matrix_user, PASSWORD)
        await running.link(writer, script.device_id, script.ed25519)
        await running.network.stack.lift_rate_limits(writer.matrix_user)
        http = await resources.enter_async_context(http_for_many())
        strict = TINY_STRICT if tiny else STRICT_AMONG_MANY if MANY else STRICT
        everybody = await _signed_in(running, witnesses, http, people, min(people, strict))
        channels = {size: await _channel(running, everybody, recipients, script) for size, recipients in sizes.items()}
        listening = await resources.enter_async_context(_listening(everybody.light))
        measures: dict[str, Measure] = {}
        for size, channel in channels.items():
            reaching = _Reaching(running, channel, script, size, 1 if tiny else ALERTS[size])
            await reaching.meet()
            measures |= reaching.measures()
        yield measures
        if listening.done():
            raise MeasurementFailed("the light clients have ended")


@asynccontextmanager
async def _listening(light: Sequence[LightRecipient]) -> AsyncIterator[asyncio.Task[None]]:
    """Let the light clients take in what there is, a few at a time, and listen from then on."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def begin(each: LightRecipient) -> None:
        async with limit:
            await each.look(wait=False)

    async def listen() -> None:
        async with asyncio.TaskGroup() as tasks:
            for each in light:
                tasks.create_task(each.listen())
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as beginning:
        for each in light:
            beginning.create_task(begin(each))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(listen())
        yield running
        running.cancel()


def _against_bare() -> Iterator[Comparison]:
    for size in SIZES:
        for percentile in (p50, p95, p99):
            yield Comparison(measure=percentile(_decrypted(size)), floor=percentile(_bare(size)))


def _growth() -> Iterator[Comparison]:
    for fewer, more in pairwise(SIZES):
        yield Comparison(
            measure=_per_recipient(_decrypted(more)), floor=_per_recipient(_decrypted(fewer)), at_most=1.0
        )  # fmt: skip
        yield Comparison(measure=_processor(more), floor=_processor(fewer), at_most=1.0)


CLIENTS = (
    f"At most {STRICT_AMONG_MANY} clients of a channel are strict; the others decrypt as well, and check nothing."
    if MANY
    else "All clients are strict, in one process, on the same cores."
)
ROW = Row(
    name="recipients",
    title="From the press until every recipient's strict client has decrypted the ring",
    prepared=_prepared,
    comparisons=(*_against_bare(), *_growth()),
    units=dict.fromkeys(
        (
            each
            for size in SIZES
            for each in (_per_recipient(_decrypted(size)), _per_recipient(_bare(size)), _processor(size))
        ),
        MILLISECONDS,
    ),
    rounds_at_most=ROUNDS,
    patience=PATIENCE_OF_A_MEASURE,
    notes=(
        "Percentiles over every recipient of every alert; alerts of a round: "
        + ", ".join(f"{ALERTS[size]} in a channel of {size}" for size in SIZES)
        + ".",
        "Bare: ciphertexts of the same ring and details, made beforehand, by plain HTTP into the same channel.",
        CLIENTS,
        "Each alert is ended before the next.",
    ),
)
