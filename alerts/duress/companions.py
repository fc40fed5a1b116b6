"""Who is on the way together: of an alert for duress the team on the scene must know nothing.

Whoever forces somebody stands beside them, and may be one of those who go along (network's rules for alerts and
operations, *Duress*). Alerts know nothing of ways; whoever keeps those says here who is on one, and since when.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from alerts import store
from core.database import Reading, Transaction


async def go_along(
    tx: Transaction, way_id: UUID, people: Collection[PersonId], since: datetime, until: datetime
) -> None:
    """Keep who is on a way, in the place of what was known of it; nobody where it is over."""
    await tx.run(store.SQL["go_along"], way_id, sorted(people), since, until)


async def companions(look: Reading, person_id: PersonId, now: datetime) -> frozenset[PersonId]:
    """Return who is on the way with somebody now."""
    rows = await look.rows(store.SQL["companions"], person_id, now)
    return frozenset(PersonId(row["person_id"]) for row in rows)
