"""Absences over the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

import msgspec

from agencies.absences import Absence
from agencies.model import PersonId
from server.api.wire import Moment, Wire


class PutAbsence(Wire, frozen=True, kw_only=True):
    """From which day to which somebody is away, both included; the asker, or a colleague whom they see to.

    Without days whoever it is is there again.
    """

    first: Annotated[date | None, msgspec.Meta(examples=["2031-05-14"])] = None
    last: Annotated[date | None, msgspec.Meta(examples=["2031-05-20"])] = None
    person: PersonId | None = None


class AbsenceAnswer(Wire, frozen=True, kw_only=True):
    """From when until when somebody is away; nothing where they are not."""

    begins_at: Annotated[Moment | None, msgspec.Meta(examples=["2031-05-14T09:30:00Z"])] = None
    ends_at: Annotated[Moment | None, msgspec.Meta(examples=["2031-05-20T09:30:00Z"])] = None

    @classmethod
    def of(cls, absence: Absence | None) -> Self:
        """Return an absence as it is sent."""
        return cls() if absence is None else cls(begins_at=absence.begins_at, ends_at=absence.ends_at)
