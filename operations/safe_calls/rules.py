"""When somebody is expected to be heard from next, and what a word that they were changes. Pure rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agencies.model import PersonId
from agencies.roster import moment_of
from core.errors import Conflict, InvalidInput
from core.texts import mark
from operations.lateness import Climb, climb, missed_at
from operations.safe_calls.model import SafeCall, SafeCallPlan
from safety_plans.model import Level

LONGEST_AHEAD = timedelta(days=10 * 366)
LONGEST = timedelta(days=400)
# Who is heard from so long before the time is not expected again; earlier word is noted, and they still are.
COUNTS_BEFORE = timedelta(hours=6)
# Clocks of telephones differ.
AHEAD = timedelta(minutes=2)

PROBLEMS = {
    "past": mark("The time is past. Check it."),
    "too_far": mark("It is more than ten years ahead, or lasts more than 400 days. Check the year."),
    "last_day": mark("The last day is before the first. Check the days."),
    "listeners": mark("Name two different people who listen for it."),
    "buddy": mark("Whoever is called next is somebody else than those who listen for it."),
    "not_members": mark("Everybody who is named must be a member of the circle. Let them in first."),
}
NOT_AWAITED = mark("Nobody is expected to be heard from here any more.")
NOT_TO_COME = mark("In the time that is to come nobody was heard from yet. Check the time.")


def problems(plan: SafeCallPlan, members: Collection[PersonId], now: datetime, zone: ZoneInfo) -> list[str]:
    """Return which of PROBLEMS a plan has, in their order; of people only those in `members` can be named."""
    first_day = plan.due_at.astimezone(zone).date()
    last_day = plan.last_day or first_day
    found = {
        "past": plan.due_at <= now,
        "too_far": plan.due_at > now + LONGEST_AHEAD or last_day > first_day + LONGEST,
        "last_day": last_day < first_day,
        "listeners": len(set(plan.listeners)) < 2,
        "buddy": plan.buddy_id in plan.listeners,
        "not_members": not {*plan.listeners, plan.buddy_id} <= set(members),
    }
    return [name for name, wrong in found.items() if wrong]


def armed(call: SafeCall) -> SafeCall:
    """Return the safe-call with its ladder from the beginning, at the time by which somebody is expected."""
    return replace(call, rung=0, next_step_at=call.due_at)


def heard(call: SafeCall, by: PersonId, at: datetime, now: datetime, zone: ZoneInfo) -> SafeCall:
    """Return the safe-call after word that somebody was heard from at a moment.

    Word of long before the time changes nothing but that. Raises InvalidInput for what is to come, and Conflict where
    nobody is expected any more.
    """
    if at > now + AHEAD:
        raise InvalidInput(NOT_TO_COME)
    due_at, at = call.due_at, min(at, now)
    if due_at is None:
        raise Conflict(NOT_AWAITED)
    if call.heard_at is None or at > call.heard_at:
        call = replace(call, heard_at=at, heard_by=by)
    if at < due_at - COUNTS_BEFORE:
        return call
    return armed(replace(call, due_at=next_due(call, at, zone)))


def next_due(call: SafeCall, at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return by when somebody is expected again who was heard from at a moment; None where that was the last time.

    The same local hour every day, through nights in which clocks change.
    """
    if call.last_day is None:
        return None
    first = call.first_due_at.astimezone(zone)
    day = max(at.astimezone(zone).date(), first.date())
    while day <= call.last_day:
        due = moment_of(first.replace(tzinfo=None, fold=0, year=day.year, month=day.month, day=day.day), zone)
        if due - COUNTS_BEFORE > at:
            return due
        day += timedelta(days=1)
    return None


def called_off(call: SafeCall) -> SafeCall:
    """Return the safe-call with nobody expected any more."""
    return armed(replace(call, due_at=None))


def climbed(call: SafeCall, now: datetime) -> Climb:
    """Return which rungs are due because nobody was heard from."""
    return climb(call.level, call.due_at or now, call.rung, now)


def late(call: SafeCall, now: datetime) -> bool:
    """Whether the grace is over."""
    return call.due_at is not None and missed_at(call.level, call.due_at) <= now


def with_level(call: SafeCall, level: Level) -> SafeCall:
    """Return the safe-call with the ladder of a level; while it is being climbed it stays the one it was."""
    return call if call.rung else replace(call, level=level)
