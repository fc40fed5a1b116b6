"""Continuous proof's rules: when the next begins, when it fails, and what says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.proof.rules import FAILS_AFTER, Proof

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def test_the_first_is_due_at_once_and_each_next_after_the_interval() -> None:
    assert Proof().due(NOW, INTERVAL)
    assert not Proof(newest_at=NOW - INTERVAL + SECOND).due(NOW, INTERVAL)
    assert Proof(newest_at=NOW - INTERVAL).due(NOW, INTERVAL)


@pytest.mark.parametrize(("waited", "fails"), [(FAILS_AFTER - SECOND, False), (FAILS_AFTER, True)])
def test_it_fails_where_what_was_tried_was_not_answered_for_so_long(waited: timedelta, *, fails: bool) -> None:
    assert Proof(waiting_since=NOW - waited).fails(NOW) is fails


def test_it_fails_only_where_it_was_tried() -> None:
    # However old the last success is: the engine was off, and that is another alarm's.
    assert not Proof(begun_at=NOW - timedelta(days=2), proven_at=NOW - timedelta(days=2)).fails(NOW)


def test_what_nobody_went_on_with_says_nothing() -> None:
    assert not Proof(newest_at=NOW - 2 * INTERVAL + SECOND).interrupted(NOW, INTERVAL)
    assert Proof(newest_at=NOW - 2 * INTERVAL).interrupted(NOW, INTERVAL)
    assert not Proof().interrupted(NOW, INTERVAL)


def test_its_age_is_that_of_the_last_success_else_of_the_first_attempt() -> None:
    assert Proof().age(NOW) is None
    assert Proof(first_at=NOW - INTERVAL, newest_at=NOW).age(NOW) == INTERVAL
    proven = Proof(first_at=NOW - 3 * INTERVAL, begun_at=NOW - 2 * INTERVAL, proven_at=NOW - INTERVAL)
    assert (proven.age(NOW), proven.took) == (INTERVAL, INTERVAL)
    # A clock that went back makes nothing younger than now.
    assert Proof(proven_at=NOW + SECOND).age(NOW) == timedelta(0)


def test_it_works_again_only_by_what_was_proven_later() -> None:
    assert Proof(proven_at=NOW + SECOND).works_since(NOW)
    assert not Proof(proven_at=NOW).works_since(NOW)
    assert not Proof().works_since(NOW)
