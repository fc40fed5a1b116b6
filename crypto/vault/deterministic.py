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
    match value:
        case bool() | None | bytes():
            return
        case int() if 0 <= value <= GREATEST_NUMBER:
            return
        case str() if _is_text(value):
            return
        case list() if depth:
            for each in value:
                _require(each, depth - 1)
            return
        case dict() if depth:
            for key, each in value.items():
                # So short that the shortest come first in either of the two orders that are called canonical.
                if not (isinstance(key, str) and _is_text(key) and len(key.encode()) <= LONGEST_KEY):
                    raise NotAsWritten
                _require(each, depth - 1)
            return
    raise NotAsWritten


def _is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: no half of a pair of surrogates."""
    return not any("\ud800" <= each <= "\udfff" for each in value)
