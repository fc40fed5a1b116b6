"""What an alert says, and to whom: from facts to outbox messages, in the alert lane.

Only the ringing sentence mentions people; it is the same neutral sentence for every alert, because
clients show it on lock screens. Details follow unmentioned and hold catalogue texts, the codename and
names of staff, never content. `key` makes each message one per cause and room.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agencies.model import AgencyId, PersonId
from alerts.audience import Audience, Call
from alerts.model import Alert, StandDownReason, Status, Through
from core.outbox import Lane, Message, Target
from core.texts import mark

TEXTS = {
    "alert_ring": mark("Streha: alert, open the app"),
    "drill_ring": mark("Streha: exercise, open the app"),
    "alert_details": mark(
        "ALERT, {codename}: {event}. Raised {time} by {person}.\n"
        "To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "drill_details": mark(
        "EXERCISE, nothing has happened, {codename}: {event}. Raised {time} by {person}.\n"
        "To accept write: ack {codename}"
    ),
    "alert_details_unverified": mark(
        "ALERT, NOT VERIFIED, {codename}: {event}. Raised {time} from a device that could not be checked.\n"
        "Ring the person. To accept write: ack {codename}\nDanger to life: ring {police} now."
    ),
    "alert_raised_again": mark("{codename}: raised again {time} by {person}."),
    "alert_accepted": mark("{codename}: accepted {time} by {person}."),
    "alert_all_accepted": mark("{codename}: every responding agency has accepted."),
    "alert_still_silent": mark(
        "{codename}: no answer yet from {agencies}. Their deputies are being called.\nDanger to life: ring {police}."
    ),
    "alert_unreachable": mark("{codename}: NOBODY can be reached for {agencies}. Ring them yourself."),
    "alert_unanswered": mark(
        "{codename}: still no answer from {agencies} after six hours. The call is repeated once a day. "
        "Somebody must take this over."
    ),
    "alert_cancel_asked": mark(
        "{codename}: {person} says it is over. Ring back, then write: stand-down {codename}\n"
        "Without that, calling goes on in 15 minutes."
    ),
    "alert_ended": mark("{codename}: the alert was ended {time} by {person}: {reason}."),
}

EVENT_TEXTS = {
    "panic": mark("panic"),
    "being_followed": mark("being followed"),
    "trafficker_sighted": mark("trafficker sighted"),
    "threat_received": mark("threat received"),
    "intimidation_or_bribe": mark("intimidation or bribe"),
    "defendant_released": mark("defendant released"),
    "hostile_presence": mark("hostile presence"),
    "missing_person": mark("missing person"),
    "location_compromised": mark("location known to the wrong people"),
    "premises_incident": mark("incident at the premises"),
    "confidentiality_breach": mark("breach of confidentiality"),
    "device_lost": mark("device lost"),
    "health": mark("health"),
}

REASON_TEXTS = {
    "safe": mark("everybody is safe"),
    "false_alarm": mark("false alarm"),
    "drill_over": mark("the exercise is over"),
    "handed_over": mark("handed over"),
}


def calling(alert: Alert, codename: str, audience: Audience) -> list[Message]:
    """Return the ring and the details for every room of a wave, then the details for the informed."""
    messages = []
    for call in audience.calls:
        messages += [_ring(alert, call, str(alert.step)), _details(alert, codename, call.target)]
    messages += [_details(alert, codename, target) for target in audience.informed]
    return messages


def raised_again(alert: Alert, codename: str, audience: Audience, by: PersonId | None, at: datetime) -> list[Message]:
    """Return ring and notice of a further raise: once a minute in each room, however often somebody presses."""
    parameters = {"codename": codename, "time": at.isoformat(), "person": str(by or "")}
    cause = f"again:{at.isoformat(timespec='minutes')}"
    messages = []
    for call in audience.calls:
        messages += [
            _ring(alert, call, cause),
            _message(alert, call.target, "alert_raised_again", cause, parameters),
        ]
    return messages


def accepted(alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime) -> list[Message]:
    """Return the notice that a named person accepted, and that all have where that is so."""
    parameters = {"codename": codename, "time": at.isoformat(), "person": str(by)}
    messages = []
    for room in rooms:
        messages.append(_message(alert, room, "alert_accepted", f"accepted:{by}", parameters))
        if not alert.silent_agencies:
            cause = f"all_accepted:{alert.step}"
            messages.append(_message(alert, room, "alert_all_accepted", cause, {"codename": codename}))
    return messages


def silence(
    alert: Alert, codename: str, rooms: Iterable[Target], template: str, agencies: Iterable[AgencyId]
) -> list[Message]:
    """Return the notice that agencies are silent, unreachable or unanswered."""
    parameters = {"codename": codename, "agencies": ",".join(sorted(str(each) for each in agencies))}
    return [_message(alert, room, template, f"{template}:{alert.step}", parameters) for room in rooms]


def cancel_asked(alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime) -> list[Message]:
    """Return the request to ring back after the raiser's own cancel."""
    parameters = {"codename": codename, "person": str(by)}
    return [_message(alert, room, "alert_cancel_asked", f"cancel:{at.isoformat()}", parameters) for room in rooms]


def ended(
    alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime, reason: StandDownReason
) -> list[Message]:
    """Return the notice that the alert has ended."""
    parameters = {"codename": codename, "person": str(by), "time": at.isoformat(), "reason": reason.value}
    return [_message(alert, room, "alert_ended", "ended", parameters) for room in rooms]


def _ring(alert: Alert, call: Call, cause: str) -> Message:
    template = "drill_ring" if alert.status is Status.EXERCISE else "alert_ring"
    return _message(alert, call.target, template, f"ring:{cause}", mentions=call.mentions)


def _details(alert: Alert, codename: str, target: Target) -> Message:
    template = "alert_details"
    if alert.status is Status.EXERCISE:
        template = "drill_details"
    elif alert.raised_through is Through.UNVERIFIED:
        template = "alert_details_unverified"
    parameters = {
        "codename": codename,
        "event": alert.event.value,
        "time": alert.sent.isoformat(),
        "person": str(alert.raised_by or ""),
    }
    return _message(alert, target, template, f"{template}:{alert.severity}", parameters)


def _message(
    alert: Alert, target: Target, template: str, cause: str, parameters: dict[str, str] | None = None,
    mentions: Iterable[PersonId] = (),
) -> Message:  # fmt: skip
    return Message(
        key=f"alert:{alert.id}:{cause}:{target.id}",
        target=target,
        template=template,
        parameters=parameters or {},
        mentions=tuple(mentions),
        lane=Lane.ALERT,
        alert_id=alert.id,
    )
