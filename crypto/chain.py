"""The hash chain of the ledger: each link binds an entry to everything before it.

`link = BLAKE2b-256(previous link ‖ entry)`, personalised `streha-ledger-1`; an entry is deterministic
CBOR. The first entry follows 32 zero bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import cbor2

START = bytes(32)

Plain = str | int | bool | bytes | None


def link(previous: bytes, entry: Sequence[Plain | dict[str, Plain]]) -> bytes:
    """Return the link of an entry that follows `previous` (32 bytes)."""
    if len(previous) != len(START):
        raise ValueError("a link has 32 bytes")
    encoded = cbor2.dumps(list(entry), canonical=True)
    return hashlib.blake2b(previous + encoded, digest_size=32, person=b"streha-ledger-1").digest()
