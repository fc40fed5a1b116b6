"""What a schema allows, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.api.openapi.markup import Content, element, link

WORDS = {"string": "text", "null": "nothing", "uuid": "id", "date-time": "moment"}
BOUNDS = ("maxItems", "maxProperties", "maxLength")


def kind_of(schema: Mapping[str, Any]) -> Content:
    """Return what a value is."""
    match schema:
        case {"$ref": address}:
            name = address.rpartition("/")[2]
            return link(f"type-{name}", name)
        case {"anyOf": several}:
            return [[" or " if number else "", kind_of(each)] for number, each in enumerate(several)]
        case {"enum": _}:
            return values_of(schema)
        case {"items": items}:
            return ["list of ", kind_of(items), _at_most(schema)]
        case {"additionalProperties": Mapping() as values}:
            return [kind_of(values), " by id" if "propertyNames" in schema else " by name", _at_most(schema)]
    kind = schema.get("format") or schema.get("type") or "constant"
    return WORDS.get(kind, str(kind)) + _at_most(schema)


def values_of(schema: Mapping[str, Any]) -> Content:
    """Return the words that an enumeration knows."""
    return [[", " if number else "", element("code", str(each))] for number, each in enumerate(schema["enum"])]


def _at_most(schema: Mapping[str, Any]) -> str:
    most = next((schema[each] for each in BOUNDS if each in schema), None)
    return "" if most is None else f" (at most {most})"
