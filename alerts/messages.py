"""What an alert says, and to whom: from facts to outbox messages, in the alert lane.

Only the ringing sentence mentions people; it is the same neutral sentence for every alert, because
clients show it on lock screens. Details follow unmentioned and hold catalogue texts, the codename and
names of staff, never content. `key` makes each message one per cause and room.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agencies.model import AgencyId, PersonId, RaisingDevice
from alerts.audience import Audience, Call
from alerts.model import Alert, Conversation, Step
from alerts.vocabulary import StandDownReason, Status, Through
from core.outbox import Lane, Message, Target, TargetKind, Urgency

# What says that nobody need hurry any more.
ENDS = frozenset({"alert_ended", "alert_cancel_asked", "alert_cancel_repeated", "duress_ended"})


def calling(alert: Alert, codename: str, audience: Audience) -> list[Message]:
    """Return the ring and the details for every room of a wave, then the details for the informed."""
    messages = []
    for call in audience.calls:
        messages += [_ring(alert, call, f"{alert.ladder}.{alert.step}"), _details(alert, codename, call.target)]
    messages += [_details(alert, codename, target) for target in audience.informed]
    return messages


def raised_again(alert: Alert, codename: str, audience: Audience, press: Alert) -> list[Message]:
    """Return ring and notice of a further raise: of one event once a minute in each room, however often pressed."""
    parameters = {
        "codename": codename,
        "event": press.event.value,
        "time": press.sent.isoformat(),
        "person": _presser(press),
    }
    template, shown = with_device("alert_raised_again", press.device)
    if press.cause.claimed_by is not None:
        template = "alert_raised_again_by_telephone"
    cause = _again(press)
    messages = []
    for call in audience.calls:
        messages += [
            _ring(alert, call, cause),
            _message(alert, call.target, template, cause, parameters | shown),
        ]
    return messages


def with_device(template: str, device: RaisingDevice | None) -> tuple[str, dict[str, str]]:
    """Return the template that also says with which device somebody pressed, and what it needs to say so."""
    if device is None:
        return template, {}
    whose = "_device" if device.person_id is None else "_device_of_person"
    return template + whose, {"device": device.label, "agencies": str(device.agency_id)}


def ring_key(alert: Alert, room: Target) -> str:
    """Return the key of what rings in a room at the alert's present step."""
    return _key(alert, f"ring:{alert.ladder}.{alert.step}") + str(room.id)


def raised_again_key(alert: Alert, press: Alert) -> str:
    """Return how the keys begin of what rings where a further raise is told."""
    return _key(alert, f"ring:{_again(press)}")


def accepted(
    alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime, *, by_telephone: bool = False
) -> list[Message]:
    """Return the notice that a named person accepted, and that all have where that is so."""
    parameters = {"codename": codename, "time": at.isoformat(), "person": str(by)}
    template = "alert_accepted" + ("_by_telephone" if by_telephone else "")
    messages = []
    for room in rooms:
        messages.append(_message(alert, room, template, f"accepted:{by}:{at.isoformat()}", parameters))
        if not alert.silent_agencies:
            cause = f"all_accepted:{alert.ladder}"
            messages.append(_message(alert, room, "alert_all_accepted", cause, {"codename": codename}))
    return messages


def silence(
    alert: Alert, codename: str, rooms: Iterable[Target], template: str, agencies: Iterable[AgencyId]
) -> list[Message]:
    """Return the notice that agencies are silent, unreachable or unanswered."""
    parameters = {"codename": codename, "agencies": ",".join(sorted(str(each) for each in agencies))}
    cause = f"{template}:{alert.ladder}.{alert.step}"
    return [_message(alert, room, template, cause, parameters) for room in rooms]


def not_delivered(alert: Alert, codename: str, room: Target, target: Target, parameters: dict[str, str]) -> Message:
    """Return the notice that a target could not be called, for a room that is to know."""
    template = f"alert_not_delivered_to_{target.kind}"
    cause = f"not_delivered:{target.id}:{alert.ladder}.{alert.step}"
    return _message(alert, room, template, cause, {"codename": codename, **parameters})


def cancel_asked(
    alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime, *, pauses: bool
) -> list[Message]:
    """Return the request to ring back after the raiser's own cancel."""
    template = "alert_cancel_asked" if pauses else "alert_cancel_repeated"
    parameters = {"codename": codename, "person": str(by)}
    return [_message(alert, room, template, f"cancel:{by}:{at.isoformat()}", parameters) for room in rooms]


def ended(
    alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime, reason: StandDownReason
) -> list[Message]:
    """Return the notice that the alert has ended."""
    parameters = {"codename": codename, "person": str(by), "time": at.isoformat(), "reason": reason.value}
    return [_message(alert, room, "alert_ended", "ended", parameters) for room in rooms]


def asking_owner(
    asked: Alert, codename: str, owner_id: PersonId, calls: Iterable[Call], due: datetime
) -> list[Message]:
    """Return the question to the owner of an accepted alert, as it is once asked: one for each time it was due."""
    parameters = {"codename": codename, "person": str(owner_id), "time": _moment(asked.next_step_at)}
    cause = f"owner_asked:{asked.ladder}:{due.isoformat()}"
    messages = []
    for call in calls:
        if call.mentions:
            messages.append(_ring(asked, call, cause))
        messages.append(_message(asked, call.target, "alert_owner_asked", cause, parameters))
    return messages


def owner_confirmed(
    alert: Alert, codename: str, rooms: Iterable[Target], by: PersonId, at: datetime
) -> list[Message]:  # fmt: skip
    """Return the notice that the owner still sees to the alert."""
    parameters = {"codename": codename, "person": str(by), "time": at.isoformat()}
    cause = f"owner_confirmed:{at.isoformat()}"
    return [_message(alert, room, "alert_owner_confirmed", cause, parameters) for room in rooms]


def reopened(before: Alert, alert: Alert, codename: str, rooms: Iterable[Target], why: Step) -> list[Message]:
    """Return the notice that an alert is open again, and whose it was."""
    parameters = {"codename": codename, "person": str(before.owner_id or "")}
    return [_message(alert, room, f"alert_{why}", f"reopened:{alert.ladder}", parameters) for room in rooms]


def hand_over(alert: Alert, codename: str, calls: Iterable[Call], leaving: PersonId, asks: int) -> list[Message]:
    """Return what the next on duty is asked, for the `asks`-th time: what rings, and whose alert it is."""
    parameters = {"codename": codename, "person": str(leaving)}
    cause = f"hand_over:{leaving}:{alert.ladder}:{asks}"
    found = []
    for call in calls:
        found += [_ring(alert, call, cause), _message(alert, call.target, "alert_hand_over", cause, parameters)]
    return found


def hand_over_silent(
    alert: Alert, codename: str, leaders: Iterable[PersonId], leaving: PersonId, ended_at: datetime
) -> list[Message]:
    """Return what rings those who lead the case: nobody has taken an alert over."""
    parameters = {"codename": codename, "person": str(leaving), "time": ended_at.isoformat()}
    cause = f"hand_over_silent:{leaving}:{ended_at.isoformat()}"
    found = []
    for each in leaders:
        call = Call(target=Target(kind=TargetKind.PERSON, id=each), mentions=(each,))
        found += [_ring(alert, call, cause), _message(alert, call.target, "alert_hand_over_silent", cause, parameters)]
    return found


def taken_over(
    alert: Alert, codename: str, rooms: Iterable[Target], leaving: PersonId, by: PersonId, at: datetime,
    off_duty: PersonId | None,
) -> list[Message]:  # fmt: skip
    """Return the notice that somebody has taken an alert over, and to whoever may go home that they may."""
    parameters = {"codename": codename, "person": str(by), "time": at.isoformat()}
    cause = f"taken_over:{leaving}:{at.isoformat()}"
    home = None if off_duty is None else Target(kind=TargetKind.PERSON, id=off_duty)
    everywhere = {**parameters, "other": str(leaving)}
    found = [_message(alert, room, "alert_taken_over", cause, everywhere) for room in rooms if room != home]
    return found if home is None else [*found, _message(alert, home, "alert_off_duty", cause, parameters)]


def spoken(alert: Alert, codename: str, noted: Conversation) -> Message:
    """Return the notice, for the alert's channel, that somebody spoke with somebody."""
    at = noted.spoken_at.isoformat()
    parameters = {
        "codename": codename, "person": str(noted.spoken_by), "other": str(noted.spoken_with), "time": at
    }  # fmt: skip
    channel = Target(kind=TargetKind.COMPARTMENT, id=alert.compartment_id)
    cause = f"spoken:{noted.spoken_by}:{noted.spoken_with}:{at}"
    return _message(alert, channel, "alert_spoken", cause, parameters)


def urgency(alert: Alert, template: str) -> Urgency:
    """Return how soon something is to be said where much waits: an end first, an exercise after all that is real."""
    if alert.status is Status.EXERCISE:
        return Urgency.ORDINARY
    return Urgency.END if template in ENDS else Urgency[alert.severity.name]


def notice(
    alert: Alert, target: Target, template: str, cause: str, parameters: dict[str, str] | None = None,
    mentions: Iterable[PersonId] = (),
) -> Message:  # fmt: skip
    """Return one message of an alert, of an exercise in its words; `cause` makes its key, once in each room."""
    return _message(alert, target, template, cause, parameters, mentions)


def _presser(alert: Alert) -> str:
    """Return who pressed last of those who are answered, or whose telephone it seems to have been."""
    cause = alert.cause
    return str(cause.person_id or cause.claimed_by or "")


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _again(press: Alert) -> str:
    # By telephone it may be somebody else who calls each time, and that is news.
    claimed = "" if press.cause.claimed_by is None else f":{press.cause.claimed_by}"
    return f"again:{press.event}:{press.sent.isoformat(timespec='minutes')}{claimed}"


def _key(alert: Alert, cause: str) -> str:
    return f"alert:{alert.id}:{cause}:"


def _ring(alert: Alert, call: Call, cause: str) -> Message:
    return _message(alert, call.target, "alert_ring", f"ring:{cause}", mentions=call.mentions)


def _details(alert: Alert, codename: str, target: Target) -> Message:
    template = "alert_details"
    if alert.raised_through is Through.CLOCK:
        template = "alert_details_clock"
    elif alert.cause.claimed_by is not None:
        template = "alert_details_telephone"
    elif not alert.raised_through.verified:
        template = "alert_details_unverified"
    parameters = {
        "codename": codename,
        "event": alert.event.value,
        "time": alert.cause.at.isoformat(),
        "person": _presser(alert),
    }
    template, shown = with_device(template, alert.cause.device)
    return _message(alert, target, template, f"details:{alert.ladder}", parameters | shown)


def _message(
    alert: Alert, target: Target, template: str, cause: str, parameters: dict[str, str] | None = None,
    mentions: Iterable[PersonId] = (),
) -> Message:  # fmt: skip
    if alert.status is Status.EXERCISE:
        template = template.replace("alert_", "drill_", 1)
    elif alert.for_duress and template != "alert_ring":
        template = template.replace("alert_", "duress_", 1)
    return Message(
        key=_key(alert, cause) + str(target.id),
        target=target,
        template=template,
        parameters=parameters or {},
        mentions=tuple(mentions),
        lane=Lane.ALERT,
        alert_id=alert.id,
        case_id=alert.case_id,
        urgency=urgency(alert, template),
    )
