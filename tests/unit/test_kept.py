"""Maps and sets whose every state stays as it was, with the manners of Python's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agencies.trust.kept import KeptMap, KeptSet

steps = st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers()))


@given(steps)
def test_every_state_stays_as_it_was(steps: list[tuple[bool, int, int]]) -> None:
    known: dict[int, int] = {}
    kept: KeptMap[int, int] = KeptMap()
    names: KeptSet[int] = KeptSet()
    states = []
    for comes, key, value in steps:
        if comes:
            known[key] = value
            kept, names = kept.with_(key, value), names.with_(key)
        else:
            known.pop(key, None)
            kept, names = kept.without(key), names.without(key)
        states.append((kept, names, dict(known)))
    for map_then, set_then, wanted in states:
        assert map_then == wanted
        assert set_then == wanted.keys()
        assert (len(map_then), len(set_then)) == (len(wanted), len(wanted))
        assert [map_then.get(key) for key in range(21)] == [wanted.get(key) for key in range(21)]
        assert all((key in set_then) == (key in map_then) == (key in wanted) for key in range(21))


def test_what_python_does_with_maps_and_sets_is_done_with_these() -> None:
    one, other = KeptMap[str, int]().with_("a", 1).with_("b", 2), KeptMap[str, int]().with_("a", 1)
    assert one.keys() - other.keys() == {"b"}
    assert one.keys() & {"a"} == {"a"}
    assert sorted(one.items()) == [("a", 1), ("b", 2)]
    assert KeptSet[str]().with_("a") | {"b"} == {"a", "b"}
    assert set(KeptSet[str]().with_("a").with_("b")) == {"a", "b"}
    assert KeptSet[str]().with_("a") - {"a"} == frozenset()
    assert not KeptMap[str, int]()
    assert not KeptSet[str]()
