"""What duty rooms hear when Streha falls silent: left with the homeserver beforehand, and put off while all is well.

Owns the table `absence_notices`. One sentence for each duty room is sealed with the room's present key and left to be
sent after some minutes (MSC4140). It is put off again and again by the active bot, as long as the database answers and
the engine gives signs of life; whatever of these ends, the homeserver says it by itself. What was said is answered when
Streha works again. A stop in order leaves the notices where they are: a short one rings nobody, a long one is silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from bots.account.lease import Lease, LeaseLost
from bots.device.device import ENCRYPTED, MatrixDevice
from bots.keys.sharing import Sharing
from bots.olm.room_sessions import KeysNotShared
from bots.rooms import rooms
from bots.rooms.rooms import Room
from bots.sending.key_giving import KeyGiving
from bots.statements import SQL
from bots.wire import delayed_events
from bots.wire.delayed_events import SentAtOnce
from bots.words.absence_words import ABSENT, BACK
from bots.words.rendering import text_content
from cases import hold
from core import heartbeat, logs, metrics, outbox
from core.clock import Clock
from core.database import Database, Row
from core.errors import DeliveryError, Unavailable
from core.outbox import Lane, Message, Target, TargetKind
from core.settings import Settings
from core.texts import render

log = logs.get(__name__)

LONGEST_PAUSE = 60.0
RETRY_SECONDS = 5.0
PUT_OFF_AT_ONCE = 8
# The engine beats every few seconds: silent for longer, it calls nobody any more.
ENGINE_SILENT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What lies at the homeserver for one room."""

    room_id: str
    desk_id: UUID
    delay_id: str
    seconds: float
    put_off_at: datetime


class Absence:
    """Keeps the notices of every duty room, for one active bot."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, device: MatrixDevice, lease: Lease, keys: KeyGiving
    ) -> None:
        self._database = database
        self._clock = clock
        self._device = device
        self._lease = lease
        self._keys = keys
        self._seconds = settings.absence_after
        self._police = settings.police_number
        self._supported = False
        # The homeserver has said at once what it was to keep: it is given nothing more.
        self._betrayed = False
        # Who can read each notice that this process has sealed: with another key or a new reader it is made anew.
        self._readers: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}

    async def run(self) -> NoReturn:
        """Put off for ever what lies at the homeserver; where silence was chosen, take it back."""
        while True:
            done = False
            try:
                done = await (self.look() if self._seconds else self._end())
            except LeaseLost:
                raise
            except Unavailable:
                log.warning("absence_not_put_off", error="database")
            except DeliveryError as error:
                log.warning("absence_not_put_off", error=error.code)
            except Exception as error:  # noqa: BLE001 (the rest of the bot goes on; what is not put off tells of itself)
                log.failure("absence_not_put_off", error)
            pause = min(LONGEST_PAUSE, self._seconds / 4) if self._seconds else LONGEST_PAUSE
            await asyncio.sleep(pause if done else min(RETRY_SECONDS, pause))

    async def look(self) -> bool:
        """Do one round; False where something is to be tried again soon."""
        async with self._database.transaction(urgent=True) as tx:
            await self._lease.require(tx)
            beat = (await heartbeat.beats_in(tx)).get("engine")
            notices = [_notice(row) for row in await tx.rows(SQL["absence_notices"])]
            restored = await hold.current(tx) is not None
            homes = await rooms.rooms(tx, [Target(kind=TargetKind.DESK, id=each.desk_id) for each in notices])
            targets = [each for each in await rooms.speakable(tx) if each.kind is TargetKind.DESK]
            found = await rooms.rooms(tx, targets)
        if beat is None or self._clock.now() - beat > ENGINE_SILENT:
            log.error("absence_not_put_off", error="engine_silent")
            return True
        kept, all_put_off = await self._put_off(notices, restored=restored)
        if not await self._keeps_events():
            return True
        await self._withdraw_unknown(kept)
        settled = {str(each.room_id): each for each in found.values() if each.settled}
        for each in kept:
            home = homes.get(Target(kind=TargetKind.DESK, id=each.desk_id))
            # A room that is only being put right keeps its notice, which names no case: it may be the last there is.
            if home is None or home.closed or home.room_id != each.room_id:
                await self._forget(each)
        missing = await self._leave(settled, {each.room_id: each for each in kept})
        metrics.ABSENCE_NOTICES_MISSING.set(missing)
        return all_put_off and missing == 0

    async def _end(self) -> bool:
        """Take back what lies at the homeserver from when silence was not chosen yet."""
        async with self._database.transaction(urgent=True) as tx:
            await self._lease.require(tx)
            notices = [_notice(row) for row in await tx.rows(SQL["absence_notices"])]
        for each in notices:
            await self._forget(each)
        return True

    async def _put_off(self, notices: Sequence[Notice], *, restored: bool) -> tuple[list[Notice], bool]:
        """Let every notice wait anew, and answer those that were said: not those of a backup, which are of another day.

        Returns those that still lie there as far as anybody knows, and whether the homeserver answered for each.
        """
        if not notices:
            return [], True
        limit = asyncio.Semaphore(PUT_OFF_AT_ONCE)
        there: dict[str, bool] = {}

        async def one(notice: Notice) -> None:
            try:
                async with limit:
                    there[notice.delay_id] = await delayed_events.put_off(self._device.homeserver, notice.delay_id)
            except DeliveryError as error:
                log.warning("absence_not_put_off", error=error.code)

        async with asyncio.TaskGroup() as tasks:
            for each in notices:
                tasks.create_task(one(each))
        now = self._real_now()
        async with self._database.transaction() as tx:
            await self._lease.require(tx)
            await tx.run(SQL["absence_notices_put_off"], [each for each, lies in there.items() if lies], now)
            for each in notices:
                if there.get(each.delay_id, True):
                    continue
                await tx.run(SQL["drop_absence_notice"], each.delay_id)
                if not restored and now - each.put_off_at >= timedelta(seconds=each.seconds):
                    log.error("absence_was_told")
                    await outbox.post(
                        tx, [_back(Target(kind=TargetKind.DESK, id=each.desk_id), each.delay_id)], self._clock.now()
                    )
                else:
                    log.warning("absence_notice_lost")
        return [each for each in notices if there.get(each.delay_id, True)], len(there) == len(notices)

    async def _keeps_events(self) -> bool:
        if self._betrayed:
            return False
        if not self._supported:
            self._supported = await delayed_events.longest_delay(self._device.homeserver) >= self._seconds
            if not self._supported:
                log.warning("absence_not_supported")
                metrics.ABSENCE_NOTICES_MISSING.forget()
        return self._supported

    async def _withdraw_unknown(self, kept: Iterable[Notice]) -> None:
        """Take back what an earlier bot left and could not write down: it would be said although all is well."""
        known = {each.delay_id for each in kept}
        for delay_id in await delayed_events.left(self._device.homeserver):
            if delay_id not in known:
                await delayed_events.withdraw(self._device.homeserver, delay_id)

    async def _leave(self, settled: Mapping[str, Room], kept: Mapping[str, Notice]) -> int:
        """Leave a notice in every room that has none its members can read now; return how many have none."""
        shared = await self._keys.give(settled.values()) if settled else {}
        missing = 0
        for room_id, room in settled.items():
            sharing = shared.get(room_id)
            if sharing is None or not any(user in room.members for user, _device in sharing.holders):
                # Nobody could read it: there is nobody to tell yet.
                continue
            before = kept.get(room_id)
            if before is not None and before.seconds == self._seconds and self._is_readable(room_id, sharing):
                continue
            try:
                await self._replace(room, room_id, sharing, before)
            except SentAtOnce:
                await self._take_back(room, room_id)
                return len(settled)
            except (DeliveryError, KeysNotShared) as error:
                missing += 1
                log.warning("absence_notice_not_left", error=getattr(error, "code", type(error).__name__))
        return missing

    async def _take_back(self, room: Room, room_id: str) -> None:
        """Say that all is well where a homeserver said at once what it was to keep, and give it nothing more."""
        log.error("absence_sent_at_once")
        self._betrayed = True
        async with self._database.transaction() as tx:
            await outbox.post(tx, [_back(room.target, room_id)], self._clock.now())

    def _is_readable(self, room_id: str, sharing: Sharing) -> bool:
        """Tell whether a notice that this process has left opens with a key that everybody there holds."""
        session, readers = self._readers.get(room_id, ("", frozenset()))
        return session == sharing.session_id and sharing.holders <= readers

    async def _replace(self, room: Room, room_id: str, sharing: Sharing, before: Notice | None) -> None:
        """Leave a notice sealed for who reads now; the one before is taken back only then."""
        minutes = max(round(self._seconds / 60), 1)
        body = render(ABSENT, room.language, minutes=minutes, police=self._police)
        readers = sorted(user for user in room.members if any(user == holder for holder, _ in sharing.holders))
        sealed = self._device.encrypt(room_id, "m.room.message", text_content(body, readers))
        delay_id = await self._device.homeserver.leave_event(
            room_id, ENCRYPTED, sealed.transaction_id, sealed.content, seconds=self._seconds
        )
        async with self._database.transaction() as tx:
            await self._lease.require(tx)
            await tx.run(
                SQL["keep_absence_notice"], room_id, room.target.id, delay_id, self._seconds, self._real_now()
            )  # fmt: skip
        self._readers[room_id] = sealed.session_id, sharing.holders
        if before is not None:
            await delayed_events.withdraw(self._device.homeserver, before.delay_id)

    async def _forget(self, notice: Notice) -> None:
        """Take back the notice of a room that is a duty room no more."""
        await delayed_events.withdraw(self._device.homeserver, notice.delay_id)
        async with self._database.transaction() as tx:
            await self._lease.require(tx)
            await tx.run(SQL["drop_absence_notice"], notice.delay_id)

    def _real_now(self) -> datetime:
        """Return the machine's time: the homeserver waits by that, however far tests have moved the clock."""
        return self._clock.now() - self._clock.offset


def _notice(row: Row) -> Notice:
    return Notice(
        room_id=row["room_id"], desk_id=row["desk_id"], delay_id=row["delay_id"], seconds=row["seconds"],
        put_off_at=row["put_off_at"],
    )  # fmt: skip


def _back(room: Target, cause: str) -> Message:
    return Message(key=f"absence_over:{cause}", target=room, template=BACK, lane=Lane.ALERT)
