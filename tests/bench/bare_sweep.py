"""The bare sweep: the claim statement and the rows that a step writes, with nothing read or decided.

It claims in the same batches. Then it writes for each claimed row what a real step wrote (one statement for each
kind of row), either each in a transaction of its own, which is how one bad row never stops the others, or several
together, as the real sweep does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from core.database import Transaction
from core.outbox import Lane
from core.sweep import BATCH, LEASE

MESSAGES = """
INSERT INTO outbox (id, key, lane, target_kind, target_id, template, parameters, mentions, alert_id, case_id,
    created_at, due_at)
SELECT gen_random_uuid(), row_id || key, lane, target_kind, target_id, template, parameters,
    string_to_array(mentions, ',')::uuid[], CASE WHEN $10 THEN row_id END, row_id, $2, $2
FROM unnest($1::uuid[]) AS row_id, unnest($3::text[], $4::smallint[], $5::text[], $6::uuid[], $7::text[], $8::jsonb[],
    $9::text[]) AS each (key, lane, target_kind, target_id, template, parameters, mentions)
"""
RECIPIENTS = """
INSERT INTO alert_recipients (alert_id, person_id, agency_id, tier, called_at)
SELECT row_id, each.*, $2
FROM unnest($1::uuid[]) AS row_id, unnest($3::uuid[], $4::uuid[], $5::smallint[]) AS each
"""
ENTRIES = """
INSERT INTO ledger (at, actor_kind, act, case_id, object_id, facts)
SELECT $2, 'system', $3, row_id, row_id, '{"step": 1}' FROM unnest($1::uuid[]) AS row_id
"""
STEP = "UPDATE {table} SET {counter} = 1, next_step_at = $2, lease_until = NULL, attempts = 0 WHERE id = ANY($1)"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of one row wrote, kind by kind and column by column."""

    table: str
    act: str
    claim: str
    messages: tuple[list[object], ...]
    recipients: tuple[list[object], ...]
    # In which column the steps are counted.
    counter: str = "step"


async def step_of(
    tx: Transaction, table: str, act: str, claim: str, row_id: UUID, *, lane: Lane | None = None, counter: str = "step"
) -> Step:  # fmt: skip
    """Return what a real step of this row wrote: an alert's, or that of a row which is in the case of the same id."""
    wanted = lane if lane is not None else Lane.ALERT if table == "alerts" else Lane.ORDINARY
    messages = await tx.rows("SELECT * FROM outbox WHERE case_id = $1 AND lane = $2 ORDER BY sequence", row_id, wanted)
    recipients = (
        await tx.rows("SELECT * FROM alert_recipients WHERE alert_id = $1", row_id) if table == "alerts" else []
    )
    return Step(
        table=table,
        act=act,
        claim=claim,
        messages=(
            [each["key"] for each in messages],
            [each["lane"] for each in messages],
            [each["target_kind"] for each in messages],
            [each["target_id"] for each in messages],
            [each["template"] for each in messages],
            [msgspec.json.encode(each["parameters"]).decode() for each in messages],
            [",".join(map(str, each["mentions"])) for each in messages],
        ),
        recipients=tuple([each[column] for each in recipients] for column in ("person_id", "agency_id", "tier")),
        counter=counter,
    )


async def sweep(connection: Any, step: Step, now: datetime, *, together: int = 1) -> int:
    """Claim everything due and write its steps; return how many."""
    handled = 0
    while True:
        claimed = [row["id"] for row in await connection.fetch(step.claim, now, now + LEASE, BATCH)]
        for start in range(0, len(claimed), together):
            async with connection.transaction():
                await write(connection, step, claimed[start : start + together], now)
        handled += len(claimed)
        if len(claimed) < BATCH:
            return handled


async def write(connection: Any, step: Step, ids: Sequence[UUID], now: datetime) -> None:
    """Write what steps of these rows write, one statement for each kind of row."""
    if step.recipients[0]:
        await connection.execute(RECIPIENTS, ids, now, *step.recipients)
    await connection.execute(MESSAGES, ids, now, *step.messages, step.table == "alerts")
    await connection.execute(STEP.format(table=step.table, counter=step.counter), ids, now + timedelta(minutes=10))
    await connection.execute(ENTRIES, ids, now, step.act)
