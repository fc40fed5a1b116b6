"""Alerts in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from agencies import store as directory
from agencies.model import DeviceId, Person, PersonId, RaisingDevice
from alerts.model import (
    Accepted,
    AgencyAnswer,
    Alert,
    AlertId,
    Conversation,
    Press,
    Recipient,
    State,
)
from alerts.police.emergency import EmergencyCall, PoliceQuestion
from alerts.vocabulary import Certainty, Event, Severity, StandDownReason, Status, Through
from cases.model import CaseId, CompartmentId
from core import queries
from core.database import MOVED_ON, Reading, Transaction
from core.errors import Conflict, NotFound
from core.texts import mark

SQL = queries.load("alerts")
# What belongs to an alert comes with its row, as JSON: one statement instead of four.
_ANSWERS = msgspec.json.Decoder(tuple[AgencyAnswer, ...])
_RECIPIENTS = msgspec.json.Decoder(tuple[Recipient, ...])
_PRESSES = msgspec.json.Decoder(tuple[Press, ...])
_DEVICE = msgspec.json.Decoder(RaisingDevice)
_CONVERSATIONS = msgspec.json.Decoder(tuple[Conversation, ...])
_EMERGENCY_CALLS = msgspec.json.Decoder(tuple[EmergencyCall, ...])
_POLICE_QUESTION = msgspec.json.Decoder(PoliceQuestion | None)
_SAVED = (
    "id", "event", "severity", "certainty", "raised_through", "state", "owner_id", "ladder", "ladder_began_at", "step",
    "next_step_at", "cause_at", "owner_asked_at", "cancel_asked_at", "stood_down_by", "stood_down_at",
    "stand_down_reason", "exclusions_heeded",
)  # fmt: skip
# So long whoever wrote a sentence of their own is rung about nobody else's duress: as long as calling goes on.
RESTING = timedelta(hours=6)
NO_ALERT = mark("There is no such alert.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The alert that a key raised already, and the one that is open where it is to raise one now."""

    raised: AlertId | None
    open: AlertId | None


async def alert_of_key(
    tx: Reading, key: UUID, compartment_id: CompartmentId, status: Status, *, duress_of: PersonId | None = None
) -> Found:
    """Return what there is already for a raise with this key."""
    row = await tx.row(SQL["alert_of_key"], key, compartment_id, status, duress_of)
    return Found(raised=None, open=None) if row is None else Found(raised=row["raised"], open=row["open"])


async def known_at_less_risk(tx: Reading, case_id: CaseId) -> bool:
    """Whether somebody who leads a case has decided that its risk is less than high."""
    return bool(await tx.value(SQL["known_at_less_risk"], case_id))


async def raised(tx: Reading, keys: Iterable[UUID]) -> set[UUID]:
    """Return which of these raises belong to an alert."""
    return {row["key"] for row in await tx.rows(SQL["raised"], list(keys))}


async def open_alert(tx: Transaction, new: Alert) -> bool:
    """Open an alert with everything that belongs to it; False where its scope has an open one already."""
    row = await tx.row(
        SQL["open_alert"], new.id, new.case_id, new.compartment_id, new.status, new.event, new.severity,
        new.first_severity, new.certainty, new.raised_by, new.raised_through, new.sent, new.state, new.ladder,
        new.ladder_began_at, new.step, new.next_step_at, new.exclusions_heeded, *_by_column(new.agencies),
        *_called_by_column(new.recipients), _device_of(new), new.presses[-1].claimed_by, new.duress_of,
        sorted(new.kept_from),
    )  # fmt: skip
    if row is None or (row["opened"] and not row["pressed"]):
        # The same key came at this very moment for something else: nothing of this raise is kept.
        raise Conflict(MOVED_ON)
    return bool(row["opened"])


async def lock_open_alert(
    tx: Transaction, compartment_id: CompartmentId, status: Status, *, duress_of: PersonId | None
) -> Alert | None:  # fmt: skip
    """Return the open alert of a scope, locked."""
    alert_id = await tx.value(SQL["lock_open_alert"], compartment_id, status, duress_of)
    return None if alert_id is None else await alert(tx, AlertId(alert_id))


async def add_raise(tx: Transaction, alert_id: AlertId, press: Alert) -> bool:
    """Record a further press of a button; False where its key is known."""
    pressed = press.raised_by, press.event, press.sent, _device_of(press), press.presses[-1].claimed_by
    return bool(await tx.run(SQL["add_raise"], press.id, alert_id, *pressed))


async def forced_in(tx: Reading, case_id: CaseId) -> frozenset[PersonId]:
    """Return everybody from whom an open alert of a case is kept."""
    return frozenset(row["person_id"] for row in await tx.rows(SQL["forced_in_case"], case_id))


async def keep_from(tx: Transaction, alert_id: AlertId, people: Iterable[PersonId]) -> None:
    """Show and say nothing of an alert to these people from now on."""
    await tx.run(SQL["keep_from"], alert_id, sorted(people))


async def administrators(tx: Reading) -> list[Person]:
    """Return the administrators of all agencies."""
    ids = [row["id"] for row in await tx.rows(SQL["network_administrators"])]
    return list((await directory.people(tx, ids)).values())


async def wrote_since(tx: Reading, moment: datetime) -> dict[PersonId, datetime]:
    """Return who wrote a sentence of their own since a moment, either of them, and when last."""
    return {row["person_id"]: row["written_at"] for row in await tx.rows(SQL["sentences_written"], moment)}


async def add_quiet_raise(tx: Transaction, alert_: Alert, press: Alert, said: str) -> bool:
    """Record a further press of an alert that still stands as it was read, where this was said; False otherwise."""
    return bool(
        await tx.run(
            SQL["add_quiet_raise"], press.id, alert_.id, press.raised_by, press.event, press.sent, alert_.severity,
            alert_.certainty, alert_.ladder, said, _device_of(press), press.presses[-1].claimed_by,
        )
    )  # fmt: skip


async def pressed_with(tx: Reading, key: UUID, device_id: DeviceId) -> AlertId | None:
    """Return the alert that a key of a device raised."""
    found = await tx.value(SQL["pressed_with"], key, device_id)
    return None if found is None else AlertId(found)


async def held(tx: Transaction, alert_id: AlertId) -> Alert:
    """Return one alert, held, and its case kept from being changed."""
    if await tx.row(SQL["hold_alert"], alert_id) is None:
        raise NotFound(NO_ALERT)
    return await alert(tx, alert_id)


async def alert(tx: Reading, alert_id: AlertId, *, lock: bool = False) -> Alert:
    """Return one alert with its agencies and recipients."""
    found = await alerts(tx, [alert_id], lock=lock)
    if not found:
        raise NotFound(NO_ALERT)
    return found[0]


async def alerts_of_person(tx: Reading, person_id: PersonId, limit: int, *, ended: bool) -> list[Alert]:
    """Return the alerts that a person may have a part in, newest first."""
    rows = await tx.rows(SQL["alerts_of_person"], person_id, ended, limit)
    return await alerts(tx, [row["id"] for row in rows])


async def alerts(tx: Reading, ids: Collection[AlertId], *, lock: bool = False) -> list[Alert]:
    """Return these alerts, newest first."""
    if lock:
        await tx.rows(SQL["lock_alerts"], list(ids))
    return [
        Alert(
            id=row["id"],
            case_id=row["case_id"],
            compartment_id=row["compartment_id"],
            status=Status(row["status"]),
            event=Event(row["event"]),
            severity=Severity(row["severity"]),
            first_severity=Severity(row["first_severity"]),
            certainty=Certainty(row["certainty"]),
            raised_by=row["raised_by"],
            raised_through=Through(row["raised_through"]),
            sent=row["sent"],
            state=State(row["state"]),
            owner_id=row["owner_id"],
            ladder=row["ladder"],
            ladder_began_at=row["ladder_began_at"],
            step=row["step"],
            exclusions_heeded=row["exclusions_heeded"],
            next_step_at=row["next_step_at"],
            cause_at=row["cause_at"],
            owner_asked_at=row["owner_asked_at"],
            cancel_asked_at=row["cancel_asked_at"],
            stood_down_by=row["stood_down_by"],
            stood_down_at=row["stood_down_at"],
            stand_down_reason=StandDownReason(row["stand_down_reason"]) if row["stand_down_reason"] else None,
            agencies=_ANSWERS.decode(row["agencies"] or "[]"),
            recipients=_RECIPIENTS.decode(row["recipients"] or "[]"),
            presses=_PRESSES.decode(row["presses"] or "[]"),
            conversations=_CONVERSATIONS.decode(row["conversations"] or "[]"),
            device=_DEVICE.decode(row["device"]) if row["device"] else None,
            emergency_calls=_EMERGENCY_CALLS.decode(row["emergency_calls"] or "[]"),
            police_question=_POLICE_QUESTION.decode(row["police_question"] or "null"),
            duress_of=row["duress_of"],
            kept_from=frozenset(row["kept_from"]),
            to_take_over=row["to_take_over"],
        )
        for row in await tx.rows(SQL["alerts_by_id"], list(ids))
    ]


async def put_agencies(tx: Transaction, answers: Sequence[tuple[AlertId, AgencyAnswer]]) -> None:
    """Note which agencies must accept, and which are informed."""
    alert_ids, each = [alert_id for alert_id, _ in answers], [answer for _, answer in answers]
    await tx.run(SQL["put_agencies"], alert_ids, *_by_column(each))


async def add_recipients(tx: Transaction, called: Sequence[tuple[AlertId, Recipient]], now: datetime) -> None:
    """Record who was called, and may therefore act."""
    alert_ids, each = [alert_id for alert_id, _ in called], [recipient for _, recipient in called]
    await tx.run(SQL["add_recipients"], alert_ids, *_called_by_column(each), now)


async def save(tx: Transaction, *changed: Alert) -> None:
    """Write what may change of alerts, and release their leases."""
    await tx.run(SQL["save"], [{name: getattr(each, name) for name in _SAVED} for each in changed])


async def acknowledge(
    tx: Transaction, accepted: Alert, person_id: PersonId, now: datetime, *, by_telephone: bool = False
) -> None:
    """Record that a person accepts, for every agency that person was called for; the alert as it is then."""
    stands = accepted.state, accepted.owner_id, accepted.next_step_at
    await tx.run(SQL["acknowledge"], accepted.id, person_id, now, by_telephone, *stands)


async def take_back(tx: Transaction, alert_id: AlertId, person_id: PersonId, now: datetime) -> None:
    """Record that a raiser says it is over."""
    await tx.run(SQL["take_back"], alert_id, person_id, now)


async def forget_answers(tx: Transaction, *alert_ids: AlertId) -> None:
    """Everybody must answer these alerts anew; who had answered before stands in the ledger."""
    await tx.run(SQL["forget_agency_answers"], list(alert_ids))
    await tx.run(SQL["forget_person_answers"], list(alert_ids))


async def add_conversation(tx: Transaction, alert_id: AlertId, noted: Conversation, now: datetime) -> bool:
    """Record that somebody spoke with somebody; False where exactly this is known."""
    spoken = noted.spoken_by, noted.spoken_with, noted.spoken_at
    return bool(await tx.run(SQL["add_conversation"], alert_id, *spoken, now))


async def last_accepted(tx: Reading, person_id: PersonId) -> Accepted | None:
    """Return the last acceptance in any alert that a person raised or was called for, and may see still."""
    row = await tx.row(SQL["last_accepted"], person_id)
    if row is None:
        return None
    return Accepted(status=Status(row["status"]), called_at=row["called_at"], at=row["acknowledged_at"])


async def any_open(
    tx: Transaction, case_id: CaseId, compartment_id: CompartmentId | None, asker: PersonId | None
) -> bool:  # fmt: skip
    """Tell whether an alert that is no drill, and not kept from who asks, is open in a compartment or anywhere.

    Where nobody asks nothing is kept from them.
    """
    return bool(await tx.value(SQL["open_alerts_of_case"], case_id, compartment_id, Status.ACTUAL, asker))


async def old(tx: Reading, since: datetime) -> int:
    """Return how many alerts are open that nobody has raised since a moment: of a hold, they call nobody."""
    return int(await tx.value(SQL["held_alerts"], since))


async def hold_open(tx: Transaction, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of these alerts that have not ended; none of them ends before this transaction does."""
    return frozenset(row["id"] for row in await tx.rows(SQL["hold_open"], list(ids)))


async def ended(tx: Transaction, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of these alerts that have ended."""
    return frozenset(row["id"] for row in await tx.rows(SQL["ended"], list(ids)))


def _by_column(answers: Collection[AgencyAnswer]) -> tuple[list[object], ...]:
    return [each.agency_id for each in answers], [each.part for each in answers]


def _called_by_column(recipients: Collection[Recipient]) -> tuple[list[object], ...]:
    return (
        [each.person_id for each in recipients],
        [each.agency_id for each in recipients],
        [each.tier for each in recipients],
    )


def _device_of(press: Alert) -> DeviceId | None:
    return None if press.device is None else press.device.id
