"""One row of the route table as an operation of the document."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

from aiohttp import hdrs

from server.api import gateway_signature
from server.api.credentials import COOKIE
from server.api.event_stream import CONTENT_TYPE as EVENT_STREAM
from server.api.event_stream import LAST_EVENT_ID
from server.api.openapi import refusals, schemas
from server.api.problems import Kind
from server.api.route import Limit, Route
from server.api.wire import Nothing
from server.api.wire.stream import BEGIN_AFTER, EVENT_ID, EVENTS, EXAMPLE_ID, StreamChange

JSON = "application/json"
BEARER, BROWSER, DEVICE, GATEWAY = "bearer", "browser", "device", "gateway"
LIMITS = {
    Limit.NEVER: "Never limited: nobody in danger is told to wait.",
    Limit.ORDINARY: "Limited by person and by address.",
    Limit.CHALLENGE: "Limited by address, more strictly than others.",
    Limit.BY_NUMBER: "A call for help is never limited. Everything else is, by the number that it comes from.",
}
LAPSED = "A browser's session that has lapsed by time alone is good enough here."
_PARAMETER = re.compile(r"\{(\w+)\}")


def kinds(routes: Iterable[Route[Any]]) -> list[type]:
    """Return the types that bodies and answers are made of."""
    found: set[type] = set()
    for each in routes:
        found |= {each.gives} if each.method == hdrs.METH_GET else {each.takes, each.gives}
        if each.live:
            found |= set(EVENTS.values())
    return sorted(found - {Nothing}, key=lambda kind: kind.__name__)


def operation(route: Route[Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operation of one route; `known` are the schemas of all types."""
    described: dict[str, Any] = {
        "operationId": route.call.__name__,
        "tags": [tag(route)],
        "summary": route.summary,
        "description": "\n\n".join(_sentences(route)),
        "security": _shown(route),
        "parameters": [*_path(route), *_query(route), *_headers(route)],
        **_body(route, known),
        "responses": {
            str(route.status): _success(route, known),
            **{str(each.status): _refusal(each) for each in refusals.refusals(route)},
        },
        **({"x-streha-events": [_event(name, kind, known) for name, kind in EVENTS.items()]} if route.live else {}),
        "x-streha-access": {"rule": route.access.name.lower(), "description": route.access.value},
        "x-streha-lapsed": route.lapsed,
        "x-streha-limit": route.limit.value,
    }
    return described


def tag(route: Route[Any]) -> str:
    """Return the domain of a route: the module that it stands in."""
    return route.call.__module__.rpartition(".")[2].replace("_", "-")


def tags(routes: Iterable[Route[Any]]) -> list[dict[str, str]]:
    """Return the domains, each as its module describes itself."""
    found = {tag(each): sys.modules[each.call.__module__].__doc__ or "" for each in routes}
    return [{"name": name, "description": words.strip().partition("\n\n")[0]} for name, words in found.items()]


def _shown(route: Route[Any]) -> list[dict[str, list[str]]]:
    if route.by_gateway:
        return [{GATEWAY: []}]
    if route.by_device:
        return [{DEVICE: []}]
    return [{BEARER: []}, {BROWSER: []}] if route.signed_in else []


def _sentences(route: Route[Any]) -> Iterable[str]:
    yield cleandoc(route.call.__doc__ or "")
    yield f"Who may: {route.access.value}"
    yield LIMITS[route.limit]
    if route.lapsed:
        yield LAPSED


def _path(route: Route[Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": dict(schemas.ID), "example": schemas.id_of(name)}
        for name in _PARAMETER.findall(route.path)
    ]


def _query(route: Route[Any]) -> list[dict[str, Any]]:
    if route.method != hdrs.METH_GET:
        return []
    known = schemas.components([route.takes])
    asked = known[route.takes.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in asked["required"],
            "schema": schema,
            "example": schemas.example(schema, known, name),
        }
        for name, schema in asked["properties"].items()
    ]


def _headers(route: Route[Any]) -> list[dict[str, Any]]:
    found = []
    if route.sets_cookie and not route.signed_in:
        found.append(
            {
                "name": str(hdrs.ORIGIN), "in": "header", "required": True,
                "description": "Streha's own; browsers send it by themselves.",
                "schema": {"type": "string", "format": "uri"}, "example": "https://streha.example",
            }
        )  # fmt: skip
    if route.by_gateway:
        found += [
            {
                "name": name, "in": "header", "required": True, "description": words,
                "schema": {"type": "string"}, "example": example,
            }
            for name, words, example in gateway_signature.HEADERS
        ]  # fmt: skip
    if route.live:
        found.append(
            {
                "name": LAST_EVENT_ID, "in": "header", "required": False,
                "description": "The id of the last event that came, which goes before `after`.",
                "schema": {"type": "string", "pattern": BEGIN_AFTER}, "example": EXAMPLE_ID,
            }
        )  # fmt: skip
    return found


def _body(route: Route[Any], known: Mapping[str, Any]) -> dict[str, Any]:
    if route.method == hdrs.METH_GET or route.takes is Nothing:
        return {}
    required = bool(known[route.takes.__name__]["required"])
    return {"requestBody": {"required": required, "content": {JSON: _content(route.takes, known)}}}


def _success(route: Route[Any], known: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": "It is done."}
    if route.sets_cookie:
        words = f"What the browser keeps as `{COOKIE}`, or that it forgets it."
        described["headers"] = {str(hdrs.SET_COOKIE): {"description": words, "schema": {"type": "string"}}}
    if route.live:
        described["description"] = "Server-sent events until one side ends it; of each, the data is one line of JSON."
        described["content"] = {EVENT_STREAM: _stream(known)}
    elif route.gives is not Nothing:
        described["description"] = known[route.gives.__name__]["description"].partition("\n\n")[0]
        described["content"] = {JSON: _content(route.gives, known)}
    return described


def _event(name: str, kind: type, known: Mapping[str, Any]) -> dict[str, Any]:
    schema = known[kind.__name__]
    example = schemas.example(schema, known)
    return {"event": name, "description": schema["description"], "data": schemas.reference(kind), "example": example}


def _stream(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one event of the stream is made of, as whoever reads the stream gets it."""
    data = json.dumps(schemas.example(known[StreamChange.__name__], known))
    schema = {
        "type": "object",
        "properties": {
            "event": {"enum": list(EVENTS)},
            "id": {"type": "string", "pattern": EVENT_ID},
            "data": {"type": "string", "contentMediaType": JSON},
        },
        "required": ["event", "data"],
    }
    return {"schema": schema, "example": {"event": "change", "id": EXAMPLE_ID, "data": data}}


def _content(kind: type, known: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema": schemas.reference(kind), "example": schemas.example(known[kind.__name__], known)}


def _refusal(kind: Kind) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{refusals.name(kind)}"}
