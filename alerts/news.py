"""Who may know of what happened to alerts, asked for many alerts and many people at once.

It answers as `alerts.service.Alerts.see` does one by one; a test compares them. Excluded people and those who have left
may see nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from agencies.model import PersonId
from alerts.model import AlertId
from alerts.store import SQL
from cases.model import CaseId
from core.database import Reading


async def who_sees(
    reading: Reading, alert_ids: Collection[AlertId], person_ids: Collection[PersonId]
) -> dict[AlertId, set[PersonId]]:
    """Return who of these people may see which of these alerts."""
    found: dict[AlertId, set[PersonId]] = defaultdict(set)
    for row in await reading.rows(SQL["who_sees"], alert_ids, person_ids):
        found[row["id"]].add(row["person_id"])
    return found


async def shown_duty(
    reading: Reading, ids: Collection[UUID], person_ids: Collection[PersonId]
) -> dict[UUID, set[PersonId]]:
    """Return on whose boards these duty desks, or those of these people's agencies, stand because of an open alert."""
    rows = await reading.rows(SQL["called_with"], ids, person_ids)
    seen_by = await who_sees(reading, [row["alert_id"] for row in rows], person_ids) if rows else {}
    found: dict[UUID, set[PersonId]] = defaultdict(set)
    for row in rows:
        if row["person_id"] in seen_by.get(row["alert_id"], ()):
            found[row["id"]].add(row["person_id"])
    return found


async def cut_off(
    reading: Reading, case_ids: Collection[CaseId], person_ids: Collection[PersonId]
) -> dict[CaseId, set[PersonId]]:
    """Return who of those excluded from these cases lost an alert by it.

    A membership that ended with it is an act of its own; and whoever had nothing there must not learn from the loss of
    nothing that they were excluded.
    """
    found: dict[CaseId, set[PersonId]] = defaultdict(set)
    for row in await reading.rows(SQL["cut_off"], case_ids, person_ids):
        found[row["id"]].add(row["person_id"])
    return found
