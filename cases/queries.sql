-- add_case --
-- $1 id, $2 codename, $3 language, $4 coordinator, $5 deputy, $6 now.
INSERT INTO cases (id, codename, language, coordinator_id, deputy_id, opened_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- codename_taken --
-- $1 codename.
SELECT EXISTS (SELECT FROM cases WHERE codename = $1)
    OR EXISTS (SELECT FROM compartments WHERE codename = $1)

-- cases_by_id --
-- $1 ids.
SELECT * FROM cases WHERE id = ANY($1) ORDER BY codename

-- lock_case --
-- Hold a case while it is changed. $1 id.
SELECT id FROM cases WHERE id = $1 FOR UPDATE

-- share_case --
-- Keep a case from being changed while it is acted upon. $1 id.
SELECT id FROM cases WHERE id = $1 FOR SHARE

-- case_of_compartment --
-- $1 compartment.
SELECT case_id FROM compartments WHERE id = $1

-- cases_of_person --
-- The open cases in which a person has a part. $1 person.
SELECT id FROM cases WHERE closed_at IS NULL
  AND (coordinator_id = $1 OR deputy_id = $1 OR id IN (
      SELECT compartments.case_id FROM compartment_members
      JOIN compartments ON compartments.id = compartment_members.compartment_id
      WHERE compartment_members.person_id = $1 AND compartment_members.until IS NULL))
  AND NOT EXISTS (SELECT FROM exclusions WHERE exclusions.case_id = cases.id AND exclusions.person_id = $1)

-- case_by_codename --
-- $1 codename.
SELECT case_id FROM compartments WHERE codename = $1

-- case_agencies --
-- $1 cases.
SELECT case_id, agency_id, part FROM case_agencies WHERE case_id = ANY($1)

-- put_agency --
-- $1 case, $2 agency, $3 part.
INSERT INTO case_agencies (case_id, agency_id, part) VALUES ($1, $2, $3)
ON CONFLICT (case_id, agency_id) DO UPDATE SET part = EXCLUDED.part

-- set_leaders --
-- $1 case, $2 coordinator, $3 deputy.
UPDATE cases SET coordinator_id = $2, deputy_id = $3 WHERE id = $1

-- close_case --
-- $1 case, $2 now.
UPDATE cases SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL

-- add_compartment --
-- $1 id, $2 case, $3 codename, $4 core, $5 now.
INSERT INTO compartments (id, case_id, codename, core, opened_at) VALUES ($1, $2, $3, $4, $5)

-- close_compartments --
-- Close one compartment, or all of a case; everybody leaves. $1 case, $2 compartment or null, $3 now.
WITH closed AS (
    UPDATE compartments SET closed_at = $3, membership_version = membership_version + 1
    WHERE case_id = $1 AND ($2::uuid IS NULL OR id = $2) AND closed_at IS NULL RETURNING id)
UPDATE compartment_members SET until = $3
WHERE compartment_id IN (SELECT id FROM closed) AND until IS NULL

-- compartments --
-- $1 cases.
SELECT * FROM compartments WHERE case_id = ANY($1) ORDER BY core DESC, codename

-- compartments_by_id --
-- $1 ids.
SELECT * FROM compartments WHERE id = ANY($1)

-- members --
-- $1 compartments.
SELECT compartment_id, person_id FROM compartment_members WHERE compartment_id = ANY($1) AND until IS NULL

-- add_member --
-- $1 compartment, $2 person, $3 granted by, $4 now.
INSERT INTO compartment_members (compartment_id, person_id, granted_by, since) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- end_membership --
-- End a person's membership of a compartment, or of all in a case. $1 case, $2 compartment or null,
-- $3 person, $4 now.
UPDATE compartment_members SET until = $4
WHERE person_id = $3 AND until IS NULL AND compartment_id IN (
    SELECT id FROM compartments WHERE case_id = $1 AND ($2::uuid IS NULL OR id = $2))
RETURNING compartment_id

-- membership_changed --
-- $1 compartments.
UPDATE compartments SET membership_version = membership_version + 1 WHERE id = ANY($1)

-- exclude --
-- $1 case, $2 person, $3 by, $4 now.
INSERT INTO exclusions (case_id, person_id, excluded_by, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- exclusions --
-- $1 cases.
SELECT case_id, person_id FROM exclusions WHERE case_id = ANY($1)

-- led_cases --
-- Open cases that a person leads. $1 person.
SELECT id FROM cases WHERE closed_at IS NULL AND (coordinator_id = $1 OR deputy_id = $1) ORDER BY id

-- cases_of_member --
-- Cases, closed ones too, in which a person is still a member of something. $1 person.
SELECT DISTINCT compartments.case_id FROM compartment_members
JOIN compartments ON compartments.id = compartment_members.compartment_id
WHERE compartment_members.person_id = $1 AND compartment_members.until IS NULL

-- sequencer_lock --
-- One sequencer at a time; whoever does not get it leaves the work to the other. $1 lock number.
SELECT pg_try_advisory_xact_lock($1)

-- unchained --
-- $1 limit.
SELECT * FROM ledger WHERE position IS NULL ORDER BY entry LIMIT $1

-- ledger_head --
SELECT position, hash FROM ledger WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1

-- chain --
-- $1 entry, $2 position, $3 hash.
UPDATE ledger SET position = $2, hash = $3 WHERE entry = $1 AND position IS NULL

-- ledger_page --
-- $1 after position, $2 limit.
SELECT * FROM ledger WHERE position > $1 ORDER BY position LIMIT $2

-- ledger_chained --
-- How many entries stand in the chain up to here, and where no chain has a place. $1 position.
SELECT count(*) FROM ledger WHERE position <= $1

-- ledger_waiting --
SELECT count(*) FROM ledger WHERE position IS NULL
