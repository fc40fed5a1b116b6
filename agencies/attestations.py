"""Attestations as the bot needs them: those that stand, and the two things that only it can find out.

It adds the master key once, when it has followed the device's signatures to it, and once that another identity was
published since. Neither is ever taken back here; `agencies.linking` ends a row and makes the next. It takes from here
once, too, that somebody must be told who ended a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agencies import store
from agencies.attestation import Attestation, AttestationId
from agencies.model import PersonId
from core import ledger
from core.database import Reading, Row, Transaction

# Woken by every change: whoever obeys these rows looks again.
CHANNEL = "streha_attestations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A link that somebody else than the person ended: an administrator, or the operator, who is nobody here."""

    id: AttestationId
    person_id: PersonId
    ended_by: PersonId | None


async def standing(reading: Reading) -> dict[str, Attestation]:
    """Return whose identity is whose, by Matrix user: every row that has not ended, the changed ones included."""
    rows = await reading.rows(store.SQL["standing_attestations"])
    return {row["matrix_user"]: attestation_of(row) for row in rows}


async def of_person(reading: Reading, person_id: PersonId) -> Attestation | None:
    """Return the row of one person that has not ended, as it stands this moment."""
    row = await reading.row(store.SQL["attestations_of_people"], [person_id])
    return None if row is None else attestation_of(row)


async def pin(
    tx: Transaction, attestation_id: UUID, master_key: bytes, now: datetime, proof: bytes | None = None
) -> bool:
    """Write down the master key that the confirmed device led to; False where one stands already, or the row ended."""
    person_id = await tx.value(store.SQL["pin_master_key"], attestation_id, master_key, now, proof)
    return await _record(tx, "matrix_identity_pinned", attestation_id, person_id, now)


async def add_proof(tx: Transaction, attestation_id: UUID, master_key: bytes, proof: bytes) -> None:
    """Write down how the device led to the master key that stands, where that was not kept."""
    await tx.run(store.SQL["add_identity_proof"], attestation_id, master_key, proof)


async def note_changed(tx: Transaction, attestation_id: UUID, now: datetime) -> bool:
    """Write down that another identity than the pinned one is published, or none; False where that is known already."""
    person_id = await tx.value(store.SQL["identity_changed"], attestation_id, now)
    return await _record(tx, "matrix_identity_changed", attestation_id, person_id, now)


async def ends_to_tell(reading: Reading) -> list[AttestationId]:
    """Return the links that somebody else than the person ended, and of which nobody was told yet."""
    return [AttestationId(row["id"]) for row in await reading.rows(store.SQL["ends_to_tell"])]


async def take_end(tx: Transaction, attestation_id: AttestationId) -> Ended | None:
    """Note that people are told now that somebody else ended a link; None where they were told already."""
    row = await tx.row(store.SQL["take_end"], attestation_id)
    if row is None:
        return None
    return Ended(id=attestation_id, person_id=row["person_id"], ended_by=row["ended_by"])


def attestation_of(row: Row) -> Attestation:
    """Return the attestation of a row of `matrix_attestations`."""
    return Attestation(
        id=row["id"],
        person_id=row["person_id"],
        matrix_user=row["matrix_user"],
        device_id=row["device_id"],
        device_key=row["device_key"],
        master_key=row["master_key"],
        changed=row["changed_at"] is not None,
        proof=row["proof"],
    )


async def _record(tx: Transaction, act: str, attestation_id: UUID, person_id: UUID | None, now: datetime) -> bool:
    if person_id is None:
        return False
    await ledger.record(
        tx,
        ledger.Act(
            act=act, at=now, actor_kind="system", object_id=attestation_id, facts={"person": str(person_id)}
        ),
    )  # fmt: skip
    await tx.wake(CHANNEL)
    return True
