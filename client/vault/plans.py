"""Safety plans as sealed records: read again by the rules, and saved in one step with what the server reminds of.

The server can check nothing of a plan. So whoever writes one is held to the rules here, and whoever reads one is told
where its author was not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cases.trust.records import Version
from client.vault import records
from client.vault.reading import View
from client.vault.records import Opened, Put, Records
from client.vault.telling import Tells
from core.errors import Conflict, NotFound, StrehaError
from core.texts import mark
from safety_plans.plans import reading, transitions
from safety_plans.plans.model import Plan
from safety_plans.plans.owed import Owed, owed
from safety_plans.problems import Problem, problem

KIND = "plan"
NO_PLAN = mark("There is no such plan here. See: streha record list")
SEVERAL = mark("There are several plans of this kind here. Choose one with --record: {records}")
NO_MEMBER = mark("They are no member of this compartment, and could not read it. Let them in first.")
UNREADABLE = mark("This version is no plan as this program knows it. Read it: streha record get")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A version that was opened: the plan that it is, or what is wrong with it, and what it lacks in its state."""

    opened: Opened
    plan: Plan | None
    problems: Sequence[Problem]


class Plans:
    """The plans of compartments, for one person. A compartment has one plan of a kind."""

    def __init__(self, sealed: Records) -> None:
        self._records = sealed

    async def record(self, view: View, kind: type[Plan]) -> bytes | None:
        """Return the record that is the plan of a kind; raise Conflict where two people began one each."""
        found = set()
        for version in _plans(view):
            plan = _read(await self._records.open_version(view, version)).plan
            if isinstance(plan, kind):
                found.add(version.write.record)
        if len(found) > 1:
            raise Conflict(SEVERAL, records=", ".join(sorted(str(UUID(bytes=each)) for each in found)))
        return next(iter(found), None)

    async def check(self, view: View, plan: Plan, record: bytes | None, today: dt.date) -> list[Problem]:
        """Return what keeps a plan from being the next version of a record, or a new one; all of it."""
        found = _strangers(view, plan)
        if record is None:
            return [*found, *transitions.problems(plan, None, today)]
        for version in _of_kind(view, record):
            before = _read(await self._records.open_version(view, version)).plan
            found += [each for each in transitions.problems(plan, before, today) if each not in found]
        return found

    async def put(
        self, view: View, plan: Plan, record: bytes | None, *, beside: bool = False
    ) -> tuple[Put, Sequence[Owed]]:  # fmt: skip
        """Save a plan that was checked, together with who owes what by which day; return that too."""
        due = owed(plan, UUID(bytes=view.circle.coordinator))
        put = await self._records.put(
            view.compartment.id, reading.written(plan), kind=KIND, record=record, beside=beside,
            tells=Tells(measures=[(each.owner, each.deadline) for each in due]),
        )  # fmt: skip
        return put, due

    async def current(self, view: View, today: dt.date) -> list[Sealed]:
        """Return the current versions of every plan, each read by the rules."""
        return [await self.judged(view, await self._records.open_version(view, each), today) for each in _plans(view)]

    async def judged(self, view: View, opened: Opened, today: dt.date) -> Sealed:
        """Return an opened version as the plan that it is, with what it lacks after each version that it follows."""
        found = _read(opened)
        if found.plan is None:
            return found
        known, follows = view.compartment.records.versions, opened.version.write.follows
        lacks = _strangers(view, found.plan)
        if not follows:
            lacks += transitions.problems(found.plan, None, today)
        for before in [await self._past(view, known[each]) for each in follows if each in known]:
            # Of a version that cannot be opened here nothing is held against this one.
            if before is not None:
                lacks += [each for each in transitions.problems(found.plan, before, today) if each not in lacks]
        return Sealed(opened=opened, plan=found.plan, problems=lacks)

    async def _past(self, view: View, version: Version) -> Plan | None:
        try:
            return _read(await self._records.open_version(view, version)).plan
        except StrehaError:
            return None


def _plans(view: View) -> list[Version]:
    found = [each for record in view.compartment.records.current for each in records.current(view, record)]
    return [each for each in found if each.write.kind == KIND]


def _of_kind(view: View, record: bytes) -> list[Version]:
    found = records.current(view, record)
    if any(each.write.kind != KIND for each in found):
        raise NotFound(NO_PLAN)
    return found


def _read(opened: Opened) -> Sealed:
    checked = reading.read(opened.text)
    problems = checked.problems if checked.plan is not None else [problem("", UNREADABLE), *checked.problems]
    return Sealed(opened=opened, plan=checked.plan, problems=problems)


def _strangers(view: View, plan: Plan) -> list[Problem]:
    """Tell who owes something and is not there to read it."""
    members = {UUID(bytes=each) for each in view.circle.members}
    due = owed(plan, UUID(bytes=view.circle.coordinator))
    return [problem(each.where, NO_MEMBER) for each in due if each.owner not in members]
