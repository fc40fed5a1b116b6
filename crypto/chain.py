"""The hash chain of the ledger: each link binds an entry to everything before it.

`link = BLAKE2b-256(previous link ‖ entry)`, personalised `streha-ledger-1`; an entry is deterministic
CBOR. The first entry follows 32 zero bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import cbor2

START = bytes(32)

Plain = str | int | bool | bytes | None


def link(previous: bytes, entry: Sequence[Plain | dict[str, Plain]]) -> bytes:
    """Return the link of an entry that follows `previous` (32 bytes)."""
    if len(previous) != len(START):
        raise ValueError("a link has 32 bytes")
    encoded = cbor2.dumps(list(entry), canonical=True)
    return hashlib.blake2b(previous + encoded, digest_size=32, person=b"streha-ledger-1").digest()


def act(
    previous: bytes, *, position: int, at: datetime, actor_kind: str, actor_id: UUID | None, act: str,
    case_id: UUID | None, object_id: UUID | None, facts: Mapping[str, str | int | bool],
) -> bytes:  # fmt: skip
    """Return the link of one act of the ledger that follows `previous`: its position, and all that was recorded."""

    def plain(value: UUID | None) -> bytes | None:
        return None if value is None else value.bytes

    moment = at.isoformat(timespec="microseconds")
    fields: list[Plain | dict[str, Plain]] = [
        position, moment, actor_kind, plain(actor_id), act, plain(case_id), plain(object_id), {**facts},
    ]  # fmt: skip
    return link(previous, fields)
