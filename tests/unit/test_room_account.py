"""The account of a burst finds whatever is lost, double, in another room or out of order, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from tests.bench.room_account import Left, faults

ONE, OTHER = UUID(int=1), UUID(int=2)
RING = Left(room="a", alert=ONE, sequence=1, event="ring", rings=True)
TOLD = Left(room="a", alert=ONE, sequence=2, event="told")
SECOND_RING = Left(room="a", alert=ONE, sequence=3, event="second ring", rings=True)
END = Left(room="a", alert=ONE, sequence=4, event="end", ends=True)
ALL = (RING, TOLD, SECOND_RING, END)
EVENTS = tuple(each.event for each in ALL)


def found(left: Sequence[Left], order: Sequence[str]) -> list[str]:
    return faults(left, set(order), {"a": order})


def test_what_was_read_as_it_was_left_is_in_order() -> None:
    assert found(ALL, EVENTS) == []
    # Whatever order the account gets the messages in.
    assert found(ALL[::-1], EVENTS) == []


def test_late_rings_of_one_alert_may_ring_together_and_late_words_be_one_event_with_other_alerts() -> None:
    joined = replace(SECOND_RING, event="ring")
    assert found((RING, TOLD, joined, END), ("ring", "told", "end")) == []
    # Told in the place of the first: before the other alert's own ring.
    others = (Left(room="a", alert=OTHER, sequence=5, event="other ring", rings=True),
              Left(room="a", alert=OTHER, sequence=6, event="told"))  # fmt: skip
    assert found((RING, TOLD, *others), ("ring", "told", "other ring")) == []


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (EVENTS[1:], "1 events were not read"),
        ((*EVENTS, "another"), "1 events were read that nobody had left"),
        ((*EVENTS, "told"), "1 events were read twice"),
    ],
)
def test_what_is_lost_or_double_is_found(read: Sequence[str], why: str) -> None:
    assert faults(ALL, read, {"a": EVENTS}) == [why]


def test_what_stands_in_another_room_is_found() -> None:
    assert faults(ALL, EVENTS, {"a": EVENTS[:-1], "b": EVENTS[-1:]}) == ["an event stands in another room"]


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (("told", "ring", "second ring", "end"), "what was said by itself came before something earlier"),
        (("second ring", "told", "ring", "end"), "a ring came before an earlier one"),
        (("ring", "end", "second ring", "told"), "a word came before an earlier one"),
        (("ring", "told", "end", "second ring"), "a ring came after the end"),
    ],
)
def test_what_went_backwards_is_found(order: Sequence[str], why: str) -> None:
    assert f"{why}: 1 times" in found(ALL, order)


def test_late_words_are_not_told_before_earlier_ones_even_together() -> None:
    together = [replace(END, event="told", sequence=2), Left(room="a", alert=OTHER, sequence=1, event="told"),
                replace(TOLD, event="alone", sequence=1)]  # fmt: skip
    assert found(together, ("told", "alone")) == ["a word came before an earlier one: 1 times"]
