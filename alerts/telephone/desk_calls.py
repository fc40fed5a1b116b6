"""A call for help by telephone for which no case can be chosen: the caller's own duty desk hears it all the same.

It is no alert: an alert belongs to a case, and which one is not known. It calls at once and by every way everybody at
the agency's desk and at the one that covers for it, and the deputies, and goes on until somebody takes it
(`alerts.telephone.desk_call`): with a word in a room, or by telephone. Nothing of any case stands in it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from agencies import contacts
from agencies import store as directory
from agencies.contacts import ContactId
from agencies.model import AgencyId, DeskId, Person, PersonId
from agencies.store import Duty
from alerts.store import SQL
from alerts.telephone.desk_call import TAKEN_ALREADY, WIDER_AFTER, DeskCall, DeskCallId, DeskCallState
from cases import store as case_store
from core import ledger, logs, once, outbox
from core.clock import Clock
from core.database import Database, Reading, Row, Transaction
from core.errors import Conflict, NotFound
from core.ids import derived_id, new_id
from core.outbox import Lane, Message, Target, TargetKind, Urgency
from core.sweep import sweep
from core.texts import mark

log = logs.get(__name__)

NAME = "desk_calls"
# A call that nobody takes for so many repetitions is an operator's matter too.
WORRYING = 2
LOOKED_AT = 500
# In a letter to a telephone: for which call it is.
CALL_NAMED = "desk_call"
NO_CALL = mark("No such call for help waits for you.")
TEXTS = {
    "desk_called_by_person": mark(
        "CALL FOR HELP by telephone, NOT VERIFIED, {time}, from the number of {person}. It is not clear for which "
        "case, so NO alert was raised.\nFind out from {person}; they may be hiding. Raise it in the right case.\n"
        "To say that you see to it write: here\nUntil somebody does you are called again. Danger to life: ring "
        "{police} now."
    ),
    "desk_called_by_desk": mark(
        "CALL FOR HELP by telephone, NOT VERIFIED, {time}, from a telephone of {agencies}. It is not clear who calls "
        "and for which case, so NO alert was raised.\nFind out, and raise it in the right case.\n"
        "To say that you see to it write: here\nUntil somebody does you are called again. Danger to life: ring "
        "{police} now."
    ),
    "desk_call_taken": mark(
        "{person} sees to the call for help by telephone, {time}. Nobody is called for it any more."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who seems to call: a person, or somebody at a telephone of agencies.

    `maybe` are all who may be calling: who is excluded from a case of theirs does not hear of it, nor a room that they
    are in. `contacts` are those of the number, which is not rung.
    """

    person_id: PersonId | None
    agency_ids: Collection[AgencyId]
    contacts: Collection[ContactId]
    maybe: Collection[PersonId]


class Called(Enum):
    """What became of a call: nobody is there to hear it; they are called; they were before, and nobody has taken it."""

    NOBODY = "nobody"
    CALLED = "called"
    SILENT = "silent"


async def call_desks(tx: Transaction, caller: Caller, now: datetime) -> Called:
    """Call all who answer for the caller's agencies, or else the desks staffed at all hours.

    Who calls again while nobody has taken it rings them again, once a minute, as an alert does.
    """
    who = caller.person_id or derived_id(*sorted(map(str, caller.agency_ids)))
    begun = await tx.run(
        SQL["begin_desk_call"], new_id(), who, caller.person_id, sorted(caller.agency_ids), sorted(caller.contacts),
        sorted(caller.maybe), now, now + WIDER_AFTER,
    )  # fmt: skip
    row = await tx.row(SQL["lock_desk_call_of"], who)
    if row is None:
        raise LookupError("a call that has just begun is held")
    call = call_of(row)
    rung = await _ring(tx, call, now)
    await _record(tx, "desks_called_by_telephone", call, now, called=len(rung))
    if not rung:
        # It goes on calling: somebody may come on duty. Whoever calls is told that nobody hears it.
        log.error("telephone_heard_by_nobody")
    await _save(tx, replace(call, called=call.called | rung))
    if not rung:
        return Called.NOBODY
    return Called.CALLED if begun or call.heard(now) else Called.SILENT


async def repeat_due(database: Database, clock: Clock) -> int:
    """Call again for every call that nobody has taken, where that is due; return how many."""

    async def handle(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
        for row in await tx.rows(SQL["lock_desk_calls"], list(ids)):
            if row["next_step_at"] is not None and row["next_step_at"] <= now:
                call = call_of(row).repeated(now)
                rung = await _ring(tx, call, now)
                await _save(tx, replace(call, called=call.called | rung))
                await _record(tx, "desk_call_repeated", call, now, called=len(rung))
                if call.times >= WORRYING:
                    log.error("desk_call_not_taken", count=call.times)

    return await sweep(database, clock, NAME, SQL["claim_due_desk_calls"], handle)


async def take_all(database: Database, clock: Clock, person: Person, written_by: datetime) -> int:
    """Let somebody's word in a room take every call that they were rung for before it; return how many."""
    now = clock.now()
    async with database.transaction(urgent=True) as tx:
        ids = [row["id"] for row in await tx.rows(SQL["desk_calls_for"], person.id, written_by)]
        rows = await tx.rows(SQL["lock_desk_calls"], ids) if ids else []
        return sum([await _take(tx, call_of(row), person.id, now) for row in rows])


async def take_one(database: Database, clock: Clock, person: Person, call_id: DeskCallId, key: UUID) -> bool:
    """Let somebody take one call by telephone, once for each key; tell whether it is theirs."""
    now = clock.now()
    async with database.transaction(urgent=True) as tx:
        (row,) = await tx.rows(SQL["lock_desk_calls"], [call_id])
        if await once.done(tx, key):
            return call_of(row).taken_by == person.id
        taken = await _take(tx, call_of(row), person.id, now)
        if taken:
            await once.first(tx, key, now)
        return taken


async def take_here(database: Database, clock: Clock, person: Person, call_id: DeskCallId) -> None:
    """Let somebody take one call at a console, where that is stored or refused.

    Raises NotFound where they were not rung for it or must not hear of it, Conflict where somebody else has it.
    """
    now = clock.now()
    async with database.transaction(urgent=True) as tx:
        row = await tx.row(SQL["desk_call_of_somebody"], call_id, person.id)
        if row is None or person.id in await _barred(tx, call_of(row)):
            raise NotFound(NO_CALL)
        call = call_of(row)
        if call.taken_by != person.id and not await _take(tx, call, person.id, now):
            raise Conflict(TAKEN_ALREADY)


async def shown_to(tx: Reading, person_id: PersonId, since: datetime) -> list[DeskCall]:
    """Return the calls that wait for somebody, and those that they have taken since a moment; the earliest first."""
    calls = [call_of(row) for row in await tx.rows(SQL["desk_calls_shown"], person_id, since)]
    return [each for each in calls if person_id not in await _barred(tx, each)]


async def who_hears(
    tx: Reading, ids: Collection[UUID], people: Collection[PersonId]
) -> dict[UUID, frozenset[PersonId]]:
    """Return who of these people may know of which of these calls: who was rung for it and may hear of it now."""
    calls = [call_of(row) for row in await tx.rows(SQL["desk_calls_told_of"], list(ids))]
    return {each.id: (each.called & frozenset(people)) - await _barred(tx, each) for each in calls}


async def waits_for(database: Database, clock: Clock, person: Person) -> bool:
    """Tell whether a call waits for somebody to take it."""
    async with database.reading(urgent=True) as look:
        return bool(await look.rows(SQL["desk_calls_for"], person.id, clock.now()))


async def of_late(tx: Reading, since: datetime) -> list[DeskCall]:
    """Return the calls that a number by telephone may mean."""
    return [call_of(row) for row in await tx.rows(SQL["desk_calls_of_late"], since, LOOKED_AT)]


async def _take(tx: Transaction, call: DeskCall, by: PersonId, now: datetime) -> bool:
    if call.state is not DeskCallState.CALLING or by not in call.called or by in await _barred(tx, call):
        return False
    await _save(tx, call.taken(by, now))
    rooms = [room for room, _ in await _reached(tx, call, now)]
    said = {"person": str(by), "time": now.isoformat()}
    await outbox.post(
        tx, [_message(f"desk_call:{call.id}:taken", each, "desk_call_taken", said) for each in rooms], now
    )
    await _record(tx, "desk_call_taken", call, now, by=by)
    return True


async def _ring(tx: Transaction, call: DeskCall, now: datetime) -> frozenset[PersonId]:
    """Ring everybody who is to be called now, in rooms and beside Matrix; return whom."""
    rooms = await _reached(tx, call, now)
    rung = frozenset(each for _, people in rooms for each in people)
    cause = f"desk_call:{call.caller}:{now.isoformat(timespec='minutes')}"
    for room, people in rooms:
        await outbox.post(tx, _said(cause, call, room, people), now)
    desks = {DeskId(each.id) for each, _ in rooms if each.kind is TargetKind.DESK}
    found = await contacts.contacts_of(tx, rung, desks)
    numbers = {each.address for each, _ in found if each.id in call.contacts}
    letters = {
        (each.means, each.address): each
        for each, _linked in found
        # Mail is a record: once is enough.
        if each.address not in numbers and (call.times == 0 or each.means.wakes)
    }
    named = {CALL_NAMED: str(call.id)}
    letter_to = [Target(kind=TargetKind.CONTACT, id=each.id) for each in letters.values()]
    await outbox.post(tx, [_message(f"{cause}:letter", each, "alert_ring", named) for each in letter_to], now)
    return rung


async def _reached(tx: Reading, call: DeskCall, now: datetime) -> list[tuple[Target, list[PersonId]]]:
    """Return the rooms in which people are called, each with whom it rings."""
    barred = await _barred(tx, call)
    own = _rooms(call, barred, await directory.duty(tx, agency_ids=call.agency_ids, now=now))
    if own and not call.wide:
        return own
    # Whoever never sleeps, whichever agency it is.
    staffed = await directory.duty(tx, desk_ids=await directory.desks_at_all_hours(tx), now=now)
    return list({room: (room, people) for room, people in (*_rooms(call, barred, staffed), *own)}.values())


async def _barred(tx: Reading, call: DeskCall) -> frozenset[PersonId]:
    """Return who is excluded now from a case of whoever may be calling."""
    cases = [case for each in sorted(call.maybe) for case in await case_store.cases_of_person(tx, each)]
    return frozenset[PersonId]().union(*(each.excluded_ids for each in cases))


def _rooms(call: DeskCall, barred: frozenset[PersonId], duty: Duty) -> list[tuple[Target, list[PersonId]]]:
    """Return the rooms of desks and deputies, each with whom it rings; who is barred hears nothing in any of them."""
    kept_from = {call.person_id, *barred}
    alone = {each.id for agency_id in call.agency_ids for each in duty.deputies.get(agency_id, ())} - kept_from
    rooms: list[tuple[Target, list[PersonId]]] = []
    for desk in duty.desks:
        officers = [each.id for each in desk.officers if each.id not in kept_from]
        if any(each.id in barred for each in desk.officers):
            alone |= set(officers)
        elif officers:
            rooms.append((Target(kind=TargetKind.DESK, id=desk.id), officers))
    return rooms + [(Target(kind=TargetKind.PERSON, id=each), [each]) for each in sorted(alone)]


def _said(cause: str, call: DeskCall, room: Target, people: list[PersonId]) -> list[Message]:
    """Return what rings, and what it is about."""
    parameters = {"time": call.began_at.isoformat()}
    if call.person_id is None:
        template, parameters["agencies"] = "desk_called_by_desk", ",".join(sorted(map(str, call.agency_ids)))
    else:
        template, parameters["person"] = "desk_called_by_person", str(call.person_id)
    ring = _message(f"{cause}:ring", room, "alert_ring")
    return [replace(ring, mentions=people), _message(cause, room, template, parameters)]


def _message(cause: str, target: Target, template: str, parameters: dict[str, str] | None = None) -> Message:
    return Message(
        key=f"{cause}:{target.id}", target=target, template=template, parameters=parameters or {}, lane=Lane.ALERT,
        urgency=Urgency.SEVERE,
    )  # fmt: skip


async def _save(tx: Transaction, call: DeskCall) -> None:
    await tx.run(
        SQL["save_desk_call"], call.id, sorted(call.called), call.times, call.state, call.taken_by, call.taken_at,
        call.next_step_at,
    )  # fmt: skip


async def _record(
    tx: Transaction, act: str, call: DeskCall, now: datetime, *, by: PersonId | None = None, **facts: int
) -> None:
    said: dict[str, str | int | bool] = {**facts}
    if call.person_id is not None:
        said["claimed_to_be"] = str(call.person_id)
    kind = "system" if act == "desk_call_repeated" else "unverified"
    await ledger.record(tx, ledger.Act(act=act, at=now, person_id=by, actor_kind=kind, object_id=call.id, facts=said))


def call_of(row: Row) -> DeskCall:
    """Return the call that stands in a row."""
    return DeskCall(
        id=row["id"],
        caller=row["caller"],
        person_id=row["person_id"],
        agency_ids=frozenset(row["agency_ids"]),
        contacts=frozenset(row["contacts"]),
        maybe=frozenset(row["maybe"]),
        called=frozenset(row["called"]),
        began_at=row["began_at"],
        times=row["times"],
        state=DeskCallState(row["state"]),
        taken_by=row["taken_by"],
        taken_at=row["taken_at"],
        next_step_at=row["next_step_at"],
    )
