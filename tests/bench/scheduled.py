"""A database in which very much is scheduled and little of it is due.

Every case has a compartment, a review and an alert that wait for their next step; those that fall due have
agencies, members and everything else that a step needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from agencies.model import AgencyKind
from core.clock import SystemClock
from core.database import connect
from core.migrations import migrate
from tests.people import Network

# Everything as of the moment $1; what is due later is spread over a month.
SCHEDULED = """
INSERT INTO cases (id, codename, language, coordinator_id, opened_at)
SELECT gen_random_uuid(), 'invented-' || number, 'en', $2, $1 - interval '60 days' FROM generate_series(1, $3) AS number;

INSERT INTO compartments (id, case_id, codename, core, opened_at)
SELECT gen_random_uuid(), id, codename, true, opened_at FROM cases;

INSERT INTO reviews (id, case_id, level, owner_id, opened_at, due_at, state, next_step_at)
SELECT gen_random_uuid(), id, 'medium', coordinator_id, opened_at, due_at, 'open', due_at
FROM cases CROSS JOIN LATERAL (SELECT $1 + interval '1 day' + random() * interval '30 days' AS due_at WHERE id = id);

INSERT INTO alerts (id, case_id, compartment_id, status, event, severity, first_severity, certainty, raised_by,
    raised_through, sent, state, ladder, ladder_began_at, step, next_step_at)
SELECT gen_random_uuid(), case_id, id, 'Actual', 'panic', 'Extreme', 'Extreme', 'Observed', $2,
    'api', $1 - interval '7 days', 'unanswered', 1, $1 - interval '7 days', 40, $1 + interval '1 day' * (1 + random())
FROM compartments;
"""
# $1 agencies, $2 people, $3 how many cases.
DUE = """
CREATE TABLE due AS SELECT id AS case_id FROM cases ORDER BY id LIMIT $3;

INSERT INTO case_agencies (case_id, agency_id, part) SELECT case_id, unnest($1::uuid[]), 'responder' FROM due;

INSERT INTO compartment_members (compartment_id, person_id, granted_by, since)
SELECT compartments.id, person, coordinator_id, cases.opened_at
FROM due JOIN cases ON cases.id = case_id JOIN compartments USING (case_id), unnest($2::uuid[]) AS person;

INSERT INTO alert_raises (key, alert_id, person_id, event, at)
SELECT id, id, raised_by, event, sent FROM alerts WHERE case_id IN (SELECT case_id FROM due);

INSERT INTO alert_agencies (alert_id, agency_id, part)
SELECT id, unnest($1::uuid[]), 'responder' FROM alerts WHERE case_id IN (SELECT case_id FROM due);
"""
# Puts the due ones back to where they were before they were swept. $1 now.
AGAIN = """
DELETE FROM outbox;
DELETE FROM alert_recipients WHERE alert_id IN (SELECT id FROM alerts WHERE case_id IN (SELECT case_id FROM due));
UPDATE alerts SET state = 'open', step = 0, ladder_began_at = sent, next_step_at = $1, lease_until = NULL
WHERE case_id IN (SELECT case_id FROM due);
UPDATE reviews SET step = 0, next_step_at = $1, lease_until = NULL WHERE case_id IN (SELECT case_id FROM due);
"""
