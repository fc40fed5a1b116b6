"""Noting what somebody writes of a call to the police or for an ambulance; asking who called where that is not clear.

Words that begin with the number are ordinary talk too. They are answered only where an alert may be meant and something
is still to be said of it: nothing that could be taken for "called" is ever guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from alerts.police.emergency import Police, Service
from alerts.police.emergency_calls import EmergencyCalls
from alerts.service import AlertView
from bots.talk.answers import Answers
from bots.talk.heard import Heard
from bots.words.commands import Caller, Command, Verb
from bots.words.names import named
from core.clock import Clock
from core.database import Database
from core.outbox import Lane


class Calls:
    """Takes answers to the question whether the police was called."""

    def __init__(self, database: Database, clock: Clock, answers: Answers) -> None:
        self._clock = clock
        self._answers = answers
        self._calls = EmergencyCalls(database, clock)

    async def note(self, heard: Heard, said: Command, alerts: Sequence[AlertView]) -> None:
        """Note who called, for the one alert that may be meant; ask which, or who, where it is not clear."""
        if not alerts:
            if said.caller is not None:
                await self._answers.say(heard, "reply_no_alert", lane=Lane.ALERT)
            return
        names = {each.id: each.name for view in alerts for each in view.people}
        clear = said.caller is not None or named(said.name, names) is not None
        asked = any(each.alert.police in (Police.ASKED, Police.UNANSWERED) for each in alerts)
        if not clear and not asked:
            return
        service = Service.POLICE if said.verb is Verb.POLICE else Service.AMBULANCE
        if len(alerts) > 1:
            await self._answers.say(heard, f"reply_{service}_which", lane=Lane.ALERT)
            return
        (view,) = alerts
        caller = {Caller.ME: heard.person.id, Caller.OTHER: None, Caller.NOBODY: None, None: None}[said.caller]
        if said.caller is None:
            caller = next((each.id for each in view.people if each.id == named(said.name, names)), None)
            if caller is None:
                await self._answers.say(heard, f"reply_{service}_who", lane=Lane.ALERT)
                return
        now = self._clock.now()
        called = said.caller is not Caller.NOBODY
        at = min(max(heard.written_at, view.alert.sent), now)
        await self._calls.note(
            heard.person, view.alert.id, called=called, called_by=caller, at=at if called else None, service=service,
            key=heard.key, room=heard.target,
        )  # fmt: skip
