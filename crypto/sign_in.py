"""The signed challenge: proof that somebody holds a person's signing key, for one origin, once.

Purpose `sign-in`; the body is the deterministic CBOR map of nonce, origin and person. The origin is
inside, so that a challenge relayed by a look-alike site is worth nothing at the real one.
"""

from __future__ import annotations

import cbor2

from crypto import signing

PURPOSE = "sign-in"
NONCE_BYTES = 32


def answer(seed: bytes, *, network: str, origin: str, person: bytes, nonce: bytes) -> bytes:
    """Return the signature that answers a challenge. `person` is the 16 bytes of its id."""
    return signing.sign(seed, PURPOSE, network, _body(origin, person, nonce))


def check(key: bytes, signature: bytes, *, network: str, origin: str, person: bytes, nonce: bytes) -> None:
    """Return if the answer fits; raise `signing.SignatureInvalid` otherwise."""
    signing.verify(key, PURPOSE, network, _body(origin, person, nonce), signature)


def _body(origin: str, person: bytes, nonce: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES or len(person) != 16:
        raise signing.SignatureInvalid
    return cbor2.dumps({"nonce": nonce, "origin": origin, "person": person}, canonical=True)
