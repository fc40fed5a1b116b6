"""The feed of one process: it follows the chain of acts and hands each to those who listen and may know of it.

It chains what waits as soon as it hears of it (`cases.ledger`), asks once for a whole batch who may know
(`server.live.audience`), and hands it over without waiting for anybody. What it missed it finds by position: a wake
that was lost costs a second, a database that was away nothing. It never ends by itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NoReturn

from agencies.model import PersonId
from agencies.sign_in import SignIn
from cases import ledger
from cases.ledger import Entry, Head
from core import ledger as acts
from core import logs, metrics
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.texts import mark
from crypto.tokens import token_hash
from server.live.audience import Hearing, hearings
from server.live.events import Alive, Ending, Packet, Reset
from server.live.place import Place
from server.live.resuming import opening
from server.live.room import room_for
from server.live.subscription import Limits, Subscription
from server.live.telling import packets

log = logs.get(__name__)

RETRY_SECONDS = 5.0
# How many readers are served before others in the process have their turn.
AT_ONCE = 100
CLOSING = mark("Streha is being stopped here. Try again in a moment.")
CROWDED = mark("Too many live streams are open here. Try again in a moment.")


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a feed has done since it began, for whoever watches the service."""

    opened: int = 0
    entries: int = 0
    resets: int = 0
    ended: Counter[Ending] = field(default_factory=Counter)


class Feed:
    """Hands what happens to the open streams of one process."""

    def __init__(self, database: Database, clock: Clock, sign_in: SignIn, limits: Limits | None = None) -> None:
        self._database = database
        self._clock = clock
        self._sign_in = sign_in
        self._limits = limits or Limits()
        self._open: dict[PersonId, list[Subscription]] = {}
        # Up to where everything was handed over.
        self._head: Head | None = None
        # Whether the last look succeeded: only then is anybody told that nothing was missed.
        self.following = False
        self._closing = False
        # Held while entries are judged and handed over: no sign of life overtakes them.
        self._handing = asyncio.Lock()
        # Whether a handing over has begun and not ended: then some may have heard what others have not.
        self._torn = False
        self._woken = asyncio.Event()
        self._to_chain = True
        self._places: set[str] = set()
        self.counts = Counts()

    @property
    def position(self) -> int | None:
        """Up to where everything was handed over; nothing where no look has succeeded yet."""
        return None if self._head is None else self._head.position

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._open.values()))

    def subscriptions(self) -> list[Subscription]:
        """Return the streams that are open."""
        return [each for mine in self._open.values() for each in mine]

    async def run(self) -> NoReturn:
        """Follow the chain for ever."""
        self._limits = replace(self._limits, streams=room_for(self._limits.streams))
        while True:
            try:
                if self._torn:
                    self._reset(self._known)
                async with asyncio.TaskGroup() as tasks:
                    heard, told = {acts.CHANNEL: self._hear_of_acts}, {ledger.CHANNEL: self._hear_of_places}
                    tasks.create_task(self._database.listen_to(heard, told))
                    tasks.create_task(self._keep_looking())
                    tasks.create_task(self._keep_watching())
                    tasks.create_task(self._keep_assuring())
            except* Exception as group:  # noqa: BLE001 (the API goes on without it, and it tries again)
                log.failure("feed_failed", group)
            self.following = False
            await asyncio.sleep(RETRY_SECONDS)

    async def follow(self, person_id: PersonId, token: bytes, after: Place | None) -> Subscription:
        """Open a stream for a person: what happened after a place, and then whatever happens.

        Without a place it begins now. Whoever opens more streams than allowed, as a person or within one session, loses
        the oldest.
        """
        if self._closing:
            raise Unavailable(CLOSING)
        await self._begin()
        session = token_hash(token)
        self._make_room(person_id, session)
        if self.streams >= self._limits.streams:
            raise Unavailable(CROWDED)
        subscription = Subscription(person_id, session, self._limits, self._forget)
        self._open.setdefault(person_id, []).append(subscription)
        metrics.STREAMS_OPEN.add(1)
        # From here on everything after the head of this very moment gathers for the reader.
        until, now = self._known, self._clock.now()
        try:
            begun = await opening(self._database, person_id, after, until, behind=self._limits.behind, now=now)
        except BaseException:
            subscription.end(None)
            raise
        subscription.begin(Packet(begun.events), begun.seen)
        self.counts.opened += 1
        if begun.anew:
            self._count_reset()
        return subscription

    async def look(self, *, chain: bool = True) -> None:
        """Chain what waits, unless told not to, and hand over everything new."""
        await self._begin()
        while True:
            chained = await ledger.sequence(self._database) if chain else None
            if chained is not None and chained.after == self._head:
                await self._take(chained.entries)
            else:
                await self._catch_up()
            if chained is None or len(chained.entries) < ledger.BATCH:
                return

    async def assure(self) -> None:
        """Tell every reader that nothing was missed, and end the streams of those who are signed in no more.

        Where the database does not answer nobody is told anything: nothing can be known to be missed or not.
        """
        sessions = {each.session for each in self.subscriptions()}
        if not sessions:
            return
        good = await self._sign_in.still_good(sessions)
        if not self.following or self._head is None:
            return
        async with self._handing:
            now, place = self._clock.now(), Place.at(self._head)
            alive, alive_alone = Packet([Alive(now, place)]), Packet([Alive(now, None)])
            for each in self.subscriptions():
                if each.session in good:
                    each.assure(alive, place.position, alive_alone)
                elif each.session in sessions:
                    each.end(Ending.SIGNED_OUT)

    def sign_out(self, token: bytes) -> None:
        """End the streams of a session that has just ended; other processes notice at their next assurance."""
        session = token_hash(token)
        for each in self.subscriptions():
            if each.session == session:
                each.end(Ending.SIGNED_OUT)

    def close(self) -> None:
        """End every stream, and open no more."""
        self._closing = True
        for each in self.subscriptions():
            each.end(Ending.CLOSING)

    @property
    def _known(self) -> Head:
        return self._head or ledger.BEGINNING

    def _make_room(self, person_id: PersonId, session: bytes) -> None:
        """End the oldest streams of a person and of a session that leave no room for one more."""
        of_person = self._open.get(person_id, [])
        of_session = [each for each in of_person if each.session == session]
        for mine, most in ((of_session, self._limits.per_session), (of_person, self._limits.per_person)):
            for oldest in mine[: max(0, len(mine) + 1 - most)]:
                oldest.end(Ending.TOO_MANY)

    def _forget(self, subscription: Subscription) -> None:
        if subscription.reason is not None:
            self.counts.ended[subscription.reason] += 1
        metrics.STREAMS_OPEN.add(-1)
        metrics.STREAMS_ENDED.count(subscription.reason or "left")
        mine = self._open[subscription.person_id]
        mine.remove(subscription)
        if not mine:
            del self._open[subscription.person_id]

    # Following the chain -------------------------------------------------------------------------------

    def _hear_of_acts(self) -> None:
        self._to_chain = True
        self._woken.set()

    def _hear_of_places(self, said: str) -> None:
        self._places.add(said)
        self._woken.set()

    def _has(self, place: str) -> bool:
        """Tell whether what was said of the chain is no news: mostly it is of what was chained here."""
        return place.isdecimal() and int(place) <= self._known.position

    async def _keep_looking(self) -> NoReturn:
        while True:
            chain, self._to_chain = self._to_chain, False
            places, self._places = self._places, set()
            self._woken.clear()
            try:
                if chain or not self.following or not all(map(self._has, places)):
                    await self.look(chain=chain)
                self.following = True
                metrics.FEED_POSITION.set(self._known.position)
            except Unavailable:
                if self.following:
                    log.warning("feed_interrupted")
                self.following = False
            try:
                async with asyncio.timeout(self._limits.look_seconds):
                    await self._woken.wait()
            except TimeoutError:
                self._to_chain = True

    async def _keep_watching(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._limits.look_seconds)
            for each in self.subscriptions():
                each.look()

    async def _keep_assuring(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._limits.alive_seconds)
            with suppress(Unavailable):
                await self.assure()

    async def _begin(self) -> None:
        """Begin where the chain ends now."""
        if self._head is None:
            head = await ledger.head(self._database)
            self._head = self._head or head

    async def _catch_up(self) -> None:
        """Hand over what others have chained; begin anew where the ledger has gone back, as after a restore."""
        while True:
            found = await ledger.following(self._database, self._known.position)
            if found.after != self._known:
                log.error("ledger_went_back", position=found.head.position)
                self._reset(found.head)
            elif found.entries:
                await self._take(found.entries)
            if len(found.entries) < ledger.BATCH:
                return

    async def _take(self, entries: Sequence[Entry]) -> None:
        """Hand over the entries that follow; where it cannot be said who may know of them, all load anew."""
        async with self._handing:
            try:
                found = await self._judged(entries)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 (one entry that cannot be judged must not silence the stream)
                log.failure("feed_entries_not_judged", error, position=entries[-1].position)
                self._reset(entries[-1].head)
            else:
                await self._hand_over(entries, found)
        self.counts.entries += len(entries)

    async def _judged(self, entries: Sequence[Entry]) -> list[Hearing]:
        """Return who hears of each entry, of everybody who listens at the end of this."""
        asked: set[PersonId] = set()
        found = [Hearing()] * len(entries)
        while people := self._open.keys() - asked:
            async with self._database.reading() as reading:
                more = await hearings(reading, entries, people)
            found = [before | now for before, now in zip(found, more, strict=True)]
            asked |= people
        return found

    async def _hand_over(self, entries: Sequence[Entry], found: Sequence[Hearing]) -> None:
        """Advance, and give everybody what is theirs who listens at this moment; who comes later reads it instead.

        Somebody may be raising an alert meanwhile: nobody waits until a thousand readers are served.
        """
        told = packets(entries, found).items()
        due = [(each, packet) for person_id, packet in told for each in self._open.get(person_id, ())]
        self._head, self._torn = entries[-1].head, True
        for number, (each, packet) in enumerate(due, start=1):
            each.offer(packet)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        self._torn = False
        for person_id in {each for hearing in found for each in hearing.left}:
            for each in tuple(self._open.get(person_id, ())):
                each.end(Ending.SIGNED_OUT)

    def _reset(self, head: Head) -> None:
        """Have everybody load everything anew, and go on from here."""
        self._head, self._torn = head, True
        self._count_reset()
        packet = Packet([Reset(Place.at(head))])
        for each in self.subscriptions():
            each.reset(packet, head.position)
        self._torn = False

    def _count_reset(self) -> None:
        self.counts.resets += 1
        metrics.STREAM_RESETS.count()
