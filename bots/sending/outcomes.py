"""How a message's attempt ended, written where everybody can see it: put off, or given up loudly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agencies.model import PersonId
from alerts import reaching, standing, undelivered
from alerts.model import AlertId
from core import logs, metrics, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Claimed, Lane

log = logs.get(__name__)

LONGEST_WAIT = timedelta(minutes=1)
LONGEST_ALERT_WAIT_SECONDS = 5
NOBODY_CAN_READ = "nobody_can_read"
EXCLUDED_PERSON = "excluded_person"
NO_PART = "no_part"
# Whoever was invited this moment comes in within some seconds: so long a call waits for a reader.
COMING_IN_ATTEMPTS = 3
# What is not of an alert waits so long for somebody who can read it, and holds up nothing else meanwhile.
UNREAD_FOR = timedelta(hours=1)
# After about a minute of attempts people are told, whatever keeps a call from leaving.
LATE_ATTEMPTS = 12


class Outcomes:
    """Records the ends of attempts. Failures are kinds, never texts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def sent(self, each: Claimed, at: datetime, unreached: Sequence[UUID]) -> None:
        """Count a message that the homeserver has taken, how long that took, and whom it cannot have reached."""
        lane = each.message.lane.name.lower()
        _count(each, "sent")
        metrics.DELIVERY_TIME.observe((at - each.created_at).total_seconds(), lane, metrics.MATRIX)
        metrics.PEOPLE_UNREACHED.count(lane, metrics.MATRIX, times=len(unreached))

    async def put_off(self, each: Claimed, failure: str, wait_seconds: float | None = None) -> None:
        """Try again later: alerts within seconds, the rest after longer and longer waits."""
        longest = LONGEST_ALERT_WAIT_SECONDS if each.message.lane is Lane.ALERT else LONGEST_WAIT.total_seconds()
        wait = timedelta(seconds=wait_seconds or min(2.0 ** min(each.attempts - 1, 10), longest))
        async with self._database.transaction(urgent=True) as tx:
            await outbox.put_off(tx, each.id, self._clock.now() + min(wait, LONGEST_WAIT), failure)
            if each.attempts > LATE_ATTEMPTS:
                await self.tell(tx, each)

    async def hold_back(self, each: Claimed) -> None:
        """Keep what nobody could read until somebody can; not for ever, and then loudly: it was not said to anybody."""
        if self._clock.now() - each.created_at > UNREAD_FOR:
            await self.give_up(each, "failed", NOBODY_CAN_READ)
        else:
            await self.put_off(
                each, NOBODY_CAN_READ, min(2.0 ** min(each.attempts - 1, 10), LONGEST_WAIT.total_seconds())
            )

    async def give_up(self, each: Claimed, state: str, failure: str) -> None:
        """End a message as `failed` or `quarantined`, and let the alert's channel know whom to ring."""
        alert_id = each.message.alert_id
        log.error("message_not_delivered", outbox_id=each.id, alert_id=alert_id, state=state, error=failure)
        async with self._database.transaction(urgent=True) as tx:
            await outbox.give_up(tx, each.id, state, failure, self._clock.now())
            tx.afterwards(lambda: _count(each, state))
            await self.tell(tx, each)

    async def withdraw(self, each: Claimed, why: str) -> None:
        """End a message that nobody may hear any more: its room is closed, or holds somebody who may not."""
        log.warning("message_withdrawn", outbox_id=each.id, alert_id=each.message.alert_id, error=why)
        message = each.message
        async with self._database.transaction(urgent=True) as tx:
            if why == NO_PART and message.mentions and message.alert_id is not None:
                # Perhaps nobody else was rung by that step. The alert before its messages, as whoever ends it has them.
                await standing.hasten(tx, AlertId(message.alert_id), PersonId(message.target.id), self._clock.now())
            await outbox.give_up(tx, each.id, "withdrawn", why, self._clock.now())
            tx.afterwards(lambda: _count(each, "withdrawn"))
            if why == EXCLUDED_PERSON:
                # The others in that room did not hear it either.
                await self.tell(tx, each)

    async def call_otherwise(self, tx: Transaction, each: Claimed, unreached: Sequence[UUID]) -> None:
        """Call beside Matrix, at once, those whom the rooms of an alert do not reach."""
        if unreached and each.message.alert_id is not None:
            await reaching.wake_unreached(
                tx, AlertId(each.message.alert_id), unreached, self._clock.now(), key=each.message.key
            )

    async def tell(self, tx: Transaction, each: Claimed) -> None:
        """Let people know that a call of an alert reached nobody in a room; once for each of its steps."""
        if each.message.alert_id is not None:
            alert_id, message, now = AlertId(each.message.alert_id), each.message, self._clock.now()
            await reaching.wake_unreached(tx, alert_id, message.mentions, now, key=message.key, room=message.target)
            await undelivered.tell(tx, alert_id, message.target, now)


def _count(each: Claimed, state: str) -> None:
    message = each.message
    metrics.MESSAGES_ENDED.count(state, message.lane.name.lower(), metrics.MATRIX, message.target.kind)
