"""Attestations as the bot needs them: those that stand, and the two things that only it can find out.

It adds the master key once, when it has followed the device's signatures to it, and once that another identity was
published since. Neither is ever taken back here; `agencies.linking` ends a row and makes the next.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agencies import store
from agencies.attestation import Attestation
from core import ledger
from core.database import Reading, Row, Transaction

# Woken by every change: whoever obeys these rows looks again.
CHANNEL = "streha_attestations"


async def standing(reading: Reading) -> dict[str, Attestation]:
    """Return whose identity is whose, by Matrix user: every row that has not ended, the changed ones included."""
    rows = await reading.rows(store.SQL["standing_attestations"])
    return {row["matrix_user"]: attestation_of(row) for row in rows}


async def pin(tx: Transaction, attestation_id: UUID, master_key: bytes, now: datetime) -> bool:
    """Write down the master key that the confirmed device led to; False where one stands already, or the row ended."""
    person_id = await tx.value(store.SQL["pin_master_key"], attestation_id, master_key, now)
    return await _record(tx, "matrix_identity_pinned", attestation_id, person_id, now)


async def note_changed(tx: Transaction, attestation_id: UUID, now: datetime) -> bool:
    """Write down that another identity than the pinned one is published, or none; False where that is known already."""
    person_id = await tx.value(store.SQL["identity_changed"], attestation_id, now)
    return await _record(tx, "matrix_identity_changed", attestation_id, person_id, now)


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
