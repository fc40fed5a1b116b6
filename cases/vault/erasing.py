"""What of vaults and of their members is over, and how it is erased. When, is decided by `safety_plans.retention`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cases.model import CaseId, CompartmentId
from cases.store import SQL
from core.database import Reading, Row, Transaction


async def vaults_over(
    reading: Reading, now: datetime, ended: datetime, limit: int, *, only: CompartmentId | None = None
) -> Sequence[Row]:
    """Return vaults (`compartment_id`, `case_id`) that are kept no longer, held by nobody, and had ended by then."""
    return await reading.rows(SQL["vaults_to_erase"], now, ended, limit, only)


async def erase(tx: Transaction, compartment_id: CompartmentId, now: datetime) -> None:
    """Destroy contents, wraps and grants of a vault."""
    await tx.run(SQL["erase_vault"], compartment_id, now)


async def members_over(reading: Reading, ended: datetime, limit: int) -> list[UUID]:
    """Return cases that had closed by then, where nothing is sealed any more and it is known still who was in them."""
    return [row["id"] for row in await reading.rows(SQL["members_to_forget"], ended, limit)]


async def forget_members(tx: Transaction, case_id: CaseId) -> None:
    """Forget who was in a case, took part in it, or was excluded from it."""
    await tx.run(SQL["forget_members"], case_id)
