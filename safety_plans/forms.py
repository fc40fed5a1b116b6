"""Files of JSON that people and programs write: read whole against their form, every problem named with its place.

Owns what all of them share. The form of a file is made of its structs: JSON Schema (2020-12), told in sentences.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, cast

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance

from core.texts import mark
from safety_plans.problems import Problem, problem

LARGEST_BYTES = 512 * 1024
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NO_WORDS = mark("There are no words.")
OTHER_FORM = mark("This has another form than it must have. Look at the template.")

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"\S")]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
PersonRef = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Anything of a file: what nobody knows is refused, for a misspelt word would be lost in silence."""


@cache
def schema(part: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a file, or of a part of one."""
    return {"$schema": DIALECT, **msgspec.json.schema(part)}


def parsed(data: bytes, problems: list[Problem]) -> Any:
    """Return what a file of JSON says; nothing where it is none, which is added to the problems."""
    if len(data) > LARGEST_BYTES:
        problems.append(problem("", mark("The file is longer than {most} bytes."), most=LARGEST_BYTES))
        return None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                problems.append(problem(name, mark("This stands more than once in one part of the file.")))
        return dict(pairs)

    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=once)
    except UnicodeDecodeError:
        problems.append(problem("", mark("The file is not UTF-8 text. Save it anew with that encoding.")))
    except (ValueError, RecursionError) as error:
        line = str(getattr(error, "lineno", "?"))
        problems.append(problem("", mark("The file is not JSON: look at line {line}."), line=line))
    return None


def misshapen(part: type[msgspec.Struct], found: Any) -> Iterator[Problem]:
    """Tell where a value has not its form."""
    checker = Draft202012Validator(schema(part), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in sorted(checker.iter_errors(found), key=lambda each: [str(part) for part in each.absolute_path]):
        yield from _told(_deepest(error))
    yield from _unreadable(found)


def _deepest(error: ValidationError) -> ValidationError:
    """Return what a person did wrong, where something may also be left out (`null`)."""
    if error.validator != "anyOf" or not error.context:
        return error
    told = [each for each in error.context if not (each.validator == "type" and each.validator_value == "null")]
    return _deepest(max(told, key=relevance)) if told else error


# What is told of a rule of the schema that names its limit; the others are told in a sentence of their own.
_LIMITS = {
    "maxLength": mark("The words are longer than {most} characters."),
    "maxItems": mark("There are more than {most} of them."),
    "format": mark("This is no day. Write it as in 2027-03-31."),
    "minLength": NO_WORDS,
}


def _told(error: ValidationError) -> Iterator[Problem]:
    where, rule = place(error.absolute_path), str(error.validator)
    # The library knows no more of these than that they are JSON; what a rule's are, the rule says.
    wanted, found, known = (cast("Any", each) for each in (error.validator_value, error.instance, error.schema))
    if rule == "required":
        for name in [each for each in wanted if each not in found]:
            yield problem(_below(where, name), mark("This is missing."))
    elif rule == "additionalProperties":
        for name in sorted(found.keys() - known["properties"].keys()):
            yield problem(where, mark("Nobody knows {name}: take it out, or correct its spelling."), name=name)
    elif rule == "enum":
        yield problem(where, mark("This is one of: {choices}."), choices=", ".join(map(str, wanted)))
    elif rule == "pattern":
        yield _shape(where, str(found))
    else:
        yield problem(where, _LIMITS.get(rule, OTHER_FORM), most=wanted)


def _shape(where: str, found: str) -> Problem:
    if not found.strip():
        return problem(where, NO_WORDS)
    if where.endswith(".id"):
        return problem(where, mark("The name of a measure is an M and two digits, as in M01."))
    return problem(where, mark("This is no id of a person or record in Streha. Copy it from there."))


def place(path: Any) -> str:
    """Return where something stands as a person counts: `measures 3.owner`."""
    told = ""
    for each in path:
        told = f"{told} {each + 1}" if isinstance(each, int) else _below(told, str(each))
    return told


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _unreadable(found: Any, where: str = "") -> Iterator[Problem]:
    """Find signs that are not seen, and letters that are put together of two: nobody could search or compare them."""
    if isinstance(found, str):
        if any(unicodedata.category(each)[0] == "C" and each not in "\n\t" for each in found):
            yield problem(where, mark("There is a sign that is not seen: type the words anew."))
        if found != unicodedata.normalize("NFC", found):
            yield problem(where, mark("A letter is put together of two signs: type it anew."))
    elif isinstance(found, Mapping):
        for name, value in found.items():
            yield from _unreadable(value, _below(where, name))
    elif isinstance(found, list):
        for number, value in enumerate(found, 1):
            yield from _unreadable(value, f"{where} {number}")
