"""Agencies, the people of their staff, and their duty desks: the staff directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

AgencyId = NewType("AgencyId", UUID)
PersonId = NewType("PersonId", UUID)
DeskId = NewType("DeskId", UUID)
ShiftId = NewType("ShiftId", UUID)
DeviceId = NewType("DeviceId", UUID)
PasskeyId = NewType("PasskeyId", UUID)


class AgencyKind(StrEnum):
    """What an agency is (see the glossary)."""

    POLICE = "police"
    PROSECUTION = "prosecution"
    COURT_SUPPORT = "court_support"
    SOCIAL_WELFARE = "social_welfare"
    VICTIMS_CENTRE = "victims_centre"
    SHELTER = "shelter"
    NGO = "ngo"
    HEALTH = "health"
    SCHOOL = "school"


class Role(StrEnum):
    """What a person is in the agency. Roles in a case are the case's own."""

    PRACTITIONER = "practitioner"
    SECURITY_OFFICER = "security_officer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One agency of the network."""

    id: AgencyId
    name: str
    kind: AgencyKind
    country: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of an agency's staff. `signing_key` is Ed25519; `left_at` says the person is gone."""

    id: PersonId
    agency_id: AgencyId
    name: str
    role: Role
    matrix_user: str
    signing_key: bytes
    left_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the person still works there."""
        return self.left_at is None


class CameBy(StrEnum):
    """How a shift came into the roster. An import replaces only what came by import."""

    HAND = "hand"
    ROTATION = "rotation"
    IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Opening:
    """When a desk is open on one weekday (1 is Monday), in minutes of wall time since midnight."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A person answers for a desk from one moment to another."""

    id: ShiftId
    person_id: PersonId
    begins_at: datetime
    ends_at: datetime
    came_by: CameBy


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Somebody answers for a desk, sitting there or not, because who has the shift did not answer its test ring."""

    person: Person
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDesk:
    """The post that answers for an agency now: who sits there, who covers for it, who comes next.

    Who of the officers is on duty at a moment follows from hours and shifts (`agencies.roster`). The hours are wall
    time in `time_zone`. `shifts` and `stand_ins` may be only those around a moment; `has_shifts` tells that there are
    any.
    """

    id: DeskId
    agency_id: AgencyId
    always_staffed: bool
    covered_by: DeskId | None
    membership_version: int
    officers: tuple[Person, ...]
    deputies: tuple[Person, ...]
    time_zone: str = "UTC"
    hours: tuple[Opening, ...] = ()
    shifts: tuple[Shift, ...] = ()
    has_shifts: bool = False
    stand_ins: tuple[StandIn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisingDevice:
    """A device that can only raise, in one compartment (an id of `cases`), for a person or for nobody in particular."""

    id: DeviceId
    label: str
    agency_id: AgencyId
    person_id: PersonId | None
    compartment_id: UUID

    @property
    def facts(self) -> dict[str, str | int | bool]:
        """What the ledger says of it: whose it is, and where it raises; never its label."""
        facts: dict[str, str | int | bool] = {
            "agency": str(self.agency_id), "compartment": str(self.compartment_id)
        }  # fmt: skip
        return facts if self.person_id is None else {**facts, "person": str(self.person_id)}
