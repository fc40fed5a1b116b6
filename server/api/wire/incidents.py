"""Incident records over the wire: codes from closed lists, who noted them, and until when what must be done."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from agencies.model import PersonId
from alerts.incidents.records import IncidentView
from alerts.incidents.rules import Duty, Fact, Kind, Noted, Section
from alerts.model import AlertId
from server.api.wire import Codename, Moment, NameOfPerson, Wire

NOT_YET = msgspec.Meta(examples=[None])


class AddFact(Wire, frozen=True, kw_only=True):
    """What is known, and in which section it belongs."""

    section: Section
    fact: Annotated[Fact, msgspec.Meta(examples=["police_came"])]


class NotedAnswer(Wire, frozen=True, kw_only=True):
    """A fact of the record, and who noted it first."""

    section: Section
    fact: Annotated[Fact, msgspec.Meta(examples=["police_came"])]
    noted_by: PersonId
    noted_at: Moment

    @classmethod
    def of(cls, noted: Noted) -> Self:
        """Return a fact as it is sent."""
        return cls(section=noted.section, fact=noted.fact, noted_by=noted.noted_by, noted_at=noted.noted_at)


class IncidentDutyAnswer(Wire, frozen=True, kw_only=True):
    """What its owner must see to by a time after the alert, and who did it."""

    kind: Kind
    owner: PersonId
    began_at: Moment
    due_at: Moment
    done_by: Annotated[PersonId | None, NOT_YET]
    done_at: Annotated[Moment | None, NOT_YET]

    @classmethod
    def of(cls, duty: Duty) -> Self:
        """Return what must be done as it is sent."""
        return cls(
            kind=duty.kind,
            owner=duty.owner_id,
            began_at=duty.began_at,
            due_at=duty.due_at,
            done_by=duty.done_by,
            done_at=duty.done_at,
        )


class IncidentAnswer(Wire, frozen=True, kw_only=True):
    """The incident record of an alert. `missing` are the sections in which nothing stands yet."""

    alert: AlertId
    codename: Codename
    noted: list[NotedAnswer]
    missing: list[Section]
    duties: list[IncidentDutyAnswer]
    people: dict[PersonId, NameOfPerson]

    @classmethod
    def of(cls, view: IncidentView) -> Self:
        """Return a record as it is sent."""
        return cls(
            alert=view.alert.id,
            codename=view.codename,
            noted=[NotedAnswer.of(each) for each in view.noted],
            missing=view.missing,
            duties=[IncidentDutyAnswer.of(each) for each in view.duties],
            people={each.id: each.name for each in view.people},
        )
