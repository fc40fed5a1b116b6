"""Emergency cards in PostgreSQL: SQL to model, nothing decided here. Of a card only sealed bytes are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from agencies.model import DeskId, PersonId
from alerts.cards.rules import CardState
from alerts.store import SQL
from cases.model import CaseId, CompartmentId
from core.database import Reading, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The last card of a compartment: which it is of all there were, and who wrote it when."""

    number: int
    written_by: PersonId
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A card sealed to the public key of one desk."""

    desk_id: DeskId
    key: bytes
    sealed: bytes


async def card(tx: Reading, compartment_id: CompartmentId) -> Card | None:
    """Return the last card of a compartment."""
    row = await tx.row(SQL["card"], compartment_id)
    if row is None:
        return None
    return Card(number=row["number"], written_by=row["written_by"], written_at=row["written_at"])


async def put(
    tx: Transaction, compartment_id: CompartmentId, written: Card, envelopes: Collection[Envelope]
) -> bool:  # fmt: skip
    """Write the next card of a compartment in the place of the last; False where that is another than it follows on."""
    if not await tx.run(SQL["put_card"], compartment_id, written.number, written.written_by, written.written_at):
        return False
    await tx.run(SQL["drop_envelopes"], compartment_id)
    await tx.run_many(
        SQL["add_envelope"], [(compartment_id, each.desk_id, each.key, each.sealed) for each in envelopes]
    )
    return True


async def states(
    tx: Reading, compartment_ids: Collection[CompartmentId]
) -> Mapping[CompartmentId, Mapping[DeskId, CardState]]:
    """Return, for each compartment, how it stands with the desks that have its card."""
    found: dict[CompartmentId, dict[DeskId, CardState]] = defaultdict(dict)
    for row in await tx.rows(SQL["card_states"], list(compartment_ids)) if compartment_ids else ():
        found[row["compartment_id"]][row["desk_id"]] = CardState.SEALED if row["fresh"] else CardState.OLD
    return found


async def envelopes(
    tx: Reading, compartment_id: CompartmentId, desk_ids: Collection[DeskId]
) -> dict[DeskId, bytes]:  # fmt: skip
    """Return the sealed bytes of these desks."""
    rows = await tx.rows(SQL["envelopes"], compartment_id, list(desk_ids))
    return {row["desk_id"]: row["sealed"] for row in rows}


async def erase_closed(
    tx: Transaction, case_id: CaseId | None = None, compartment_id: CompartmentId | None = None
) -> None:  # fmt: skip
    """Erase the cards of what is closed, everywhere or in one case, but for those that an open alert may still need."""
    await tx.run(SQL["erase_cards"], case_id, compartment_id)
