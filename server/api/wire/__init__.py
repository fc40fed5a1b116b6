"""What goes over the wire, one module per domain: strict structs, and how a domain's value becomes one.

Requests refuse unknown fields, naive times and what is longer than it can be. Answers are built from
the model by a class method `of`, so that a route only decodes, calls and encodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec

PEOPLE_AT_ONCE = 50
AGENCIES_AT_ONCE = 50

Moment = Annotated[datetime, msgspec.Meta(tz=True, examples=["2031-05-14T09:30:00Z"])]
Codename = Annotated[str, msgspec.Meta(examples=["quiet-heron"])]
Language = Annotated[str, msgspec.Meta(examples=["sr-Latn"])]
NameOfPerson = Annotated[str, msgspec.Meta(examples=["Ana Primer"])]
NameOfAgency = Annotated[str, msgspec.Meta(examples=["Shelter Lipa"])]


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that is sent or received."""


class Nothing(Wire, frozen=True, kw_only=True):
    """A request without fields, or an answer without a body."""


_Id = TypeVar("_Id", bound=UUID)


def in_order(ids: Iterable[_Id]) -> list[_Id]:
    """Return ids as they are sent: in order, found by their numbers, since comparing ids themselves is slow."""
    return sorted(ids, key=attrgetter("int"))
