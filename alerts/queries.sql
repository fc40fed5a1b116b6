-- alert_of_key --
-- The alert that a raise with this key belongs to already, and the one that is open in a scope. $1 key,
-- $2 compartment, $3 status, $4 whose duress it is for, or null.
SELECT (SELECT alert_id FROM alert_raises WHERE key = $1) AS raised,
    (SELECT id FROM alerts WHERE compartment_id = $2 AND status = $3 AND duress_of IS NOT DISTINCT FROM $4::uuid
       AND state <> 'stood_down') AS open

-- known_at_less_risk --
-- Whether the level of a case was set to medium or low; whatever else stands there, or nothing, counts as high. $1 case.
SELECT EXISTS (SELECT FROM risk_levels WHERE case_id = $1 AND level IN ('medium', 'low'))

-- raised --
-- Which of these raises belong to an alert. $1 keys.
SELECT key FROM alert_raises WHERE key = ANY($1)

-- open_alert --
-- Open an alert with its first press, its agencies and everybody called, unless its scope has an open one; tell
-- whether it was opened, and whether the press was new. Where the same key comes twice at one moment, the index of
-- the key may be the first to tell: any conflict means that it is open already. $1 id … $17 exclusions heeded, $18 agencies, $19 their
-- parts, $20 people, $21 their agencies, $22 their tiers, $23 the device of the press, or null, $24 from whose telephone
-- it seems to come, $25 whose duress it is for, or null, $26 from whom it is
-- kept.
WITH opened AS (
    INSERT INTO alerts (id, case_id, compartment_id, status, event, severity, first_severity, certainty, raised_by,
                        raised_through, sent, state, ladder, ladder_began_at, step, next_step_at, exclusions_heeded,
                        duress_of)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $25)
    ON CONFLICT DO NOTHING RETURNING *),
kept AS (INSERT INTO alert_kept_from (alert_id, person_id) SELECT id, unnest($26::uuid[]) FROM opened),
pressed AS (
    INSERT INTO alert_raises (key, alert_id, person_id, event, at, device_id, claimed_by)
    SELECT id, id, raised_by, event, sent, $23, $24 FROM opened ON CONFLICT DO NOTHING RETURNING key),
answering AS (
    INSERT INTO alert_agencies (alert_id, agency_id, part)
    SELECT id, agency_id, part FROM opened, unnest($18::uuid[], $19::text[]) AS each (agency_id, part)),
called AS (
    INSERT INTO alert_recipients (alert_id, person_id, agency_id, tier, called_at)
    SELECT id, person_id, agency_id, tier, sent
    FROM opened, unnest($20::uuid[], $21::uuid[], $22::smallint[]) AS each (person_id, agency_id, tier))
SELECT EXISTS (SELECT FROM opened) AS opened, EXISTS (SELECT FROM pressed) AS pressed

-- lock_open_alert --
-- Hold the open alert of a scope. $1 compartment, $2 status, $3 whose duress it is for, or null.
SELECT id FROM alerts WHERE compartment_id = $1 AND status = $2 AND duress_of IS NOT DISTINCT FROM $3::uuid
  AND state <> 'stood_down' FOR NO KEY UPDATE

-- keep_from --
-- Show and say nothing of an alert to these people from now on. $1 alert, $2 people.
INSERT INTO alert_kept_from (alert_id, person_id) SELECT $1, unnest($2::uuid[]) ON CONFLICT DO NOTHING

-- add_raise --
-- Record a press. $1 key, $2 alert, $3 person, $4 event, $5 at, $6 device or null, $7 from whose telephone it seems to
-- come.
INSERT INTO alert_raises (key, alert_id, person_id, event, at, device_id, claimed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING

-- add_quiet_raise --
-- Record a further press unless something has changed that it must act on: the alert stands as it was read, and its
-- rooms have heard of this cause. $1 key, $2 alert, $3 person, $4 event, $5 at, $6 severity, $7 certainty, $8 ladder,
-- $9 how the keys of what was said begin, $10 device or null, $11 from whose telephone it seems to come.
WITH standing AS (
    SELECT id FROM alerts
    WHERE id = $2 AND state = 'open' AND cancel_asked_at IS NULL AND severity = $6 AND certainty = $7 AND ladder = $8
      AND EXISTS (SELECT FROM outbox WHERE alert_id = $2 AND starts_with(key, $9))
    FOR NO KEY UPDATE)
INSERT INTO alert_raises (key, alert_id, person_id, event, at, device_id, claimed_by)
SELECT $1, id, $3, $4, $5, $10, $11 FROM standing
ON CONFLICT DO NOTHING

-- forced_in_case --
-- Everybody from whom an open alert of a case is kept. $1 case.
SELECT DISTINCT kept.person_id FROM alert_kept_from AS kept JOIN alerts ON alerts.id = kept.alert_id
WHERE alerts.case_id = $1 AND alerts.state <> 'stood_down'

-- go_along --
-- Written whole. $1 way, $2 who is on it, $3 since when, $4 until when.
WITH gone AS (DELETE FROM on_the_way WHERE way_id = $1 AND person_id <> ALL($2::uuid[]))
INSERT INTO on_the_way (way_id, person_id, since, until) SELECT $1, unnest($2::uuid[]), $3, $4
ON CONFLICT (way_id, person_id) DO UPDATE SET since = excluded.since, until = excluded.until

-- companions --
-- Everybody who is on a way with somebody. $1 person, $2 now.
SELECT DISTINCT theirs.person_id FROM on_the_way AS own JOIN on_the_way AS theirs USING (way_id)
WHERE own.person_id = $1 AND theirs.person_id <> $1 AND own.since <= $2 AND $2 < own.until

-- lock_alerts --
-- $1 alerts. (A list as a SELECT: planned once, and not for every list anew.)
SELECT id FROM alerts WHERE id = ANY(ARRAY(SELECT unnest($1::uuid[]))) ORDER BY id FOR NO KEY UPDATE

-- hold_alert --
-- Hold an alert, and then its case as `share_cases` does, by one statement. What they hold is to be read after this: here
-- it is seen as it was before anybody was waited for. $1 alert.
SELECT alerts.case_id FROM alerts JOIN cases ON cases.id = alerts.case_id
WHERE alerts.id = $1 FOR NO KEY UPDATE OF alerts FOR SHARE OF cases

-- alerts_by_id --
-- Alerts with the agencies' answers, the people called, and the presses that became part of them, the newest for
-- each that stand alike: of one person or device, taken back or not, the one that is answered or not. With them comes
-- the device of the first press, whose key is the alert's id, and whether somebody is to take it over. $1 ids.
SELECT alerts.*,
    EXISTS (SELECT FROM hand_overs WHERE alert_id = alerts.id AND state = 'waiting') AS to_take_over,
    (SELECT json_agg(answer ORDER BY agency_id) FROM alert_agencies AS answer WHERE alert_id = alerts.id) AS agencies,
    ARRAY(SELECT person_id FROM alert_kept_from WHERE alert_id = alerts.id) AS kept_from,
    (SELECT json_agg(called ORDER BY tier, person_id) FROM alert_recipients AS called
     WHERE alert_id = alerts.id) AS recipients,
    (SELECT json_agg(press ORDER BY at, person_id) FROM (
        SELECT pressed.person_id, pressed.cancelled_at, pressed.claimed_by, pressed.at, (
            SELECT json_build_object('id', id, 'label', label, 'agency_id', agency_id, 'person_id', person_id,
                                     'compartment_id', compartment_id)
            FROM raising_devices WHERE id = pressed.device_id) AS device
        FROM (
            SELECT person_id, cancelled_at, device_id, claimed_by, max(at) AS at FROM alert_raises WHERE alert_id = alerts.id
            GROUP BY person_id, cancelled_at, device_id, claimed_by,
                at = coalesce(alerts.cause_at, alerts.ladder_began_at)
        ) AS pressed) AS press) AS presses,
    (SELECT json_build_object('id', device.id, 'label', label, 'agency_id', agency_id, 'person_id', device.person_id,
                              'compartment_id', device.compartment_id)
     FROM alert_raises AS first JOIN raising_devices AS device ON device.id = first.device_id
     WHERE first.key = alerts.id) AS device,
    (SELECT json_agg(spoken ORDER BY spoken_at, noted_at) FROM alert_conversations AS spoken
     WHERE alert_id = alerts.id) AS conversations,
    (SELECT json_agg(said ORDER BY said_at) FROM emergency_calls AS said
     WHERE alert_id = alerts.id) AS emergency_calls,
    (SELECT to_json(question) FROM police_questions AS question WHERE alert_id = alerts.id) AS police_question
FROM alerts WHERE id = ANY(ARRAY(SELECT unnest($1::uuid[])))
-- Of the same moment the real one before the exercise.
ORDER BY sent DESC, status, id

-- pressed_with --
-- The alert that a key of this device raised. $1 key, $2 device.
SELECT alert_id FROM alert_raises WHERE key = $1 AND device_id = $2

-- alerts_of_person --
-- Alerts that a person raised or was called for, and those of compartments that the person is in and of cases that
-- the person leads, open ones or all; none of cases that the person is excluded from, none that is kept from the person,
-- none once the person has left.
-- $1 person, $2 also ended, $3 limit.
SELECT id FROM alerts
WHERE ($2 OR state <> 'stood_down')
  AND (id IN (SELECT alert_id FROM alert_raises WHERE person_id = $1)
       OR id IN (SELECT alert_id FROM alert_recipients WHERE person_id = $1)
       OR compartment_id IN (SELECT compartment_id FROM compartment_members WHERE person_id = $1 AND until IS NULL)
       OR case_id IN (SELECT id FROM cases WHERE coordinator_id = $1 OR deputy_id = $1))
  AND NOT EXISTS (SELECT FROM exclusions WHERE exclusions.case_id = alerts.case_id AND exclusions.person_id = $1)
  AND NOT EXISTS (SELECT FROM alert_kept_from AS kept WHERE kept.alert_id = alerts.id AND kept.person_id = $1)
  AND EXISTS (SELECT FROM people WHERE people.id = $1 AND people.left_at IS NULL)
ORDER BY sent DESC LIMIT $3

-- take_back --
-- A raiser says that it is over. $1 alert, $2 person, $3 now.
UPDATE alert_raises SET cancelled_at = $3 WHERE alert_id = $1 AND person_id = $2 AND cancelled_at IS NULL

-- put_agencies --
-- Give agencies their part in alerts. $1 alerts, $2 agencies, $3 their parts.
INSERT INTO alert_agencies (alert_id, agency_id, part)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
ON CONFLICT (alert_id, agency_id) DO UPDATE SET part = EXCLUDED.part

-- add_recipients --
-- $1 alerts, $2 people, $3 their agencies, $4 their tiers, $5 now.
INSERT INTO alert_recipients (alert_id, person_id, agency_id, tier, called_at)
SELECT each.*, $5 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[]) AS each
ON CONFLICT DO NOTHING

-- save --
-- Write what may change of alerts, and release their leases. $1 alerts as JSON.
UPDATE alerts SET event = new.event, severity = new.severity, certainty = new.certainty,
    raised_through = new.raised_through, state = new.state, owner_id = new.owner_id, ladder = new.ladder,
    ladder_began_at = new.ladder_began_at, step = new.step, next_step_at = new.next_step_at,
    cause_at = new.cause_at, owner_asked_at = new.owner_asked_at, cancel_asked_at = new.cancel_asked_at,
    stood_down_by = new.stood_down_by, stood_down_at = new.stood_down_at, stand_down_reason = new.stand_down_reason,
    exclusions_heeded = new.exclusions_heeded, lease_until = NULL, attempts = 0
FROM jsonb_populate_recordset(NULL::alerts, $1) AS new
WHERE alerts.id = new.id

-- acknowledge --
-- A person accepts, for every agency called for. What that changes of the alert is written too, and its lease released.
-- $1 alert, $2 person, $3 now, $4 whether by telephone, $5 state, $6 owner, $7 next step at.
WITH accepted AS (
    UPDATE alert_recipients SET acknowledged_at = $3, by_telephone = $4
    WHERE alert_id = $1 AND person_id = $2 AND acknowledged_at IS NULL RETURNING agency_id),
answered AS (
    UPDATE alert_agencies SET acknowledged_by = $2, acknowledged_at = $3
    WHERE alert_id = $1 AND agency_id IN (SELECT agency_id FROM accepted) AND acknowledged_by IS NULL)
UPDATE alerts SET state = $5, owner_id = $6, next_step_at = $7, lease_until = NULL, attempts = 0 WHERE id = $1

-- forget_agency_answers --
-- Every agency must accept anew. $1 alerts.
UPDATE alert_agencies SET acknowledged_by = NULL, acknowledged_at = NULL WHERE alert_id = ANY($1)

-- forget_person_answers --
-- Everybody who was called may accept anew. $1 alerts.
UPDATE alert_recipients SET acknowledged_at = NULL, by_telephone = false WHERE alert_id = ANY($1)

-- add_conversation --
-- Somebody says that they spoke with somebody. $1 alert, $2 who, $3 with whom, $4 when, $5 now.
INSERT INTO alert_conversations (alert_id, spoken_by, spoken_with, spoken_at, noted_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- add_emergency_call --
-- Somebody says whether a service was called. $1 alert, $2 service, $3 who says so, $4 now, $5 whether, $6 who called,
-- $7 when.
INSERT INTO emergency_calls (alert_id, service, said_by, said_at, called, called_by, called_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (alert_id, service, said_by, said_at) DO UPDATE
SET called = EXCLUDED.called, called_by = EXCLUDED.called_by, called_at = EXCLUDED.called_at

-- ask_police --
-- Somebody is asked whether the police was called. $1 alert, $2 whom, $3 kind of the room, $4 the room, $5 now, $6 next
-- question.
INSERT INTO police_questions (alert_id, person_id, target_kind, target_id, asked_at, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (alert_id) DO UPDATE SET person_id = EXCLUDED.person_id, target_kind = EXCLUDED.target_kind,
    target_id = EXCLUDED.target_id, asked_at = EXCLUDED.asked_at, step = 0, next_step_at = EXCLUDED.next_step_at,
    lease_until = NULL, attempts = 0

-- step_police_questions --
-- Questions were put again, given up or ended. $1 alerts, $2 their steps, $3 when their next ones are due.
UPDATE police_questions SET step = new.step, next_step_at = new.next_step_at, lease_until = NULL, attempts = 0
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS new (alert_id, step, next_step_at)
WHERE police_questions.alert_id = new.alert_id

-- end_police_question --
-- $1 alert.
UPDATE police_questions SET next_step_at = NULL WHERE alert_id = $1 AND next_step_at IS NOT NULL

-- police_questions_by_alert --
-- $1 alerts.
SELECT alert_id, person_id, target_kind, target_id, asked_at, step, next_step_at FROM police_questions
WHERE alert_id = ANY($1)

-- claim_police_questions --
-- Lease questions whose next step is due; on hold only what was asked since. $1 now, $2 lease until, $3 limit.
UPDATE police_questions SET lease_until = $2, attempts = attempts + 1
WHERE alert_id IN (
    SELECT alert_id FROM police_questions WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND ((SELECT since FROM hold) IS NULL OR asked_at >= (SELECT since FROM hold))
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING alert_id AS id, attempts, next_step_at AS due_at

-- next_police_question --
-- When the next step of any is due that may be claimed: what failed waits for its lease, what is of a backup for a person.
SELECT min(next_step_at) FROM police_questions WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND ((SELECT since FROM hold) IS NULL OR asked_at >= (SELECT since FROM hold))

-- overdue_police_questions --
-- Count questions whose next step is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM police_questions WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- hasten --
-- Whoever was excluded since the last wave took along what waited in a duty room: the next step is due now. Of an
-- accepted alert it is where its owner was excluded: nobody else is waited for. $1 now.
UPDATE alerts SET next_step_at = $1
WHERE id IN (
    SELECT alerts.id
    FROM (SELECT case_id, count(*) AS known FROM exclusions GROUP BY case_id) AS barred
    JOIN alerts ON alerts.case_id = barred.case_id
    WHERE alerts.next_step_at > $1 AND alerts.exclusions_heeded < barred.known
      AND (alerts.state <> 'accepted' OR EXISTS (
          SELECT FROM exclusions
          WHERE exclusions.case_id = alerts.case_id AND exclusions.person_id = alerts.owner_id))
    FOR UPDATE OF alerts SKIP LOCKED)

-- hasten_one --
-- A call was withdrawn because whom it was to ring has no part any more: the next step is due now, unless calling rests
-- by a raiser's word; of an accepted alert where they are its owner. $1 alert, $2 now, $3 person, $4 how long it rests.
UPDATE alerts SET next_step_at = $2
WHERE id = $1 AND next_step_at > $2
  AND (state = 'accepted' AND owner_id = $3
       OR state IN ('open', 'unanswered') AND next_step_at IS DISTINCT FROM cancel_asked_at + $4::interval)

-- claim_due --
-- Lease alerts whose next step is due, the worst first. On hold only what was raised since: the rest is of a backup.
-- $1 now, $2 lease until, $3 limit.
WITH due AS (
    SELECT id FROM alerts WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND ((SELECT since FROM hold) IS NULL OR ladder_began_at >= (SELECT since FROM hold)
           OR EXISTS (SELECT FROM alert_raises WHERE alert_id = alerts.id AND at >= (SELECT since FROM hold)))
    ORDER BY array_position(ARRAY['Extreme', 'Severe', 'Moderate'], severity), next_step_at
    LIMIT $3 FOR UPDATE SKIP LOCKED),
claimed AS (
    UPDATE alerts SET lease_until = $2, attempts = attempts + 1
    WHERE id IN (SELECT id FROM due) RETURNING id, attempts, severity, next_step_at)
SELECT id, attempts, next_step_at AS due_at FROM claimed
ORDER BY array_position(ARRAY['Extreme', 'Severe', 'Moderate'], severity), next_step_at

-- hold_open --
-- Those of these alerts that have not ended, kept from ending until the transaction is over. $1 ids.
SELECT id FROM alerts WHERE id = ANY($1) AND state <> 'stood_down' ORDER BY id FOR SHARE

-- next_due --
-- When the next step of any is due that may be claimed: what failed waits for its lease, what is of a backup for a person.
SELECT min(next_step_at) FROM alerts WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND ((SELECT since FROM hold) IS NULL OR ladder_began_at >= (SELECT since FROM hold)
       OR EXISTS (SELECT FROM alert_raises WHERE alert_id = alerts.id AND at >= (SELECT since FROM hold)))

-- ended --
-- Those of these alerts that have ended. $1 ids.
SELECT id FROM alerts WHERE id = ANY($1) AND state = 'stood_down'

-- open_alerts_of_case --
-- Whether something is open that nobody may be cut off from: in a compartment, or anywhere in a case.
-- What is kept from whoever asks holds nothing up. $1 case, $2 compartment or null, $3 status, $4 who asks.
SELECT EXISTS (
    SELECT FROM alerts WHERE case_id = $1 AND ($2::uuid IS NULL OR compartment_id = $2) AND status = $3
      AND state <> 'stood_down'
      AND NOT EXISTS (SELECT FROM alert_kept_from AS kept WHERE kept.alert_id = alerts.id AND kept.person_id = $4))

-- last_accepted --
-- The last acceptance in any alert that a person raised or was called for and may see still, as in who_sees: the newest
-- proof that calling works. $1 person.
WITH own AS (
    SELECT alert_id FROM alert_raises WHERE person_id = $1
    UNION
    SELECT alert_id FROM alert_recipients WHERE person_id = $1),
called_for AS (
    SELECT agency_id FROM people WHERE id = $1 AND role = 'security_officer'
    UNION
    SELECT duty_desks.agency_id FROM duty_officers
    JOIN duty_desks ON duty_officers.desk_id IN (duty_desks.id, duty_desks.covered_by)
    WHERE duty_officers.person_id = $1)
SELECT alerts.status, alert_recipients.called_at, alert_recipients.acknowledged_at
FROM own JOIN alerts ON alerts.id = own.alert_id
JOIN cases ON cases.id = alerts.case_id
JOIN alert_recipients ON alert_recipients.alert_id = alerts.id
WHERE alert_recipients.acknowledged_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM alert_kept_from AS kept WHERE kept.alert_id = alerts.id AND kept.person_id = $1)
  AND ($1 IN (cases.coordinator_id, cases.deputy_id)
       OR alerts.duress_of IS NOT NULL
       OR EXISTS (SELECT FROM compartment_members
                  WHERE compartment_members.compartment_id = alerts.compartment_id
                    AND compartment_members.person_id = $1 AND compartment_members.until IS NULL)
       OR EXISTS (SELECT FROM case_agencies
                  WHERE case_agencies.case_id = cases.id
                    AND case_agencies.agency_id IN (SELECT agency_id FROM called_for)))
  AND NOT EXISTS (SELECT FROM exclusions WHERE exclusions.case_id = cases.id AND exclusions.person_id = $1)
ORDER BY alert_recipients.acknowledged_at DESC LIMIT 1

-- open_alerts --
-- Count the alerts that have not ended, and when calling began for the oldest.
SELECT state, severity, status, count(*) AS alerts, min(ladder_began_at) AS oldest FROM alerts
WHERE state <> 'stood_down' GROUP BY state, severity, status

-- overdue --
-- Count alerts whose next step is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM alerts WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- drills --
-- When which tier of which responding agency was called in which exercise, and how many seconds after the raise the first
-- of those called there accepted. Who has not is told of once nobody is being called any more. $1 status, $2 agency or
-- null.
SELECT alerts.id AS alert_id, alert_recipients.agency_id, alert_recipients.tier, alerts.sent,
    extract(epoch FROM min(accepted.at) - alerts.sent)::float8 AS seconds
FROM alerts JOIN alert_recipients ON alert_recipients.alert_id = alerts.id
JOIN alert_agencies ON alert_agencies.alert_id = alerts.id AND alert_agencies.agency_id = alert_recipients.agency_id
LEFT JOIN LATERAL (
    SELECT at FROM ledger
    WHERE ledger.case_id = alerts.case_id AND ledger.object_id = alerts.id AND ledger.act = 'alert_acknowledged'
      AND ledger.actor_id = alert_recipients.person_id AND ledger.at >= alert_recipients.called_at
    ORDER BY at LIMIT 1) AS accepted ON true
WHERE alerts.status = $1 AND alert_agencies.part = 'responder' AND ($2::uuid IS NULL OR alert_recipients.agency_id = $2)
GROUP BY alerts.id, alert_recipients.agency_id, alert_recipients.tier
HAVING alerts.state <> 'open' OR min(accepted.at) IS NOT NULL

-- who_sees --
-- Who of these people may see which of these alerts: the compartment's members and the case's leaders, and of those
-- who raised it or were called for it whoever could still be called for an agency of the case; of duress whoever was
-- called for it at all, for whoever is forced may close the compartment. Nobody who is excluded, has left, or from whom
-- the alert is kept. $1 alerts, $2 people.
WITH asked AS (
    SELECT alerts.id, alerts.case_id, alerts.compartment_id, cases.coordinator_id, cases.deputy_id
    FROM alerts JOIN cases ON cases.id = alerts.case_id WHERE alerts.id = ANY($1)),
callable AS (
    SELECT asked.id, asked.case_id, people.id AS person_id
    FROM asked JOIN case_agencies ON case_agencies.case_id = asked.case_id
    JOIN people ON people.agency_id = case_agencies.agency_id AND people.role = 'security_officer'
    UNION
    SELECT asked.id, asked.case_id, duty_officers.person_id
    FROM asked JOIN case_agencies ON case_agencies.case_id = asked.case_id
    JOIN duty_desks AS own ON own.agency_id = case_agencies.agency_id
    JOIN duty_officers ON duty_officers.desk_id IN (own.id, own.covered_by)
    UNION
    SELECT asked.id, asked.case_id, stand_ins.person_id
    FROM asked JOIN case_agencies ON case_agencies.case_id = asked.case_id
    JOIN duty_desks AS own ON own.agency_id = case_agencies.agency_id
    JOIN stand_ins ON stand_ins.desk_id IN (own.id, own.covered_by)),
seeing AS (
    SELECT asked.id, asked.case_id, leader.id AS person_id
    FROM asked CROSS JOIN LATERAL unnest(ARRAY[asked.coordinator_id, asked.deputy_id]) AS leader (id)
    UNION
    SELECT asked.id, asked.case_id, compartment_members.person_id
    FROM asked JOIN compartment_members ON compartment_members.compartment_id = asked.compartment_id
    WHERE compartment_members.until IS NULL
    UNION
    SELECT asked.id, asked.case_id, called.person_id
    FROM asked JOIN alerts AS forced ON forced.id = asked.id AND forced.duress_of IS NOT NULL
    JOIN alert_recipients AS called ON called.alert_id = asked.id
    UNION
    SELECT callable.id, callable.case_id, callable.person_id FROM callable
    WHERE EXISTS (SELECT FROM alert_recipients
                  WHERE alert_recipients.alert_id = callable.id AND alert_recipients.person_id = callable.person_id)
       OR EXISTS (SELECT FROM alert_raises
                  WHERE alert_raises.alert_id = callable.id AND alert_raises.person_id = callable.person_id))
SELECT seeing.id, seeing.person_id FROM seeing JOIN people ON people.id = seeing.person_id
WHERE people.left_at IS NULL AND seeing.person_id = ANY($2)
  AND NOT EXISTS (SELECT FROM alert_kept_from AS kept
                  WHERE kept.alert_id = seeing.id AND kept.person_id = seeing.person_id)
  AND NOT EXISTS (SELECT FROM exclusions
                  WHERE exclusions.case_id = seeing.case_id AND exclusions.person_id = seeing.person_id)

-- called_with --
-- Who of these people raised or was called for an open alert in which these agencies have a part, or an agency that
-- one of their desks covers for. $1 duty desks and people of agencies, $2 people.
WITH asked AS (
    SELECT id, agency_id FROM duty_desks WHERE id = ANY($1)
    UNION ALL
    SELECT id, agency_id FROM people WHERE id = ANY($1)),
concerned AS (
    SELECT id, agency_id FROM asked
    UNION
    SELECT asked.id, covered.agency_id FROM asked
    JOIN duty_desks AS covering ON covering.agency_id = asked.agency_id
    JOIN duty_desks AS covered ON covered.covered_by = covering.id)
SELECT concerned.id, alerts.id AS alert_id, named.person_id
FROM concerned JOIN alert_agencies ON alert_agencies.agency_id = concerned.agency_id
JOIN alerts ON alerts.id = alert_agencies.alert_id AND alerts.state <> 'stood_down'
CROSS JOIN LATERAL (
    SELECT alert_recipients.person_id FROM alert_recipients WHERE alert_recipients.alert_id = alerts.id
    UNION
    SELECT alert_raises.person_id FROM alert_raises WHERE alert_raises.alert_id = alerts.id) AS named
WHERE named.person_id = ANY($2)

-- cut_off --
-- Who of these people, when they were excluded, lost an alert that they had raised or been called for. $1 cases,
-- $2 people.
SELECT exclusions.case_id AS id, exclusions.person_id FROM exclusions
WHERE exclusions.case_id = ANY($1) AND exclusions.person_id = ANY($2)
  AND EXISTS (
      SELECT FROM alerts
      WHERE alerts.case_id = exclusions.case_id
        AND NOT EXISTS (SELECT FROM alert_kept_from AS kept
                        WHERE kept.alert_id = alerts.id AND kept.person_id = exclusions.person_id)
        AND (EXISTS (SELECT FROM alert_recipients AS called
                     WHERE called.alert_id = alerts.id AND called.person_id = exclusions.person_id)
             OR EXISTS (SELECT FROM alert_raises AS press
                        WHERE press.alert_id = alerts.id AND press.person_id = exclusions.person_id)))

-- rings_that_wait --
-- What rings in rooms and was left before a moment, and has not left: the oldest, each until it was taken note of.
-- $1 moment, $2 limit.
SELECT id, key, alert_id, target_kind, target_id, mentions FROM outbox AS waiting
WHERE state IN ('pending', 'sending') AND lane = 0 AND created_at <= $1 AND target_kind <> 'contact'
  AND cardinality(mentions) > 0 AND alert_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM done_once WHERE done_once.key = waiting.id)
ORDER BY sequence LIMIT $2

-- letter_overtaken --
-- Whether a contact was called for an alert by a later letter. $1 alert, $2 contact, $3 sequence.
SELECT EXISTS (SELECT FROM outbox WHERE alert_id = $1 AND target_id = $2 AND sequence > $3)

-- held_alerts --
-- How many alerts are open that nobody has raised since a moment. $1 since.
SELECT count(*) FROM alerts
WHERE state <> 'stood_down' AND ladder_began_at < $1
  AND NOT EXISTS (SELECT FROM alert_raises WHERE alert_id = alerts.id AND at >= $1)

-- proof --
-- What is known of continuous proof.
WITH proven AS (SELECT begun_at, proven_at FROM proofs WHERE proven_at IS NOT NULL ORDER BY begun_at DESC LIMIT 1)
SELECT (SELECT begun_at FROM proven) AS begun_at, (SELECT proven_at FROM proven) AS proven_at,
    (SELECT min(begun_at) FROM proofs
     WHERE proven_at IS NULL AND begun_at > coalesce((SELECT begun_at FROM proven), '-infinity')) AS waiting_since,
    (SELECT max(begun_at) FROM proofs) AS newest_at, (SELECT min(begun_at) FROM proofs) AS first_at

-- hold_proof_round --
-- Look after the proof until this transaction ends; nothing where another engine does.
SELECT told_at FROM proof_round FOR UPDATE SKIP LOCKED

-- proof_told --
-- $1 when desks were told that it fails; nothing where it works.
UPDATE proof_round SET told_at = $1

-- drop_unproven --
-- Nobody began proofs for a while: what was not answered then says nothing.
DELETE FROM proofs WHERE proven_at IS NULL

-- forget_proofs --
-- The last one that succeeded is kept. $1 those before this moment.
DELETE FROM proofs WHERE begun_at < $1
  AND begun_at IS DISTINCT FROM (SELECT max(begun_at) FROM proofs WHERE proven_at IS NOT NULL)

-- begin_proof --
-- $1 id, $2 now.
INSERT INTO proofs (id, begun_at) VALUES ($1, $2)

-- prober --
-- Whose room proofs go to, and since when.
SELECT id, since FROM probe_parties WHERE part = 'prober'

-- open_incident_duty --
-- Unless one of this kind runs, or was done since this began. $1 id, $2 alert, $3 case, $4 kind, $5 owner, $6 began,
-- $7 due, $8 first reminder.
INSERT INTO incident_duties (id, alert_id, case_id, kind, owner_id, began_at, due_at, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (alert_id, kind) DO UPDATE SET owner_id = EXCLUDED.owner_id, began_at = EXCLUDED.began_at,
    due_at = EXCLUDED.due_at, step = 0, next_step_at = EXCLUDED.next_step_at, done_by = NULL, done_at = NULL,
    lease_until = NULL, attempts = 0
WHERE incident_duties.done_at < EXCLUDED.began_at

-- incident_duties_of --
-- $1 alerts.
SELECT * FROM incident_duties WHERE alert_id = ANY($1) ORDER BY due_at, kind

-- lock_incident_duties --
-- $1 ids.
SELECT * FROM incident_duties WHERE id = ANY($1) ORDER BY id FOR UPDATE

-- cases_of_incident_duties --
-- $1 ids.
SELECT DISTINCT case_id FROM incident_duties WHERE id = ANY($1)

-- end_incident_duty --
-- $1 alert, $2 kind, $3 by, $4 now.
UPDATE incident_duties SET done_by = $3, done_at = $4, next_step_at = NULL
WHERE alert_id = $1 AND kind = $2 AND done_at IS NULL

-- step_incident_duty --
-- A reminder went out. $1 id, $2 step, $3 when the next one is due, $4 owner.
UPDATE incident_duties SET step = $2, next_step_at = $3, owner_id = $4, lease_until = NULL, attempts = 0 WHERE id = $1

-- claim_incident_duties --
-- Lease duties whose next reminder is due; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE incident_duties SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM incident_duties WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_incident_duty --
-- When the next reminder of any is due that may be claimed: what failed waits for its lease, all of them for a hold.
SELECT min(next_step_at) FROM incident_duties WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_incident_duties --
-- Count duties whose next reminder is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM incident_duties WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- note_incident_fact --
-- $1 alert, $2 section, $3 fact, $4 by, $5 now.
INSERT INTO incident_facts (alert_id, section, fact, noted_by, noted_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- incident_facts_of --
-- $1 alert.
SELECT section, fact, noted_by, noted_at FROM incident_facts WHERE alert_id = $1 ORDER BY noted_at, section, fact

-- addresses_of --
-- Where these people are called, or a desk at which one of them sits. $1 people.
SELECT address FROM contacts
WHERE removed_at IS NULL
  AND (person_id = ANY($1) OR desk_id IN (SELECT desk_id FROM duty_officers WHERE person_id = ANY($1)))

-- network_administrators --
-- The administrators of all agencies.
SELECT id FROM people WHERE role = 'administrator' AND left_at IS NULL ORDER BY id

-- sentence_written --
-- Either of somebody's own was written. $1 Matrix user, $2 when.
UPDATE own_sentences SET written_at = greatest(written_at, $2) FROM people
WHERE people.id = person_id AND people.matrix_user = $1 AND people.left_at IS NULL

-- sentences_written --
-- Who wrote either of their own since a moment, and when last. $1 moment.
SELECT person_id, written_at FROM own_sentences WHERE written_at > $1

-- own_sentences --
-- $1 person.
SELECT own.public_key = sentence_key.public_key AS current, own.sealed IS NOT NULL AS waiting,
    own.duress IS NOT NULL AS taken, own.refused, own.sealed_at, own.taken_at
FROM own_sentences AS own CROSS JOIN sentence_key WHERE own.person_id = $1

-- sentence_key --
-- To which key sentences are sealed.
SELECT public_key FROM sentence_key

-- publish_sentence_key --
-- The bot that is active says which key is its own. $1 public key, $2 now.
INSERT INTO sentence_key (public_key, since) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET public_key = EXCLUDED.public_key, since = EXCLUDED.since
WHERE sentence_key.public_key <> EXCLUDED.public_key

-- seal_sentences --
-- A person's sentences, sealed; what was taken up before counts until these are. $1 person, $2 public key, $3 sealed,
-- $4 now.
INSERT INTO own_sentences AS own (person_id, public_key, sealed, sealed_at)
SELECT $1, public_key, $3, $4 FROM sentence_key WHERE public_key = $2
ON CONFLICT (person_id) DO UPDATE SET
    all_clear = CASE WHEN own.public_key = EXCLUDED.public_key THEN own.all_clear END,
    duress = CASE WHEN own.public_key = EXCLUDED.public_key THEN own.duress END,
    public_key = EXCLUDED.public_key, sealed = EXCLUDED.sealed, sealed_at = EXCLUDED.sealed_at, refused = false

-- clear_sentences --
-- $1 person.
DELETE FROM own_sentences WHERE person_id = $1

-- sealed_sentences --
-- What is to be taken up, held. $1 public key.
SELECT person_id, sealed FROM own_sentences WHERE sealed IS NOT NULL AND public_key = $1
ORDER BY person_id LIMIT 100 FOR UPDATE

-- take_sentences --
-- The sealed words are gone with it. $1 person, $2 hash of the all-clear, $3 of the one for duress, $4 now.
UPDATE own_sentences SET sealed = NULL, all_clear = $2, duress = $3, taken_at = $4, refused = false WHERE person_id = $1

-- refuse_sentences --
-- They could not be used; what was taken up before counts still. $1 person.
UPDATE own_sentences SET sealed = NULL, refused = true WHERE person_id = $1

-- lost_sentences --
-- Whose sentences this bot cannot know, told as of now; who was told and is known again is told anew when that ends too.
-- $1 public key.
WITH known_again AS (UPDATE own_sentences SET told_of = NULL WHERE public_key = $1 AND told_of IS NOT NULL)
UPDATE own_sentences SET told_of = $1
WHERE public_key <> $1 AND told_of IS DISTINCT FROM $1
  AND person_id IN (SELECT id FROM people WHERE left_at IS NULL) RETURNING person_id

-- sentences_lost --
-- How many people's sentences the active bot cannot know.
SELECT count(*) FROM own_sentences JOIN people ON people.id = own_sentences.person_id AND people.left_at IS NULL
WHERE own_sentences.public_key <> (SELECT public_key FROM sentence_key)

-- sentences_of_user --
-- $1 Matrix user, $2 public key.
SELECT people.id AS person_id, own.all_clear, own.duress
FROM people JOIN own_sentences AS own ON own.person_id = people.id
WHERE people.matrix_user = $1 AND people.left_at IS NULL AND own.public_key = $2 AND own.duress IS NOT NULL

-- answer_to_words --
-- What was answered to the same words. $1 key.
SELECT outcome, language FROM telephone_answers WHERE key = $1

-- keep_answer --
-- Nothing where it is known. $1 key, $2 now, $3 outcome, $4 language.
INSERT INTO telephone_answers (key, at, outcome, language) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- forget_answers --
-- $1 what was answered before this moment.
DELETE FROM telephone_answers WHERE at < $1

-- forget_tries --
-- $1 when those began that count no more.
DELETE FROM telephone_tries WHERE since < $1

-- begin_desk_call --
-- Nothing where the same caller is calling already. $1 id, $2 caller, $3 person, $4 agencies, $5 contacts of the number,
-- $6 who may be calling, $7 now, $8 next step.
INSERT INTO desk_calls (id, caller, person_id, agency_ids, contacts, maybe, called, began_at, times, state, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, 0, 'calling', $8)
ON CONFLICT (caller) WHERE state = 'calling' DO NOTHING

-- lock_desk_call_of --
-- Hold the call of somebody that nobody has taken. $1 caller.
SELECT * FROM desk_calls WHERE caller = $1 AND state = 'calling' FOR UPDATE

-- lock_desk_calls --
-- $1 ids.
SELECT * FROM desk_calls WHERE id = ANY($1) ORDER BY id FOR UPDATE

-- desk_calls_for --
-- The calls that somebody was rung for and nobody has taken. $1 person, $2 latest moment at which it began.
SELECT id FROM desk_calls WHERE state = 'calling' AND $1 = ANY(called) AND began_at <= $2 ORDER BY id

-- desk_calls_shown --
-- The calls that somebody of the staff was rung for and may answer, and those that they have taken of late. $1 person,
-- $2 of late.
SELECT * FROM desk_calls
WHERE $1 = ANY(called) AND (state = 'calling' OR (taken_by = $1 AND taken_at > $2))
  AND EXISTS (SELECT FROM people WHERE people.id = $1 AND people.left_at IS NULL)
ORDER BY began_at, id

-- desk_call_of_somebody --
-- Hold a call that somebody of the staff was rung for. $1 id, $2 person.
SELECT * FROM desk_calls
WHERE id = $1 AND $2 = ANY(called) AND EXISTS (SELECT FROM people WHERE people.id = $2 AND people.left_at IS NULL)
FOR UPDATE

-- desk_calls_told_of --
-- Calls, and who was rung for them. $1 ids.
SELECT * FROM desk_calls WHERE id = ANY($1)

-- desk_calls_of_late --
-- The calls that a number may mean: that nobody has taken, or somebody has not long ago. $1 long ago, $2 limit.
SELECT * FROM desk_calls WHERE state = 'calling' OR taken_at > $1 ORDER BY began_at DESC LIMIT $2

-- desk_call_waits --
-- Whether nobody has taken a call yet. $1 id.
SELECT state = 'calling' FROM desk_calls WHERE id = $1

-- save_desk_call --
-- $1 id, $2 called, $3 times, $4 state, $5 by whom it was taken, $6 when, $7 next step.
UPDATE desk_calls SET called = $2, times = $3, state = $4, taken_by = $5, taken_at = $6, next_step_at = $7,
    lease_until = NULL, attempts = 0
WHERE id = $1

-- claim_due_desk_calls --
-- Lease calls that are to be repeated; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE desk_calls SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM desk_calls WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- desk_calls_overdue --
-- Count calls that are to be repeated. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM desk_calls WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- forget_desk_calls --
-- $1 long ago.
DELETE FROM desk_calls WHERE taken_at < $1

-- hold_tries --
-- Hold how many wrong numbers came from contacts, so that whoever tries many at once is counted. $1 contacts, $2 now,
-- $3 from when on they count.
INSERT INTO telephone_tries AS tries (contact_id, wrong, since)
SELECT id, 0, $2 FROM unnest($1::uuid[]) AS each (id) ORDER BY id
ON CONFLICT (contact_id) DO UPDATE SET
    wrong = CASE WHEN tries.since > $3 THEN tries.wrong ELSE 0 END,
    since = CASE WHEN tries.since > $3 THEN tries.since ELSE $2 END
RETURNING wrong

-- count_wrong_number --
-- $1 contacts.
UPDATE telephone_tries SET wrong = wrong + 1 WHERE contact_id = ANY($1)

-- alerts_of_contacts --
-- For which alerts contacts were called that have not ended, or not long ago. $1 contacts, $2 long ago.
SELECT DISTINCT outbox.target_id AS contact_id, outbox.alert_id
FROM outbox JOIN alerts ON alerts.id = outbox.alert_id
WHERE outbox.target_kind = 'contact' AND outbox.alert_id IS NOT NULL AND outbox.target_id = ANY($1)
  AND (alerts.state <> 'stood_down' OR alerts.stood_down_at > $2)

-- accepted_since --
-- One of these people who accepted an alert since a moment. $1 people, $2 moment.
SELECT person_id FROM alert_recipients WHERE person_id = ANY($1) AND acknowledged_at >= $2
ORDER BY acknowledged_at LIMIT 1

-- coordinators_of_agency --
-- Who of an agency leads an open case. $1 agency.
SELECT DISTINCT people.id FROM people JOIN cases ON people.id IN (cases.coordinator_id, cases.deputy_id)
WHERE people.agency_id = $1 AND people.left_at IS NULL AND cases.closed_at IS NULL ORDER BY people.id

-- any_failed --
-- Whether any of these messages could not be delivered. $1 keys.
SELECT EXISTS (SELECT FROM outbox WHERE key = ANY($1) AND state IN ('failed', 'quarantined'))

-- may_leave --
-- Who answers for open alerts, as owner or as who accepted for an agency, and may have gone off duty since: by a shift or
-- a standing in that has ended, or by the closing of a desk that has hours alone; nobody while on hold. $1 now,
-- $2 since when an end is looked for.
WITH leaving AS MATERIALIZED (
    SELECT person_id, desk_id, ends_at FROM shifts WHERE ends_at > $2 AND ends_at <= $1
    UNION ALL
    SELECT person_id, desk_id, ends_at FROM stand_ins WHERE ends_at > $2 AND ends_at <= $1 AND begins_at < ends_at
    UNION ALL
    SELECT person_id, desk_id, $1 FROM duty_officers
    WHERE EXISTS (SELECT FROM desk_hours WHERE desk_hours.desk_id = duty_officers.desk_id)
      AND NOT EXISTS (SELECT FROM shifts WHERE shifts.desk_id = duty_officers.desk_id))
SELECT alerts.id AS alert_id, called.person_id, leaving.desk_id, max(answers.since) AS since
FROM alerts JOIN alert_recipients AS called ON called.alert_id = alerts.id
CROSS JOIN LATERAL (
    -- Whoever has taken it over answers since then, on duty or not.
    SELECT greatest(called.acknowledged_at, (
        SELECT max(taken.ended_at) FROM hand_overs AS taken
        WHERE taken.alert_id = alerts.id AND taken.taken_by = called.person_id)) AS since) AS answers
JOIN leaving ON leaving.person_id = called.person_id AND leaving.ends_at > answers.since
WHERE called.acknowledged_at IS NOT NULL AND alerts.state <> 'stood_down' AND (SELECT since FROM hold) IS NULL
  AND (called.person_id = alerts.owner_id
       OR EXISTS (SELECT FROM alert_agencies
                  WHERE alert_agencies.alert_id = alerts.id AND alert_agencies.acknowledged_by = called.person_id))
  AND NOT EXISTS (SELECT FROM hand_overs
                  WHERE hand_overs.alert_id = alerts.id AND hand_overs.person_id = called.person_id
                    AND hand_overs.state = 'waiting')
GROUP BY alerts.id, called.person_id, leaving.desk_id

-- open_hand_over --
-- Once for each end of a shift. $1 id, $2 alert, $3 person, $4 desk, $5 end of the shift, $6 now.
INSERT INTO hand_overs (id, alert_id, person_id, desk_id, shift_ended_at, opened_at, state, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $6)
ON CONFLICT DO NOTHING

-- claim_due_hand_overs --
-- Lease hand-overs whose next step is due; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE hand_overs SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM hand_overs WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- alerts_of_hand_overs --
-- $1 ids.
SELECT DISTINCT alert_id FROM hand_overs WHERE id = ANY($1)

-- lock_hand_overs --
-- Those that wait, held; of alerts that are held already. $1 ids.
SELECT * FROM hand_overs WHERE id = ANY($1) AND state = 'waiting' ORDER BY id FOR UPDATE

-- waiting_hand_overs --
-- Of an alert that is held, held. $1 alert.
SELECT * FROM hand_overs WHERE alert_id = $1 AND state = 'waiting' ORDER BY id FOR UPDATE

-- hand_over_waits --
-- Whether somebody is still to take over an alert. $1 alert.
SELECT EXISTS (SELECT FROM hand_overs WHERE alert_id = $1 AND state = 'waiting')

-- hand_over_asked --
-- $1 id, $2 next step, $3 when those who lead were told, or null.
UPDATE hand_overs SET asks = asks + 1, next_step_at = $2, told_at = $3, lease_until = NULL, attempts = 0 WHERE id = $1

-- end_hand_over --
-- $1 id, $2 state, $3 by whom it was taken or null, $4 now.
UPDATE hand_overs SET state = $2, taken_by = $3, ended_at = $4, next_step_at = NULL, lease_until = NULL, attempts = 0
WHERE id = $1

-- take_answers --
-- What one person had accepted for agencies stands as another's who was called for them. $1 alert, $2 from, $3 to, $4 now.
UPDATE alert_agencies SET acknowledged_by = $3, acknowledged_at = $4
WHERE alert_id = $1 AND acknowledged_by = $2
  AND agency_id IN (SELECT agency_id FROM alert_recipients WHERE alert_id = $1 AND person_id = $3)

-- hand_overs_overdue --
-- Count hand-overs whose next step is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM hand_overs WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- card --
-- $1 compartment.
SELECT number, written_by, written_at FROM emergency_cards WHERE compartment_id = $1

-- put_card --
-- The next card of a compartment; no row where there is one of this number already. $1 compartment, $2 number, $3 who,
-- $4 now.
INSERT INTO emergency_cards (compartment_id, number, written_by, written_at)
SELECT $1, $2, $3, $4
WHERE $2 = 1 + coalesce((SELECT number FROM emergency_cards WHERE compartment_id = $1), 0)
ON CONFLICT (compartment_id) DO UPDATE SET number = $2, written_by = $3, written_at = $4

-- drop_envelopes --
-- What was sealed before is not kept. $1 compartment.
DELETE FROM card_envelopes WHERE compartment_id = $1

-- add_envelope --
-- $1 compartment, $2 desk, $3 the desk's public key, $4 the sealed bytes.
INSERT INTO card_envelopes (compartment_id, desk_id, key, sealed) VALUES ($1, $2, $3, $4)

-- card_states --
-- Which desks have the cards of these compartments, and whether sealed to a key that needs no renewal. $1 compartments.
SELECT compartment_id, desk_id, replaced_at IS NULL AND renew_since IS NULL AS fresh
FROM card_envelopes JOIN desk_keys USING (desk_id, key) WHERE compartment_id = ANY($1::uuid[])

-- envelopes --
-- $1 compartment, $2 desks.
SELECT desk_id, sealed FROM card_envelopes WHERE compartment_id = $1 AND desk_id = ANY($2::uuid[])

-- erase_cards --
-- What is closed keeps no card, unless an alert is open there that was kept from who closed it.
-- $1 case or all of them, $2 one compartment of it, or all.
DELETE FROM emergency_cards USING compartments
WHERE compartments.id = compartment_id AND compartments.closed_at IS NOT NULL
  AND case_id = coalesce($1, case_id) AND compartment_id = coalesce($2, compartment_id)
  AND NOT EXISTS (SELECT FROM alerts
      WHERE alerts.compartment_id = emergency_cards.compartment_id AND alerts.state <> 'stood_down')

-- forget_case --
-- All that is known of alerts in a case that has ended, and what was said of it. $1 case.
WITH gone AS (SELECT id FROM alerts WHERE case_id = $1),
kept AS (DELETE FROM alert_kept_from WHERE alert_id IN (SELECT id FROM gone)),
raises AS (DELETE FROM alert_raises WHERE alert_id IN (SELECT id FROM gone)),
agencies AS (DELETE FROM alert_agencies WHERE alert_id IN (SELECT id FROM gone)),
recipients AS (DELETE FROM alert_recipients WHERE alert_id IN (SELECT id FROM gone)),
conversations AS (DELETE FROM alert_conversations WHERE alert_id IN (SELECT id FROM gone)),
calls AS (DELETE FROM emergency_calls WHERE alert_id IN (SELECT id FROM gone)),
questions AS (DELETE FROM police_questions WHERE alert_id IN (SELECT id FROM gone)),
duties AS (DELETE FROM incident_duties WHERE alert_id IN (SELECT id FROM gone)),
facts AS (DELETE FROM incident_facts WHERE alert_id IN (SELECT id FROM gone)),
taken_over AS (DELETE FROM hand_overs WHERE alert_id IN (SELECT id FROM gone)),
confirmations AS (DELETE FROM matrix_confirmations WHERE alert_id IN (SELECT id FROM gone)),
said AS (
    DELETE FROM outbox WHERE state NOT IN ('pending', 'sending')
      AND (case_id = $1 OR alert_id IN (SELECT id FROM gone)))
DELETE FROM alerts WHERE id IN (SELECT id FROM gone)

-- forget_devices --
-- Devices that raised in cases of which nothing is known any more. One that nobody removed stays: whoever presses it must
-- be heard. $1 now.
DELETE FROM raising_devices USING compartments JOIN cases ON cases.id = compartments.case_id
WHERE compartments.id = raising_devices.compartment_id AND cases.forgotten_at IS NOT NULL
  AND (raising_devices.removed_at IS NOT NULL OR raising_devices.ends_at <= $1)
  AND (SELECT since FROM hold) IS NULL
