"""The number with which somebody who was called by telephone accepts: six digits that only Streha can tell beforehand.

A keyed hash (HMAC-SHA256) of whom it was told to and what for. It is never stored: whoever reads the database learns
none, and the letter that is carried a second time says the same one. A million can be tried by a machine, so whoever
checks must count what was wrong.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

LABEL = b"streha answer number 1"
DIGITS = 6
ID_BYTES = 16


def answer_number(key: bytes, contact: bytes, alert: bytes, ladder: int) -> str:
    """Return the number that one contact is told for one alert as long as calling goes on without beginning anew."""
    if len(contact) != ID_BYTES or len(alert) != ID_BYTES:
        raise ValueError("ids have 16 bytes")
    named = contact + alert + ladder.to_bytes(8, "big")
    found = hmac.digest(key, LABEL + named, sha256)
    return f"{int.from_bytes(found, 'big') % 10**DIGITS:0{DIGITS}}"


def is_number(written: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(written.encode(), right.encode())
