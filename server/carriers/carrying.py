"""Carrying: from the outbox to telephones and mailboxes, beside Matrix, in any number of engines at once.

A letter is claimed by lease and looked at once more (`alerts.reaching.wanted`) before it leaves; the far side knows one
that comes twice by its id. What a waking contact cannot take is told in the alert's channel at once, and who stands
there is rung by a person; mail is a record, so its failures are counted and logged, and doctor tells of them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp

from agencies.contacts import Means
from alerts import reaching, undelivered, waking
from alerts.model import AlertId
from alerts.reaching import Wanted
from alerts.telephone.answer_numbers import asking, asking_to_answer
from core import logs, metrics, outbox
from core.clock import Clock
from core.database import Database
from core.errors import Permanent, Temporary, Unavailable
from core.outbox import Claimed, Lane
from core.settings import Settings
from core.texts import mark, render
from server.carriers.carrier import CARRY_SECONDS, Carrier, Letter, NoCarrier, ToBeMended
from server.carriers.gateway import Gateway
from server.carriers.mail import Mail

log = logs.get(__name__)

# How many letters are under way at once, to telephones and to mailboxes.
PLACES = {False: 80, True: 20}
RECORDED_AT_ONCE = 3
LONGEST_WAIT = timedelta(minutes=1)
# After so many attempts people are told, whatever keeps a call from leaving; a call then goes on being tried.
LATE_ATTEMPTS = 6
# A mail of yesterday tells nobody anything.
RECORD_FOR = timedelta(days=1)
# A test is of now: whoever asked for it waits beside the telephone.
TEST_FOR = timedelta(minutes=5)
WITH_TIME = mark("{text}\nRaised {time}.")


class Carrying:
    """Carries what the outbox holds for contacts, where it may: not while this machine's clock is wrong."""

    def __init__(
        self, database: Database, clock: Clock, carriers: Mapping[Means, Carrier], time_zone: str, interval: float,
        may_carry: Callable[[], Awaitable[bool]] | None = None, inward_key: bytes | None = None,
    ) -> None:  # fmt: skip
        """Begin with nothing under way. With the key of what comes in, calls say with which number to accept."""
        self._database = database
        self._clock = clock
        self._carriers = carriers
        self._zone = ZoneInfo(time_zone)
        self._interval = interval
        self._may_carry = may_carry
        self._inward_key = inward_key
        self._woken = asyncio.Event()
        # Mail has places of its own: neither it nor the telephones keep the other waiting.
        self._under_way: dict[bool, set[UUID]] = {False: set(), True: set()}
        # Letters whose attempt, of this number, was ended by the database.
        self._interrupted: dict[UUID, int] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        # What may take its carrier down, each with when it was claimed; tried by one task, one after the other.
        self._suspects: list[tuple[Claimed, set[UUID], datetime]] = []
        self._trying_alone = False
        # Raising and accepting alerts need the urgent connections too.
        self._recording = asyncio.Semaphore(RECORDED_AT_ONCE)

    async def run(self) -> NoReturn:
        """Carry for ever: when woken, and every few seconds regardless."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen([outbox.CHANNEL], self._woken.set))
            while True:
                self._woken.clear()
                try:
                    if self._may_carry is None or await self._may_carry():
                        await self.begin(tasks)
                except Unavailable:
                    log.warning("carrying_interrupted", error="database")
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await self._woken.wait()
        raise AssertionError("unreachable: the loop has no end")

    async def begin(self, tasks: asyncio.TaskGroup) -> int:
        """Claim what waits now, calls before all else, and carry each letter by itself; return how many were claimed.

        No letter waits for another: a far side that hangs keeps one place until its time is over, and no more.
        """
        begun = 0
        for lane, (mail, places) in product(Lane, PLACES.items()):
            under_way = self._under_way[mail]
            room = places - len(under_way)
            if room <= 0:
                continue
            now = self._clock.now()
            interrupted = dict(self._interrupted)
            async with self._database.transaction(urgent=True) as tx:
                await outbox.interrupted(tx, interrupted)
                claimed = await outbox.claim_letters(tx, now, room, lane, mail=mail)
            self._interrupted = dict(self._interrupted.items() - interrupted.items())
            begun += len(claimed)
            for each in claimed:
                if each.poison:
                    tasks.create_task(self._guarded(each, under_way, self._put_aside))
                elif each.suspect:
                    self._suspects.append((each, under_way, now))
                else:
                    tasks.create_task(self._guarded(each, under_way, self._carry))
        if self._suspects and not self._trying_alone:
            self._trying_alone = True
            tasks.create_task(self._try_alone())
        return begun

    async def _try_alone(self) -> None:
        """Try what may have taken its carriers down when nothing else is carried; others never wait for it.

        What is not tried while its lease lasts is claimed again, by whoever is first.
        """
        try:
            while self._suspects:
                await self._quiet.wait()
                each, under_way, since = self._suspects.pop(0)
                if self._clock.now() - since < outbox.LEASE / 2:
                    await self._guarded(each, under_way, self._carry_alone)
        finally:
            self._trying_alone = False

    async def _carry_alone(self, each: Claimed) -> None:
        """Try it, and never again if that takes this process down."""
        async with self._database.transaction(urgent=True) as tx:
            await outbox.renew(tx, [each.id], self._clock.now())
            await outbox.suspect(tx, each.id)
        await self._carry(each)

    async def _put_aside(self, each: Claimed) -> None:
        await self._give_up(each, None, "quarantined", "poison")

    def _guarded(
        self, each: Claimed, places: set[UUID], act: Callable[[Claimed], Awaitable[None]]
    ) -> Coroutine[None, None, None]:
        """Do this about one letter; it is under way from now on.

        Where the database does not answer, it is carried again once that does.
        """
        places.add(each.id)
        self._quiet.clear()

        async def guarded() -> None:
            try:
                await act(each)
            except Unavailable:
                self._interrupted[each.id] = each.attempts
                log.warning("carrying_not_recorded", outbox_id=each.id)
            except Exception as error:  # noqa: BLE001 (one letter must not keep the others)
                log.failure("carrying_failed", error, outbox_id=each.id)
            finally:
                places.discard(each.id)
                if not any(self._under_way.values()):
                    self._quiet.set()
                # There is room again.
                self._woken.set()

        return guarded()

    async def _carry(self, each: Claimed) -> None:
        async with self._database.reading() as reading:
            found = await reaching.wanted(reading, each.message, each.created_at, self._clock.now())
            late = await reaching.overtaken(reading, each)
        if found is None or late:
            await self._give_up(each, None, "withdrawn", "not_wanted" if found is None else "overtaken")
        elif found.status is None and self._clock.now() - each.created_at > TEST_FOR:
            await self._give_up(each, found, "failed", each.failure or "too_late")
        elif found.not_before is not None and found.not_before > self._clock.now():
            async with self._recording, self._database.transaction(urgent=True) as tx:
                await outbox.put_off(tx, each.id, found.not_before, "calling_rests")
        else:
            await self._hand_over(each, found)

    async def _hand_over(self, each: Claimed, found: Wanted) -> None:
        try:
            async with asyncio.timeout(CARRY_SECONDS):
                await self._carriers[found.contact.means].carry(self._letter(each, found))
        except Permanent as error:
            await self._give_up(each, found, "failed", error.code)
        except (Temporary, TimeoutError) as error:
            await self._put_off(each, found, error)
        else:
            await self._record(each, found)

    def _letter(self, each: Claimed, found: Wanted) -> Letter:
        text = render(waking.SENTENCES[each.message.template], found.language)
        alert_id = each.message.alert_id
        if self._inward_key and alert_id is not None and found.ladder is not None and found.contact.means.wakes:
            text = asking(self._inward_key, text, found.language, found.contact, AlertId(alert_id), found.ladder)
        if self._inward_key and found.desk_call is not None and found.contact.means.wakes:
            text = asking(self._inward_key, text, found.language, found.contact, found.desk_call)
        if self._inward_key and found.ring is not None:
            text = asking_to_answer(self._inward_key, found.language, found.contact, found.ring)
        if found.raised is not None and found.contact.means is Means.EMAIL:
            moment = found.raised.astimezone(self._zone).strftime("%H:%M (%d.%m.)")
            text = render(WITH_TIME, found.language, text=text, time=moment)
        return Letter(
            id=each.id,
            means=found.contact.means,
            address=found.contact.address,
            text=text,
            language=found.language,
            status=found.status,
            sent=found.raised,
        )

    async def _record(self, each: Claimed, found: Wanted) -> None:
        now, means, lane = self._clock.now(), found.contact.means, each.message.lane.name.lower()
        async with self._recording, self._database.transaction(urgent=True) as tx:
            await outbox.mark_sent(tx, [(each.id, ())], now)
            tx.afterwards(partial(_count, each, "sent", means))
            waited = (now - each.created_at).total_seconds()
            tx.afterwards(lambda: metrics.DELIVERY_TIME.observe(waited, lane, means))

    async def _put_off(self, each: Claimed, found: Wanted, error: Temporary | TimeoutError) -> None:
        now, wakes, alert_id = self._clock.now(), found.contact.means.wakes, each.message.alert_id
        failure = error.code if isinstance(error, Temporary) else "TimeoutError"
        if not wakes and now - each.created_at > RECORD_FOR:
            await self._give_up(each, found, "failed", failure)
            return
        asked = error.retry_after if isinstance(error, Temporary) else None
        wait = min(timedelta(seconds=asked or 2.0 ** min(each.attempts, 10)), LONGEST_WAIT)
        log.warning("carrying_put_off", outbox_id=each.id, error=failure)
        async with self._recording, self._database.transaction(urgent=True) as tx:
            await outbox.put_off(tx, each.id, now + wait, failure)
            told = isinstance(error, ToBeMended) or each.attempts >= LATE_ATTEMPTS
            if wakes and told and alert_id is not None:
                await undelivered.tell(tx, AlertId(alert_id), each.message.target, now)

    async def _give_up(self, each: Claimed, found: Wanted | None, state: str, failure: str) -> None:
        alert_id = each.message.alert_id
        if state != "withdrawn":
            log.error("carrying_given_up", outbox_id=each.id, alert_id=alert_id, state=state, error=failure)
        means = None if found is None else found.contact.means
        async with self._recording, self._database.transaction(urgent=True) as tx:
            await outbox.give_up(tx, each.id, state, failure, self._clock.now())
            if means is not None:
                tx.afterwards(partial(_count, each, state, means))
            if alert_id is not None and state != "withdrawn" and (means is None or means.wakes):
                await undelivered.tell(tx, AlertId(alert_id), each.message.target, self._clock.now())


@asynccontextmanager
async def carriers_of(settings: Settings, clock: Clock) -> AsyncIterator[dict[Means, Carrier]]:
    """Set up, while the context is entered, the carriers that the settings name; the others refuse."""
    timeout = aiohttp.ClientTimeout(total=CARRY_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        carriers: dict[Means, Carrier] = dict.fromkeys(Means, NoCarrier())
        tls = _trusted(settings.certificates_file)
        if settings.gateway_url:
            with _set_up("gateway"):
                carriers |= dict.fromkeys((Means.VOICE, Means.TEXT), Gateway(settings, clock, session, tls))
        if settings.smtp_host:
            carriers[Means.EMAIL] = Mail(settings, clock, tls)
        yield carriers


def _trusted(certificates: Path | None) -> ssl.SSLContext:
    """Return whom to trust; where the further certificates cannot be read, nobody more, and calls fail loudly."""
    tls = ssl.create_default_context()
    if certificates is not None:
        with _set_up("certificates"):
            tls.load_verify_locations(certificates)
    return tls


@contextmanager
def _set_up(part: str) -> Iterator[None]:
    """Go on without a part whose settings cannot be used: the sweeps must not end over it."""
    try:
        yield
    except (OSError, ValueError) as error:
        log.failure("carrier_not_set_up", error, action=part)


def _count(each: Claimed, state: str, means: Means) -> None:
    message = each.message
    metrics.MESSAGES_ENDED.count(state, message.lane.name.lower(), means, message.target.kind)
