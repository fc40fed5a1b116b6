"""Sealing on one's own disk: opens under the same key and name only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import local_seal

KEY = local_seal.derive(bytes(32), "tests")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_again(plaintext: bytes, name: str) -> None:
    assert local_seal.unseal(KEY, name, local_seal.seal(KEY, name, plaintext)) == plaintext


@given(st.data())
def test_any_change_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(local_seal.seal(KEY, "name", b"plaintext"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(local_seal.SealBroken):
        local_seal.unseal(KEY, "name", bytes(sealed))


def test_key_name_and_length_count() -> None:
    sealed = local_seal.seal(KEY, "name", b"plaintext")
    for key, name, value in (
        (local_seal.derive(bytes(32), "other"), "name", sealed),
        (KEY, "other", sealed),
        (KEY, "name", sealed[:-1]),
        (KEY, "name", sealed[:20]),
        (KEY, "name", b""),
    ):
        with pytest.raises(local_seal.SealBroken):
            local_seal.unseal(key, name, value)
    with pytest.raises(ValueError, match="32"):
        local_seal.derive(b"short", "tests")
    with pytest.raises(ValueError, match="32"):
        local_seal.seal(b"short", "name", b"")
