"""What is kept of a person's own sentence: a keyed hash (HMAC-SHA256) of it and of whose it is.

The key stays on the bot's disk: whoever reads the database can neither read a sentence nor try one, and equal sentences
of two people look different.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

LABEL = b"streha own sentence tag 1"
CAUSE_LABEL = b"streha own sentence cause 1"
KEY_BYTES = 32
ID_BYTES = 16


def tag(key: bytes, person: bytes, sentence: str) -> bytes:
    """Return the keyed hash of a sentence in its normal form."""
    if len(key) != KEY_BYTES or len(person) != ID_BYTES:
        raise ValueError("a key has 32 bytes, an id 16")
    return hmac.digest(key, LABEL + person + sentence.encode(), sha256)


def cause(key: bytes, event: str) -> str:
    """Return a name for what an event brings about, which nobody without the key can tell."""
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return hmac.digest(key, CAUSE_LABEL + event.encode(), sha256).hex()


def same(one: bytes, other: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one, other)
