"""What is said on the way: reached, later, silent, to another place, ended early."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import Person, PersonId
from alerts.clocked import raise_by_clock
from alerts.vocabulary import Event, Status
from core import key_holders, ledger, once, outbox
from core.clock import Clock, sensible
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.ids import derived_id
from core.outbox import Message
from core.texts import mark
from operations import acting, confirming, messages, running
from operations.acting import Deed, OperationView
from operations.handing_over import require_not_the_hand_over
from operations.model import Operation, OperationId, OperationStatus
from operations.planning import PROBLEMS

_CONFIRMED = Deed(act="milestone_confirmed", template="operation_confirmed")
_DIVERTED = Deed(act="operation_diverted", template="operation_diverted")
_ABORTED = Deed(act="operation_aborted", template="operation_aborted")
_DELAYED = Deed(act="operation_delayed", template="operation_delayed")
_DARK = Deed(act="operation_dark", template="operation_dark")
BY_TELEPHONE = mark("Only the coordinator or the buddy writes what somebody else said by telephone.")


class UnderWay:
    """Takes the words of those who are on the way."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def divert(self, actor: Person, operation_id: OperationId) -> OperationView:
        """Record that they go to the other place of the brief; everybody hears so at once, and once."""

        def changed(operation: Operation, _now: datetime) -> Operation:
            return operation if operation.status is OperationStatus.DIVERTED else running.diverted(operation)

        return await self._on_the_way(actor, operation_id, _DIVERTED, changed, rings=True)

    async def abort(self, actor: Person, operation_id: OperationId) -> OperationView:
        """End it early. Whoever is out is still awaited at home."""

        def changed(operation: Operation, now: datetime) -> Operation:
            return operation if operation.status is OperationStatus.ABORTED else running.aborted(operation, now)

        return await self._on_the_way(actor, operation_id, _ABORTED, changed, rings=True)

    async def delay(
        self, actor: Person, operation_id: OperationId, minutes: int, key: UUID, heard_at: datetime | None = None
    ) -> OperationView:  # fmt: skip
        """Move every step that is to come, once for each key; from when the word came to the homeserver, else now."""

        def changed(operation: Operation, now: datetime) -> Operation:
            return running.delayed(operation, minutes, min(heard_at or now, now))

        return await self._on_the_way(actor, operation_id, _DELAYED, changed, key=key, rings=True)

    async def dark(
        self, actor: Person, operation_id: OperationId, minutes: int, key: UUID, heard_at: datetime | None = None
    ) -> OperationView:  # fmt: skip
        """Announce that telephones are off for so long, once for each key; from when the word came, else now."""

        def changed(operation: Operation, now: datetime) -> Operation:
            return running.dark(operation, minutes, min(heard_at or now, now))

        return await self._on_the_way(actor, operation_id, _DARK, changed, key=key)

    async def confirm(
        self, actor: Person, operation_id: OperationId, position: int | None = None, written_at: datetime | None = None,
        heard_from: PersonId | None = None,
    ) -> OperationView:  # fmt: skip
        """Record that a step was reached: the one named, else the one that a word of that moment means.

        `heard_from` is who said so by telephone to the coordinator or the buddy. Said twice it changes nothing.
        """
        now = self._clock.now()
        written = now if written_at is None else sensible(written_at)
        async with self._database.transaction(urgent=True) as tx:
            case, circle, before = await acting.held(tx, actor, operation_id)
            acting.require_part(actor, case, before)
            if heard_from is not None:
                if actor.id not in {before.coordinator_id, before.buddy_id, *case.leaders}:
                    raise Conflict(BY_TELEPHONE)
                if heard_from not in before.people:
                    raise InvalidInput(PROBLEMS["not_members"])
            if position is None:
                step = running.meant(before, written)
                position = None if step is None else step.position
            if position is None:
                return acting.view(actor, (case, circle, before), now, known=True)
            require_not_the_hand_over(before, position)
            return await confirming.confirm(
                tx, _CONFIRMED, actor, (case, circle, before), position, written, now, self._zone,
                heard_from=heard_from,
            )  # fmt: skip

    async def _on_the_way(
        self, actor: Person, operation_id: OperationId, deed: Deed,
        changed: Callable[[Operation, datetime], Operation], *, key: UUID | None = None, rings: bool = False,
    ) -> OperationView:  # fmt: skip
        """Do what anybody who has a part in it says of the whole; `rings` where everybody named must know at once."""
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            case, circle, before = await acting.held(tx, actor, operation_id)
            acting.require_part(actor, case, before)
            if key is not None and not await once.first(tx, derived_id("operation", f"{operation_id}:{key}"), now):
                return acting.view(actor, (case, circle, before), now, known=True)
            operation = changed(before, now)
            if operation == before:
                return acting.view(actor, (case, circle, before), now, known=True)
            await acting.keep(tx, case, operation, self._zone)
            if operation.ends_at != before.ends_at and not operation.drill:
                await key_holders.plan_window(tx, acting.keys_of(operation, now))
            told = _spoken(operation, deed.template, actor.id, now)
            people = sorted((operation.people & circle.member_ids) - {actor.id})
            await outbox.post(tx, messages.ringing(told, people) if rings else [told], now)
            await ledger.record(tx, acting.recorded(deed, actor, operation, now))
            if deed is _ABORTED and operation.watched is not None:
                # Somebody is out: those on duty are called until one accepts, as for any other danger.
                cause = f"{operation.id}:{now.isoformat()}"
                await raise_by_clock(
                    tx, case, Event.OPERATION_ABORTED, cause, now, circle, joins=True, said_by=actor.id,
                    status=Status.EXERCISE if operation.drill else Status.ACTUAL,
                )  # fmt: skip
            return acting.view(actor, (case, circle, operation), now)


def _spoken(operation: Operation, template: str, by: PersonId, now: datetime) -> Message:
    step = operation.watched
    if template == "operation_aborted":
        return messages.told(operation, template, "aborted", by)
    if template == "operation_dark":
        return messages.told(operation, template, f"dark:{now.isoformat()}", by, at=operation.dark_until)
    more = {"count": str(operation.delayed_minutes)} if template == "operation_delayed" else {}
    return messages.told(operation, template, f"{template}:{now.isoformat()}", by, step=step, more=more)
