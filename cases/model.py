"""Cases, their compartments (need-to-know circles), and who takes part in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import AgencyId, PersonId

CaseId = NewType("CaseId", UUID)
CompartmentId = NewType("CompartmentId", UUID)


class Part(StrEnum):
    """An agency's part in a case: it must accept an alert, or it is told of one."""

    RESPONDER = "responder"
    INFORMED = "informed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compartment:
    """A circle of members with a channel of its own. The core compartment carries the case's codename."""

    id: CompartmentId
    case_id: CaseId
    codename: str
    core: bool
    membership_version: int
    closed_at: datetime | None
    member_ids: frozenset[PersonId]

    @property
    def open(self) -> bool:
        """Whether the compartment still has a channel."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One person's protection, under a codename. There is always exactly one coordinator.

    `opened_for` is a member of staff who is forced and had no case in which anybody might hear of it.
    """

    id: CaseId
    codename: str
    language: str
    coordinator_id: PersonId
    deputy_id: PersonId | None
    opened_at: datetime
    closed_at: datetime | None
    agencies: dict[AgencyId, Part] = field(default_factory=dict)
    compartments: tuple[Compartment, ...] = ()
    excluded_ids: frozenset[PersonId] = frozenset()
    opened_for: PersonId | None = None

    @property
    def open(self) -> bool:
        """Whether the case is still carried."""
        return self.closed_at is None

    @property
    def core(self) -> Compartment:
        """The compartment that every case has."""
        return next(each for each in self.compartments if each.core)

    def compartment(self, compartment_id: CompartmentId) -> Compartment | None:
        """Return one of the case's compartments."""
        return next((each for each in self.compartments if each.id == compartment_id), None)

    @property
    def leaders(self) -> tuple[PersonId, ...]:
        """The coordinator, then the deputy where there is one."""
        return (self.coordinator_id,) if self.deputy_id is None else (self.coordinator_id, self.deputy_id)
