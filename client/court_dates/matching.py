"""What a calendar file changes: each of its court dates against those known and their operations. Pure.

A date is the same by UID and RECURRENCE-ID; SEQUENCE, and where that is equal DTSTAMP, say which of two is the later
word (RFC 5546). What people did with an operation by hand meanwhile stands until the file says something new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from client.court_dates.kept import Known
from client.court_dates.reading import CalendarFile, CourtDate, where
from client.operations import Operation
from core.ids import new_id
from core.texts import mark
from operations.model import OperationStatus
from safety_plans.problems import Problem, problem

OLDER = mark("This file is older than the one that was imported last (SEQUENCE, DTSTAMP). Ask for the newest.")
MOVED_INTO_PAST = mark("This day is known, and the file moves it into the past. Ask.")
UNDER_WAY = mark("They are on the way for this day already ({codename}). Speak with them; the file changes nothing.")
# After go somebody may be out already, whether they have written or not.
_UNDER_WAY = frozenset({OperationStatus.GO, OperationStatus.IN_PROGRESS, OperationStatus.DIVERTED})
_OVER = frozenset({OperationStatus.COMPLETED, OperationStatus.CLOSED, OperationStatus.ABORTED})


class Turn(StrEnum):
    """What a file says of a date."""

    NEW = "new"
    MOVED = "moved"
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One date with what becomes of it: `known` as it is to be kept, and the operation as it stands, if it does."""

    turn: Turn
    date: CourtDate
    known: Known
    operation: Operation | None

    @property
    def begins_at(self) -> datetime:
        """When the way begins."""
        return self.known.at - timedelta(minutes=self.known.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that a file changes, how many of its dates are nobody's any more, and what is wrong."""

    changes: Sequence[Change]
    past: int
    # Known days ahead of which the file says nothing.
    not_in_it: int
    problems: Sequence[Problem]


def match(
    file: CalendarFile, known: Sequence[Known], operations: Mapping[UUID, Operation], minutes: int, now: datetime
) -> Changes:
    """Return what a file changes; a new way begins so many minutes before the court's hour."""
    matcher = _Matcher(operations=operations, minutes=minutes, now=now)
    before = {each.key: each for each in known}
    told = set()
    changes: list[Change] = []
    problems: list[Problem] = list(file.problems)
    past = 0
    for date, each in _spread(file, known, now):
        told.add(date.key if each is None else each.key)
        if date.cancelled and each is None:
            past += 1
            continue
        if date.at is not None and date.at <= now and each is None:
            past += 1
            continue
        found = matcher.change(date, each)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            changes.append(found)
    not_in_it = sum(key not in told and each.at > now and not each.cancelled for key, each in before.items())
    return Changes(changes=changes, past=past, not_in_it=not_in_it, problems=problems)


def _spread(file: CalendarFile, known: Sequence[Known], now: datetime) -> list[tuple[CourtDate, Known | None]]:
    """Return each date of a file with what is known of it; what calls off a whole series, once for each day known."""
    before = {each.key: each for each in known}
    named = {each.key for each in file.dates} | file.named
    found: list[tuple[CourtDate, Known | None]] = []
    for date in file.dates:
        found.append((date, before.get(date.key)))
        if date.cancelled and not date.recurrence:
            mine = [each for each in known if each.uid == date.uid and each.key not in named]
            found += [(date, each) for each in mine if each.at > now]
            if mine and date.key not in before:
                # It was a series and nothing else.
                found.remove((date, None))
    for uid, date in file.whole.items():
        gone = [each for each in known if each.uid == uid and each.key not in named and each.at > now]
        found += [(_called_off(date), each) for each in gone]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matcher:
    operations: Mapping[UUID, Operation]
    minutes: int
    now: datetime

    def change(self, date: CourtDate, known: Known | None) -> Change | Problem:
        """Return what becomes of one date."""
        if known is None:
            return self._new(date, new_id())
        if _older(date, known):
            return problem(where(date.entry, date.line), OLDER)
        operation = self.operations.get(known.operation)
        if date.cancelled:
            return self._cancelled(date, known, operation)
        if operation is None:
            # Kept here, and the planning was cut off: it is planned now, under the same id.
            return self._new(date, known.operation)
        if not known.cancelled and date.at == known.at:
            return _of(Turn.UNCHANGED, date, known, operation)
        return self._moved(date, known, operation)

    def _moved(self, date: CourtDate, known: Known, operation: Operation) -> Change | Problem:
        if date.at is None or date.at <= self.now:
            return problem(where(date.entry, date.line), MOVED_INTO_PAST)
        if operation.status in _UNDER_WAY:
            return problem(where(date.entry, date.line), UNDER_WAY, codename=operation.codename)
        if operation.status in _OVER:
            return self._new(date, new_id())
        return _of(Turn.MOVED, date, known, operation)

    def _new(self, date: CourtDate, operation: UUID) -> Change | Problem:
        if date.at is None or date.at <= self.now:
            return problem(where(date.entry, date.line), MOVED_INTO_PAST)
        known = Known(
            uid=date.uid, recurrence=date.recurrence, sequence=date.sequence, stamp=date.stamp,
            at=date.at.astimezone(UTC), cancelled=False, minutes=self.minutes, operation=operation,
        )  # fmt: skip
        return Change(turn=Turn.NEW, date=date, known=known, operation=None)

    @staticmethod
    def _cancelled(date: CourtDate, known: Known, operation: Operation | None) -> Change | Problem:
        if known.cancelled or operation is None or operation.status in _OVER:
            return _of(Turn.UNCHANGED, date, known, operation)
        if operation.status in _UNDER_WAY:
            return problem(where(date.entry, date.line), UNDER_WAY, codename=operation.codename)
        return _of(Turn.CANCELLED, date, known, operation)


def _of(turn: Turn, date: CourtDate, known: Known, operation: Operation | None) -> Change:
    """Return a change of a known date; it is kept as the file has it now."""
    at = known.at if date.at is None else date.at.astimezone(UTC)
    kept = Known(
        uid=known.uid, recurrence=known.recurrence, sequence=date.sequence, stamp=date.stamp or known.stamp, at=at,
        cancelled=date.cancelled, minutes=known.minutes, operation=known.operation,
    )  # fmt: skip
    return Change(turn=turn, date=date, known=kept, operation=operation)


def _older(date: CourtDate, known: Known) -> bool:
    if date.sequence != known.sequence:
        return date.sequence < known.sequence
    return 0 < date.stamp < known.stamp


def _called_off(date: CourtDate) -> CourtDate:
    return CourtDate(
        entry=date.entry, line=date.line, uid=date.uid, recurrence=date.recurrence, sequence=date.sequence,
        stamp=date.stamp, at=None, cancelled=True, summary=date.summary,
    )  # fmt: skip
