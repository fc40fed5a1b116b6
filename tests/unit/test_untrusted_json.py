"""Reading other people's JSON: what lies too deep is cut out, the neighbours are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots import untrusted_json

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


def test_an_answer_is_an_object() -> None:
    with pytest.raises(ValueError, match="object"):
        untrusted_json.read_object(b"[]")
