"""Who may know of what happened in cases, asked for many cases and many people at once.

It answers as the services do one by one (`cases.rules`, and the board's duty desks); a test compares them. Excluded
people and those who have left are in none of these answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from cases.store import SQL
from core.database import Reading, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one person is in one case; whoever has a standing may know of the case."""

    open: bool
    leads: bool
    in_core: bool
    compartment_ids: frozenset[CompartmentId]

    def sees(self, compartment_id: CompartmentId) -> bool:
        """Whether the person may know of a compartment of the case."""
        return self.leads or compartment_id in self.compartment_ids


async def standings(
    reading: Reading, case_ids: Collection[CaseId], person_ids: Collection[PersonId]
) -> dict[CaseId, dict[PersonId, Standing]]:
    """Return what these people are in these cases, where they are anything."""
    found: dict[CaseId, dict[PersonId, Standing]] = defaultdict(dict)
    for row in await reading.rows(SQL["standings"], case_ids, person_ids):
        found[row["case_id"]][row["person_id"]] = Standing(
            open=row["open"],
            leads=row["leads"],
            in_core=row["in_core"],
            compartment_ids=frozenset(row["compartment_ids"]),
        )
    return found


async def closed_upon(
    reading: Reading, ids: Collection[UUID], person_ids: Collection[PersonId]
) -> dict[UUID, set[PersonId]]:
    """Return whose membership ended because these cases or compartments were closed."""
    return _people(await reading.rows(SQL["closed_upon"], ids, person_ids))


async def shown_duty(
    reading: Reading, ids: Collection[UUID], person_ids: Collection[PersonId]
) -> dict[UUID, set[PersonId]]:
    """Return on whose boards these duty desks stand, or the desks of these people's agencies."""
    return _people(await reading.rows(SQL["shown_duty"], ids, person_ids))


def _people(rows: Iterable[Row]) -> dict[UUID, set[PersonId]]:
    found: dict[UUID, set[PersonId]] = defaultdict(set)
    for row in rows:
        found[row["id"]].add(row["person_id"])
    return found
