"""What is said of calling the police and an ambulance: asked, told, and told where nobody knows.

As everywhere only the neutral sentence rings. An exercise asks too, and says in every sentence not to call.
"""

from __future__ import annotations

from collections.abc import Iterable

from agencies.model import PersonId
from alerts.messages import notice
from alerts.model import Alert
from alerts.police.emergency import EmergencyCall, Service
from core.outbox import Message, Target, TargetKind
from core.texts import mark

TEXTS = {
    "alert_police_asked": mark(
        "{codename}: has {police} been called, and by whom? Write one of these:\n"
        "{police} me: you called\n{police} and a name: somebody else here called\n"
        "{police} other: somebody called who is not part of this\n{police} no: nobody has called"
    ),
    "alert_police_asked_again": mark(
        "{codename}: nobody has said yet whether {police} was called. Write one of these:\n"
        "{police} me: you called\n{police} and a name: somebody else here called\n"
        "{police} other: somebody called who is not part of this\n{police} no: nobody has called"
    ),
    "alert_police_called": mark("{codename}: {police} was called {time} by {person}."),
    "alert_police_called_outside": mark(
        "{codename}: {police} was called {time} by somebody who is not part of this, says {person}."
    ),
    "alert_police_not_called": mark(
        "{codename}: {person} says that {police} was NOT called. Danger to life: ring {police} now."
    ),
    "alert_police_unanswered": mark(
        "{codename}: NOBODY has said that {police} was called. Danger to life: ring {police} yourself, now."
    ),
    "alert_ambulance_called": mark("{codename}: {ambulance} was called {time} by {person}."),
    "alert_ambulance_called_outside": mark(
        "{codename}: {ambulance} was called {time} by somebody who is not part of this, says {person}."
    ),
    "alert_ambulance_not_called": mark(
        "{codename}: {person} says that {ambulance} was NOT called. Danger to life: ring {ambulance} now."
    ),
    "drill_police_asked": mark(
        "EXERCISE, {codename}: do NOT call {police}. Practise to say whether it was called: write {police} me, "
        "{police} and a name, {police} other, or {police} no."
    ),
    "drill_police_asked_again": mark(
        "EXERCISE, {codename}: do NOT call {police}. Nobody has practised yet to say whether it was called: write "
        "{police} me, {police} and a name, {police} other, or {police} no."
    ),
    "drill_police_called": mark("EXERCISE, {codename}: {person} would have called {police}, {time}. Do NOT call."),
    "drill_police_called_outside": mark(
        "EXERCISE, {codename}: somebody who is not part of this would have called {police}, {time}, says {person}. "
        "Do NOT call."
    ),
    "drill_police_not_called": mark(
        "EXERCISE, {codename}: {person} says that nobody would have called {police}. Do NOT call."
    ),
    "drill_police_unanswered": mark(
        "EXERCISE, {codename}: nobody has said whether {police} would have been called. Do NOT call."
    ),
    "drill_ambulance_called": mark(
        "EXERCISE, {codename}: {person} would have called {ambulance}, {time}. Do NOT call."
    ),
    "drill_ambulance_called_outside": mark(
        "EXERCISE, {codename}: somebody who is not part of this would have called {ambulance}, {time}, says {person}. "
        "Do NOT call."
    ),
    "drill_ambulance_not_called": mark(
        "EXERCISE, {codename}: {person} says that nobody would have called {ambulance}. Do NOT call."
    ),
}


def asking(alert: Alert, codename: str, room: Target) -> list[Message]:
    """Return the first question, for the room in which somebody accepted; once in each ladder."""
    return [notice(alert, room, "alert_police_asked", f"police:{alert.ladder}", {"codename": codename})]


def asking_again(
    alert: Alert, codename: str, rooms: Iterable[tuple[Target, Iterable[PersonId]]]
) -> list[Message]:  # fmt: skip
    """Return the second question, with what rings, for rooms and whom it rings there."""
    return _loudly(alert, codename, "alert_police_asked_again", "police_again", rooms)


def unanswered(
    alert: Alert, codename: str, rooms: Iterable[tuple[Target, Iterable[PersonId]]]
) -> list[Message]:  # fmt: skip
    """Return that nobody has said whether the police was called, with what rings."""
    return _loudly(alert, codename, "alert_police_unanswered", "police_unanswered", rooms)


def told(alert: Alert, codename: str, rooms: Iterable[Target], said: EmergencyCall) -> list[Message]:
    """Return what somebody said of a call, for every room that may hear how the alert goes on."""
    template = f"alert_{said.service}_" + (
        "not_called" if not said.called else "called_outside" if said.called_by is None else "called"
    )
    parameters = {"codename": codename, "person": str(said.called_by or said.said_by)}
    if said.called_at is not None:
        parameters["time"] = said.called_at.isoformat()
    return [notice(alert, room, template, _cause(said), parameters) for room in rooms]


def ringing(alert: Alert, people: Iterable[PersonId], said: EmergencyCall) -> list[Message]:
    """Return what rings people, each alone, because the police was not called."""
    return [
        notice(alert, Target(kind=TargetKind.PERSON, id=each), "alert_ring", f"ring:{_cause(said)}", mentions=(each,))
        for each in people
        if said.service is Service.POLICE
    ]


def _cause(said: EmergencyCall) -> str:
    return f"{said.service}_said:{said.said_by}:{said.said_at.isoformat()}"


def _loudly(
    alert: Alert, codename: str, template: str, cause: str, rooms: Iterable[tuple[Target, Iterable[PersonId]]]
) -> list[Message]:
    messages = []
    for room, mentions in rooms:
        rung = tuple(mentions)
        if rung:
            messages.append(notice(alert, room, "alert_ring", f"ring:{cause}:{alert.ladder}", mentions=rung))
        messages.append(notice(alert, room, template, f"{cause}:{alert.ladder}", {"codename": codename}))
    return messages
