"""The wire types as JSON Schema, and an example of each, both read off the types themselves.

An example takes what a type says of itself (`msgspec.Meta(examples=…)`) and makes up the rest; a text or a number
that says nothing is refused here, so that none is forgotten. The same field has the same id everywhere, so that
the examples of one document speak of the same case.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect

REFERENCE = "#/components/schemas/{name}"
IDS = uuid.uuid5(uuid.NAMESPACE_URL, "https://streha.example/")
ID = {"type": "string", "format": "uuid"}
# Fields that speak of the same thing in different words.
SAME = {
    "agencies": "agency",
    "acknowledged_by": "person",
    "me": "person",
    "members": "person",
    "officers": "person",
    "owner": "person",
    "people": "person",
    "target": "compartment",
}

Schema = Mapping[str, Any]


class ExampleMissing(Exception):
    """A field of text or number says nothing of what it may hold."""


def components(kinds: Iterable[type]) -> dict[str, Any]:
    """Return the schemas of these types and of all within them, by name."""
    wanted = list(kinds)
    _, found = msgspec.json.schema_components(wanted, ref_template=REFERENCE)
    for struct in _structs(inspect.multi_type_info(wanted)):
        for field in struct.fields:
            if any(isinstance(each, inspect.DictType) and _is_id(each.key_type) for each in _within(field.type)):
                # What msgspec leaves out: that the keys are ids.
                found[struct.cls.__name__]["properties"][field.encode_name]["propertyNames"] = dict(ID)
    return dict(sorted(found.items()))


def reference(kind: type) -> dict[str, str]:
    """Return the reference to a type's schema."""
    return {"$ref": REFERENCE.format(name=kind.__name__)}


def names_things(kind: type) -> bool:
    """Tell whether a type holds an id."""
    return any(_is_id(each) for each in _within(inspect.type_info(kind)))


def example(schema: Schema, known: Mapping[str, Schema], name: str = "") -> Any:
    """Return an example of a schema; `name` is the field that it is of, `known` what it refers to."""
    match schema:
        case {"examples": [first, *_]} | {"enum": [first, *_]}:
            return first
        case {"$ref": address}:
            return example(known[address.rpartition("/")[2]], known, name)
        case {"anyOf": [first, *_]}:
            return example(first, known, name)
        case {"type": "object" | "array"}:
            return _several(schema, known, name)
    return _made_up(schema, name)


def id_of(name: str) -> str:
    """Return the id that stands for a thing in all examples."""
    return str(uuid.uuid5(IDS, SAME.get(name, name)))


def _several(schema: Schema, known: Mapping[str, Schema], name: str) -> Any:
    match schema:
        case {"items": items}:
            return [example(items, known, name)]
        case {"properties": fields}:
            own = str(schema.get("title", "")).removesuffix("Answer").lower()
            return {field: example(each, known, own if field == "id" else field) for field, each in fields.items()}
    return {id_of(name): example(schema["additionalProperties"], known, name)}


def _made_up(schema: Schema, name: str) -> Any:
    match schema:
        case {"type": "boolean"}:
            return schema.get("default", True)
        case {"format": "uuid"}:
            return id_of(name)
    raise ExampleMissing(f"{name or 'a value'} needs an example: msgspec.Meta(examples=[…])")


def _structs(types: Iterable[inspect.Type]) -> Iterator[inspect.StructType]:
    for kind in types:
        for each in _within(kind):
            if isinstance(each, inspect.StructType):
                yield each


def _within(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Give a type and all that it holds."""
    yield kind
    match kind:
        case inspect.Metadata(type=inner):
            yield from _within(inner)
        case inspect.UnionType(types=several):
            for each in several:
                yield from _within(each)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            yield from _within(inner)
        case inspect.DictType(key_type=key, value_type=value):
            yield from _within(key)
            yield from _within(value)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from _within(field.type)


def _is_id(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.UUIDType)
