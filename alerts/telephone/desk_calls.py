"""A call for help by telephone for which no case can be chosen: the caller's own duty desk hears it all the same.

It is no alert: an alert belongs to a case, and which one is not known. Called once for each call, at once and by every
way: everybody at the agency's desk and at the one that covers for it, and the deputies; nobody need accept, and the
messages say so. Nothing of any case stands in it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agencies import contacts
from agencies import store as directory
from agencies.model import AgencyId, DeskId, PersonId
from agencies.store import Duty
from core import ledger, logs, outbox
from core.database import Transaction
from core.ids import derived_id
from core.outbox import Lane, Message, Target, TargetKind, Urgency
from core.texts import mark

log = logs.get(__name__)

TEXTS = {
    "desk_called_by_person": mark(
        "CALL FOR HELP by telephone, NOT VERIFIED, {time}, from the number of {person}. It is not clear for which "
        "case, so NO alert was raised and nobody else is called.\nFind out from {person}; they may be hiding. Raise "
        "it in the right case.\nDanger to life: ring {police} now."
    ),
    "desk_called_by_desk": mark(
        "CALL FOR HELP by telephone, NOT VERIFIED, {time}, from a telephone of {agencies}. It is not clear who calls "
        "and for which case, so NO alert was raised and nobody else is called.\nFind out, and raise it in the right "
        "case.\n"
        "Danger to life: ring {police} now."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who seems to call: a person, or somebody at a telephone of agencies; and the number, which is not rung.

    `barred` are those who are excluded from any case of that person: they do not hear of it, nor a room they are in.
    """

    person_id: PersonId | None
    agency_ids: Collection[AgencyId]
    number: str
    barred: frozenset[PersonId] = frozenset()


async def call_desks(tx: Transaction, caller: Caller, now: datetime) -> bool:
    """Call all who answer for the caller's agencies, or else the desks staffed at all hours; False where nobody is.

    Pressed again it calls again once a minute, as an alert does.
    """
    rooms = _rooms(caller, await directory.duty(tx, agency_ids=caller.agency_ids, now=now))
    if not rooms:
        # Whoever never sleeps, whichever agency it is.
        rooms = _rooms(caller, await directory.duty(tx, desk_ids=await directory.desks_at_all_hours(tx), now=now))
    rung = {each for _, people in rooms for each in people}
    if not rung:
        log.error("telephone_heard_by_nobody")
        await _note(tx, caller, 0, now)
        return False
    who = caller.person_id or derived_id(*sorted(map(str, caller.agency_ids)))
    cause = f"desk_call:{who}:{now.isoformat(timespec='minutes')}"
    for room, people in rooms:
        await outbox.post(tx, _said(cause, caller, room, people, now), now)
    desks = {DeskId(each.id) for each, _ in rooms if each.kind is TargetKind.DESK}
    found = await contacts.contacts_of(tx, rung, desks)
    letters = {(each.means, each.address): each for each, _linked in found if each.address != caller.number}
    await outbox.post(
        tx,
        [
            Message(
                key=f"{cause}:letter:{each.id}",
                target=Target(kind=TargetKind.CONTACT, id=each.id),
                template="alert_ring",
                lane=Lane.ALERT,
                urgency=Urgency.SEVERE,
            )
            for each in letters.values()
        ],
        now,
    )
    await _note(tx, caller, len(rung), now)
    return True


def _rooms(caller: Caller, duty: Duty) -> list[tuple[Target, list[PersonId]]]:
    """Return the rooms of desks and deputies, each with whom it rings; who is barred hears nothing in any of them."""
    kept_from = {caller.person_id, *caller.barred}
    alone = {each.id for agency_id in caller.agency_ids for each in duty.deputies.get(agency_id, ())} - kept_from
    rooms: list[tuple[Target, list[PersonId]]] = []
    for desk in duty.desks:
        officers = [each.id for each in desk.officers if each.id not in kept_from]
        if any(each.id in caller.barred for each in desk.officers):
            alone |= set(officers)
        elif officers:
            rooms.append((Target(kind=TargetKind.DESK, id=desk.id), officers))
    return rooms + [(Target(kind=TargetKind.PERSON, id=each), [each]) for each in sorted(alone)]


async def _note(tx: Transaction, caller: Caller, called: int, now: datetime) -> None:
    facts: dict[str, str | int | bool] = {"called": called}
    if caller.person_id is not None:
        facts["claimed_to_be"] = str(caller.person_id)
    act = ledger.Act(act="desks_called_by_telephone", at=now, actor_kind="unverified", facts=facts)
    await ledger.record(tx, act)


def _said(cause: str, caller: Caller, room: Target, people: list[PersonId], now: datetime) -> list[Message]:
    """Return what rings, and what it is about."""
    parameters = {"time": now.isoformat()}
    if caller.person_id is None:
        template, parameters["agencies"] = "desk_called_by_desk", ",".join(sorted(map(str, caller.agency_ids)))
    else:
        template, parameters["person"] = "desk_called_by_person", str(caller.person_id)
    key = f"{cause}:{room.id}"
    return [
        Message(
            key=f"{key}:ring",
            target=room,
            template="alert_ring",
            mentions=people,
            lane=Lane.ALERT,
            urgency=Urgency.SEVERE,
        ),
        Message(
            key=key, target=room, template=template, parameters=parameters, lane=Lane.ALERT, urgency=Urgency.SEVERE
        ),
    ]
