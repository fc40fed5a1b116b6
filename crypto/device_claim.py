"""A person's word that a Matrix device is theirs: a signature by the person's Streha key.

Purpose `matrix-device`; the body is the deterministic CBOR map of the person, the Matrix user, the device's id, its
Ed25519 key and the moment in whole seconds since 1970. The master key is not in it: nobody takes that from a claim, it
is found by following the device's own signatures.
"""

from __future__ import annotations

import cbor2

from crypto import signing

PURPOSE = "matrix-device"
DEVICE_KEY_BYTES = 32
PERSON_BYTES = 16


def sign(seed: bytes, *, network: str, person: bytes, matrix_user: str, device: str, key: bytes, at: int) -> bytes:
    """Return the signature that claims a device. `person` is the 16 bytes of its id."""
    return signing.sign(seed, PURPOSE, network, _body(person, matrix_user, device, key, at))


def check(
    signing_key: bytes,
    signature: bytes,
    *,
    network: str,
    person: bytes,
    matrix_user: str,
    device: str,
    key: bytes,
    at: int,
) -> None:
    """Return if the claim is this person's; raise `signing.SignatureInvalid` otherwise."""
    signing.verify(signing_key, PURPOSE, network, _body(person, matrix_user, device, key, at), signature)


def _body(person: bytes, matrix_user: str, device: str, key: bytes, at: int) -> bytes:
    if len(person) != PERSON_BYTES or len(key) != DEVICE_KEY_BYTES:
        raise signing.SignatureInvalid
    claim = {"person": person, "matrix_user": matrix_user, "device": device, "key": key, "at": at}
    return cbor2.dumps(claim, canonical=True)
