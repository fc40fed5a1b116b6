-- alert_of_key --
-- The alert that a raise with this key belongs to. $1 key.
SELECT alert_id FROM alert_raises WHERE key = $1

-- add_alert --
-- Open an alert unless its scope has an open one. $1 id … $14 next step at.
INSERT INTO alerts (id, case_id, compartment_id, status, event, severity, first_severity, certainty, raised_by,
                    raised_through, sent, state, step, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (compartment_id, status) WHERE state <> 'stood_down' DO NOTHING

-- open_alert --
-- The open alert of a scope. $1 compartment, $2 status.
SELECT id FROM alerts WHERE compartment_id = $1 AND status = $2 AND state <> 'stood_down'

-- add_raise --
-- Record a press. $1 key, $2 alert, $3 person, $4 event, $5 at.
INSERT INTO alert_raises (key, alert_id, person_id, event, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- lock_alert --
-- $1 alert.
SELECT id FROM alerts WHERE id = $1 FOR UPDATE

-- alerts_by_id --
-- $1 ids.
SELECT * FROM alerts WHERE id = ANY($1) ORDER BY sent DESC

-- alert_agencies --
-- $1 alerts.
SELECT * FROM alert_agencies WHERE alert_id = ANY($1) ORDER BY agency_id

-- alert_recipients --
-- $1 alerts.
SELECT * FROM alert_recipients WHERE alert_id = ANY($1) ORDER BY tier, person_id

-- alerts_of_person --
-- Alerts that a person raised or was called for, open ones or all. $1 person, $2 also ended, $3 limit.
SELECT id FROM alerts
WHERE ($2 OR state <> 'stood_down') AND (raised_by = $1 OR id IN (
    SELECT alert_id FROM alert_recipients WHERE person_id = $1))
ORDER BY sent DESC LIMIT $3

-- add_agency --
-- $1 alert, $2 agency, $3 part.
INSERT INTO alert_agencies (alert_id, agency_id, part) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- add_recipient --
-- $1 alert, $2 person, $3 agency, $4 tier, $5 now.
INSERT INTO alert_recipients (alert_id, person_id, agency_id, tier, called_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- save --
-- $1 alert, $2 severity, $3 state, $4 owner, $5 step, $6 next step at, $7 stood down by, $8 at, $9 reason.
UPDATE alerts SET severity = $2, state = $3, owner_id = $4, step = $5, next_step_at = $6, stood_down_by = $7,
    stood_down_at = $8, stand_down_reason = $9, lease_until = NULL, attempts = 0
WHERE id = $1

-- acknowledge --
-- A person accepts, for every agency called for. $1 alert, $2 person, $3 now.
WITH accepted AS (
    UPDATE alert_recipients SET acknowledged_at = $3
    WHERE alert_id = $1 AND person_id = $2 AND acknowledged_at IS NULL RETURNING agency_id)
UPDATE alert_agencies SET acknowledged_by = $2, acknowledged_at = $3
WHERE alert_id = $1 AND agency_id IN (SELECT agency_id FROM accepted) AND acknowledged_by IS NULL

-- rooms_of_alert --
-- Where something was said for an alert. $1 alert.
SELECT DISTINCT target_kind, target_id FROM outbox WHERE alert_id = $1 ORDER BY target_kind, target_id

-- claim_due --
-- Lease alerts whose next step is due. $1 now, $2 lease until, $3 limit.
UPDATE alerts SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM alerts WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts
