"""What the ring at the begin of a shift says: from facts to outbox messages, in the ordinary lane, behind every alert.

Every sentence says that it is a test, so that none can be taken for an alert or an exercise; none names a case. The
ringing one is also what a telephone is told (`alerts.waking`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from agencies.contacts import Contact
from agencies.duty_ring import ANSWERED_WITHIN, DutyRing
from agencies.model import PersonId
from core.outbox import Message, Target, TargetKind
from core.texts import mark

RING = "duty_ring"
# In a call to a telephone: for which ring it is, so that a number can answer it.
RING_NAMED = "ring"
TEXTS = {
    RING: mark("Streha: test of your duty, write: here"),
    "duty_ring_details": mark(
        "TEST of duty, nothing has happened. {person}: you are on duty from {begins} until {ends}. To show that you "
        "are reached write: here\nWithout an answer until {time} a deputy takes the shift."
    ),
    "duty_deputy": mark(
        "TEST of duty, nothing has happened. {person} did not answer the test ring. You take the shift from {begins} "
        "until {ends}. To accept that write: here"
    ),
    "duty_silent": mark(
        "TEST of duty: no answer from {person}. {other} stands in until {ends}.\n"
        "{person}: write here, and the shift is yours again."
    ),
    "duty_nobody": mark(
        "TEST of duty: NOBODY answers for the shift of {person}, no deputy either. Ring them, and find somebody for "
        "the time until {ends}. Alerts still ring them all."
    ),
    "duty_nobody_ring": mark("Streha: test of duty failed, open the app"),
    "duty_answered": mark("TEST of duty: {person} has answered, {time}. No alert was accepted by this."),
    "duty_stood_in": mark("TEST of duty: {person} stands in for {other} until {ends}."),
    "duty_given_back": mark(
        "TEST of duty: {person} has answered late, {time}, and has the shift. Nobody stands in now."
    ),
    "duty_call_failed": mark(
        "TEST of duty: the telephone of {person} could NOT be called. An alert may not wake them. Tell the operator."
    ),
}  # fmt: skip


def asking(ring: DutyRing, room: Target, people: Collection[PersonId]) -> list[Message]:
    """Return ring and details for whoever comes on duty, in the room where alerts ring them."""
    details = {**_shift(ring), "person": _ids(people), "time": (ring.rung_at + ANSWERED_WITHIN).isoformat()}
    return [_message(ring, room, RING, mentions=people), _message(ring, room, "duty_ring_details", details)]


def calling(ring: DutyRing, contacts: Iterable[Contact]) -> list[Message]:
    """Return the calls to telephones: one for each number, whosesoever contact it is."""
    by_number = {(each.means, each.address): each for each in contacts if each.means.wakes}
    named = {RING_NAMED: str(ring.id)}
    return [_message(ring, Target(kind=TargetKind.CONTACT, id=each.id), RING, named) for each in by_number.values()]


def ring_called(message: Message) -> UUID | None:
    """Return for which ring a telephone is called by a message; None where it is for none, or from before."""
    named = message.parameters.get(RING_NAMED) if message.template == RING else None
    return None if named is None else UUID(named)


def asking_deputies(ring: DutyRing, silent: Collection[PersonId], deputies: Iterable[PersonId]) -> list[Message]:
    """Return ring and details for everybody who takes the shift, each alone."""
    details = {**_shift(ring), "person": _ids(silent)}
    rooms = [(each, Target(kind=TargetKind.PERSON, id=each)) for each in deputies]
    return [
        message
        for person_id, room in rooms
        for message in (
            _message(ring, room, RING, mentions=[person_id], cause="deputy_ring"),
            _message(ring, room, "duty_deputy", details),
        )
    ]


def silence(
    ring: DutyRing, rooms: Iterable[Target], silent: Collection[PersonId], deputies: Collection[PersonId]
) -> list[Message]:  # fmt: skip
    """Return the notice that somebody was silent, and who stands in."""
    parameters = {**_shift(ring), "person": _ids(silent), "other": _ids(deputies)}
    return [_message(ring, room, "duty_silent", parameters) for room in rooms]


def nobody(
    ring: DutyRing, room: Target, silent: Collection[PersonId], coordinators: Iterable[PersonId]
) -> list[Message]:
    """Return the loud notice that nobody answers, for the desk's room and each of its agency's coordinators."""
    parameters = {**_shift(ring), "person": _ids(silent)}
    found = [_message(ring, room, "duty_nobody", parameters)]
    for each in coordinators:
        alone = Target(kind=TargetKind.PERSON, id=each)
        found += [
            _message(ring, alone, "duty_nobody_ring", mentions=[each]),
            _message(ring, alone, "duty_nobody", parameters),
        ]
    return found


def answered(ring: DutyRing, rooms: Iterable[Target], by: PersonId, at: datetime, *, late: bool) -> list[Message]:
    """Return the notice that whoever has the shift has answered, in time or late."""
    template = "duty_given_back" if late else "duty_answered"
    parameters = {"person": str(by), "time": at.isoformat()}
    return [_message(ring, room, template, parameters) for room in rooms]


def stood_in(ring: DutyRing, rooms: Iterable[Target], by: PersonId, silent: Collection[PersonId]) -> list[Message]:
    """Return the notice that a deputy has answered."""
    parameters = {**_shift(ring), "person": str(by), "other": _ids(silent)}
    return [_message(ring, room, "duty_stood_in", parameters) for room in rooms]


def call_failed(ring: DutyRing, room: Target, people: Collection[PersonId]) -> Message:
    """Return the notice that a telephone could not be called."""
    return _message(ring, room, "duty_call_failed", {"person": _ids(people)})


def _shift(ring: DutyRing) -> dict[str, str]:
    return {"begins": ring.shift_begins_at.isoformat(), "ends": ring.shift_ends_at.isoformat()}


def _ids(people: Iterable[PersonId]) -> str:
    return ",".join(map(str, people))


def _message(
    ring: DutyRing, target: Target, template: str, parameters: dict[str, str] | None = None,
    mentions: Collection[PersonId] = (), cause: str | None = None,
) -> Message:  # fmt: skip
    return Message(
        key=f"duty:{ring.id}:{cause or template}:{target.id}", target=target, template=template,
        parameters=parameters or {}, mentions=tuple(mentions),
    )  # fmt: skip
