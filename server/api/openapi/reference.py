"""The document for people: one plain page made from it, without script, readable on a telephone and in the dark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from server.api.openapi.document import STYLE_PATH
from server.api.openapi.markup import Markup, element, joined, link
from server.api.openapi.said import kind_of, values_of

STYLE = Path(__file__).with_name("reference.css")
# What the page may do: be shown with its own style sheet.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PLACES = {"path": "In the path", "query": "In the query", "header": "In the headers"}

Node = Mapping[str, Any]


def page(document: Node) -> str:
    """Return the page."""
    info = document["info"]
    title = f"{info['title']} API {info['version']}"
    head = element(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        Markup(f'<link rel="stylesheet" href="{STYLE_PATH}">'),
    )
    sections = [
        *(_domain(document, each) for each in document["tags"]),
        element("h2", "Refusals", id="refusals"),
        *(_problem(document, name, each) for name, each in document["components"]["responses"].items()),
        element("h2", "Types", id="types"),
        *(_kind(name, each) for name, each in document["components"]["schemas"].items()),
    ]
    body = element(
        "body",
        element("header", element("h1", title), *_paragraphs(info["description"]), _sign_in(document)),
        _contents(document),
        element("main", sections),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Give every operation with its path and method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _contents(document: Node) -> Markup:
    def domain(name: str) -> Markup:
        mine = [each for _path, _method, each in operations(document) if name in each["tags"]]
        return element(
            "li",
            element("a", name, href=f"#{name}"),
            element("ul", [element("li", link(each["operationId"], each["summary"])) for each in mine]),
        )

    further = [element("li", link(each.lower(), each)) for each in ("Refusals", "Types")]
    return element("nav", element("ul", [domain(each["name"]) for each in document["tags"]], further),
                   **{"aria-label": "Contents"})  # fmt: skip


def _sign_in(document: Node) -> Markup:
    schemes = document["components"]["securitySchemes"]
    return _facts({f"Signed in by {name}": each["description"] for name, each in schemes.items()})


def _domain(document: Node, tag: Node) -> Markup:
    mine = [each for each in operations(document) if tag["name"] in each[2]["tags"]]
    return joined(
        [
            element("h2", tag["name"], id=tag["name"]),
            element("p", tag["description"]),
            [_operation(document, *each) for each in mine],
        ]
    )


def _operation(document: Node, path: str, method: str, operation: Node) -> Markup:
    refusals = {
        status: each["$ref"].rpartition("/")[2] for status, each in operation["responses"].items() if "$ref" in each
    }
    answers = {status: each for status, each in operation["responses"].items() if "$ref" not in each}
    signed_in = " or ".join(name for each in operation["security"] for name in each) or "nobody needs to be"
    return element(
        "section",
        element("h3", element("code", method.upper(), " ", path)),
        element("p", element("strong", operation["summary"])),
        *_paragraphs(operation["description"]),
        _facts({"Signed in": signed_in, "Rule": operation["x-streha-access"]["rule"].replace("_", " ")}),
        _parameters(operation),
        _body(operation),
        element("h4", "Answered"),
        [_answer(status, each) for status, each in answers.items()],
        _events(operation),
        element("h4", "Refused"),
        element(
            "ul",
            [
                element("li", element("code", status), " ", link(_anchor(name), _title(document, name)))
                for status, name in refusals.items()
            ],
        ),
        id=operation["operationId"],
    )


def _parameters(operation: Node) -> Iterator[Markup]:
    for place, title in PLACES.items():
        mine = [each for each in operation["parameters"] if each["in"] == place]
        if mine:
            yield element("h4", title)
            yield _fields([(each["name"], each["schema"], each["required"], _meaning(each)) for each in mine])


def _body(operation: Node) -> Iterator[Markup]:
    body = operation.get("requestBody")
    if body:
        yield element("h4", "Sent")
        yield _content(body["content"], "" if body["required"] else "; may be left out")


def _answer(status: str, answer: Node) -> Iterator[Markup]:
    yield element("p", element("code", status), " ", _prose(answer["description"]))
    if "content" in answer:
        yield _content(answer["content"])


def _events(operation: Node) -> Iterator[Markup]:
    events = operation.get("x-streha-events", [])
    if events:
        yield element("h4", "Events")
        yield element(
            "dl",
            [
                [
                    element("dt", element("code", each["event"])),
                    element("dd", each["description"], element("p", "Data: ", kind_of(each["data"])),
                            _example(each["example"])),
                ]
                for each in events
            ],
        )  # fmt: skip


def _content(content: Node, more: str = "") -> Markup:
    return joined(
        [
            [element("p", element("code", media_type), ": ", kind_of(each["schema"]), more), _example(each)]
            for media_type, each in content.items()
        ]
    )


def _example(content: Any) -> Markup:
    if not isinstance(content, Mapping) or "example" not in content:
        return Markup("")
    example = content["example"]
    written = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    return element("details", element("summary", "Example"), element("pre", written, tabindex="0"))


def _problem(document: Node, name: str, response: Node) -> Markup:
    headers = {header: each["description"] for header, each in response["headers"].items()}
    return element(
        "section",
        element("h3", _title(document, name)),
        element("p", response["description"]),
        _facts(headers),
        _content(response["content"]),
        id=_anchor(name),
    )


def _kind(name: str, schema: Node) -> Markup:
    required = schema.get("required", [])
    return element(
        "section",
        element("h3", name),
        *_paragraphs(schema.get("description", "")),
        [element("p", "One of: ", values_of(schema))] if "enum" in schema else [],
        _fields([(field, each, field in required, _meaning(each))
                 for field, each in schema.get("properties", {}).items()]),
        id=f"type-{name}",
    )  # fmt: skip


def _fields(fields: list[tuple[str, Node, bool, str]]) -> Markup:
    if not fields:
        return Markup("")
    return element(
        "dl",
        [
            [
                element("dt", element("code", name), "" if required else " (may be left out)"),
                element("dd", kind_of(schema), [". ", _prose(meaning)] if meaning else ""),
            ]
            for name, schema, required, meaning in fields
        ],
    )


def _meaning(schema: Node) -> str:
    return str(schema.get("description", ""))


def _title(document: Node, name: str) -> str:
    return str(document["components"]["responses"][name]["description"]).partition(".")[0]


def _anchor(name: str) -> str:
    return f"refusal-{name}"


def _facts(facts: Mapping[str, str]) -> Markup:
    if not facts:
        return Markup("")
    return element("dl", [[element("dt", name), element("dd", words)] for name, words in facts.items()])


def _paragraphs(text: str) -> list[Markup]:
    return [element("p", _prose(each)) for each in text.split("\n\n") if each]


def _prose(text: str) -> list[str]:
    """Return words of a docstring, with what stands in backticks as code."""
    return [element("code", each) if number % 2 else each for number, each in enumerate(text.split("`"))]
