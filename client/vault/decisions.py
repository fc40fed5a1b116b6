"""What monthly meetings decided, as sealed records: one for each day, whose versions tell how far it is.

Saved in one step with who owes something by which day, of which the server reminds. Whoever reads holds it to the rules
again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cases.trust.records import Version
from client.vault import records
from client.vault.plans import NO_MEMBER, SEVERAL
from client.vault.reading import View
from client.vault.records import Opened, Put, Records
from client.vault.telling import Tells
from core.errors import Conflict, StrehaError
from core.texts import mark
from safety_plans.problems import Problem, problem
from safety_plans.taskforce import decisions
from safety_plans.taskforce.decisions import Meeting

KIND = "decisions"
NOT_THERE = mark("Whoever was to do this is no member of this compartment now: nobody does it. Decide who does.")
UNREADABLE = mark("This version is not what a meeting decided, as this program knows it. Read it: streha record get")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A version that was opened: what was decided, or what is wrong with it."""

    opened: Opened
    meeting: Meeting | None
    problems: Sequence[Problem]


class Decisions:
    """What was decided in compartments, for one person."""

    def __init__(self, sealed: Records) -> None:
        self._records = sealed

    async def current(self, view: View, today: dt.date) -> list[Decided]:
        """Return what every meeting decided, the newest first; what cannot be read comes first of all."""
        versions = [each for record in view.compartment.records.current for each in records.current(view, record)]
        found = [await self._judged(view, each, today) for each in versions if each.write.kind == KIND]
        return sorted(found, key=lambda each: dt.date.max if each.meeting is None else each.meeting.day, reverse=True)

    async def check(self, view: View, meeting: Meeting, today: dt.date) -> list[Problem]:
        """Return what keeps it from being sealed here; all of it. What is open for its day already goes on in it."""
        before = [each.meeting for each in await self.current(view, today)]
        lacks = [*decisions.lacking(meeting, today), *_strangers(view, meeting, NO_MEMBER)]
        return lacks + _left_out(meeting, [each for each in before if each is not None and each.day == meeting.day])

    async def put(self, view: View, meeting: Meeting, today: dt.date) -> Put:
        """Seal what was checked: anew, or as the next version of what that day's meeting decided."""
        of_day = {
            each.opened.version.write.record
            for each in await self.current(view, today)
            if each.meeting is not None and each.meeting.day == meeting.day
        }
        if len(of_day) > 1:
            raise Conflict(SEVERAL, records=", ".join(sorted(str(UUID(bytes=each)) for each in of_day)))
        return await self._records.put(
            view.compartment.id, decisions.written(meeting), kind=KIND, record=next(iter(of_day), None),
            tells=Tells(measures=decisions.owed(meeting)),
        )  # fmt: skip

    async def _judged(self, view: View, version: Version, today: dt.date) -> Decided:
        """Return an opened version with what it lacks now, also after each version that it follows."""
        opened = await self._records.open_version(view, version)
        checked = decisions.read(opened.text)
        if checked.meeting is None:
            return Decided(opened=opened, meeting=None, problems=[problem("", UNREADABLE), *checked.problems])
        known = view.compartment.records.versions
        past = [await self._past(view, known[each]) for each in version.write.follows if each in known]
        lacks = [*decisions.lacking(checked.meeting, today), *_strangers(view, checked.meeting, NOT_THERE)]
        lacks += _left_out(checked.meeting, [each for each in past if each is not None])
        return Decided(opened=opened, meeting=checked.meeting, problems=lacks)

    async def _past(self, view: View, version: Version) -> Meeting | None:
        """Return what stood in a version before; of one that cannot be opened here nothing is held against the next."""
        try:
            return decisions.read((await self._records.open_version(view, version)).text).meeting
        except StrehaError:
            return None


def _left_out(meeting: Meeting, before: Sequence[Meeting]) -> list[Problem]:
    found: list[Problem] = []
    for each in before:
        found += [one for one in decisions.left_out(meeting, each) if one not in found]
    return found


def _strangers(view: View, meeting: Meeting, words: str) -> list[Problem]:
    """Tell who owes something and is not there to read it."""
    members = {UUID(bytes=each) for each in view.circle.members}
    return [
        problem(f"decisions.{n}.owner", words)
        for n, each in enumerate(meeting.decisions)
        if each.status == "open" and UUID(each.owner) not in members
    ]
