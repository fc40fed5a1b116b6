"""Deterministic CBOR: for everything that may be said there is one row of bytes, and no other is read.

RFC 8949, section 4.2.1, and less than that: whole numbers from 0 to 2^53 - 1 (what a browser holds exactly), byte
strings, text, arrays, maps with text keys, true, false and null. No floats, no tags, no lengths left open. The other
program is `server/console/vault/deterministic.js`; both pass `tests/vectors/deterministic.json`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cbor2

from crypto.vault.failures import NotAsWritten, NotDeterministic

Value: TypeAlias = "int | str | bytes | bool | list[Value] | dict[str, Value] | None"

GREATEST_NUMBER = 2**53 - 1
DEEPEST = 8
LONGEST_KEY = 23
BYTE_ORDER_MARK = "\ufeff"


def encode(value: Value) -> bytes:
    """Return the bytes that stand for a value; raise NotAsWritten for what cannot be said."""
    _require(value, DEEPEST)
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Value:
    """Return what the bytes say; raise NotDeterministic unless they are just those that `encode` makes of it."""
    try:
        value: Any = cbor2.loads(
            data, max_depth=DEEPEST + 1, allow_indefinite=False, allow_duplicate_keys=False, strict_hashable_types=True
        )
        again = encode(value)
    except (cbor2.CBORDecodeError, NotAsWritten, ValueError, OverflowError, RecursionError) as error:
        raise NotDeterministic from error
    if again != data:
        raise NotDeterministic
    return value  # type: ignore[no-any-return]


def _require(value: object, depth: int) -> None:
    """Refuse what cannot be said. It is asked of every entry of every log: what is frequent comes first."""
    if isinstance(value, bytes) or value is None:
        return
    if isinstance(value, str):
        _require_text(value)
    elif isinstance(value, int):
        # True and false are numbers to Python, and within these bounds.
        if not 0 <= value <= GREATEST_NUMBER:
            raise NotAsWritten
    elif isinstance(value, list) and depth:
        for each in value:
            _require(each, depth - 1)
    elif isinstance(value, dict) and depth:
        for key, each in value.items():
            _require_key(key)
            if not isinstance(each, bytes):
                _require(each, depth - 1)
    else:
        raise NotAsWritten


def _require_key(key: object) -> None:
    # So short that the shortest come first in either of the two orders that are called canonical.
    if not isinstance(key, str) or (len(key) if key.isascii() else _require_text(key)) > LONGEST_KEY:
        raise NotAsWritten


def _require_text(value: str) -> int:
    """Return how many bytes of UTF-8 it is; refuse what not every program writes and reads alike.

    Half of a pair of surrogates cannot be written, and a byte order mark at the beginning is swallowed by browsers.
    """
    if value.isascii():
        return len(value)
    if value.startswith(BYTE_ORDER_MARK):
        raise NotAsWritten
    try:
        return len(value.encode())
    except UnicodeEncodeError as error:
        raise NotAsWritten from error
