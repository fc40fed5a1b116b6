"""Recording acts: one unchained row in the acting transaction.

The row says who did what to which opaque thing and when; facts are enumerations, counts and ids, never
content. `cases.ledger` chains, reads and verifies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core import queries
from core.database import Transaction

_SQL = queries.load("core")
# Woken, by the statements themselves, whenever something is to be chained.
CHANNEL = "streha_ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act. Without a person it is the operator's or the system's own."""

    act: str
    at: datetime
    person_id: UUID | None = None
    actor_kind: str = "person"
    case_id: UUID | None = None
    object_id: UUID | None = None
    facts: dict[str, str | int | bool] = field(default_factory=dict)


async def record(tx: Transaction, *acts: Act) -> None:
    """Append acts and wake the sequencer, which chains them; nobody waits for that."""
    if acts:
        await tx.run(_SQL["append_to_ledger"], [columns(each) for each in acts])


def columns(act: Act) -> dict[str, object]:
    """Return an act as a statement takes it."""
    return {
        "at": act.at,
        "actor_kind": act.actor_kind if act.person_id is None else "person",
        "actor_id": act.person_id,
        "act": act.act,
        "case_id": act.case_id,
        "object_id": act.object_id,
        "facts": act.facts,
    }
