"""Signatures of webhooks: the published example, and everything that must not pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import webhook_signature
from crypto.webhook_signature import TOLERANCE_SECONDS, is_signed, new_key, read_key, sign

# The example that describes Standard Webhooks: its key, message and signature.
KEY = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
MESSAGE, MOMENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example() -> None:
    assert sign(KEY, MESSAGE, MOMENT, BODY) == SIGNATURE
    assert is_signed(KEY, MESSAGE, MOMENT, BODY, SIGNATURE, MOMENT)
    # While a key is changed two signatures stand beside each other.
    assert is_signed(KEY, MESSAGE, MOMENT, BODY, f"v1,nothing {SIGNATURE}", MOMENT)


@given(st.binary(), st.integers(0, 2**33), st.text(st.characters(codec="ascii"), max_size=20))
def test_nothing_else_passes(body: bytes, moment: int, other: str) -> None:
    key = read_key(new_key())
    signed = sign(key, MESSAGE, moment, body)
    assert is_signed(key, MESSAGE, moment, body, signed, moment + TOLERANCE_SECONDS)
    assert not is_signed(key, MESSAGE, moment, body, signed, moment + TOLERANCE_SECONDS + 1)
    assert not is_signed(key, MESSAGE, moment, body, signed, moment - TOLERANCE_SECONDS - 1)
    assert not is_signed(key, MESSAGE, moment, body + b" ", signed, moment)
    assert not is_signed(key, MESSAGE + "x", moment, body, signed, moment)
    assert not is_signed(key, MESSAGE, moment + 1, body, signed, moment)
    assert not is_signed(KEY, MESSAGE, moment, body, signed, moment)
    assert other in signed.split(" ") or not is_signed(key, MESSAGE, moment, body, other, moment)


@pytest.mark.parametrize("written", ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_ä"])
def test_what_is_no_key(written: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        read_key(written)


def test_a_new_key_is_long_and_new() -> None:
    assert len(read_key(new_key())) == webhook_signature.KEY_BYTES
    assert new_key() != new_key()
