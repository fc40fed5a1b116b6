"""Reading a request: JSON and query into wire structs, path into ids, without repeating any of it back.

A decoder's text quotes the input, so it is never shown. What is wrong is named only by a path of our own
field names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from agencies.service import NO_AGENCY, NO_PERSON
from alerts.store import NO_ALERT
from cases.rules import NO_CASE, NO_COMPARTMENT
from core.errors import InvalidInput, NotFound
from core.texts import mark
from safety_plans.store import NO_REVIEW
from server.api.wire import Wire

Read = TypeVar("Read", bound=Wire)

# An id that cannot be one is answered as one that is not known.
ABSENT = {
    "agency": NO_AGENCY,
    "alert": NO_ALERT,
    "case": NO_CASE,
    "compartment": NO_COMPARTMENT,
    "person": NO_PERSON,
    "review": NO_REVIEW,
}
NOT_JSON = mark("The request is not valid JSON.")
NOT_AS_EXPECTED = mark("The request has an unknown field, lacks one, or holds a value of another kind.")
FIELD_NOT_AS_EXPECTED = mark("The field {field} is not as expected.")
FIELD_MISSING = mark("The field {field} is missing.")

_PLACE = re.compile(r"`\$((?:\.[a-z_]+|\[\d+\]|\[\.\.\.\])*)`$")
_MISSING = re.compile(r"^Object missing required field `([a-z_]+)`")
_STEP = re.compile(r"[a-z_]+|\[[^\]]+\]")


async def body(request: web.Request, kind: type[Read]) -> Read:
    """Return the JSON body as a struct; an absent body is an empty object."""
    if hdrs.CONTENT_ENCODING in request.headers:
        raise web.HTTPUnsupportedMediaType
    data = await request.read()
    if data and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput(NOT_JSON) from None


def query(request: web.Request, kind: type[Read]) -> Read:
    """Return the query as a struct; a name that stands twice is refused."""
    given = request.query
    if len(given) != len(set(given)):
        raise InvalidInput(NOT_AS_EXPECTED)
    try:
        return msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind) from None


def ids(match: Iterable[tuple[str, str]]) -> dict[str, UUID]:
    """Return the ids of a path."""
    return {name: _id(name, text) for name, text in match}


def _id(name: str, text: str) -> UUID:
    try:
        parsed = UUID(text)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != text.lower():
        raise NotFound(ABSENT[name])
    return parsed


def _refusal(error: msgspec.ValidationError, kind: type[Wire]) -> InvalidInput:
    """Name the place if, and only if, it is made of our own field names."""
    text = str(error)
    missing = _MISSING.match(text)
    if missing and missing[1] in _names(kind):
        return InvalidInput(FIELD_MISSING, field=missing[1])
    place = _PLACE.search(text)
    steps = _STEP.findall(place[1]) if place else []
    if steps and all(step.startswith("[") or step in _names(kind) for step in steps):
        return InvalidInput(FIELD_NOT_AS_EXPECTED, field=".".join(steps).replace(".[", "["))
    return InvalidInput(NOT_AS_EXPECTED)


def _names(kind: type[Wire]) -> frozenset[str]:
    return frozenset(kind.__struct_encode_fields__)
