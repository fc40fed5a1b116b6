"""How much of one person's writing passes: on a moved clock, for each by themselves, and nothing grows without end."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bots.device.received import Received
from bots.talk.attending import in_turn
from bots.talk.flood import MOST_REMEMBERED, PER_MINUTE, PER_MINUTE_IN_ROOM, Flood, Seldom
from tests.clock import MovableClock
from tests.conftest import START

ANA, BORIS, ROOM = "@ana:streha.localhost", "@boris:streha.localhost", "!room"


def passed(
    flood: Flood, times: int, sender: str = ANA, room: str = ROOM, *, checked: bool = True, first: int = 0
) -> int:
    events = [f"${sender}{room}{checked}{first + number}" for number in range(times)]
    return sum(passes(flood, event, sender, room, checked=checked) for event in events)


def passes(flood: Flood, event: str, sender: str, room: str, *, checked: bool) -> bool:
    admitted = flood.admits(event, sender, room, checked=checked)
    if admitted:
        flood.count(event, sender, room, checked=checked)
    return admitted


def test_of_one_sender_so_many_pass_in_a_minute_and_others_are_not_touched() -> None:
    clock = MovableClock(START)
    flood = Flood(clock)
    assert passed(flood, 10_000) == PER_MINUTE
    assert passed(flood, 5, BORIS) == 5
    clock.move(timedelta(seconds=30))
    assert passed(flood, 100, first=10_000) == PER_MINUTE // 2
    clock.move(timedelta(hours=8))
    assert passed(flood, 100, first=20_000) == PER_MINUTE, "what was not said is not saved up"


def test_in_one_room_there_is_a_bound_whoever_writes() -> None:
    flood = Flood(MovableClock(START))
    writers = [f"@worker-{number}:streha.localhost" for number in range(10)]
    assert sum(passed(flood, PER_MINUTE, each) for each in writers) == PER_MINUTE_IN_ROOM
    assert passed(flood, PER_MINUTE, writers[9], "!other") == PER_MINUTE, "what the room refused is not used up"


def test_who_writes_under_a_false_name_takes_nothing_from_whose_it_is() -> None:
    flood = Flood(MovableClock(START))
    assert passed(flood, 10_000, checked=False) == PER_MINUTE
    assert passed(flood, 5) == 5


def test_the_same_event_tried_again_counts_once() -> None:
    flood = Flood(MovableClock(START))
    assert all(passes(flood, "$one", ANA, ROOM, checked=True) for _ in range(100))
    assert passed(flood, 100) == PER_MINUTE - 1


def test_what_is_not_acted_on_takes_nothing() -> None:
    flood = Flood(MovableClock(START))
    assert all(flood.admits(f"$done-{number}", ANA, ROOM, checked=True) for number in range(100))
    assert passed(flood, 100) == PER_MINUTE


def test_a_clock_that_is_set_back_lets_nobody_through_and_keeps_nobody_out() -> None:
    clock = MovableClock(START)
    flood = Flood(clock)
    assert passed(flood, 100) == PER_MINUTE
    clock.move(-timedelta(hours=1))
    assert passed(flood, 100, first=100) == 0
    clock.move(timedelta(minutes=1))
    assert passed(flood, 100, first=200) == PER_MINUTE


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=12))
def test_never_more_than_the_bound_in_any_minute(bursts: list[tuple[int, int]]) -> None:
    clock = MovableClock(START)
    flood = Flood(clock)
    let_through = []
    for number, (seconds, words) in enumerate(bursts):
        clock.move(timedelta(seconds=seconds))
        let_through += [clock.now()] * passed(flood, words, first=number * 1000)
    for moment in let_through:
        within = [each for each in let_through if timedelta(0) <= each - moment < timedelta(minutes=1)]
        assert len(within) < 2 * PER_MINUTE + 1


def test_what_is_remembered_is_bounded() -> None:
    flood = Flood(MovableClock(START))
    for number in range(MOST_REMEMBERED + 50):
        passes(flood, f"${number}", f"@ghost-{number}:streha.localhost", f"!{number}", checked=False)
    assert len(flood._buckets) == MOST_REMEMBERED
    assert len(flood._admitted) <= MOST_REMEMBERED


def test_what_is_said_seldom_waits_for_its_time_and_failures_do_not_count() -> None:
    clock = MovableClock(START)
    seldom = Seldom(clock, timedelta(minutes=1))
    assert seldom.due("a")
    assert seldom.due("a"), "it was not said yet"
    seldom.was_said("a")
    assert not seldom.due("a")
    assert seldom.due("b")
    clock.move(timedelta(seconds=59))
    assert not seldom.due("a")
    clock.move(timedelta(seconds=1))
    assert seldom.due("a")
    seldom.was_said("a")
    clock.move(-timedelta(hours=1))
    assert seldom.due("a"), "a clock that was set back silences nobody"


def test_nobodys_hundred_panics_stand_before_anothers_first() -> None:
    def panic(number: int, sender: str) -> Received:
        return Received(
            room_id=ROOM, event_id=f"${number}", sender=sender, sent_at=START, event_type="m.room.message",
            content={"msgtype": "m.text", "body": "panic"}, sender_device_id=None, sender_identity=None, bound=False,
        )  # fmt: skip

    many = [panic(number, ANA) for number in range(100)]
    panics, _others = in_turn([*many, panic(100, BORIS), panic(101, BORIS)], ())
    assert [each.event_id for each in panics[:5]] == ["$0", "$100", "$1", "$101", "$2"]
