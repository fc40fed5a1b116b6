"""Proposals that wait are found by their hash and by whom they concern, whatever came and went."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from agencies.trust.waiting import Waiting

NAMES = [bytes([number]) for number in range(6)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A proposal of a test."""

    hash: bytes
    concerns: frozenset[bytes]


wishes = st.builds(Wish, hash=st.sampled_from(NAMES), concerns=st.frozensets(st.sampled_from(NAMES), min_size=1))


@given(st.lists(wishes | st.sampled_from(NAMES)))
def test_what_came_and_went_is_found_and_what_was_before_stays_as_it_was(steps: list[Wish | bytes]) -> None:
    known: dict[bytes, Wish] = {}
    states: list[tuple[Waiting[Wish], dict[bytes, Wish]]] = [(Waiting(), {})]
    for step in steps:
        before, _ = states[-1]
        if isinstance(step, Wish):
            known[step.hash] = step
            states.append((before.with_(step), dict(known)))
        else:
            known.pop(step, None)
            states.append((before.without(step), dict(known)))
    for waiting, wanted in states:
        assert dict(waiting) == wanted
        assert len(waiting) == len(wanted)
        for person in NAMES:
            found = {each.hash for each in waiting.of(person)}
            assert found == {each.hash for each in wanted.values() if person in each.concerns}


def test_nothing_is_left_of_what_went() -> None:
    wish = Wish(hash=NAMES[0], concerns=frozenset(NAMES))
    nothing: Waiting[Wish] = Waiting()
    assert nothing.with_(wish).without(wish.hash) == nothing
