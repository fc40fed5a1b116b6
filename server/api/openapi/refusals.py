"""Which problems a route may answer with, told from its row; and each problem as the document describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs

from core.errors import Conflict, InvalidInput, LimitReached, NotAuthenticated, NotFound, StrehaError, Unavailable
from server.api import problems
from server.api.openapi import schemas
from server.api.problems import CONTENT_TYPE, KINDS, OF_HTTP, UNEXPECTED, Kind, Problem
from server.api.route import Limit, Route

ALIKE = (
    "What is absent, what the asker may not know and what the asker is excluded from are answered alike: the same "
    "words, the same headers, after the same time."
)
BODY_STATUSES = (408, 413, 415)
_WORDS = {KINDS[error].status: error.__doc__ or "" for error in KINDS}


def refusals(route: Route[Any]) -> tuple[Kind, ...]:
    """Return the problems that a route may answer with, by status."""
    things = "{" in route.path or schemas.names_things(route.takes)
    errors: set[type[StrehaError]] = {InvalidInput, Unavailable, *route.refuses}
    if route.signed_in:
        errors.add(NotAuthenticated)
        if things:
            errors.add(NotFound)
            if route.method != hdrs.METH_GET:
                errors.add(Conflict)
    if route.limit is not Limit.NEVER:
        errors.add(LimitReached)
    kinds = [UNEXPECTED, *(KINDS[each] for each in errors)]
    if route.method != hdrs.METH_GET:
        kinds += [OF_HTTP[each] for each in BODY_STATUSES]
    return tuple(sorted(kinds, key=lambda kind: kind.status))


def name(kind: Kind) -> str:
    """Return the name under which the document describes a problem."""
    return "".join(word.title() for word in kind.slug.split("-"))


def responses(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return every problem as a response of the document, by name; `known` are its schemas."""
    kinds = [*KINDS.values(), *(OF_HTTP[each] for each in BODY_STATUSES), UNEXPECTED]
    return {name(kind): response(kind, known) for kind in kinds}


def response(kind: Kind, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return one problem as a response of the document."""
    words = kind.detail or _WORDS[kind.status]
    example = schemas.example(known[Problem.__name__], known) | {
        "type": problems.type_of(kind), "title": kind.title, "status": kind.status, "detail": words,
    }  # fmt: skip
    example.pop("checks", None)
    if kind not in (KINDS[InvalidInput], KINDS[Conflict]):
        example.pop("outcome", None)
    return {
        "description": f"{kind.title}. {words}" + (f" {ALIKE}" if kind is KINDS[NotFound] else ""),
        "headers": _headers(kind),
        "content": {CONTENT_TYPE: {"schema": schemas.reference(Problem), "example": example}},
    }


def _headers(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(hdrs.CONTENT_LANGUAGE): {
            "description": "The language of title and detail: the one that Accept-Language asks for first, if known.",
            "schema": {"type": "string"},
        }
    }
    if kind is KINDS[NotAuthenticated]:
        found[str(hdrs.WWW_AUTHENTICATE)] = {"description": "How to sign in.", "schema": {"const": problems.SCHEME}}
    if kind in (KINDS[LimitReached], KINDS[Unavailable]):
        found[str(hdrs.RETRY_AFTER)] = {
            "description": "In how many seconds to try again.",
            "schema": {"type": "integer", "minimum": 1},
        }
    return found
