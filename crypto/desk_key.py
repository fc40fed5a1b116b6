"""The key pair of a duty desk (X25519): its fingerprint for people, and a person's word that it is the desk's.

The word is a signature with the purpose `desk-key`; the body is the deterministic CBOR map of the desk, its public key,
the person who says so and the moment in whole seconds since 1970. Sealing to it: `crypto.emergency_card`.
"""

from __future__ import annotations

import hashlib

import cbor2
import nacl.bindings
import nacl.exceptions
from nacl.public import PrivateKey

from crypto import signing
from crypto.paper import ALPHABET

PURPOSE = "desk-key"
KEY_BYTES = 32
ID_BYTES = 16
# 100 bits: nobody makes another key with the same letters.
LETTERS = 20
GROUP = 5
_LOOKALIKES = str.maketrans("OIL", "011")


class KeyUnusable(Exception):
    """Nothing can be sealed to this key."""


def new_secret() -> bytes:
    """Return the secret half of a fresh pair, from libsodium's randomness."""
    return bytes(PrivateKey.generate())


def public_key(secret: bytes) -> bytes:
    """Return the public half."""
    return bytes(PrivateKey(secret).public_key)


def require_usable(key: bytes) -> None:
    """Refuse what is no key, and the few keys whose secret everybody knows."""
    if len(key) != KEY_BYTES:
        raise KeyUnusable
    try:
        nacl.bindings.crypto_scalarmult(bytes(PrivateKey.generate()), key)
    except (nacl.exceptions.CryptoError, RuntimeError) as error:
        raise KeyUnusable from error


def fingerprint(key: bytes) -> str:
    """Return what two people read to each other: four groups of five letters and digits, without look-alikes."""
    digest = hashlib.blake2b(key, digest_size=32, person=b"streha-fingerpr").digest()
    number = int.from_bytes(digest) >> (256 - 5 * LETTERS)
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(5 * LETTERS - 5, -5, -5))
    return " ".join(letters[place : place + GROUP] for place in range(0, LETTERS, GROUP))


def same_fingerprint(key: bytes, typed: str) -> bool:
    """Whether what somebody typed is the fingerprint of a key, whatever its spaces, dashes and letter case."""
    letters = "".join(typed.upper().replace("-", " ").split()).translate(_LOOKALIKES)
    return letters == fingerprint(key).replace(" ", "")


def sign(seed: bytes, *, network: str, person: bytes, desk: bytes, key: bytes, at: int) -> bytes:
    """Return the signature that gives a desk its key. Ids are 16 bytes."""
    return signing.sign(seed, PURPOSE, network, _body(person, desk, key, at))


def check(
    signing_key: bytes, signature: bytes, *, network: str, person: bytes, desk: bytes, key: bytes, at: int
) -> None:
    """Return if the word is this person's; raise `signing.SignatureInvalid` otherwise."""
    signing.verify(signing_key, PURPOSE, network, _body(person, desk, key, at), signature)


def _body(person: bytes, desk: bytes, key: bytes, at: int) -> bytes:
    if len(person) != ID_BYTES or len(desk) != ID_BYTES or len(key) != KEY_BYTES:
        raise signing.SignatureInvalid
    return cbor2.dumps({"person": person, "desk": desk, "key": key, "at": at}, canonical=True)
