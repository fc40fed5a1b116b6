"""BLAKE2b-256, in the two ways in which the vault uses it, each with a label of its own for each use.

A hash is of its label and the bytes behind it. A derived key is BLAKE2b keyed with a secret (32 to 64 bytes) and
personalised with the label, of the empty string: what both libsodium and libsodium.js offer.
"""

from __future__ import annotations

import hashlib

BYTES = 32
PERSONAL_BYTES = 16
SHORTEST_SECRET, LONGEST_SECRET = 32, 64


def hashed(label: bytes, data: bytes) -> bytes:
    """Return the hash of some bytes for one use."""
    hash_ = hashlib.blake2b(label, digest_size=BYTES)
    hash_.update(data)
    return hash_.digest()


def derived(personal: bytes, secret: bytes) -> bytes:
    """Return a key that a secret gives for one use."""
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or len(personal) != PERSONAL_BYTES:
        raise ValueError("a secret has 32 to 64 bytes, and a label 16")
    return hashlib.blake2b(key=secret, digest_size=BYTES, person=personal).digest()
