"""Who may know of what happened on ways and of safe-calls: whoever `see` of their services tells of them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from cases.model import CompartmentId
from core.database import Reading
from operations.store import SQL
from operations.transitions import RUNNING


async def circles(reading: Reading, ids: Collection[UUID]) -> dict[UUID, CompartmentId]:
    """Return in which circles these operations and safe-calls are; none for what is shown to nobody any more."""
    rows = await reading.rows(SQL["circles_of_news"], list(ids), sorted(RUNNING))
    return {row["id"]: CompartmentId(row["compartment_id"]) for row in rows}
