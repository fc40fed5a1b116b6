"""What somebody on the way writes: which operation is meant, and what is said of it there.

A bare "ok" is ordinary talk unless its author was just asked for a step of an operation in this room: then it confirms
that step; asked for steps of several, they are asked which. Everything else begins with the word for operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from bots.talk.answers import Answers
from bots.talk.heard import Heard
from bots.words.commands import Command, Passage
from cases.model import CompartmentId
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.outbox import Lane, TargetKind
from core.settings import Settings
from core.texts import mark
from operations.acting import OperationView
from operations.handing_over import HandingOver
from operations.service import Operations
from operations.transitions import RUNNING
from operations.under_way import UnderWay
from operations.words import STATUSES, STEPS
from safety_plans.clocks.service import spans_of

MINUTES = mark("For how many minutes? Write for example: op delayed 20")
WHY = mark(
    "Why? Write one of: op refused no place, not agreed, somebody else, not safe here, other care, papers. Nothing was "
    "noted yet."
)


class Passages:
    """Takes the words of those who are on the way."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, answers: Answers) -> None:
        self._answers = answers
        self._operations = Operations(database, clock, settings.time_zone, spans_of(settings))
        self._under_way = UnderWay(database, clock, settings.time_zone)
        self._handing_over = HandingOver(database, clock, settings.time_zone)

    async def take(self, heard: Heard, said: Command) -> None:
        """Do what was written; where it is not clear of which operation, ask."""
        found = await self._meant(heard, said)
        if said.bare:
            found = [each for each in found if _asked(each, heard)]
            if not found:
                return
        if not found:
            await self._answers.no_operation(heard)
        elif len(found) > 1:
            await self._answers.say(heard, "reply_which_operation", lane=Lane.ALERT)
        elif said.passage is None:
            await self._state(heard, found[0])
        else:
            view = await self._told(heard, found[0], said.passage, said)
            if view.known:
                await self._state(heard, view)

    async def _meant(self, heard: Heard, said: Command) -> Sequence[OperationView]:
        here = CompartmentId(heard.target.id) if heard.target.kind is TargetKind.COMPARTMENT else None
        if heard.target.kind is TargetKind.DESK:
            return []
        found = await self._operations.running_in(heard.person, here)
        if said.codename is not None:
            return [each for each in found if each.operation.codename == said.codename]
        # Without a name those are meant that somebody is out on; else one that people are still to talk about.
        return [each for each in found if each.operation.status in RUNNING] or found

    async def _told(self, heard: Heard, view: OperationView, passage: Passage, said: Command) -> OperationView:
        operation_id, minutes = view.operation.id, said.minutes
        match passage:
            case Passage.REACHED:
                return await self._under_way.confirm(heard.person, operation_id, written_at=heard.written_at)
            case Passage.DIVERTED:
                return await self._under_way.divert(heard.person, operation_id)
            case Passage.ABORTED:
                return await self._under_way.abort(heard.person, operation_id)
            case Passage.RECEIVED:
                return await self._handing_over.receive(heard.person, operation_id, heard.written_at)
            case Passage.REFUSED:
                if said.refusal is None:
                    raise InvalidInput(WHY)
                return await self._handing_over.refuse(heard.person, operation_id, said.refusal)
            case Passage.DELAYED | Passage.DARK:
                if minutes is None:
                    raise InvalidInput(MINUTES)
                act = self._under_way.delay if passage is Passage.DELAYED else self._under_way.dark
                return await act(heard.person, operation_id, minutes, heard.key, heard.written_at)
            case _:
                assert_never(passage)

    async def _state(self, heard: Heard, view: OperationView) -> None:
        """Say where an operation stands, and what is expected next."""
        step, words = view.operation.watched, {"codename": view.operation.codename}
        drill = "drill_" if view.operation.drill else ""
        if step is None or step.due_at is None:
            words |= {"text": STATUSES[view.operation.status]}
            await self._answers.say(heard, f"{drill}reply_operation", words)
        else:
            words |= {"text": STEPS[step.kind], "time": step.due_at.isoformat()}
            hand_over = step is view.operation.hand_over
            template = "reply_operation_hand_over" if hand_over else "reply_operation_next"
            await self._answers.say(heard, f"{drill}{template}", words)


def _asked(view: OperationView, heard: Heard) -> bool:
    """Whether somebody was asked for the step that is expected now, before they wrote."""
    step = view.operation.watched
    return (
        step is not None
        and step.rung > 0
        and heard.person.id in step.confirmers
        and step.due_at is not None
        and heard.written_at >= step.due_at
    )
