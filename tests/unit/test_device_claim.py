"""A signed word for a device: it holds for exactly what was said, by whom, in which network."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import device_claim, signing
from crypto.signing import SignatureInvalid

SEED = bytes(range(32))
KEY = signing.public_key(SEED)
DEVICE_KEY = signing.public_key(bytes(range(32, 64)))
# Published: what people sign today is checked by every later version.
SIGNATURE = bytes.fromhex(
    "1019dea6f57d94cd484ba4045468d71352d0b4463133bf0f2a9f7fa30d5d713a"
    "2559f09cd81c6b8e08e59e19b8e16e9e1d37b17791ee333da142119ff30e4902"
)
SAID: dict[str, Any] = {
    "network": "invented network",
    "person": bytes(range(16)),
    "matrix_user": "@ana:streha.example",
    "device": "GHTYAJCE",
    "key": DEVICE_KEY,
    "at": 1_900_000_000,
}
OTHERWISE: dict[str, Any] = {
    "network": "another network",
    "person": bytes(range(1, 17)),
    "matrix_user": "@ana:streha.exampl",
    "device": "GHTYAJCF",
    "key": signing.public_key(SEED),
    "at": 1_900_000_001,
}


def sign(seed: bytes = SEED, /, **changes: Any) -> bytes:
    return device_claim.sign(seed, **{**SAID, **changes})


def check(signature: bytes, **changes: Any) -> None:
    device_claim.check(KEY, signature, **{**SAID, **changes})


def test_the_published_vector_never_changes() -> None:
    assert sign() == SIGNATURE
    check(SIGNATURE)


@given(
    device=st.text(max_size=255), matrix_user=st.text(max_size=255), key=st.binary(min_size=32, max_size=32),
    at=st.integers(min_value=0, max_value=2**40),
)  # fmt: skip
def test_what_is_signed_is_checked(device: str, matrix_user: str, key: bytes, at: int) -> None:
    said = {"device": device, "matrix_user": matrix_user, "key": key, "at": at}
    check(sign(**said), **said)


@pytest.mark.parametrize("field", SAID)
def test_nothing_of_it_can_be_changed(field: str) -> None:
    with pytest.raises(SignatureInvalid):
        check(SIGNATURE, **{field: OTHERWISE[field]})
    check(sign(**{field: OTHERWISE[field]}), **{field: OTHERWISE[field]})


def test_another_person_cannot_sign_it() -> None:
    with pytest.raises(SignatureInvalid):
        check(sign(bytes(range(1, 33))))


def test_a_signature_for_another_purpose_is_none() -> None:
    body = {name: said for name, said in SAID.items() if name != "network"}
    for purpose in ("sign-in", "matrix-device"):
        signature = signing.sign(SEED, purpose, "invented network", cbor2.dumps(body, canonical=True))
        if purpose == device_claim.PURPOSE:
            check(signature)
        else:
            with pytest.raises(SignatureInvalid):
                check(signature)


@pytest.mark.parametrize("changes", [{"person": b""}, {"person": bytes(17)}, {"key": bytes(31)}, {"key": bytes(33)}])
def test_what_cannot_be_a_person_or_a_key_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SignatureInvalid):
        sign(**changes)
    with pytest.raises(SignatureInvalid):
        check(SIGNATURE, **changes)
