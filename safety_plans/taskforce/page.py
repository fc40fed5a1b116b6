"""What a monthly meeting goes through, on paper: made on the machine of whoever prepares it.

As with plans, nothing on it says what it is, and it asks for nothing from anywhere (`safety_plans.plans.page`). Of a
case it names the codename alone; what is to be done, and by whom, is content: it is destroyed after the meeting.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterable, Sequence

from core.texts import mark, render
from safety_plans.clocks.rules import ClockKind
from safety_plans.clocks.words import CLOCKS
from safety_plans.model import Level
from safety_plans.plans.page import framed
from safety_plans.taskforce.pack import Due, Entry, Kind, late_of

LEVELS = {
    Level.VERY_HIGH: mark("very high"),
    Level.HIGH: mark("high"),
    Level.MEDIUM: mark("medium"),
    Level.LOW: mark("low"),
    Level.NOT_YET_ASSESSED: mark("not assessed yet: treated as high"),
}
KINDS = {
    Kind.MEASURE: mark("measure"),
    Kind.REFERRAL: mark("referral, not accepted"),
    Kind.FEEDBACK: mark("feedback"),
    Kind.DEBRIEFING: mark("debriefing"),
    Kind.DECISION: mark("decided before"),
    Kind.CLOCK: mark("look again"),
}
OVERDUE = mark("OVERDUE")
LATE = mark("{owner}: {count} overdue")
LEVEL = mark("Level: {level}")
NO_LEVEL = mark("No level is known here: treat the risk as high.")
STALE = mark("The level is stale since {time}: treat the risk as high until somebody has assessed it again.")
AGAIN = mark("To be assessed again by {time}.")
NO_PLAN = mark("No plan is sealed here.")
NOTHING = mark("Nothing is due.")
UNREAD = mark("NOT READ: {what}")


def sentences(entry: Entry, say: Callable[..., str], moment: Callable[[dt.datetime], str]) -> Sequence[str]:
    """Return what is said of a case above what is due, in the words of whoever reads."""
    level = entry.level
    words = say(LEVELS[Level(level)]) if level in list(Level) else level
    told = [say(NO_LEVEL) if words is None else say(LEVEL, level=words)]
    if entry.stale_since is not None:
        told.append(say(STALE, time=moment(entry.stale_since)))
    if entry.review_due is not None:
        told.append(say(AGAIN, time=moment(entry.review_due)))
    if not entry.plans and not entry.unread:
        told.append(say(NO_PLAN))
    return [*told, *entry.lacking, *(say(UNREAD, what=each) for each in entry.unread)]


def row(due: Due, say: Callable[..., str]) -> tuple[str, ...]:
    """Return one thing as a row: day, state, owner, kind, what."""
    what = say(CLOCKS[ClockKind(due.what)]) if due.kind is Kind.CLOCK and due.what in list(ClockKind) else due.what
    return due.on.isoformat(), say(OVERDUE) if due.overdue else "", due.owner, say(KINDS[due.kind]), what


def pack(entries: Sequence[Entry], language: str, moment: Callable[[dt.datetime], str]) -> str:
    """Return the page (HTML): who is late with how much, then every case."""

    def say(words: str, **about: object) -> str:
        return render(words, language, **about)

    late = [say(LATE, owner=owner, count=count) for owner, count in late_of(entries)]
    return framed([_list(late), *(_case(each, say, moment) for each in entries)], language)


def _case(entry: Entry, say: Callable[..., str], moment: Callable[[dt.datetime], str]) -> str:
    told = "".join(f"<p>{_plain(each)}</p>" for each in sentences(entry, say, moment))
    rows = "".join(f"<tr>{''.join(f'<td>{_plain(cell)}</td>' for cell in row(each, say))}</tr>" for each in entry.due)
    table = f"<table>{rows}</table>" if rows else f"<p>{_plain(say(NOTHING))}</p>"
    # What was not read may hold something that is due.
    table = "" if entry.unread and not rows else table
    return f"<section><h2>{_plain(entry.codename)}</h2>{told}{table}</section>"


def _list(rows: Iterable[str]) -> str:
    told = "".join(f"<li>{_plain(each)}</li>" for each in rows)
    return f"<ul>{told}</ul>" if told else ""


def _plain(words: str) -> str:
    return html.escape(words)
