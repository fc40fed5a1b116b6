"""Operations and safe-calls of a case on one time line: what is expected, and what has happened by the ledger.

To each member what their circles hold; of circles that they are not in there is nothing on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from agencies.model import Person, PersonId
from cases import rules as case_rules
from cases import store as case_store
from cases.model import CaseId, Compartment, CompartmentId
from core.clock import Clock
from core.database import Database, Row
from operations import acting, running, store
from operations.model import Happening, MilestoneKind, Operation
from operations.safe_calls import rules as call_rules
from operations.safe_calls import store as call_store
from operations.safe_calls.model import SafeCall
from operations.transitions import AHEAD, RUNNING

# So much of what has happened is told at once.
PAGE = 100
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_WHY = ("despite", "why")
_CONFIRM = {Happening.CONFIRMED, Happening.RECEIVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an entry is about: an operation or a safe-call, and its circle, by their codenames."""

    id: UUID
    codename: str
    circle: str
    drill: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected by a moment: a step, or without one that somebody is heard from. `late`: its grace is over."""

    at: datetime
    about: About
    step: MilestoneKind | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What was done, and when it came here; by nobody: by the clock.

    `written_at` is when whoever confirmed a step wrote so.
    """

    entry: int
    at: datetime
    what: Happening
    about: About
    by: PersonId | None
    step: MilestoneKind | None
    written_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """What is expected, the first first; what has happened, the last first, and before which entry there is more."""

    expected: Sequence[Expected]
    happened: Sequence[Happened]
    more: int | None


class CaseTimeline:
    """Reads the time line of a case."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def see(self, actor: Person, case_id: CaseId, before: int | None = None) -> TimelineView:
        """Return the time line; what has happened by pages, each `before` the entry that the last one told."""
        async with self._database.reading() as look:
            case = case_rules.as_seen_by(await case_store.case(look, case_id), actor.id)
            circles = {each.id: each for each in case.compartments}
            operations: dict[UUID, Operation] = {
                each.id: each
                for each in await store.of_compartments(look, circles)
                if acting.shown_in(circles[each.compartment_id], each)
            }
            calls = await call_store.of_compartments(look, circles, _EVER)
            about = _about(circles, operations.values(), calls)
            acts, wanted = [str(each) for each in Happening], list(about)
            rows = await look.rows(store.SQL["timeline"], case.id, wanted, acts, before, PAGE + 1)
        more = rows[PAGE - 1]["entry"] if len(rows) > PAGE else None
        return TimelineView(
            expected=_expected(operations.values(), calls, about, self._clock.now()),
            happened=[_happened(row, operations, about) for row in rows[:PAGE]],
            more=more,
        )


def _about(
    circles: Mapping[CompartmentId, Compartment], operations: Iterable[Operation], calls: Iterable[SafeCall]
) -> dict[UUID, About]:
    every: list[Operation | SafeCall] = [*operations, *calls]
    return {
        each.id: About(
            id=each.id, codename=each.codename, circle=circles[each.compartment_id].codename, drill=each.drill
        )
        for each in every
    }


def _expected(
    operations: Iterable[Operation], calls: Iterable[SafeCall], about: Mapping[UUID, About], now: datetime
) -> list[Expected]:
    steps = [
        Expected(
            at=step.due_at, about=about[each.id], step=step.kind,
            late=step.next_step_at is not None and running.missed(each.level, step, now),
        )
        for each in operations
        if each.status in AHEAD | RUNNING
        for step in each.milestones
        if step.waits and step.due_at is not None
    ]  # fmt: skip
    heard = [
        Expected(at=each.due_at, about=about[each.id], step=None, late=call_rules.late(each, now))
        for each in calls
        if each.due_at is not None
    ]
    return sorted([*steps, *heard], key=lambda each: (each.at, each.about.codename))


def _happened(row: Row, operations: Mapping[UUID, Operation], about: Mapping[UUID, About]) -> Happened:
    facts, operation = row["facts"], operations.get(row["object_id"])
    # Its own time stands with the step; where the way was planned anew, that step is there no more.
    step = next(
        (
            each
            for each in (operation.milestones if operation and row["act"] in _CONFIRM else ())
            if each.confirmed_at == row["at"] and each.position == facts.get("position")
        ),
        None,
    )
    return Happened(
        entry=row["entry"], at=row["at"], what=Happening(row["act"]), about=about[row["object_id"]],
        by=None if row["actor_id"] is None else PersonId(row["actor_id"]),
        step=MilestoneKind(facts["step"]) if "step" in facts else None if step is None else step.kind,
        written_at=None if step is None else step.written_at,
        why=next((facts[each] for each in _WHY if each in facts), None),
    )  # fmt: skip
