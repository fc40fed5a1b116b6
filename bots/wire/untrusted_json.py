"""Reading JSON that somebody else wrote: bounded in size and depth, one bad value never the whole answer.

Owns only the step from bytes to Python values. An answer to `/sync` carries events of many senders; one
of them nested beyond what the parser follows, or with a number of thousands of digits, must not hide its
neighbours: what lies too deep is cut out, what is no number that anybody counts with becomes null, and the
rest is read. A large answer is read beside the event loop (`read_object_aside`).
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

# Deeper than any event of the specification, shallower than the parser's own limit.
DEEPEST = 100
# Longer than any number that JSON can name exactly, shorter than what Python refuses to read.
MOST_DIGITS = 40
# Smaller ones are read faster than a thread is called.
LARGE = 256 * 1024
# A bracket, or a whole string with the brackets in it; one that never ends reaches to the end.
_STEP = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_OPENING = frozenset((b"[", b"{"))
_CLOSING = frozenset((b"]", b"}"))


def read(body: bytes) -> Any:
    """Return the value; raise ValueError when the bytes are not JSON."""
    try:
        return _parsed(body)
    except RecursionError:
        return _parsed(without_the_deep(body))


def read_object(body: bytes) -> dict[str, Any]:
    """Return the value when it is an object; raise ValueError otherwise."""
    value = read(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (callers catch one exception)
    return value


async def read_object_aside(body: bytes) -> dict[str, Any]:
    """Do the same without holding up whatever else goes on: the lease of the bot must be kept meanwhile."""
    return read_object(body) if len(body) < LARGE else await asyncio.to_thread(read_object, body)


def without_the_deep(body: bytes) -> bytes:
    """Return the JSON with every value nested deeper than DEEPEST replaced by null."""
    kept: list[bytes] = []
    depth, kept_up_to = 0, 0
    for step in _STEP.finditer(body):
        bracket = step[0]
        if bracket in _OPENING:
            depth += 1
            if depth == DEEPEST + 1:
                kept += (body[kept_up_to : step.start()], b"null")
        elif bracket in _CLOSING:
            depth -= 1
            if depth == DEEPEST:
                kept_up_to = step.end()
    if depth <= DEEPEST:
        kept.append(body[kept_up_to:])
    return b"".join(kept)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_nothing)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        # A whole number so long that Python refuses it: only then each one is looked at.
        return json.loads(body, parse_int=_bounded, parse_constant=_nothing)


def _bounded(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None


def _nothing(_name: str) -> None:
    """NaN and Infinity are no JSON; nobody who reads on could write them down again."""
