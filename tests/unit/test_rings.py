"""How often reminders ring one person: never more than a few times an hour, and nothing that was wanted is lost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from safety_plans.rings.rules import HOUR, MOST, Rung, let_through, wanted

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA, BORIS = PersonId(UUID(int=1)), PersonId(UUID(int=2))


def fresh(person: PersonId = ANA) -> Rung:
    """Return somebody whom nothing has rung."""
    return Rung(person_id=person, since=START, rung=0, folded=0)


def test_the_first_ring_and_the_rest_are_folded_until_the_hour_ends() -> None:
    few = fresh().again(MOST - 1, START)
    assert (few.rung, few.folded, few.told_at) == (MOST - 1, 0, None)
    more = few.again(3, START + timedelta(minutes=10))
    assert (more.rung, more.folded, more.told_at) == (MOST, 2, START + HOUR)
    told = more.told(START + HOUR)
    assert (told.rung, told.folded, told.told_at) == (1, 0, None)
    assert told.again(MOST, START + HOUR).folded == 1


def test_after_a_quiet_hour_everything_rings_again() -> None:
    few = fresh().again(MOST, START)
    assert few.again(1, START + HOUR - timedelta(seconds=1)).folded == 1
    assert (few.again(1, START + HOUR).rung, few.again(1, START + HOUR).folded) == (1, 0)


def test_whoever_was_not_told_yet_begins_no_new_hour() -> None:
    late = fresh().again(MOST + 1, START).again(MOST, START + 2 * HOUR)
    assert (late.rung, late.folded, late.told_at) == (MOST, MOST + 1, START + HOUR)


@given(st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(minutes=50)), st.integers(1, 9)), max_size=40))
def test_every_ring_is_heard_or_counted_and_few_fall_into_any_span_between_two_tellings(
    asked: list[tuple[timedelta, int]],
) -> None:
    rung, now = fresh(), START
    heard: list[datetime] = []
    counted = told = 0
    for wait, times in asked:
        now += wait
        if rung.told_at is not None and now >= rung.told_at:
            counted, told = counted + rung.folded, told + 1
            rung = rung.told(now)
            heard.append(now)
        after = rung.again(times, now)
        ringing = times - (after.folded - rung.folded)
        assert 0 <= ringing <= MOST
        heard += [now] * ringing
        rung = after
    assert len(heard) - told + counted + rung.folded == sum(times for _, times in asked)
    # Two hours that touch may each have their few; no more.
    for moment in heard:
        assert sum(moment <= each < moment + HOUR for each in heard) <= 2 * MOST


@given(st.lists(st.sets(st.sampled_from([ANA, BORIS]), max_size=2).map(tuple), max_size=12), st.integers(0, 5))
def test_of_each_persons_rings_the_first_go_through(mentions: list[tuple[PersonId, ...]], most: int) -> None:
    asked = wanted(mentions)
    assert list(asked) == sorted(asked)
    assert asked == Counter(each for people in mentions for each in people)
    allowed = {person: min(times, most) for person, times in asked.items()}
    left = let_through(mentions, allowed)
    assert len(left) == len(mentions)
    for person, times in asked.items():
        rings = [person in people for people in left]
        assert sum(rings) == min(times, most)
        first = [place for place, people in enumerate(mentions) if person in people][:most]
        assert [place for place, rung in enumerate(rings) if rung] == first
    assert all(set(few) <= set(people) for few, people in zip(left, mentions, strict=True))
