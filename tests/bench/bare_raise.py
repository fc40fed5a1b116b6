"""The bare insert: the rows of one raise as plain statements, with nothing read, checked or decided.

The rows are those of a real raise, copied with new ids: the alert as it stands in the end, the press, the
agencies, the recipients, the messages and the ledger's entry, each kind by one statement, in one transaction
that is written to the disk before it counts. Nobody is woken by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from core.database import Row, Transaction
from core.ids import new_id

# As many as Streha keeps for raising, accepting and sweeping.
CONNECTIONS = 6

ALERT = """
INSERT INTO alerts (id, case_id, compartment_id, status, event, severity, first_severity, certainty, raised_by,
    raised_through, sent, state, ladder, ladder_began_at, step, next_step_at)
VALUES ($1, $2, $3, 'Actual', 'panic', 'Extreme', 'Extreme', 'Observed', $4, 'api', $5, 'open', 1, $5, 0, $6)
"""
PRESS = "INSERT INTO alert_raises (key, alert_id, person_id, event, at) VALUES ($1, $2, $3, 'panic', $4)"
AGENCIES = """
INSERT INTO alert_agencies (alert_id, agency_id, part) SELECT $1, * FROM unnest($2::uuid[], $3::text[])
"""
RECIPIENTS = """
INSERT INTO alert_recipients (alert_id, person_id, agency_id, tier, called_at)
SELECT $1, each.*, $5 FROM unnest($2::uuid[], $3::uuid[], $4::smallint[]) AS each
"""
MESSAGES = """
INSERT INTO outbox (id, key, lane, target_kind, target_id, template, parameters, mentions, alert_id, case_id,
    created_at, due_at)
SELECT gen_random_uuid(), $1 || key, 0, target_kind, target_id, template, parameters,
    string_to_array(mentions, ',')::uuid[], $2, $3, $4, $4
FROM unnest($5::text[], $6::text[], $7::uuid[], $8::text[], $9::jsonb[], $10::text[])
    AS each (key, target_kind, target_id, template, parameters, mentions)
"""
ENTRY = """
INSERT INTO ledger (at, actor_kind, actor_id, act, case_id, object_id, facts)
VALUES ($1, 'person', $2, $3, $4, $5, '{"event": "panic", "status": "Actual", "through": "api"}')
"""

Columns = tuple[list[str], list[str], list[UUID], list[str], list[str], list[str]]


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one real raise, kind by kind and column by column, and the size of its answer."""

    case: UUID
    compartment: UUID
    person: UUID
    agencies: tuple[list[UUID], list[str]]
    recipients: tuple[list[UUID], list[UUID], list[int]]
    messages: Columns
    answer_bytes: int


async def likeness(tx: Transaction, alert_id: UUID, answer_bytes: int) -> Likeness:
    """Return the rows of an alert that was raised once."""
    alerts = await tx.rows("SELECT case_id, compartment_id, raised_by FROM alerts WHERE id = $1", alert_id)
    agencies = await tx.rows("SELECT agency_id, part FROM alert_agencies WHERE alert_id = $1", alert_id)
    recipients = await tx.rows("SELECT person_id, agency_id, tier FROM alert_recipients WHERE alert_id = $1", alert_id)
    return Likeness(
        case=alerts[0]["case_id"],
        compartment=alerts[0]["compartment_id"],
        person=alerts[0]["raised_by"],
        agencies=([each["agency_id"] for each in agencies], [each["part"] for each in agencies]),
        recipients=(
            [each["person_id"] for each in recipients],
            [each["agency_id"] for each in recipients],
            [each["tier"] for each in recipients],
        ),
        messages=by_column(await tx.rows("SELECT * FROM outbox WHERE alert_id = $1 ORDER BY sequence", alert_id)),
        answer_bytes=answer_bytes,
    )


def by_column(messages: Iterable[Row]) -> Columns:
    """Return rows of the outbox column by column; of each key what makes it differ from the others."""
    rows = list(messages)
    return (
        [f":{number}" for number, _ in enumerate(rows)],
        [each["target_kind"] for each in rows],
        [each["target_id"] for each in rows],
        [each["template"] for each in rows],
        [msgspec.json.encode(each["parameters"]).decode() for each in rows],
        [",".join(map(str, each["mentions"])) for each in rows],
    )


def pool(url: str) -> Any:
    """Return a pool for entering, as large as Streha's own for raises, and without the round trip of a reset."""

    async def keep(_connection: object) -> None:
        """Nothing was set on it."""

    return asyncpg.create_pool(
        url, min_size=CONNECTIONS, max_size=CONNECTIONS, reset=keep, server_settings={"synchronous_commit": "on"}
    )


async def insert(connections: Any, like: Likeness, now: datetime, next_step_at: datetime) -> None:
    """Insert the rows of one raise."""
    alert_id = new_id()
    async with connections.acquire() as connection, connection.transaction():
        await connection.execute(ALERT, alert_id, like.case, like.compartment, like.person, now, next_step_at)
        await connection.execute(PRESS, alert_id, alert_id, like.person, now)
        await connection.execute(AGENCIES, alert_id, *like.agencies)
        await connection.execute(RECIPIENTS, alert_id, *like.recipients, now)
        await connection.execute(MESSAGES, f"alert:{alert_id}", alert_id, like.case, now, *like.messages)
        await connection.execute(ENTRY, now, like.person, "alert_raised", like.case, alert_id)
