"""Reading other people's JSON: what lies too deep, or is no number, is left out, and its neighbours are kept."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.wire import untrusted_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


@given(values)
def test_ordinary_json_is_untouched(value: Any) -> None:
    body = json.dumps(value).encode()
    assert untrusted_json.read(body) == value
    assert untrusted_json.without_the_deep(body) == body


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"\\"]":', "}]")])
def test_the_neighbours_of_the_too_deep_are_read(opening: str, closing: str) -> None:
    deep = opening * 30_000 + "1" + closing * 30_000
    body = f'{{"before": "[{{", "poison": {deep}, "after": ["panic"]}}'.encode()
    read = untrusted_json.read_object(body)
    assert (read["before"], read["after"]) == ("[{", ["panic"])


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b'"', b"\xff", b"nul", b"[" * 100_000, b"]" * 100_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the type is the contract)
        untrusted_json.read(body)


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "NaN", "-Infinity"])
def test_the_neighbours_of_what_is_no_number_are_read(number: str) -> None:
    deep = "[" * 30_000 + "]" * 30_000
    for beside in ("7", deep):
        body = f'{{"before": 12, "poison": {number}, "beside": {beside}, "after": ["panic"]}}'.encode()
        read = untrusted_json.read_object(body)
        assert (read["before"], read["poison"], read["after"]) == (12, None, ["panic"])


def test_a_number_that_somebody_counts_with_is_kept() -> None:
    longest = 10**untrusted_json.MOST_DIGITS - 1
    assert untrusted_json.read(f"[{longest}, {'9' * 5000}]".encode()) == [longest, None]


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 200_000, b'[["' + b"x" * 200_000, b'"\\', b'{"a": "\\\\"}'])
def test_a_string_that_never_ends_is_looked_through_once(body: bytes) -> None:
    """Looked through from each quotation mark again, the first of these would take hours."""
    assert untrusted_json.without_the_deep(body) == body


async def test_a_large_answer_is_read_beside_everything_else() -> None:
    small, large = b'{"a": 1}', b'{"a": [' + b"1, " * untrusted_json.LARGE + b"1]}"
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(untrusted_json.read_object_aside(large))
        await asyncio.sleep(0)
        assert await untrusted_json.read_object_aside(small) == {"a": 1}
        assert not reading.done()
    assert len(reading.result()["a"]) == untrusted_json.LARGE + 1
    with pytest.raises(ValueError):  # noqa: PT011 (the type is the contract)
        await untrusted_json.read_object_aside(large[:-1])


def test_an_answer_is_an_object() -> None:
    with pytest.raises(ValueError, match="object"):
        untrusted_json.read_object(b"[]")
