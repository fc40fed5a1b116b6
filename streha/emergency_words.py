"""What a terminal says of calling the police and an ambulance: what is known, and what to do where nothing is."""

from __future__ import annotations

from alerts.police.emergency import Police, Service
from client.answers import Alert, EmergencyCall
from client.key_file import KeyFile
from core.texts import mark
from streha import terminal
from streha.personal import Names
from streha.terminal import say

DRILL = "Exercise"


def police_lines(alert: Alert, names: Names, key: KeyFile) -> list[str]:
    """Return what is known of calls for an alert, in lines, the newest word of everybody; and whom to ring."""
    numbers = {Service.POLICE: key.police_number, Service.AMBULANCE: say(mark("Ambulance"))}
    lines = [
        _said(each, names, numbers[Service(each.service)])
        for each in alert.emergency_calls
        if each.service in numbers and (each.called or alert.police == Police.NOT_CALLED)
    ]
    if alert.police is None or alert.police == Police.CALLED or alert.stood_down_at is not None:
        return lines
    number = key.police_number
    if alert.status == DRILL:
        return [
            *lines,
            say(mark("{number}: do NOT call, this is an exercise. Nobody has practised to say it."), number=number),
        ]
    if alert.police == Police.UNANSWERED:
        lines.append(say(mark("Nobody has said that {number} was called. In danger call now."), number=number))
    elif alert.police != Police.NOT_CALLED:
        lines.append(say(mark("{number}: NOT known to be called. In danger call now."), number=number))
    return lines


def _said(said: EmergencyCall, names: Names, number: str) -> str:
    if not said.called:
        return say(
            mark("{number}: NOT called, says {person}. In danger call now."), number=number, person=names(said.said_by)
        )
    time = terminal.moment(said.called_at)
    if said.called_by is None:
        return say(
            mark("{number}: called {time} by somebody who takes no part, says {person}."),
            number=number, time=time, person=names(said.said_by),
        )  # fmt: skip
    return say(mark("{number}: called {time} by {person}."), number=number, time=time, person=names(said.called_by))
