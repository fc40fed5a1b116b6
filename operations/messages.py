"""What is said of an operation: neutral sentences that ring, then the codename, the step in general words, the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from agencies.contacts import Contact
from agencies.model import PersonId
from alerts.waking import beside
from cases.model import CaseId, CompartmentId
from core.outbox import Lane, Message, Target, TargetKind, Urgency
from core.texts import mark
from operations.countdown import Task
from operations.model import Despite, Milestone, Operation
from operations.readiness import Readiness
from operations.running import lateness_begins
from operations.words import DESPITE, REFUSALS, STEPS

RING = "operation_ring"
TEXTS = {
    RING: mark("Streha: answer now, open the app"),
    "operation_prompt": mark(
        "{codename}: expected {time}: {text}. When it is so write: op ok\nIf you are later write for example: op "
        "delayed 20\nIf telephones go off write for example: op dark 60\nIn danger write: panic"
    ),
    "operation_late": mark(
        "{codename}: LATE since {time}: {text}. Nobody has answered. {person}: ring them now. Whoever hears from them "
        "writes: op ok"
    ),
    "operation_late_police": mark(
        "{codename}: STILL NOT HEARD FROM since {time}: {text}. One of you calls the police now: {police}. Say who "
        "called by writing: {police} me"
    ),
    "operation_confirmed": mark("{codename}: {text}, confirmed by {person}, written {time}."),
    "operation_confirmed_for": mark("{codename}: {text}, heard from {other} by {person}, {time}."),
    "operation_received": mark("{codename}: TAKEN OVER by {person}, written {time}. From now on they answer for them."),
    "operation_received_for": mark(
        "{codename}: TAKEN OVER by {other}, as {person} heard from them {time}. From now on {other} answers for them."
    ),
    "operation_refused": mark(
        "{codename}: NOT TAKEN OVER by {person}: {text}. They stay with those who brought them. {other}: say now where "
        "they go: op divert, or op abort. Where somebody else receives them, name that person in the program."
    ),
    "operation_refused_supervisor": mark(
        "Somebody was brought to a place and not taken over. Ring {person} now, and see to it that they are safe "
        "tonight. Write nothing of it here."
    ),
    "operation_receiver": mark("{codename}: {other} receives, says {person}. {other}: look at the brief now."),
    "operation_prompt_hand_over": mark(
        "{codename}: expected {time}: {text}. {person}: have you taken them over? Write: op received\nIf you cannot "
        "write why, for example: op refused no place\nIf they are later: op delayed 20\nIn danger write: panic"
    ),
    "operation_delayed": mark(
        "{codename}: {person} says that they are later, {count} minutes in all. Next expected {time}: {text}."
    ),
    "operation_dark": mark("{codename}: telephones are off, {person} says. You will hear again by {time}."),
    "operation_approved": mark("{codename}: approved by {person}. It begins {time}."),
    "operation_gone": mark("{codename}: GO, says {person}. First expected {time}: {text}."),
    "operation_despite": mark(
        "{codename}: {person} takes it upon them to go although this many things are missing: {count}. Why: {text}."
    ),
    "operation_readiness": mark(
        "{codename}: so many people can know time and place: {count}. Missing before go: {number}. Look at it together."
    ),
    "operation_postponed": mark("{codename}: postponed by {person}. Nobody goes on the day that was set."),
    "operation_planned": mark("{codename}: planned for {time} by {person}. The brief is among the records."),
    "operation_diverted": mark(
        "{codename}: DIVERTED by {person}. They go to the other place of the brief. Nobody waits at the first. Next "
        "expected {time}: {text}."
    ),
    "operation_aborted": mark(
        "{codename}: ENDED EARLY by {person}. Nobody goes any further. Whoever is out comes home, and is awaited."
    ),
    "operation_completed": mark("{codename}: everybody is home. Talk about it within a day, and write down what was."),
    "operation_confirm": mark("{codename}: begins {time}. {person}: confirm the date, and that the witness will go."),
    "operation_assess": mark(
        "{codename}: begins {time}. {person}: assess the risk again, and choose how it is done: by video, in a room "
        "apart, behind a screen, in the open court."
    ),
    "operation_freeze": mark(
        "{codename}: begins {time} and is not approved. {person}: settle plan, recipients and words now, and have it "
        "approved."
    ),
    "operation_go_no_go": mark(
        "{codename}: begins {time}. {person}: go or not? Confirm custody first: what nobody has confirmed counts as "
        "released. Say go, postpone it or end it."
    ),
    "operation_not_gone": mark(
        "{codename}: begins {time} and nobody has said go. {person}: say go, postpone it or end it."
    ),
    "operation_same_place": mark(
        "What you plan may meet what {other} plans, at the same place on the same day. Ring {other} and agree who goes "
        "when. Write nothing of it here."
    ),
    "operation_case_closed": mark(
        "{codename}: the case was closed while somebody is on the way. NOBODY WATCHES any more. {person}: ring them "
        "now, and stay in touch until all are home."
    ),
    "operation_undecided": mark(
        "{codename}: BEGINS NOW and nobody has said go: nobody is watched on the way. {person}: ring those who go. Say "
        "go, postpone it or end it."
    ),
    "operation_debrief": mark("{codename}: {person}: talk with everybody who went, today. Then confirm that you did."),
    "operation_watch": mark(
        "{codename}: a month ago. {person}: has anything happened since to whoever went, staff too? Assess again."
    ),
}  # fmt: skip
# An exercise has every sentence with this before it, and some of its own.
DRILL = mark("EXERCISE, nothing has happened. {text}")
_PRACTISED = {
    RING: mark("Streha: exercise, open the app"),
    "operation_late_police": mark(
        "{codename}: STILL NOT HEARD FROM since {time}: {text}. In earnest one of you would call the police now. Do "
        "NOT call {police}."
    ),
    "operation_aborted": mark("{codename}: ENDED EARLY by {person}. Whoever is out is still awaited."),
    "operation_completed": mark("{codename}: everybody is home. Look together at who answered how soon."),
}
DRILLS = {f"drill_{name}": _PRACTISED.get(name, text) for name, text in TEXTS.items()}
# What rings is short and neutral, and says so itself.
DRILL_RING = f"drill_{RING}"
TASKS: dict[Task, str] = {each: f"operation_{each}" for each in Task}


class Told(Protocol):
    """What a circle is told of: an operation or a safe-call, by its codename."""

    @property
    def id(self) -> UUID:
        """Its id, by which what is said of it is known."""

    @property
    def case_id(self) -> CaseId:
        """The case it belongs to."""

    @property
    def compartment_id(self) -> CompartmentId:
        """The circle that hears of it."""

    @property
    def codename(self) -> str:
        """By what people know it."""

    @property
    def drill(self) -> bool:
        """Whether it is only practised."""


def channel(about: Told) -> Target:
    """Return the channel in which something is told."""
    return Target(kind=TargetKind.COMPARTMENT, id=about.compartment_id)


def told(
    operation: Told, template: str, cause: str, by: PersonId | None = None, *, step: Milestone | None = None,
    at: datetime | None = None, more: Mapping[str, str] | None = None,
) -> Message:  # fmt: skip
    """Return what the channel hears. `step` is the one that is spoken of, `at` the moment that is named."""
    parameters: dict[str, str] = {"codename": operation.codename, **(more or {})}
    if by is not None:
        parameters["person"] = str(by)
    if step is not None:
        parameters["text"] = STEPS[step.kind]
    moment = at or (None if step is None else step.due_at)
    if moment is not None:
        parameters["time"] = moment.isoformat()
    return _message(operation, channel(operation), template, cause, parameters)


def despite(operation: Operation, by: PersonId, why: Despite, missing: int, now: datetime) -> Message:
    """Return what the channel hears where somebody goes although something is missing."""
    parameters = {"count": str(missing), "text": DESPITE[why]}
    return told(operation, "operation_despite", f"despite:{now.isoformat()}", by, more=parameters)


def readiness(operation: Operation, found: Readiness, cause: str) -> Message:
    """Return what the channel hears before the day: how many know of it, and how much is missing."""
    parameters = {
        "count": str(found.exposed), "number": str(len(found.missing)),
    }  # fmt: skip
    return told(operation, "operation_readiness", cause, more=parameters)


def refused(operation: Operation, cause: str, by: PersonId) -> Message:
    """Return what the channel hears where somebody was not taken over."""
    more = {"other": str(operation.coordinator_id)}
    if operation.refusal is not None:
        more["text"] = REFUSALS[operation.refusal]
    return told(operation, "operation_refused", cause, by, more=more)


def supervisor(operation: Operation, cause: str, person: PersonId, to_ring: PersonId) -> list[Message]:
    """Return what somebody hears who answers for an agency's safety, and is not in the circle: whom to ring."""
    room = Target(kind=TargetKind.PERSON, id=person)
    words = {"person": str(to_ring)}
    message = replace(
        _message(operation, room, "operation_refused_supervisor", f"{cause}:{person}", words), case_id=None
    )
    return [_ring(message, room, (person,)), message]


def ringing(message: Message, people: Iterable[PersonId], *, alone: bool = False) -> list[Message]:
    """Return a message with what rings people for it, in the channel; `alone` also each in their room with the bot."""
    rung = tuple(dict.fromkeys(people))
    said = [_ring(message, message.target, rung), message]
    for each in rung if alone else ():
        room = Target(kind=TargetKind.PERSON, id=each)
        said += [
            _ring(message, room, (each,)),
            replace(message, key=f"{message.key}:{each}", target=room),
        ]
    return said


def calling(operation: Told, cause: str, contacts: Sequence[Contact]) -> list[Message]:
    """Return the calls to telephones beside Matrix: they say only that the app is to be opened."""
    waking = [each for each in contacts if each.means.wakes]
    return [
        replace(each, case_id=operation.case_id)
        for each in beside(
            None, f"operation:{operation.id}:{cause}:ring:{operation.id}", waking, exercise=operation.drill
        )
    ]


def cause_of(step: Milestone, what: str) -> str:
    """Return what makes something said of a step one: a later time, or the end of a silence, has it said anew."""
    begins = lateness_begins(step)
    return f"{step.id}:{what}:{'' if begins is None else begins.isoformat()}"


def same_place(operation: Operation, other: PersonId) -> list[Message]:
    """Return what two coordinators hear, each alone: that they ring each other."""
    said = []
    for each, to_ring in ((operation.coordinator_id, other), (other, operation.coordinator_id)):
        room = Target(kind=TargetKind.PERSON, id=each)
        cause = f"same_place:{operation.begins_at.isoformat()}:{other}:{each}"
        message = replace(
            _message(operation, room, "operation_same_place", cause, {"other": str(to_ring)}), case_id=None
        )
        said += [_ring(message, room, (each,)), message]
    return said


def alone(operation: Told, template: str, people: Iterable[PersonId], cause: str) -> list[Message]:
    """Return what people hear alone with the bot, because there is no channel any more."""
    people = list(people)
    words = {"codename": operation.codename, "person": ",".join(str(each) for each in people)}
    said = []
    for each in people:
        room = Target(kind=TargetKind.PERSON, id=each)
        message = _message(operation, room, template, f"{cause}:{each}", words)
        said += [_ring(message, room, (each,)), message]
    return said


def _ring(message: Message, target: Target, people: Sequence[PersonId]) -> Message:
    mentions: tuple[UUID, ...] = tuple(people)
    ring = DRILL_RING if message.template in DRILLS else RING
    return replace(
        message, key=f"{message.key}:ring:{target.id}", target=target, template=ring, parameters={}, mentions=mentions
    )


def _message(
    operation: Told, target: Target, template: str, cause: str, parameters: Mapping[str, str]
) -> Message:  # fmt: skip
    template = f"drill_{template}" if operation.drill else template
    return Message(
        key=f"operation:{operation.id}:{cause}:{template}", target=target, template=template,
        parameters=dict(parameters), lane=Lane.ALERT, case_id=operation.case_id,
        urgency=Urgency.ORDINARY if operation.drill else Urgency.SEVERE,
    )  # fmt: skip
