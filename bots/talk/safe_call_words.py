"""What somebody writes who heard from whoever is expected to be: which safe-call is meant, and what it says now."""

from __future__ import annotations

from bots.talk.answers import Answers
from bots.talk.heard import Heard
from bots.words.commands import Command
from core.clock import Clock
from core.database import Database
from core.outbox import Lane, TargetKind
from core.settings import Settings
from operations.safe_calls.service import SafeCalls, SafeCallView


class SafeCallWords:
    """Takes the word that somebody was heard from."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, answers: Answers) -> None:
        self._answers = answers
        self._safe_calls = SafeCalls(database, clock, settings.time_zone)

    async def take(self, heard: Heard, said: Command) -> None:
        """Record it for the safe-call of this codename, in its circle's channel or alone with the bot.

        Without a codename it is ordinary talk, unless its author was just asked; of several they are asked which.
        """
        found = await self._safe_calls.see_all(heard.person)
        if said.codename is None:
            found = [each for each in found if _asked(each, heard)]
        else:
            found = [each for each in found if each.call.codename == said.codename]
        if heard.target.kind is TargetKind.COMPARTMENT:
            found = [each for each in found if each.call.compartment_id == heard.target.id]
        elif heard.target.kind is not TargetKind.PERSON:
            found = []
        if said.codename is None and not found:
            return
        if len(found) > 1:
            await self._answers.say(heard, "reply_which_safe_call", lane=Lane.ALERT)
            return
        if not found:
            await self._answers.say(heard, "reply_no_safe_call", lane=Lane.ALERT)
            return
        view = await self._safe_calls.heard(heard.person, found[0].call.id, heard.written_at)
        if view.known:
            await self._answers.say(heard, "reply_safe_call_known", {"codename": view.call.codename})


def _asked(view: SafeCallView, heard: Heard) -> bool:
    """Whether somebody was asked about a safe-call before they wrote."""
    call = view.call
    return (
        call.rung > 0
        and heard.person.id in call.listeners
        and call.due_at is not None
        and heard.written_at >= call.due_at
    )
