"""Reading a request: JSON and query into wire structs, path into ids, without repeating any of it back.

A decoder's text quotes the input, so it is never shown. What is wrong is named only by a path of our own
field names.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from agencies.desk_keys import NO_DESK
from agencies.passkeys import NO_PASSKEY
from agencies.service import NO_AGENCY, NO_PERSON
from agencies.vault.bundles import NO_BUNDLE
from agencies.vault.invitations import NO_INVITATION
from alerts.devices.service import NO_RAISE
from alerts.duty.ringing import NO_RING
from alerts.store import NO_ALERT
from alerts.telephone.desk_calls import NO_CALL
from cases.rules import NO_CASE, NO_COMPARTMENT
from cases.vault.fetching import NO_VERSION
from core.errors import InvalidInput, NotFound
from core.texts import mark
from operations.safe_calls.store import NO_SAFE_CALL
from operations.store import NO_OPERATION
from safety_plans.store import NO_REVIEW
from server.api.wire import Wire

Read = TypeVar("Read", bound=Wire)

# An id that cannot be one is answered as one that is not known.
ABSENT = {
    "agency": NO_AGENCY,
    "alert": NO_ALERT,
    "bundle": NO_BUNDLE,
    "case": NO_CASE,
    "compartment": NO_COMPARTMENT,
    "call": NO_CALL,
    "desk": NO_DESK,
    "invitation": NO_INVITATION,
    "operation": NO_OPERATION,
    "passkey": NO_PASSKEY,
    "person": NO_PERSON,
    "raise": NO_RAISE,
    "review": NO_REVIEW,
    "ring": NO_RING,
    "safe_call": NO_SAFE_CALL,
    "version": NO_VERSION,
}
# Less than a handler may take: what never ends is told apart from what took us too long.
BODY_SECONDS = 10.0
NOT_JSON = mark("The request is not valid JSON.")
NOT_AS_EXPECTED = mark("The request has an unknown field, lacks one, or holds a value of another kind.")
FIELD_NOT_AS_EXPECTED = mark("The field {field} is not as expected.")
FIELD_TWICE = mark("A field stands twice in the request. Send each once.")
FIELD_MISSING = mark("The field {field} is missing.")

_PLACE = re.compile(r"`\$((?:\.[a-z_]+|\[\d+\]|\[\.\.\.\])*)`$")
_MISSING = re.compile(r"^Object missing required field `([a-z_]+)`")
_STEP = re.compile(r"[a-z_]+|\[[^\]]+\]")


async def body(request: web.Request, kind: type[Read]) -> Read:
    """Return the JSON body as a struct; an absent body is an empty object."""
    if hdrs.CONTENT_ENCODING in request.headers:
        raise web.HTTPUnsupportedMediaType
    data = await received(request)
    if data and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        read = msgspec.json.decode(data or b"{}", type=kind)
        json.loads(data or b"{}", object_pairs_hook=_once_each)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind) from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise InvalidInput(NOT_JSON) from None
    return read


def query(request: web.Request, kind: type[Read], rather: Mapping[str, str] | None = None) -> Read:
    """Return the query as a struct, with what goes before it; a name that stands twice is refused."""
    given = request.query
    if len(given) != len(set(given)):
        raise InvalidInput(FIELD_TWICE)
    try:
        return msgspec.convert({**given, **(rather or {})}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind) from None


def ids(match: Iterable[tuple[str, str]]) -> dict[str, UUID]:
    """Return the ids of a path."""
    return {name: _id(name, text) for name, text in match}


async def received(request: web.Request) -> bytes:
    """Return the whole body as it came; give up on one that is too long or does not end."""
    if (request.content_length or 0) > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, request.content_length or 0)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest from None


def _once_each(pairs: Iterable[tuple[str, object]]) -> None:
    """Refuse an object that holds a field twice: nobody knows which of them was meant."""
    names = [name.casefold() for name, _value in pairs]
    if len(names) != len(set(names)):
        raise InvalidInput(FIELD_TWICE)


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
