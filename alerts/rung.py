"""What rings somebody and is no alert, answered at a console: test rings of duty, and calls for help by telephone.

Whoever is rung in a room or by telephone is shown it here too, and answers it with the same effect as with a word
(`alerts.duty.ringing`, `alerts.telephone.desk_calls`); to everybody else there is no such thing. Answering twice is
answering once, and a console that answers too late is told that nothing is left to answer: never that it was stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from agencies import duty_rings
from agencies import store as directory
from agencies.duty_ring import DutyRing, DutyRingId
from agencies.model import Person, PersonId
from alerts.duty import ringing
from alerts.telephone import desk_calls
from alerts.telephone.desk_call import DeskCall, DeskCallId
from core.clock import Clock
from core.database import Database

# So long whoever has taken a call is shown what it is about: they still have to find out.
SHOWN_AFTERWARDS = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RungView:
    """What waits for somebody's answer, and the calls they have taken of late; `people` names who seems to call."""

    rings: Sequence[DutyRing]
    calls: Sequence[DeskCall]
    people: Mapping[PersonId, str]


class Rung:
    """Shows people what rings them, and lets them answer it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def see(self, actor: Person) -> RungView:
        """Return what waits for the actor's answer."""
        now = self._clock.now()
        async with self._database.reading() as look:
            rings = await duty_rings.waiting_for(look, actor.id, now)
            calls = await desk_calls.shown_to(look, actor.id, now - SHOWN_AFTERWARDS)
            callers = await directory.people(look, {each.person_id for each in calls if each.person_id is not None})
        return RungView(rings=rings, calls=calls, people={each.id: each.name for each in callers.values()})

    async def answer_ring(self, actor: Person, ring_id: DutyRingId) -> None:
        """Say that the actor is reached. It accepts no alert."""
        await ringing.answer_here(self._database, self._clock, actor, ring_id)

    async def take_call(self, actor: Person, call_id: DeskCallId) -> None:
        """Say that the actor sees to a call for help: nobody is called for it any more."""
        await desk_calls.take_here(self._database, self._clock, actor, call_id)
