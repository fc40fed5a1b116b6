"""A database in which very much is scheduled and a thousand of it is due.

Every case has a compartment, a review and an alert that wait for their next step. Those that fall due are spread
over the whole and have all that a step needs: three responding agencies with duty desks and deputies, and three
members.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agencies.model import AgencyKind
from core.clock import SystemClock
from core.database import connect
from core.migrations import migrate
from tests.bench.filled import loading
from tests.people import Network

# What is not due is due in the month to come. $1 now, $2 coordinator, $3 how many cases.
CASES = """
INSERT INTO cases (id, codename, language, coordinator_id, opened_at)
SELECT lpad(to_hex(number), 32, '0')::uuid, 'invented-' || lpad(to_hex(number), 8, '0'), 'en', $2,
    $1::timestamptz - interval '60 days'
FROM generate_series(1, $3) AS number
"""
COMPARTMENTS = """
INSERT INTO compartments (id, case_id, codename, core, opened_at) SELECT id, id, codename, true, opened_at FROM cases
"""
REVIEWS = """
INSERT INTO reviews (id, case_id, level, owner_id, opened_at, due_at, state, next_step_at)
SELECT id, id, 'medium', coordinator_id, opened_at, due_at, 'open', due_at
FROM (SELECT *, $1::timestamptz + interval '1 day' + random() * interval '30 days' AS due_at FROM cases)
"""
ALERTS = """
INSERT INTO alerts (id, case_id, compartment_id, status, event, severity, first_severity, certainty, raised_by,
    raised_through, sent, state, ladder, ladder_began_at, step, next_step_at)
SELECT id, id, id, 'Actual', 'panic', 'Extreme', 'Extreme', 'Observed', coordinator_id, 'api',
    $1::timestamptz - interval '7 days', 'unanswered', 1, $1::timestamptz - interval '7 days', 40,
    $1::timestamptz + interval '1 day' + random() * interval '1 day'
FROM cases
"""
# Those that fall due were raised a moment ago. $1 now.
RAISED = """
UPDATE alerts SET sent = $1, ladder_began_at = $1 FROM due WHERE due.case_id = alerts.case_id
"""
# As evenly over all cases as they come. $1 every how many.
DUE = """
CREATE TABLE due AS SELECT id AS case_id FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM cases)
WHERE number % $1 = 0
"""
# $1 agencies.
RESPONDERS = """
INSERT INTO case_agencies (case_id, agency_id, part)
SELECT case_id, agency_id, 'responder' FROM due, unnest($1::uuid[]) AS agency_id
"""
ANSWERS = """
INSERT INTO alert_agencies (alert_id, agency_id, part)
SELECT case_id, agency_id, 'responder' FROM due, unnest($1::uuid[]) AS agency_id
"""
# $1 people, $2 coordinator, $3 now.
MEMBERS = """
INSERT INTO compartment_members (compartment_id, person_id, granted_by, since)
SELECT case_id, person_id, $2, $3 FROM due, unnest($1::uuid[]) AS person_id
"""
PRESSES = """
INSERT INTO alert_raises (key, alert_id, person_id, event, at)
SELECT alerts.id, alerts.id, raised_by, event, ladder_began_at FROM due JOIN alerts USING (case_id)
"""
# Puts the due ones back to where they were before they were swept. $1 now.
AGAIN = (
    "TRUNCATE outbox, alert_recipients CASCADE",
    """
UPDATE alerts SET state = 'open', step = 0, next_step_at = $1, lease_until = NULL, attempts = 0
FROM due WHERE due.case_id = alerts.case_id
""",
    """
UPDATE reviews SET step = 0, due_at = $1, next_step_at = $1, lease_until = NULL, attempts = 0
FROM due WHERE due.case_id = reviews.case_id
""",
)
clock = SystemClock()


async def schedule(url: str, cases: int, due: int) -> None:
    """Fill a database of its own."""
    async with connect(url) as database:
        await migrate(database)
        network = Network(database, clock)
        kinds = (AgencyKind.SHELTER, AgencyKind.POLICE, AgencyKind.SOCIAL_WELFARE)
        offices = [await network.office(kind, officers=2, deputies=1) for kind in kinds]
    now, coordinator = clock.now(), offices[0].worker.id
    agencies, people = [each.agency.id for each in offices], [each.worker.id for each in offices]
    async with loading(url) as load:
        await load.execute(CASES, now, coordinator, cases)
        await load.execute(COMPARTMENTS)
        await load.execute(REVIEWS, now)
        await load.execute(ALERTS, now)
        await load.execute(DUE.replace("$1", str(cases // due)))
        await load.execute(RESPONDERS, agencies)
        await load.execute(ANSWERS, agencies)
        await load.execute(MEMBERS, people, coordinator, now)
        await load.execute(RAISED, now)
        await load.execute(PRESSES)


async def fall_due(connection: Any) -> None:
    """Let what was swept be due once more, since a moment ago."""
    now = clock.now() - timedelta(seconds=1)
    for statement in AGAIN:
        await connection.execute(statement, *([now] if "$1" in statement else []))
