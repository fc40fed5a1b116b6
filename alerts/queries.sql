-- alert_of_key --
-- The alert that a raise with this key belongs to. $1 key.
SELECT alert_id FROM alert_raises WHERE key = $1

-- add_alert --
-- Open an alert unless its scope has an open one. $1 id … $16 next step at.
INSERT INTO alerts (id, case_id, compartment_id, status, event, severity, first_severity, certainty, raised_by,
                    raised_through, sent, state, ladder, ladder_began_at, step, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
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

-- presses --
-- The raises that became part of these alerts, the first one first. $1 alerts.
SELECT alert_id, person_id, at, cancelled_at FROM alert_raises WHERE alert_id = ANY($1) ORDER BY at, key

-- alerts_of_person --
-- Alerts that a person raised or was called for, open ones or all; none of cases that the person is
-- excluded from, none once the person has left. $1 person, $2 also ended, $3 limit.
SELECT id FROM alerts
WHERE ($2 OR state <> 'stood_down')
  AND (id IN (SELECT alert_id FROM alert_raises WHERE person_id = $1)
       OR id IN (SELECT alert_id FROM alert_recipients WHERE person_id = $1))
  AND NOT EXISTS (SELECT FROM exclusions WHERE exclusions.case_id = alerts.case_id AND exclusions.person_id = $1)
  AND EXISTS (SELECT FROM people WHERE people.id = $1 AND people.left_at IS NULL)
ORDER BY sent DESC LIMIT $3

-- take_back --
-- A raiser says that it is over. $1 alert, $2 person, $3 now.
UPDATE alert_raises SET cancelled_at = $3 WHERE alert_id = $1 AND person_id = $2 AND cancelled_at IS NULL

-- add_agency --
-- An agency that was only informed may become a responder; a responder stays one. $1 alert, $2 agency, $3 part.
INSERT INTO alert_agencies (alert_id, agency_id, part) VALUES ($1, $2, $3)
ON CONFLICT (alert_id, agency_id) DO UPDATE SET part = EXCLUDED.part WHERE EXCLUDED.part = 'responder'

-- add_recipient --
-- $1 alert, $2 person, $3 agency, $4 tier, $5 now.
INSERT INTO alert_recipients (alert_id, person_id, agency_id, tier, called_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- save --
-- $1 alert, $2 event, $3 severity, $4 certainty, $5 raised through, $6 state, $7 owner, $8 ladder, $9 ladder
-- began at, $10 step, $11 next step at, $12 cancel asked at, $13 stood down by, $14 at, $15 reason,
-- $16 exclusions heeded.
UPDATE alerts SET event = $2, severity = $3, certainty = $4, raised_through = $5, state = $6, owner_id = $7,
    ladder = $8, ladder_began_at = $9, step = $10, next_step_at = $11, cancel_asked_at = $12,
    stood_down_by = $13, stood_down_at = $14, stand_down_reason = $15, exclusions_heeded = $16, lease_until = NULL, attempts = 0
WHERE id = $1

-- acknowledge --
-- A person accepts, for every agency called for. $1 alert, $2 person, $3 now.
WITH accepted AS (
    UPDATE alert_recipients SET acknowledged_at = $3
    WHERE alert_id = $1 AND person_id = $2 AND acknowledged_at IS NULL RETURNING agency_id)
UPDATE alert_agencies SET acknowledged_by = $2, acknowledged_at = $3
WHERE alert_id = $1 AND agency_id IN (SELECT agency_id FROM accepted) AND acknowledged_by IS NULL

-- forget_agency_answers --
-- Every agency must accept anew. $1 alert.
UPDATE alert_agencies SET acknowledged_by = NULL, acknowledged_at = NULL WHERE alert_id = $1

-- forget_person_answers --
-- Everybody who was called may accept anew. $1 alert.
UPDATE alert_recipients SET acknowledged_at = NULL WHERE alert_id = $1

-- rooms_of_alert --
-- Where something was said for an alert. $1 alert.
SELECT DISTINCT target_kind, target_id FROM outbox WHERE alert_id = $1 ORDER BY target_kind, target_id

-- hasten --
-- Whoever was excluded since the last wave took along what waited in a duty room: the next step is due now.
-- $1 now.
UPDATE alerts SET next_step_at = $1
WHERE id IN (
    SELECT id FROM alerts
    WHERE next_step_at > $1
      AND exclusions_heeded < (SELECT count(*) FROM exclusions WHERE exclusions.case_id = alerts.case_id)
    FOR UPDATE SKIP LOCKED)

-- claim_due --
-- Lease alerts whose next step is due, the worst first. $1 now, $2 lease until, $3 limit.
WITH due AS (
    SELECT id FROM alerts WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
    ORDER BY array_position(ARRAY['Extreme', 'Severe', 'Moderate'], severity), next_step_at
    LIMIT $3 FOR UPDATE SKIP LOCKED),
claimed AS (
    UPDATE alerts SET lease_until = $2, attempts = attempts + 1
    WHERE id IN (SELECT id FROM due) RETURNING id, attempts, severity, next_step_at)
SELECT id, attempts FROM claimed
ORDER BY array_position(ARRAY['Extreme', 'Severe', 'Moderate'], severity), next_step_at

-- hold_open --
-- Those of these alerts that have not ended, kept from ending until the transaction is over. $1 ids.
SELECT id FROM alerts WHERE id = ANY($1) AND state <> 'stood_down' ORDER BY id FOR SHARE

-- next_due --
-- When the next step of any is due.
SELECT min(next_step_at) FROM alerts WHERE next_step_at IS NOT NULL

-- ended --
-- Those of these alerts that have ended. $1 ids.
SELECT id FROM alerts WHERE id = ANY($1) AND state = 'stood_down'

-- open_alerts_of_case --
-- Whether something is open that nobody may be cut off from: in a compartment, or anywhere in a case.
-- $1 case, $2 compartment or null, $3 status.
SELECT EXISTS (
    SELECT FROM alerts WHERE case_id = $1 AND ($2::uuid IS NULL OR compartment_id = $2) AND status = $3
      AND state <> 'stood_down')

-- last_accepted --
-- The last acceptance in any alert that a person raised or was called for: the newest proof that calling works.
-- $1 person.
SELECT alerts.status, alert_recipients.called_at, alert_recipients.acknowledged_at
FROM alert_recipients JOIN alerts ON alerts.id = alert_recipients.alert_id
WHERE alert_recipients.acknowledged_at IS NOT NULL
  AND (alerts.id IN (SELECT alert_id FROM alert_raises WHERE person_id = $1)
       OR alerts.id IN (SELECT alert_id FROM alert_recipients WHERE person_id = $1))
  AND NOT EXISTS (SELECT FROM exclusions WHERE exclusions.case_id = alerts.case_id AND exclusions.person_id = $1)
ORDER BY alert_recipients.acknowledged_at DESC LIMIT 1
