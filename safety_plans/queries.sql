-- put_level --
-- $1 case, $2 level, $3 by, $4 now.
INSERT INTO risk_levels (case_id, level, set_by, set_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (case_id) DO UPDATE SET level = EXCLUDED.level, set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at

-- level --
-- $1 case.
SELECT level FROM risk_levels WHERE case_id = $1

-- lowering --
-- $1 case.
SELECT level, told_by, told_at, assessed_at FROM level_lowerings WHERE case_id = $1

-- lowerings --
-- $1 cases, $2 told since.
SELECT case_id, level FROM level_lowerings WHERE case_id = ANY($1) AND told_at >= $2

-- put_lowering --
-- $1 case, $2 level, $3 by, $4 now, $5 when it was assessed.
INSERT INTO level_lowerings (case_id, level, told_by, told_at, assessed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (case_id) DO UPDATE SET level = EXCLUDED.level, told_by = EXCLUDED.told_by, told_at = EXCLUDED.told_at,
    assessed_at = EXCLUDED.assessed_at

-- forget_lowering --
-- $1 case.
DELETE FROM level_lowerings WHERE case_id = $1

-- add_review --
-- $1 id, $2 case, $3 level, $4 owner, $5 now, $6 due at, $7 why then.
INSERT INTO reviews (id, case_id, level, owner_id, opened_at, due_at, state, next_step_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $6, $7)

-- cases_without_review --
-- Open cases that nobody has to assess yet. $1 opened after, $2 limit.
SELECT id FROM cases WHERE closed_at IS NULL AND opened_at > $1
  AND (NOT EXISTS (SELECT FROM reviews WHERE reviews.case_id = cases.id AND reviews.state = 'open')
    OR (SELECT count(*) FROM case_clocks WHERE case_id = cases.id AND kind IN ('contact', 're_examination')) < 2)
ORDER BY opened_at LIMIT $2

-- open_review --
-- $1 case.
SELECT * FROM reviews WHERE case_id = $1 AND state = 'open' FOR UPDATE

-- reviews_by_id --
-- $1 ids.
SELECT * FROM reviews WHERE id = ANY($1) ORDER BY next_step_at, id

-- lock_reviews --
-- $1 ids.
SELECT id FROM reviews WHERE id = ANY($1) ORDER BY id FOR UPDATE

-- open_reviews --
-- $1 cases.
SELECT * FROM reviews WHERE case_id = ANY($1) AND state = 'open' ORDER BY due_at

-- end_review --
-- $1 id, $2 state, $3 by, $4 now.
UPDATE reviews SET state = $2, ended_by = $3, ended_at = $4, next_step_at = NULL WHERE id = $1

-- step_reviews --
-- Reminders went out. $1 ids, $2 their steps, $3 when their next ones are due.
UPDATE reviews SET step = new.step, next_step_at = new.next_step_at, lease_until = NULL, attempts = 0
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS new (id, step, next_step_at)
WHERE reviews.id = new.id

-- pull_review --
-- Something happened: it is due earlier. $1 id, $2 due at, $3 why, $4 step, $5 when its next step is due.
UPDATE reviews SET due_at = $2, reason = $3, step = $4, next_step_at = $5 WHERE id = $1

-- duties --
-- $1 case.
SELECT reason, since, due_at FROM review_duties WHERE case_id = $1 ORDER BY due_at

-- put_duty --
-- $1 case, $2 reason, $3 since, $4 due at.
INSERT INTO review_duties (case_id, reason, since, due_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (case_id, reason) DO UPDATE SET since = EXCLUDED.since, due_at = EXCLUDED.due_at

-- keep_duties --
-- Forget what was assessed. $1 case, $2 the reasons that stay.
DELETE FROM review_duties WHERE case_id = $1 AND NOT reason = ANY($2)

-- events_read --
-- How far the ledger was looked through, and how far it goes.
SELECT position AS read, (SELECT coalesce(max(position), 0) FROM ledger) AS head FROM case_events_read

-- read_events --
-- Take up what comes next in the ledger, of many that are alike, as presses are, the first and the last; nothing while
-- another process does. The place is a value, not a table to join: the ledger is read from there on, never from its
-- beginning. $1 acts, $2 at most so many rows of it.
WITH place AS (SELECT position FROM case_events_read FOR UPDATE SKIP LOCKED),
upto AS (
    SELECT max(position) AS position FROM (
        SELECT position FROM ledger
        WHERE position > (SELECT position FROM place) ORDER BY position LIMIT $2) AS following),
taken AS (
    INSERT INTO case_events (id, position, act, case_id, object_id, facts, at)
    SELECT gen_random_uuid(), position, act, case_id, object_id, facts, at FROM (
        SELECT ledger.position, act, case_id, object_id, facts, at, count(*) OVER alike AS times,
            row_number() OVER (alike ORDER BY ledger.position) AS nth
        FROM ledger
        WHERE position > (SELECT position FROM place) AND position <= (SELECT position FROM upto) AND act = ANY($1)
          AND case_id IS NOT NULL
        WINDOW alike AS (PARTITION BY act, case_id, object_id, facts)) AS found
    WHERE nth IN (1, times))
UPDATE case_events_read SET position = upto.position FROM upto
WHERE upto.position IS NOT NULL
RETURNING case_events_read.position

-- claim_events --
-- Lease what happened and was not taken up; nothing while on hold. $1 now, $2 lease until, $3 limit.
UPDATE case_events SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM case_events WHERE at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, at AS due_at

-- events --
-- $1 ids.
SELECT id, position, act, case_id, object_id, facts, at FROM case_events WHERE id = ANY($1) ORDER BY position

-- forget_events --
-- $1 ids.
DELETE FROM case_events WHERE id = ANY($1)

-- waiting_events --
-- Count what happened and was not taken up. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(at) AS oldest
FROM (SELECT at FROM case_events WHERE at <= $1 ORDER BY position LIMIT $2) AS due

-- set_owner --
-- $1 id, $2 owner.
UPDATE reviews SET owner_id = $2 WHERE id = $1

-- claim_due --
-- Lease open reviews whose next reminder is due; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE reviews SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM reviews WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_due --
-- When the next step of any is due that may be claimed: what failed waits for its lease, all of them for a hold.
SELECT min(next_step_at) FROM reviews WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue --
-- Count reviews whose next reminder is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM reviews WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- count_open --
-- $1 how many are counted.
SELECT count(*) FROM (SELECT FROM reviews WHERE state = 'open' LIMIT $1) AS open

-- count_due --
-- Open reviews that were due at $1, by whether the duty desk was told. $2 is when the last of them takes its next
-- step, $3 how many of the next steps are looked at.
SELECT count(*) FILTER (WHERE step <= 1) AS due, count(*) FILTER (WHERE step > 1) AS overdue
FROM (SELECT step, due_at FROM reviews WHERE next_step_at <= $2 ORDER BY next_step_at LIMIT $3) AS following
WHERE due_at <= $1

-- forget_measures --
-- What is owed of a record no more. $1 compartment, $2 record, $3 and $4 owners and days of what still is.
DELETE FROM owed_measures WHERE compartment_id = $1 AND record = $2
  AND NOT EXISTS (SELECT FROM unnest($3::uuid[], $4::date[]) AS kept (owner_id, deadline)
    WHERE kept.owner_id = owed_measures.owner_id AND kept.deadline = owed_measures.deadline)

-- put_measures --
-- $1 ids, $2 record, $3 case, $4 compartment, $5 owners, $6 days, $7 steps, $8 when their next ones are due.
INSERT INTO owed_measures (id, record, case_id, compartment_id, owner_id, deadline, step, next_step_at)
SELECT new.id, $2, $3, $4, new.owner_id, new.deadline, new.step, new.next_step_at
FROM unnest($1::uuid[], $5::uuid[], $6::date[], $7::integer[], $8::timestamptz[])
    AS new (id, owner_id, deadline, step, next_step_at)
ON CONFLICT (compartment_id, record, owner_id, deadline) DO NOTHING

-- claim_measures --
-- Lease what is owed and due; nothing while on hold. $1 now, $2 lease until, $3 limit.
UPDATE owed_measures SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM owed_measures WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_measure --
-- When somebody is to be reminded next: what failed waits for its lease, all of it for a hold.
SELECT min(next_step_at) FROM owed_measures WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_measures --
-- Count what is owed and due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM owed_measures WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- forget_measures_without_record --
-- $1 ids.
DELETE FROM owed_measures WHERE id = ANY($1) AND NOT EXISTS (
    SELECT FROM vault_contents
    WHERE vault_contents.compartment_id = owed_measures.compartment_id AND vault_contents.record = owed_measures.record)

-- cases_of_measures --
-- $1 ids.
SELECT DISTINCT case_id FROM owed_measures WHERE id = ANY($1)

-- measures --
-- What of these is due still: another sweep may have taken it further. $1 ids, $2 now.
SELECT id, record, case_id, compartment_id, owner_id, deadline, step FROM owed_measures
WHERE id = ANY($1) AND next_step_at <= $2 ORDER BY next_step_at, id FOR UPDATE

-- step_measure --
-- $1 id, $2 step, $3 when the next one is due.
UPDATE owed_measures SET step = $2, next_step_at = $3, lease_until = NULL, attempts = 0 WHERE id = $1

-- forget_measure --
-- $1 id.
DELETE FROM owed_measures WHERE id = $1

-- begin_digests --
-- Give everybody who works somewhere, and every agency, a first turn. $1 when, $2 as if they had been told on this day.
INSERT INTO digests (id, kind, told_on, next_step_at)
SELECT id, 'person', $2::date, $1::timestamptz FROM people
WHERE left_at IS NULL AND NOT EXISTS (SELECT FROM digests WHERE digests.id = people.id)
UNION ALL
SELECT id, 'agency', $2, $1 FROM agencies WHERE NOT EXISTS (SELECT FROM digests WHERE digests.id = agencies.id)
ON CONFLICT (id) DO NOTHING

-- claim_digests --
-- Lease whose turn it is; nobody's while on hold. $1 now, $2 lease until, $3 limit.
UPDATE digests SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM digests WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_digest --
-- When somebody's turn is next: what failed waits for its lease, everybody for a hold.
SELECT min(next_step_at) FROM digests WHERE lease_until IS NULL AND (SELECT since FROM hold) IS NULL

-- overdue_digests --
-- Count whose turn it is. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM digests WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- forget_digests --
-- Of these, who has left. $1 ids.
DELETE FROM digests USING people WHERE digests.id = ANY($1) AND people.id = digests.id AND left_at IS NOT NULL

-- digests --
-- Whose turn it is of these, held. $1 ids, $2 now.
SELECT digests.id, digests.kind, told_on, country
FROM digests LEFT JOIN people ON people.id = digests.id
JOIN agencies ON agencies.id = coalesce(people.agency_id, digests.id)
WHERE digests.id = ANY($1) AND next_step_at <= $2 ORDER BY digests.id FOR UPDATE OF digests

-- step_digests --
-- $1 ids, $2 when they were told last, $3 when their next turns are.
UPDATE digests SET told_on = new.told_on, next_step_at = new.next_step_at, lease_until = NULL, attempts = 0
FROM unnest($1::uuid[], $2::date[], $3::timestamptz[]) AS new (id, told_on, next_step_at)
WHERE digests.id = new.id

-- carried_reviews --
-- The open reviews that people own, or of the cases that they coordinate. $1 people, $2 due before, or null for all.
SELECT reviews.case_id, owner_id, coordinator_id, due_at
FROM reviews JOIN cases ON cases.id = reviews.case_id AND closed_at IS NULL
WHERE state = 'open' AND ($2::timestamptz IS NULL OR due_at < $2) AND reviews.id IN (
    SELECT id FROM reviews WHERE state = 'open' AND owner_id = ANY($1)
    UNION ALL
    SELECT led.id FROM cases JOIN reviews AS led ON led.case_id = cases.id AND led.state = 'open'
    WHERE closed_at IS NULL AND coordinator_id = ANY($1))

-- carried_clocks --
-- The clocks that people own, or of the cases that they coordinate, due before $2. $1 people.
SELECT case_clocks.case_id, owner_id, coordinator_id, due_at
FROM case_clocks JOIN cases ON cases.id = case_clocks.case_id AND closed_at IS NULL
WHERE due_at < $2 AND (owner_id = ANY($1) OR coordinator_id = ANY($1))

-- carried_measures --
-- What people owe, or what is owed in the cases that they coordinate. $1 people, $2 by a day before.
SELECT owed_measures.case_id, compartment_id, owner_id, coordinator_id, deadline
FROM owed_measures JOIN cases ON cases.id = owed_measures.case_id AND cases.closed_at IS NULL
JOIN compartments ON compartments.id = compartment_id AND compartments.closed_at IS NULL
WHERE deadline < $2 AND (owner_id = ANY($1) OR coordinator_id = ANY($1)) AND EXISTS (
    SELECT FROM vault_contents
    WHERE vault_contents.compartment_id = owed_measures.compartment_id AND vault_contents.record = owed_measures.record)

-- forget_told --
-- What was told as numbers, of no case: how much somebody had to do is not kept. $1 told before.
DELETE FROM outbox WHERE created_at < $1 AND state NOT IN ('pending', 'sending') AND case_id IS NULL
  AND (key LIKE 'digest:%' OR key LIKE 'folded:%')

-- opened_for --
-- For whom some of these cases were opened, who is not to know of them. $1 cases.
SELECT id AS case_id, opened_for AS person_id FROM cases WHERE id = ANY($1) AND opened_for IS NOT NULL

-- rings_of --
-- How often reminders rang these people, held; those without a row get one. $1 people, in order, $2 now.
INSERT INTO reminder_rings (person_id, since, rung, folded)
SELECT person_id, $2, 0, 0 FROM unnest($1::uuid[]) AS asked (person_id)
ON CONFLICT (person_id) DO UPDATE SET rung = reminder_rings.rung
RETURNING person_id, since, rung, folded

-- put_rings --
-- $1 people, $2 since when, $3 how often they were rung, $4 how much was folded, $5 when they are told of that.
UPDATE reminder_rings SET since = new.since, rung = new.rung, folded = new.folded, next_step_at = new.next_step_at,
    lease_until = NULL, attempts = 0
FROM unnest($1::uuid[], $2::timestamptz[], $3::integer[], $4::integer[], $5::timestamptz[])
    AS new (person_id, since, rung, folded, next_step_at)
WHERE reminder_rings.person_id = new.person_id

-- claim_rings --
-- Lease who is to be told of what was folded; nobody while on hold. $1 now, $2 lease until, $3 limit.
UPDATE reminder_rings SET lease_until = $2, attempts = attempts + 1
WHERE person_id IN (
    SELECT person_id FROM reminder_rings WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING person_id AS id, attempts, next_step_at AS due_at

-- next_rings --
-- When somebody is to be told next: what failed waits for its lease, everybody for a hold.
SELECT min(next_step_at) FROM reminder_rings WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_rings --
-- Count who is to be told. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM reminder_rings WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- folded_rings --
-- Who of these is to be told, held; whoever has left is forgotten. $1 people, $2 now.
WITH gone AS (
    DELETE FROM reminder_rings USING people
    WHERE reminder_rings.person_id = ANY($1) AND people.id = reminder_rings.person_id AND left_at IS NOT NULL)
SELECT person_id, since, rung, folded FROM reminder_rings JOIN people ON people.id = person_id AND left_at IS NULL
WHERE person_id = ANY($1) AND next_step_at <= $2 ORDER BY person_id FOR UPDATE OF reminder_rings

-- put_off_rings --
-- $1 people, $2 until.
UPDATE reminder_rings SET next_step_at = $2, lease_until = NULL, attempts = 0
WHERE person_id = ANY($1) AND next_step_at IS NOT NULL

-- cases_to_forget --
-- Cases that were closed long enough ago and of which more is known than who was in them: nothing of them is held, and
-- no duty after an alert waits. $1 closed until then, $2 limit, $3 just this one or null.
SELECT id FROM cases WHERE closed_at <= $1 AND forgotten_at IS NULL AND ($3::uuid IS NULL OR id = $3)
  AND (SELECT since FROM hold) IS NULL
  AND NOT EXISTS (
      SELECT FROM vault_circles JOIN compartments ON compartments.id = vault_circles.compartment_id
      WHERE compartments.case_id = cases.id AND vault_circles.held AND vault_circles.erased_at IS NULL)
  AND NOT EXISTS (SELECT FROM incident_duties WHERE incident_duties.case_id = cases.id AND done_at IS NULL)
ORDER BY closed_at LIMIT $2

-- forget_case --
-- Its level, reviews, what is owed, what happened, its operations. $1 case, $2 now.
WITH steps AS (
    DELETE FROM milestones USING operations WHERE operations.id = operation_id AND operations.case_id = $1),
calls AS (DELETE FROM safe_calls WHERE case_id = $1),
together AS (DELETE FROM on_the_way USING operations WHERE operations.id = way_id AND operations.case_id = $1),
ways AS (DELETE FROM operations WHERE case_id = $1),
levels AS (DELETE FROM risk_levels WHERE case_id = $1),
lowerings AS (DELETE FROM level_lowerings WHERE case_id = $1),
gone AS (DELETE FROM reviews WHERE case_id = $1),
duties AS (DELETE FROM review_duties WHERE case_id = $1),
owed AS (DELETE FROM owed_measures WHERE case_id = $1),
clocks AS (DELETE FROM case_clocks WHERE case_id = $1),
dates AS (DELETE FROM case_dates WHERE case_id = $1),
events AS (DELETE FROM case_events WHERE case_id = $1)
UPDATE cases SET forgotten_at = $2 WHERE id = $1

-- put_clock --
-- $1 id, $2 case, $3 kind, $4 owner, $5 since, $6 due at, $7 step, $8 when its next step is due.
INSERT INTO case_clocks (id, case_id, kind, owner_id, since, due_at, step, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (case_id, kind) DO UPDATE SET owner_id = EXCLUDED.owner_id, since = EXCLUDED.since,
    due_at = EXCLUDED.due_at, step = EXCLUDED.step, next_step_at = EXCLUDED.next_step_at

-- clocks_of_cases --
-- $1 cases.
SELECT id, case_id, kind, owner_id, since, due_at, step, next_step_at FROM case_clocks
WHERE case_id = ANY($1) ORDER BY due_at, id

-- cases_of_clocks --
-- $1 ids.
SELECT DISTINCT case_id FROM case_clocks WHERE id = ANY($1)

-- clocks --
-- $1 ids.
SELECT id, case_id, kind, owner_id, since, due_at, step, next_step_at FROM case_clocks
WHERE id = ANY($1) ORDER BY next_step_at, id FOR UPDATE

-- claim_clocks --
-- Lease clocks that are due; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE case_clocks SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM case_clocks WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_clock --
-- When the next one is due: what failed waits for its lease, all of it for a hold.
SELECT min(next_step_at) FROM case_clocks WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_clocks --
-- Count clocks that are due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM case_clocks WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- step_clock --
-- $1 id, $2 step, $3 when the next one is due, $4 owner.
UPDATE case_clocks SET step = $2, next_step_at = $3, owner_id = $4, lease_until = NULL, attempts = 0 WHERE id = $1

-- end_clock --
-- $1 case, $2 kind.
DELETE FROM case_clocks WHERE case_id = $1 AND kind = $2 RETURNING id

-- case_dates --
-- $1 case.
SELECT at, told_at FROM case_dates WHERE case_id = $1 ORDER BY at

-- add_case_date --
-- $1 case, $2 at, $3 now.
INSERT INTO case_dates (case_id, at, told_at) VALUES ($1, $2, $3) ON CONFLICT (case_id, at) DO NOTHING RETURNING at

-- take_case_date --
-- $1 case, $2 at.
DELETE FROM case_dates WHERE case_id = $1 AND at = $2 RETURNING at

-- organisations_without_review --
-- Cases that were opened behind somebody's back do not count: an organisation's review shows to all who work there.
-- $1 kinds that help, $2 limit, $3 agencies among which, or null for all.
SELECT id FROM agencies WHERE kind = ANY($1) AND suspended_at IS NULL AND ($3::uuid[] IS NULL OR id = ANY($3))
  AND EXISTS (
      SELECT FROM case_agencies JOIN cases ON cases.id = case_agencies.case_id
      WHERE case_agencies.agency_id = agencies.id AND cases.closed_at IS NULL AND cases.opened_for IS NULL)
  AND NOT EXISTS (SELECT FROM organisation_reviews WHERE organisation_reviews.agency_id = agencies.id)
ORDER BY id LIMIT $2

-- levels_of_agency --
-- $1 agency.
SELECT DISTINCT coalesce(risk_levels.level, 'not_yet_assessed') AS level
FROM case_agencies JOIN cases ON cases.id = case_agencies.case_id AND cases.closed_at IS NULL
    AND cases.opened_for IS NULL
LEFT JOIN risk_levels ON risk_levels.case_id = cases.id
WHERE case_agencies.agency_id = $1

-- helps_since --
-- Since when an agency helps in the oldest of its open cases. $1 agency.
SELECT min(cases.opened_at) FROM case_agencies
JOIN cases ON cases.id = case_agencies.case_id AND cases.closed_at IS NULL AND cases.opened_for IS NULL
WHERE case_agencies.agency_id = $1

-- hold_organisation_reviews --
-- $1 agencies.
SELECT agency_id, since, due_at, step, next_step_at FROM organisation_reviews
WHERE agency_id = ANY($1) ORDER BY agency_id FOR UPDATE

-- organisation_review --
-- $1 agency.
SELECT agency_id, since, due_at, step, next_step_at FROM organisation_reviews WHERE agency_id = $1

-- put_organisation_review --
-- $1 agency, $2 since, $3 due at, $4 step, $5 when the next one is due.
INSERT INTO organisation_reviews (agency_id, since, due_at, step, next_step_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (agency_id) DO UPDATE SET since = EXCLUDED.since, due_at = EXCLUDED.due_at, step = EXCLUDED.step,
    next_step_at = EXCLUDED.next_step_at, lease_until = NULL, attempts = 0

-- open_organisation_review --
-- Whoever opened it a moment ago is not overwritten.
-- $1 agency, $2 since, $3 due, $4 step, $5 next step.
INSERT INTO organisation_reviews (agency_id, since, due_at, step, next_step_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING

-- forget_organisation_review --
-- $1 agency.
DELETE FROM organisation_reviews WHERE agency_id = $1

-- claim_organisation_reviews --
-- Lease what is due; nothing while on hold. $1 now, $2 lease until, $3 limit.
UPDATE organisation_reviews SET lease_until = $2, attempts = attempts + 1
WHERE agency_id IN (
    SELECT agency_id FROM organisation_reviews
    WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING agency_id AS id, attempts, next_step_at AS due_at

-- next_organisation_review --
-- When the next one is due: what failed waits for its lease, all of it for a hold.
SELECT min(next_step_at) FROM organisation_reviews WHERE lease_until IS NULL AND (SELECT since FROM hold) IS NULL

-- overdue_organisation_reviews --
-- Count those that are due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM organisation_reviews WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- hand_on --
-- What people own in a case who are in its core no more becomes its coordinator's. $1 case, $2 coordinator, $3 members.
WITH handed_reviews AS (
    UPDATE reviews SET owner_id = $2
    WHERE case_id = $1 AND state = 'open' AND owner_id <> $2 AND NOT owner_id = ANY($3) RETURNING id),
handed_clocks AS (
    UPDATE case_clocks SET owner_id = $2
    WHERE case_id = $1 AND owner_id <> $2 AND NOT owner_id = ANY($3) RETURNING id)
SELECT (SELECT count(*) FROM handed_reviews) + (SELECT count(*) FROM handed_clocks)
