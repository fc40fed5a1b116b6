"""The OpenAPI 3.1 document, put together once at start from the route table, the wire types and the problems.

Nothing of the API is written here a second time. What stands beside the route table (health, and this description
itself) is named here alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from server.api import gateway_signature
from server.api.access import Access
from server.api.credentials import COOKIE, DEVICE_PREFIX
from server.api.health import Alive, Ready
from server.api.openapi import operations, refusals, schemas
from server.api.openapi.operations import BEARER, BROWSER, DEVICE, GATEWAY, JSON
from server.api.problems import Problem
from server.api.route import Limit, Route

OPENAPI = "3.1.0"
DOCUMENT_PATH, REFERENCE_PATH, STYLE_PATH = "/api/openapi.json", "/api/reference", "/api/reference.css"
HEALTH_PATH, READINESS_PATH = "/healthz", "/readyz"
ABOUT = """\
Everything that Streha can be asked over HTTP: the same that its own client and console use.

Who may do what stands with every operation, and services enforce it. Whoever may not know of a thing is told that it \
does not exist: in the same words, with the same headers and after the same time as where it never was (404). \
Requests refuse unknown fields; answers may gain fields, which a client ignores. Moments are RFC 3339 with an offset. \
Ids are UUIDs with dashes. Every refusal is an RFC 9457 problem with an incident id for the operator.

Raising and accepting an alert is never limited, and an alert is raised once for each key, however often it is sent: \
whoever gets no answer sends the same again."""


def document(routes: Sequence[Route[Any]]) -> dict[str, Any]:
    """Return the document."""
    known = schemas.components([*operations.kinds(routes), Alive, Ready, Problem])
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = operations.operation(route, known)
    for path, operation in _beside(known).items():
        paths[path]["get"] = operation
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Streha",
            "version": version("streha"),
            "summary": "Safety coordination for agencies that protect victims of trafficking.",
            "description": ABOUT,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/", "description": "Where this document was read."}],
        "tags": [*operations.tags(routes), {"name": "service", "description": "The service itself."}],
        "paths": dict(paths),
        "components": {
            "schemas": known,
            "responses": refusals.responses(known),
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of a session, which a challenge signed with a person's key begins.",
                },
                BROWSER: {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "A browser's session, begun by a link from the command line. What changes "
                    "anything must come from Streha's own origin.",
                },
                DEVICE: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"The token of a device that can only raise, behind `{DEVICE_PREFIX}`. Everywhere "
                    "else it is nobody's.",
                },
                GATEWAY: {
                    "type": "apiKey",
                    "in": "header",
                    "name": gateway_signature.SIGNATURE,
                    "description": gateway_signature.ABOUT,
                },
            },
        },
    }


def _beside(known: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations that are not rows of the route table, by path."""

    def json(kind: type) -> dict[str, Any]:
        return {JSON: {"schema": schemas.reference(kind), "example": schemas.example(known[kind.__name__], known)}}

    def text(media_type: str) -> dict[str, Any]:
        return {media_type: {"schema": {"type": "string"}}}

    ready = _plain("check_ready", "Whether the process may be sent requests", json(Ready))
    ready["responses"]["503"] = {"$ref": "#/components/responses/Unavailable"}
    document_itself = {JSON: {"schema": {"type": "object"}, "example": {"openapi": OPENAPI}}}
    return {
        HEALTH_PATH: _plain("check_alive", "Whether the process is alive", json(Alive)),
        READINESS_PATH: ready,
        DOCUMENT_PATH: _plain("show_document", "This document", document_itself),
        REFERENCE_PATH: _plain("show_reference", "This document, for people", text("text/html")),
        STYLE_PATH: _plain("show_reference_style", "How the page for people looks", text("text/css")),
    }


def _plain(operation_id: str, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": ["service"],
        "summary": summary,
        "description": "Asked without signing in.",
        "security": [],
        "parameters": [],
        "responses": {
            "200": {"description": f"{summary}.", "content": content},
            "500": {"$ref": "#/components/responses/Unexpected"},
        },
        "x-streha-access": {"rule": Access.ANYBODY.name.lower(), "description": Access.ANYBODY.value},
        "x-streha-lapsed": False,
        "x-streha-limit": Limit.NEVER.value,
    }
