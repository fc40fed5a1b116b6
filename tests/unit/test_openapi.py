"""The OpenAPI document is right OpenAPI 3.1, says everything that the route table says, and its examples are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import msgspec
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from schemathesis.specs.openapi.definitions import OPENAPI_31

from core.errors import NotAuthenticated
from server.api.access import Access
from server.api.event_stream import frame
from server.api.openapi import reference, schemas
from server.api.openapi.document import document
from server.api.openapi.markup import element
from server.api.openapi.schemas import ExampleMissing
from server.api.problems import CONTENT_TYPE
from server.api.route import Limit, Route
from server.api.routes import ROUTES
from server.api.wire import Nothing, Wire
from server.live.acts import Object
from server.live.events import AccessChanged, Alive, Changed, Ended, Ending, Event, Reset
from server.live.place import Place
from tests.described import complaints, described, resolved


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def of(route: Route[Any]) -> dict[str, Any]:
    found: dict[str, Any] = described()["paths"][route.path][route.method.lower()]
    return found


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Give every object of the document but those within examples."""
    if isinstance(node, dict):
        yield node
        for name, each in node.items():
            if name not in ("example", "examples"):
                yield from nodes(each)
    elif isinstance(node, list):
        for each in node:
            yield from nodes(each)


def test_it_is_openapi_3_1() -> None:
    official = Draft202012Validator(OPENAPI_31)
    official.validate(described())
    for name, schema in described()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == name
        assert schema["description"].endswith("."), name
    wrong = deepcopy(described())
    wrong["paths"]["/api/me"]["get"]["responses"]["200"].pop("description")
    with pytest.raises(ValidationError):
        official.validate(wrong)


def test_every_reference_leads_somewhere_and_everything_is_referred_to() -> None:
    used = {node["$ref"] for node in nodes(described()) if "$ref" in node}
    components = described()["components"]
    assert used == {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in components[kind]}


def test_every_route_stands_in_it_with_its_rule_its_limit_and_its_refusals() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(set(ids)) == len(ids)
    for route in ROUTES:
        operation = of(route)
        assert operation["operationId"] == route.call.__name__
        assert operation["summary"] == route.summary
        assert operation["x-streha-access"] == {"rule": route.access.name.lower(), "description": route.access.value}
        assert route.access.value in operation["description"]
        assert operation["x-streha-limit"] == route.limit.value
        assert bool(operation["security"]) is (route.signed_in or route.by_gateway)
        statuses = operation["responses"].keys()
        assert str(route.status) in statuses
        assert {"400", "500", "503"} <= statuses
        assert ("401" in statuses) is (route.signed_in or NotAuthenticated in route.refuses)
        assert ("429" in statuses) is (route.limit is not Limit.NEVER)
        assert (statuses >= {"408", "413", "415"}) is (route.method != "GET")
        if route.access in (Access.ADMINISTRATOR, Access.SEES_TO_SAFETY):
            # That there are such people is no secret: whoever is none is told so.
            assert "409" in statuses
        elif route.access not in (Access.ANYBODY, Access.GATEWAY, Access.STAFF, Access.STAFF_WITH_KEY):
            assert "404" in statuses
        names = re.findall(r"\{(\w+)\}", route.path)
        in_path = [each for each in operation["parameters"] if each["in"] == "path"]
        assert [each["name"] for each in in_path] == names
        assert all(each["schema"] == {"type": "string", "format": "uuid"} and each["required"] for each in in_path)
        assert ("requestBody" in operation) is (route.method != "GET" and route.takes is not Nothing)


def test_what_must_be_sent_is_said() -> None:
    def required(operation_id: str) -> bool:
        operation = next(each for _, each in operations() if each["operationId"] == operation_id)
        return bool(operation["requestBody"]["required"])

    assert required("raise_alert")
    assert not required("open_case")
    [ended] = of(next(each for each in ROUTES if each.path == "/api/alerts"))["parameters"]
    assert (ended["name"], ended["in"], ended["required"]) == ("ended", "query", False)
    assert ended["schema"] == {"type": "boolean", "default": False}


def test_a_refusal_says_what_it_is() -> None:
    responses = described()["components"]["responses"]
    for name, each in responses.items():
        [content_type] = each["content"]
        assert content_type == CONTENT_TYPE
        assert each["content"][content_type]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert "Content-Language" in each["headers"], name
    assert "alike" in responses["NotFound"]["description"]
    assert {name for name, each in responses.items() if "Retry-After" in each["headers"]} == {
        "LimitReached", "Unavailable",
    }  # fmt: skip
    assert {name for name, each in responses.items() if "WWW-Authenticate" in each["headers"]} == {"NotAuthenticated"}


def test_every_example_is_as_its_schema_says() -> None:
    seen = 0
    for where, operation in operations():
        for each in operation["parameters"]:
            assert not list(complaints(each["schema"], each["example"])), where
            seen += 1
        for each in [operation.get("requestBody", {}), *map(resolved, operation["responses"].values())]:
            for content_type, content in each.get("content", {}).items():
                if content_type not in ("text/html", "text/css"):
                    assert not list(complaints(content["schema"], content["example"])), where
                    seen += 1
        for each in operation.get("x-streha-events", []):
            assert not list(complaints(each["data"], each["example"])), where
    assert seen > 3 * len(ROUTES)


ID = UUID(schemas.id_of("alert"))
PLACE = Place(4711, "5f3a9c01")
MOMENT = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "event",
    [
        Changed(PLACE, "alert_raised", Object.ALERT, ID, None), AccessChanged(PLACE), Reset(PLACE), Alive(MOMENT, None),
        *map(Ended, Ending),
    ],
)  # fmt: skip
def test_every_event_of_the_stream_is_as_described(event: Event) -> None:
    described_events = described()["paths"]["/api/stream"]["get"]["x-streha-events"]
    lines = dict(line.split(": ", 1) for line in frame(event).decode().split("\n") if line)
    [said] = [each for each in described_events if each["event"] == lines["event"]]
    assert not list(complaints(said["data"], msgspec.json.decode(lines["data"])))
    stream = described()["paths"]["/api/stream"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    assert not list(complaints(stream["schema"], lines))


def test_every_event_that_is_described_can_be_told() -> None:
    said = {each["event"] for each in described()["paths"]["/api/stream"]["get"]["x-streha-events"]}
    told = [
        Changed(PLACE, "alert_raised", Object.ALERT, ID, None), AccessChanged(PLACE), Reset(PLACE),
        Alive(MOMENT, PLACE), Ended(Ending.SLOW),
    ]  # fmt: skip
    assert said == {re.findall(r"event: (\w+)", frame(each).decode())[0] for each in told}


def test_an_example_that_is_not_true_is_found() -> None:
    schema = {"$ref": "#/components/schemas/ChallengeRequest"}
    assert not list(complaints(schema, {"person": schemas.id_of("person")}))
    for wrong in ({}, {"person": "Ana"}, {"person": schemas.id_of("person"), "more": 1}):
        assert list(complaints(schema, wrong))


class WithoutExample(Wire, frozen=True, kw_only=True):
    """A type whose author forgot an example."""

    words: str


def test_a_text_without_an_example_is_refused() -> None:
    known = schemas.components([WithoutExample])
    with pytest.raises(ExampleMissing, match="words"):
        schemas.example(known["WithoutExample"], known)


def test_keys_that_are_ids_are_said_to_be() -> None:
    assert described()["components"]["schemas"]["OpenCase"]["properties"]["agencies"]["propertyNames"] == schemas.ID
    assert described()["components"]["schemas"]["AlertAnswer"]["properties"]["people"]["propertyNames"] == schemas.ID


def test_the_same_routes_make_the_same_document() -> None:
    assert msgspec.json.encode(document(ROUTES)) == msgspec.json.encode(document(ROUTES))


# The page -------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What stands on a page; refuses elements that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.anchors: list[str] = []
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.add(tag)
        self.attributes |= given.keys()
        if "id" in given:
            self.anchors.append(given["id"])
        if "href" in given:
            (self.links if tag == "a" else self.loads).add(given["href"])
        if tag not in ("meta", "link"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_the_page_shows_everything_and_loads_its_style_alone() -> None:
    page = Page(reference.page(described()))
    assert page.loads == {"/api/reference.css"}
    assert not page.elements & {"script", "style", "img", "iframe", "form", "object"}
    assert not {each for each in page.attributes if each.startswith("on") or each in ("style", "src")}
    assert len(set(page.anchors)) == len(page.anchors)
    assert page.links <= {f"#{each}" for each in page.anchors}
    assert {operation["operationId"] for _, operation in operations()} <= set(page.anchors)
    assert {f"type-{name}" for name in described()["components"]["schemas"]} <= set(page.anchors)


def test_text_never_becomes_markup() -> None:
    assert element("p", '<script>"&', title='"><b>') == '<p title="&quot;&gt;&lt;b&gt;">&lt;script&gt;"&amp;</p>'
    hostile = deepcopy(described())
    hostile["info"]["title"] = "<script>"
    hostile["paths"]["/api/me"]["get"]["summary"] = "</section><script>"
    hostile["components"]["schemas"]["PersonAnswer"]["description"] = "`<img src=x>`"
    assert not Page(reference.page(hostile)).elements & {"script", "img"}
