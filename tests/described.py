"""Holds every exchange with a served API against its OpenAPI document: what is asked, and what is answered.

`tests.served` puts it around every API that a test serves, so that each of those tests is one of the document too.
What was refused may have been asked in any way, unless our own client asked it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
from aiohttp import hdrs, web
from jsonschema import Draft202012Validator

from server.api.openapi.document import document
from server.api.problems import CONTENT_TYPE
from server.api.routes import ROUTES

CLIENT = "streha"
# Refused before it is known what was asked.
UNMATCHED = {404, 405}
# Served beside the API and not described: the console.
BESIDE = ("/console", "/metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One operation that somebody used."""

    operation: str
    status: int
    by_client: bool


@dataclass(slots=True)
class Observer:
    """Collects what was exchanged, and what of it is not as described."""

    exchanges: list[Exchange] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def used(self, *, by_client: bool = False) -> set[str]:
        """Return the operations that were used, by our own client or by anybody."""
        return {each.operation for each in self.exchanges if each.by_client or not by_client}

    async def look(self, request: web.Request, response: web.StreamResponse) -> None:
        """Look at an answer that is about to be sent, and at what it answers."""
        asked = f"{request.method} {request.rel_url.raw_path_qs} answered {response.status}"
        self.complaints += [f"{asked}: {each}" for each in self._look(request, response)]

    def _look(self, request: web.Request, response: web.StreamResponse) -> Iterator[str]:
        resource = request.match_info.route.resource
        path = "" if resource is None else resource.canonical
        operation = described()["paths"].get(path, {}).get(request.method.lower())
        if operation is None:
            if request.path.startswith("/api/") and request.method != hdrs.METH_HEAD and (
                response.status not in UNMATCHED or response.content_type != CONTENT_TYPE
            ):  # fmt: skip
                yield "this is not in the document"
            return
        by_client = request.headers.get(hdrs.USER_AGENT) == CLIENT
        self.exchanges.append(Exchange(operation=operation["operationId"], status=response.status, by_client=by_client))
        yield from wrong_answer(operation, response)
        if by_client or response.status < web.HTTPBadRequest.status_code:
            yield from wrong_request(operation, request)


@cache
def described() -> dict[str, Any]:
    """Return the document."""
    return document(ROUTES)


def wrong_request(operation: Mapping[str, Any], request: web.Request) -> Iterator[str]:
    """Say what of a request is not as described."""
    parameters = operation["parameters"]
    known = {each["name"] for each in parameters if each["in"] == "query"}
    yield from (f"the query {name} is not described" for name in request.query if name not in known)
    for each in parameters:
        given = {"path": request.match_info, "query": request.query, "header": request.headers}[each["in"]]
        if each["name"] in given:
            yield from complaints(each["schema"], _value(each["schema"], given[each["name"]]))
        elif each["required"]:
            yield f"{each['name']} is missing"
    body = request._read_bytes
    if body is None:
        # Refused before the body was looked at, or never looked at.
        return
    if "requestBody" not in operation:
        if body not in (b"", b"{}"):
            yield "a body is not described"
    elif body:
        yield from complaints(operation["requestBody"]["content"][request.content_type]["schema"], _json(body))
    elif operation["requestBody"]["required"]:
        yield "the body is missing"


def wrong_answer(operation: Mapping[str, Any], response: web.StreamResponse) -> Iterator[str]:
    """Say what of an answer is not as described."""
    answer = operation["responses"].get(str(response.status))
    if answer is None:
        if response.status != web.HTTPNotModified.status_code:
            yield "this status is not described"
        return
    answer = resolved(answer)
    for name, header in answer.get("headers", {}).items():
        if name not in response.headers:
            yield f"the header {name} is missing"
        else:
            yield from complaints(header["schema"], _value(header["schema"], response.headers[name]))
    body = response.body if isinstance(response, web.Response) else None
    if "content" not in answer:
        if body:
            yield "a body is not described"
    elif response.content_type not in answer["content"]:
        yield f"{response.content_type} is not described"
    elif response.content_type.endswith("json") and hdrs.CONTENT_ENCODING not in response.headers:
        assert isinstance(body, bytes)
        yield from complaints(answer["content"][response.content_type]["schema"], _json(body))


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference of the document refers to."""
    if "$ref" not in node:
        return node
    found: Any = described()
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolved(found)


def complaints(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Say what of a value a schema of the document does not allow."""
    for error in _validator(msgspec.json.encode(schema)).iter_errors(value):
        yield f"{error.json_path}: {error.message}"


@cache
def _validator(schema: bytes) -> Draft202012Validator:
    rooted = {**msgspec.json.decode(schema), "components": described()["components"]}
    return Draft202012Validator(rooted, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _value(schema: Mapping[str, Any], text: str) -> Any:
    """Return what a text of a path, query or header stands for."""
    kinds = {each.get("type") for each in schema.get("anyOf", [schema])}
    if "boolean" in kinds:
        return {"true": True, "false": False}.get(text, text)
    if "integer" in kinds and text.isascii() and text.isdigit():
        return int(text)
    return text


def _json(body: bytes) -> Any:
    return msgspec.json.decode(body)
