"""How an error is answered: RFC 9457 problem details, in the asker's language.

The one table from errors to HTTP. Every problem has an incident id that stands in the log too; nothing
else of the request is repeated: no input, no decoder's or driver's text, no trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from core.errors import Conflict, InvalidInput, LimitReached, NotAuthenticated, NotFound, StrehaError, Unavailable
from core.ids import new_id
from core.texts import mark, render

CONTENT_TYPE = "application/problem+json"
# How one signs in, as HTTP names it.
SCHEME = "Bearer"
RETRY_SECONDS = 5
INCIDENT = web.ResponseKey("incident", UUID)

Checks = Annotated[dict[str, str], msgspec.Meta(examples=[{"database": "ok", "clock": "failed"}])]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: `type` names the kind, `detail` says what to do, `incident` finds it in the log.

    `outcome` is the word of what the vault's rules refused (docs/protocol.md, *What a refusal means*).
    """

    type: Annotated[str, msgspec.Meta(examples=["/problems/not-found"])]
    title: Annotated[str, msgspec.Meta(examples=["Not found"])]
    status: Annotated[int, msgspec.Meta(examples=[404])]
    detail: Annotated[str, msgspec.Meta(examples=["There is no such case."])]
    incident: UUID
    checks: Checks | msgspec.UnsetType = msgspec.UNSET
    outcome: Annotated[str, msgspec.Meta(examples=["not-next"])] | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of problem."""

    slug: str
    status: int
    title: str
    # Said where the error itself brings no words.
    detail: str = ""


KINDS: dict[type[StrehaError], Kind] = {
    InvalidInput: Kind(slug="invalid-input", status=400, title=mark("Not valid")),
    NotAuthenticated: Kind(slug="not-authenticated", status=401, title=mark("Not signed in")),
    NotFound: Kind(slug="not-found", status=404, title=mark("Not found")),
    Conflict: Kind(slug="conflict", status=409, title=mark("Not possible now")),
    LimitReached: Kind(slug="limit-reached", status=429, title=mark("Too many requests")),
    Unavailable: Kind(slug="unavailable", status=503, title=mark("Not available")),
}
UNEXPECTED = Kind(
    slug="unexpected",
    status=500,
    title=mark("Fault in Streha"),
    detail=mark("Something failed that should not. Give the incident number to the operator."),
)
# What aiohttp itself refuses, before or beside our routes.
OF_HTTP: dict[int, Kind] = {
    404: Kind(
        slug="not-found",
        status=404,
        title=mark("Not found"),
        detail=mark("There is no such address. Check the path."),
    ),
    405: Kind(
        slug="method-not-allowed",
        status=405,
        title=mark("Method not allowed"),
        detail=mark("This address does not know this method."),
    ),
    408: Kind(
        slug="not-arrived",
        status=408,
        title=mark("Not arrived"),
        detail=mark("The request did not arrive whole in time. Check the connection and send it again."),
    ),
    413: Kind(
        slug="too-large",
        status=413,
        title=mark("Too large"),
        detail=mark("The request is larger than allowed. Send less at once."),
    ),
    415: Kind(
        slug="not-json",
        status=415,
        title=mark("Not JSON"),
        detail=mark("Send plain JSON with Content-Type: application/json."),
    ),
}
MALFORMED = Kind(
    slug="malformed",
    status=400,
    title=mark("Not valid"),
    detail=mark("The request is not valid HTTP."),
)


def of_error(error: BaseException, language: str) -> web.Response:
    """Return the problem that an error becomes."""
    if isinstance(error, StrehaError):
        for cls, kind in KINDS.items():
            if isinstance(error, cls):
                seconds = int(error.parameters.get("seconds", RETRY_SECONDS))
                detail = render(error.reason, language, **error.parameters)
                return answer(kind, language, detail, retry_after=seconds, outcome=error.outcome)
    if isinstance(error, web.HTTPException):
        return of_http(error, language)
    return answer(UNEXPECTED, language)


def of_http(error: web.HTTPException, language: str) -> web.Response:
    """Return the problem that a refusal of aiohttp becomes."""
    kind = OF_HTTP.get(error.status) or (MALFORMED if error.status < UNEXPECTED.status else UNEXPECTED)
    response = answer(kind, language)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers[hdrs.ALLOW] = ", ".join(sorted(error.allowed_methods))
    return response


def type_of(kind: Kind) -> str:
    """Return what names a kind of problem in answers."""
    return f"/problems/{kind.slug}"


def answer(
    kind: Kind, language: str, detail: str = "", checks: dict[str, str] | None = None, *,
    retry_after: int = RETRY_SECONDS, outcome: str = "",
) -> web.Response:  # fmt: skip
    """Return a problem as it is sent."""
    problem = Problem(
        type=type_of(kind),
        title=render(kind.title, language),
        status=kind.status,
        detail=detail or render(kind.detail, language),
        incident=new_id(),
        checks=msgspec.UNSET if checks is None else checks,
        outcome=outcome or msgspec.UNSET,
    )
    response = web.Response(
        body=msgspec.json.encode(problem),
        status=kind.status,
        content_type=CONTENT_TYPE,
        headers={hdrs.CONTENT_LANGUAGE: language, hdrs.VARY: hdrs.ACCEPT_LANGUAGE},
    )
    if kind is KINDS[NotAuthenticated]:
        response.headers[hdrs.WWW_AUTHENTICATE] = SCHEME
    elif kind in (KINDS[LimitReached], KINDS[Unavailable]):
        response.headers[hdrs.RETRY_AFTER] = str(retry_after)
    response[INCIDENT] = problem.incident
    return response
