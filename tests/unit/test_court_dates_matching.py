"""Court dates of a file against those known: the later word counts, nothing is planned twice, nothing goes silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.court_dates import importing, kept, matching, reading
from client.court_dates.kept import Known
from client.court_dates.matching import Changes, Turn, match
from client.operations import Operation
from core.errors import Conflict
from operations.model import OperationStatus
from operations.planning import Plan
from tests.court_calendars import calendar, entry

NOW = datetime(2031, 5, 1, 8, tzinfo=UTC)
WEEKLY = "DTSTART:20310514T073000Z"


def operation(known: Known, status: OperationStatus = OperationStatus.PLANNED) -> Operation:
    begins = known.at - timedelta(minutes=known.minutes)
    return Operation(
        operation=known.operation, codename="quiet-heron", case=uuid4(), compartment=uuid4(), circle="quiet-heron",
        level="high", status=status, coordinator=uuid4(), buddy=uuid4(), liaison=None, receiver=None, handed_over=None,
        refused_at=None, refusal=None, begins_at=begins,
        ends_at=begins + timedelta(hours=9), dark_until=None, delayed_minutes=0, steps=[], drill=False, placed=False,
        known=False,
    )  # fmt: skip


def matched(
    content: bytes, known: Sequence[Known] = (), status: OperationStatus = OperationStatus.PLANNED,
    only: frozenset[int] = frozenset(),
) -> Changes:  # fmt: skip
    there: dict[UUID, Operation] = {each.operation: operation(each, status) for each in known}
    return match(reading.read(content, None, NOW, only), known, there, 90, NOW)


def after(content: bytes, known: Sequence[Known] = ()) -> list[Known]:
    """Return what is known once a file was taken."""
    changes = matched(content, known)
    assert not changes.problems
    return list(
        ({each.key: each for each in known} | {each.known.key: each.known for each in changes.changes}).values()
    )


def turns(changes: Changes) -> list[str]:
    assert not changes.problems
    return sorted(each.turn for each in changes.changes)


def test_a_series_loses_one_day_then_its_rest_and_then_all_of_it() -> None:
    known = after(calendar(entry("a", "RRULE:FREQ=WEEKLY;COUNT=4", at=WEEKLY)))
    assert len(known) == 4
    without = calendar(entry("a", "SEQUENCE:1", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20310521T073000Z", at=WEEKLY))
    changes = matched(without, known)
    assert turns(changes) == ["cancelled", *["unchanged"] * 3]
    (gone,) = [each.known.at for each in changes.changes if each.turn is Turn.CANCELLED]
    assert gone == datetime(2031, 5, 21, 7, 30, tzinfo=UTC)
    shorter = calendar(entry("a", "SEQUENCE:1", "RRULE:FREQ=WEEKLY;COUNT=2", at=WEEKLY))
    assert turns(matched(shorter, known)) == ["cancelled", "cancelled", "unchanged", "unchanged"]
    off = calendar(entry("a", "SEQUENCE:1", at=""), method="CANCEL")
    assert turns(matched(off, known)) == ["cancelled"] * 4
    assert turns(matched(off, after(off, known))) == ["unchanged"] * 4


def test_a_day_of_a_series_that_stands_for_itself_is_not_gone_where_it_is_left_out() -> None:
    series = entry("a", "RRULE:FREQ=WEEKLY;COUNT=2", at=WEEKLY)
    moved = entry("a", "RECURRENCE-ID:20310521T073000Z", at="DTSTART:20310523T090000Z")
    known = after(calendar(series, moved))
    assert [each.at.day for each in known] == [14, 23]
    alone = matched(calendar(series, moved), known, only=frozenset({1}))
    assert (turns(alone), alone.not_in_it) == (["unchanged"], 1)
    # Where it cannot be read nobody knows what it stands for.
    broken = entry("a", "RECURRENCE-ID:rubbish", at="DTSTART:20310523T090000Z")
    alone = matched(calendar(series, broken), known[1:], only=frozenset({1}))
    assert Turn.CANCELLED not in {each.turn for each in alone.changes}


@pytest.mark.parametrize(
    ("status", "turn"),
    [
        (OperationStatus.PLANNED, Turn.MOVED), (OperationStatus.APPROVED, Turn.MOVED), (OperationStatus.GO, None),
        (OperationStatus.POSTPONED, Turn.MOVED), (OperationStatus.COMPLETED, Turn.NEW),
        (OperationStatus.ABORTED, Turn.NEW), (OperationStatus.CLOSED, Turn.NEW), (OperationStatus.IN_PROGRESS, None),
        (OperationStatus.DIVERTED, None),
    ],
)  # fmt: skip
def test_a_day_that_moves_moves_its_way_unless_that_is_over_or_under_way(
    status: OperationStatus, turn: Turn | None
) -> None:
    known = after(calendar(entry("a")))
    changes = matched(calendar(entry("a", "SEQUENCE:1", at="DTSTART:20310620T073000Z")), known, status)
    assert [each.turn for each in changes.changes] == ([] if turn is None else [turn])
    assert [each.what for each in changes.problems] == ([matching.UNDER_WAY] if turn is None else [])
    # What is over keeps its own operation: the new day gets another.
    assert all((each.known.operation == known[0].operation) is (turn is Turn.MOVED) for each in changes.changes)


def test_what_is_moved_keeps_everybody_who_has_a_part() -> None:
    known = after(calendar(entry("a")))
    (change,) = matched(calendar(entry("a", "SEQUENCE:1", at="DTSTART:20310620T073000Z")), known).changes
    assert change.operation is not None
    receiver, liaison = uuid4(), uuid4()
    before = msgspec.structs.replace(change.operation, receiver=receiver, liaison=liaison)
    plan = importing.planned(replace(change, operation=before), _nobody_plans)
    assert (plan.receiver_id, plan.liaison_id) == (receiver, liaison)
    assert (plan.coordinator_id, plan.buddy_id) == (before.coordinator, before.buddy)
    assert plan.ends_at - plan.begins_at == before.ends_at - before.begins_at


def _nobody_plans(_begins_at: datetime) -> Plan:
    raise AssertionError("what is known is planned as it was")


@pytest.mark.parametrize(
    ("lines", "older"),
    [
        (("SEQUENCE:2",), True), (("SEQUENCE:3",), False), (("SEQUENCE:3", "DTSTAMP:20300101T000000Z"), True),
        (("SEQUENCE:3", "DTSTAMP:20310102T000000Z"), False), (("SEQUENCE:4", "DTSTAMP:20300101T000000Z"), False),
        (("SEQUENCE:2", "STATUS:CANCELLED"), True), ((), True),
    ],
)  # fmt: skip
def test_an_older_word_is_refused(lines: tuple[str, ...], older: bool) -> None:  # noqa: FBT001 (a row of the table)
    known = after(calendar(entry("a", "SEQUENCE:3", "DTSTAMP:20310101T000000Z")))
    changes = matched(calendar(entry("a", *lines, at="DTSTART:20310620T073000Z")), known)
    assert [each.what for each in changes.problems] == ([matching.OLDER] if older else [])


def test_what_is_past_or_called_off_and_nobodys_is_counted_and_what_is_known_cannot_go_there() -> None:
    past = entry("a", at="DTSTART:20310401T073000Z")
    changes = matched(calendar(past, entry("b", "STATUS:CANCELLED", at="")))
    assert (turns(changes), changes.past) == ([], 2)
    known = after(calendar(entry("a"), entry("c")))
    changes = matched(calendar(entry("a", "SEQUENCE:1", at="DTSTART:20310401T073000Z")), known)
    assert [each.what for each in changes.problems] == [matching.MOVED_INTO_PAST]
    assert changes.not_in_it == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(2, 700), st.booleans()), max_size=12))
def test_word_after_word_the_last_one_stands_and_said_again_changes_nothing(said: list[tuple[str, int, bool]]) -> None:
    known: list[Known] = []
    model: dict[str, tuple[datetime, bool]] = {}
    ids: dict[str, UUID] = {}
    for sequence, (uid, days, off) in enumerate(said):
        at = (NOW + timedelta(days=days)).strftime("DTSTART:%Y%m%dT%H%M%SZ")
        lines = [f"SEQUENCE:{sequence}", *(["STATUS:CANCELLED"] if off else [])]
        file = calendar(entry(uid, *lines, at=at))
        known = after(file, known)
        assert set(turns(matched(file, known))) <= {Turn.UNCHANGED}
        if not off:
            model[uid] = NOW + timedelta(days=days), False
        elif uid in model:
            model[uid] = model[uid][0], True
        assert {each.uid: (each.at, each.cancelled) for each in known} == model
        for each in known:
            assert ids.setdefault(each.uid, each.operation) == each.operation
        assert kept.decoded(kept.encoded(known)) == known


def test_what_is_no_record_of_court_dates_is_left_alone_and_a_broken_one_is_told() -> None:
    assert kept.decoded(b"What and where: at court") is None
    known = after(calendar(entry("a")))
    for bad in (
        kept.encoded(known)[:-3],
        kept.encoded([*known, *known]),
        kept.encoded(known).replace(b":1,", b":2,", 1),
    ):
        with pytest.raises(Conflict):
            kept.decoded(bad)
