"""Reading JSON that somebody else wrote: bounded in size and depth, one bad value never the whole answer.

Owns only the step from bytes to Python values. An answer to `/sync` carries events of many senders; one
of them nested beyond what the parser follows must not hide its neighbours, so what lies too deep is
cut out and the rest is read.
"""

from __future__ import annotations

import json
from typing import Any

# Deeper than any event of the specification, shallower than the parser's own limit.
DEEPEST = 100
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")
_QUOTE = ord('"')
_BACKSLASH = ord("\\")


def read(body: bytes) -> Any:
    """Return the value; raise ValueError when the bytes are not JSON."""
    try:
        return json.loads(body)
    except RecursionError:
        return json.loads(without_the_deep(body))


def read_object(body: bytes) -> dict[str, Any]:
    """Return the value when it is an object; raise ValueError otherwise."""
    value = read(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (callers catch one exception)
    return value


def without_the_deep(body: bytes) -> bytes:
    """Return the JSON with every value nested deeper than DEEPEST replaced by null."""
    kept = bytearray()
    depth, quoted, escaped = 0, False, False
    for byte in body:
        if quoted:
            escaped, quoted = (byte == _BACKSLASH and not escaped), (byte != _QUOTE or escaped)
        elif byte == _QUOTE:
            quoted = True
        elif byte in _OPENING:
            depth += 1
            if depth == DEEPEST + 1:
                kept += b"null"
        elif byte in _CLOSING:
            depth -= 1
            if depth == DEEPEST:
                continue
        if depth <= DEEPEST:
            kept.append(byte)
    return bytes(kept)
