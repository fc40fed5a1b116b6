-- add_case --
-- $1 id, $2 codename, $3 language, $4 coordinator, $5 deputy, $6 now, $7 who is forced, where it is opened for that.
INSERT INTO cases (id, codename, language, coordinator_id, deputy_id, opened_at, opened_for)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- case_opened_for --
-- The open case of whoever is forced and had none. $1 person.
SELECT id FROM cases WHERE opened_for = $1 AND closed_at IS NULL

-- codename_taken --
-- $1 codename.
SELECT EXISTS (SELECT FROM cases WHERE codename = $1)
    OR EXISTS (SELECT FROM compartments WHERE codename = $1)

-- cases_by_id --
-- Cases with the agencies' parts, the compartments with their members, and who is excluded, all as one piece of JSON:
-- what is read into objects anyway is read fastest so. $1 ids.
SELECT json_agg(found ORDER BY codename) FROM (SELECT cases.*,
    coalesce((SELECT json_object_agg(agency_id, part) FROM case_agencies WHERE case_id = cases.id), '{}') AS agencies,
    ARRAY(SELECT person_id FROM exclusions WHERE case_id = cases.id) AS excluded_ids,
    (SELECT json_agg(circle ORDER BY core DESC, codename) FROM (
        SELECT id, case_id, codename, core, membership_version, closed_at, ARRAY(
            SELECT person_id FROM compartment_members
            WHERE compartment_id = compartments.id AND until IS NULL) AS member_ids
        FROM compartments WHERE case_id = cases.id) AS circle) AS compartments
FROM cases
-- Written as a SELECT so that it is planned once, and not for every list anew.
WHERE id = ANY(ARRAY(SELECT unnest($1::uuid[])))) AS found

-- lock_case --
-- Hold a case while it is changed. $1 id.
SELECT id FROM cases WHERE id = $1 FOR UPDATE

-- share_cases --
-- Keep cases from being changed while they are acted upon. $1 ids.
SELECT id FROM cases WHERE id = ANY(ARRAY(SELECT unnest($1::uuid[]))) ORDER BY id FOR SHARE

-- lock_case_of_compartment --
-- Hold the case that a compartment belongs to while it is changed. $1 compartment.
SELECT cases.id FROM cases JOIN compartments ON compartments.case_id = cases.id
WHERE compartments.id = $1 FOR UPDATE OF cases

-- share_case_of_compartment --
-- Keep the case that a compartment belongs to from being changed while it is acted upon. $1 compartment.
SELECT cases.id FROM cases JOIN compartments ON compartments.case_id = cases.id
WHERE compartments.id = $1 FOR SHARE OF cases

-- cases_of_person --
-- The open cases in which a person has a part, all as `cases_by_id` shows them. $1 person.
SELECT json_agg(found ORDER BY codename) FROM (SELECT cases.*,
    coalesce((SELECT json_object_agg(agency_id, part) FROM case_agencies WHERE case_id = cases.id), '{}') AS agencies,
    ARRAY(SELECT person_id FROM exclusions WHERE case_id = cases.id) AS excluded_ids,
    (SELECT json_agg(circle ORDER BY core DESC, codename) FROM (
        SELECT id, case_id, codename, core, membership_version, closed_at, ARRAY(
            SELECT person_id FROM compartment_members
            WHERE compartment_id = compartments.id AND until IS NULL) AS member_ids
        FROM compartments WHERE case_id = cases.id) AS circle) AS compartments
FROM cases WHERE closed_at IS NULL
  AND (coordinator_id = $1 OR deputy_id = $1 OR id IN (
      SELECT compartments.case_id FROM compartment_members
      JOIN compartments ON compartments.id = compartment_members.compartment_id
      WHERE compartment_members.person_id = $1 AND compartment_members.until IS NULL))
  AND NOT EXISTS (SELECT FROM exclusions WHERE exclusions.case_id = cases.id AND exclusions.person_id = $1)) AS found

-- case_by_codename --
-- $1 codename.
SELECT case_id FROM compartments WHERE codename = $1

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

-- add_member --
-- Add a member where it is news, and wake whoever staffs rooms. $1 compartment, $2 person, $3 granted by, $4 now.
WITH added AS (
    INSERT INTO compartment_members (compartment_id, person_id, granted_by, since) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING compartment_id),
changed AS (
    UPDATE compartments SET membership_version = membership_version + 1
    WHERE id IN (SELECT compartment_id FROM added) RETURNING id)
SELECT pg_notify('streha_rooms', '') FROM changed

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

-- shared_with --
-- Who is in an open compartment of a case in which somebody was at the same time. $1 case, $2 person.
SELECT DISTINCT theirs.person_id
FROM compartments
JOIN compartment_members AS his ON his.compartment_id = compartments.id AND his.person_id = $2
JOIN compartment_members AS theirs
    ON theirs.compartment_id = compartments.id AND theirs.person_id <> $2 AND theirs.until IS NULL
    AND (his.until IS NULL OR theirs.since <= his.until)
WHERE compartments.case_id = $1 AND compartments.closed_at IS NULL

-- not_waiting_for_the_disk --
-- This transaction ends without waiting until it is on the disk.
SET LOCAL synchronous_commit = off

-- barred_asking --
-- The cases and compartments among these ids from which a person is barred and of which they have not asked since a
-- moment: the compartment, or the core of a case. $1 person, $2 ids, $3 since when.
SELECT compartments.case_id, compartments.id AS compartment_id
FROM exclusions JOIN compartments ON compartments.case_id = exclusions.case_id
WHERE exclusions.person_id = $1
  AND (compartments.id = ANY($2::uuid[]) OR (compartments.core AND compartments.case_id = ANY($2::uuid[])))
  AND NOT EXISTS (
      SELECT FROM ledger
      WHERE ledger.case_id = compartments.case_id AND ledger.object_id = compartments.id AND ledger.actor_id = $1
        AND ledger.act = 'asked_while_barred' AND ledger.at > $3)

-- exclusions --
-- $1 cases.
SELECT case_id, person_id FROM exclusions WHERE case_id = ANY($1)

-- taken_out --
-- Who of these people was taken out of compartments of these cases and has no part any more: is in none of them, neither
-- when it was closed, leads none of the cases, sits at no duty desk and answers for no agency. $1 cases, $2 people.
SELECT DISTINCT cases.id AS case_id, members.person_id
FROM compartment_members AS members
JOIN compartments ON compartments.id = members.compartment_id
JOIN cases ON cases.id = compartments.case_id
JOIN people ON people.id = members.person_id
WHERE cases.id = ANY($1) AND people.id = ANY($2) AND people.role = 'practitioner'
  AND people.id <> cases.coordinator_id AND people.id IS DISTINCT FROM cases.deputy_id
  AND NOT EXISTS (SELECT FROM duty_officers WHERE duty_officers.person_id = people.id)
  AND NOT EXISTS (
      SELECT FROM compartment_members AS present JOIN compartments AS theirs ON theirs.id = present.compartment_id
      WHERE theirs.case_id = cases.id AND present.person_id = people.id
        AND (present.until IS NULL OR present.until = theirs.closed_at))

-- led_cases --
-- Open cases that a person leads. $1 person.
SELECT id FROM cases WHERE closed_at IS NULL AND (coordinator_id = $1 OR deputy_id = $1) ORDER BY id

-- cases_of_member --
-- Cases, closed ones too, in which a person is still a member of something. $1 person.
SELECT DISTINCT compartments.case_id FROM compartment_members
JOIN compartments ON compartments.id = compartment_members.compartment_id
WHERE compartment_members.person_id = $1 AND compartment_members.until IS NULL

-- unchained --
-- What waits to be chained, the oldest first, each with the head of the chain. $1 limit.
SELECT waiting.*, head.position AS head_position, head.hash AS head_hash
FROM (SELECT * FROM ledger WHERE position IS NULL ORDER BY entry LIMIT $1) AS waiting
LEFT JOIN (SELECT position, hash FROM ledger WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1) AS head
    ON true
ORDER BY waiting.entry

-- ledger_head --
SELECT position, hash FROM ledger WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1

-- chain --
-- Give entries their places, all of them or none, one sequencer at a time; return how many, and tell whoever follows the
-- chain up to where it goes. None where others have chained one of them; a place that is filled already is refused. It is on the disk before
-- anybody sees it: a head that somebody knew and that is lost means that the database was restored.
-- $1 entries, $2 positions, $3 hashes, $4 lock number.
WITH alone AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true), pg_advisory_xact_lock($4)),
waiting AS MATERIALIZED (
    SELECT entry FROM alone, ledger WHERE entry = ANY($1::bigint[]) AND position IS NULL
    ORDER BY entry FOR UPDATE OF ledger),
chained AS (
    UPDATE ledger SET position = place.position, hash = place.hash
    FROM unnest($1, $2::bigint[], $3::bytea[]) AS place (entry, position, hash)
    WHERE ledger.entry = place.entry AND (SELECT count(*) FROM waiting) = cardinality($1) RETURNING ledger.position)
SELECT count(*), pg_notify('streha_positions', max(position)::text) FROM chained HAVING count(*) > 0

-- ledger_page --
-- $1 after position, $2 limit.
SELECT * FROM ledger WHERE position > $1 ORDER BY position LIMIT $2

-- ledger_chained --
-- How many entries stand in the chain up to here, and where no chain has a place. $1 position.
SELECT count(*) FROM ledger WHERE position <= $1

-- ledger_waiting --
SELECT count(*) FROM ledger WHERE position IS NULL

-- unchained_acts --
-- Count the acts that wait for the chain, and when the oldest was recorded. $1 how many are looked at.
SELECT count(*) AS acts, min(at) AS oldest
FROM (SELECT at FROM ledger WHERE position IS NULL ORDER BY entry LIMIT $1) AS waiting

-- last_chained --
-- The last act of the chain.
SELECT position, at FROM ledger WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1

-- standings --
-- What these people are in these cases: leaders, and members of which circles; nobody who is excluded or has left.
-- $1 cases, $2 people.
WITH parts AS (
    SELECT cases.id AS case_id, leader.id AS person_id, NULL::uuid AS compartment_id, false AS core
    FROM cases CROSS JOIN LATERAL unnest(ARRAY[coordinator_id, deputy_id]) AS leader (id)
    WHERE cases.id = ANY($1)
    UNION ALL
    SELECT compartments.case_id, compartment_members.person_id, compartments.id, compartments.core
    FROM compartments JOIN compartment_members ON compartment_members.compartment_id = compartments.id
    WHERE compartments.case_id = ANY($1) AND compartment_members.until IS NULL)
SELECT parts.case_id, parts.person_id, cases.closed_at IS NULL AS open, bool_or(compartment_id IS NULL) AS leads,
    bool_or(core) AS in_core, array_remove(array_agg(compartment_id), NULL) AS compartment_ids
FROM parts JOIN cases ON cases.id = parts.case_id
JOIN people ON people.id = parts.person_id AND people.left_at IS NULL
WHERE parts.person_id = ANY($2)
  AND NOT EXISTS (SELECT FROM exclusions
                  WHERE exclusions.case_id = parts.case_id AND exclusions.person_id = parts.person_id)
GROUP BY parts.case_id, parts.person_id, cases.closed_at

-- closed_upon --
-- Who of these people was in a circle until it was closed, by itself or with its case. $1 cases and compartments,
-- $2 people.
SELECT DISTINCT closed.id, compartment_members.person_id
FROM unnest($1::uuid[]) AS closed (id)
JOIN compartments ON compartments.id = closed.id OR compartments.case_id = closed.id
JOIN compartment_members ON compartment_members.compartment_id = compartments.id
WHERE compartment_members.until = compartments.closed_at AND compartment_members.person_id = ANY($2)

-- members_until_closed --
-- Who was in a compartment until it was closed. $1 compartment.
SELECT person_id FROM compartment_members JOIN compartments ON compartments.id = compartment_members.compartment_id
WHERE compartments.id = $1 AND compartment_members.until = compartments.closed_at

-- shown_duty --
-- Whose boards show who is on duty at an agency: its own staff's, everybody's with a part in an open case of that
-- agency, and the same of every agency that its desk covers for. $1 duty desks and people of agencies, $2 people.
WITH asked AS (
    SELECT id, agency_id FROM duty_desks WHERE id = ANY($1)
    UNION ALL
    SELECT id, agency_id FROM people WHERE id = ANY($1)),
agencies_concerned AS (
    SELECT id, agency_id FROM asked
    UNION
    SELECT asked.id, covered.agency_id FROM asked
    JOIN duty_desks AS covering ON covering.agency_id = asked.agency_id
    JOIN duty_desks AS covered ON covered.covered_by = covering.id),
shown AS (
    SELECT concerned.id, people.id AS person_id FROM agencies_concerned AS concerned
    JOIN people ON people.agency_id = concerned.agency_id
    UNION
    SELECT concerned.id, part.person_id FROM agencies_concerned AS concerned
    JOIN case_agencies ON case_agencies.agency_id = concerned.agency_id
    JOIN cases ON cases.id = case_agencies.case_id AND cases.closed_at IS NULL
    CROSS JOIN LATERAL (
        SELECT unnest(ARRAY[cases.coordinator_id, cases.deputy_id]) AS person_id
        UNION ALL
        SELECT compartment_members.person_id FROM compartments
        JOIN compartment_members ON compartment_members.compartment_id = compartments.id
        WHERE compartments.case_id = cases.id AND compartment_members.until IS NULL) AS part
    WHERE NOT EXISTS (SELECT FROM exclusions
                      WHERE exclusions.case_id = cases.id AND exclusions.person_id = part.person_id))
SELECT shown.id, shown.person_id FROM shown JOIN people ON people.id = shown.person_id
WHERE people.left_at IS NULL AND shown.person_id = ANY($2)

-- standing --
-- Whether this database is on hold, the head of its ledger, and the hash at a position that is known. $1 position.
SELECT hold.generation, hold.since, hold.why, hold.lost_position, hold.lost_hash, hold.place,
    head.position AS head_position, head.hash AS head_hash,
    (SELECT hash FROM ledger WHERE position = $1) AS hash_there
FROM hold LEFT JOIN LATERAL (
    SELECT position, hash FROM ledger WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1) AS head ON true

-- here --
-- Which database this is: a dump that is read in elsewhere, or beside, is another one.
SELECT system_identifier::text || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()

-- settle_here --
-- Note which database this is, where nobody has yet. $1 place.
UPDATE hold SET place = $1 WHERE place IS NULL

-- begin_hold --
-- Nothing that is older is acted on any more; nothing where it is so already. $1 since, $2 why, $3 place, $4 position and
-- $5 hash of the head that is lost, $6 how often somebody had resumed when it was seen.
UPDATE hold SET since = $1, why = $2, place = coalesce($3, place), lost_position = $4, lost_hash = $5,
    generation = greatest(generation, $6)
WHERE since IS NULL

-- note_lost_head --
-- Somebody knew a later head than those that were missed before, or of a later resumption. $1 position, $2 hash,
-- $3 how often somebody had resumed by then.
UPDATE hold SET lost_hash = CASE WHEN coalesce(lost_position, -1) < $1 THEN $2 ELSE lost_hash END,
    lost_position = greatest(lost_position, $1), generation = greatest(generation, $3)
WHERE since IS NOT NULL AND (coalesce(lost_position, -1) < $1 OR generation < $3)

-- end_hold --
-- $1 since when it was on hold.
UPDATE hold SET since = NULL, why = NULL, lost_position = NULL, lost_hash = NULL, generation = generation + 1
WHERE since = $1

-- held_people --
-- Who leads an open case, and who sits at a duty desk, each with the room where they hear of a hold.
SELECT 'person' AS target_kind, people.id AS target_id, people.id AS person_id FROM people
WHERE people.left_at IS NULL AND EXISTS (
    SELECT FROM cases WHERE closed_at IS NULL AND people.id IN (coordinator_id, deputy_id))
UNION
SELECT 'desk', duty_officers.desk_id, people.id FROM duty_officers JOIN people ON people.id = duty_officers.person_id
WHERE people.left_at IS NULL

-- longest_member --
-- Who else has been in a compartment the longest and is there still. $1 compartment, $2 whoever leaves.
SELECT compartment_members.person_id FROM compartment_members JOIN people ON people.id = compartment_members.person_id
WHERE compartment_members.compartment_id = $1 AND compartment_members.until IS NULL AND people.left_at IS NULL
  AND people.id <> $2
ORDER BY compartment_members.since, people.id LIMIT 1

-- readmit --
-- End an exclusion. $1 case, $2 person.
DELETE FROM exclusions WHERE case_id = $1 AND person_id = $2

-- has_vault_log --
-- Whether the members of a compartment are decided by its log. $1 compartment.
SELECT EXISTS (SELECT FROM vault_circles WHERE compartment_id = $1)

-- put_vault_circle --
-- $1 compartment, $2 epoch, $3 who was given its key, $4 whether it is closed, $5 whether it is under legal hold,
-- $6 until when it is kept, $7 when it ends, or was seen to be closed: the earlier stays.
INSERT INTO vault_circles (compartment_id, epoch, granted, closed, held, keep_until, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (compartment_id) DO UPDATE SET epoch = EXCLUDED.epoch, granted = EXCLUDED.granted, closed = EXCLUDED.closed,
    held = EXCLUDED.held, keep_until = EXCLUDED.keep_until, ends_at = LEAST(vault_circles.ends_at, EXCLUDED.ends_at),
    rekeyed = vault_circles.rekeyed AND vault_circles.epoch = EXCLUDED.epoch

-- vault_erased_at --
-- $1 compartment.
SELECT erased_at FROM vault_circles WHERE compartment_id = $1

-- vaults_to_erase --
-- Vaults whose time has come: what was said to be kept is kept no longer, they ended long enough ago, nobody holds them,
-- and no alert is open in their case. $1 now, $2 ended until then, $3 limit, $4 just this one or null.
SELECT vault_circles.compartment_id, compartments.case_id
FROM vault_circles JOIN compartments ON compartments.id = vault_circles.compartment_id
WHERE vault_circles.erased_at IS NULL AND NOT vault_circles.held AND vault_circles.keep_until <= $1
  AND LEAST(vault_circles.ends_at, compartments.closed_at) <= $2
  AND ($4::uuid IS NULL OR compartments.id = $4)
  AND (SELECT since FROM hold) IS NULL
ORDER BY vault_circles.keep_until LIMIT $3

-- erase_vault --
-- What opens records and the records themselves. $1 compartment, $2 now.
WITH contents AS (DELETE FROM vault_contents WHERE compartment_id = $1),
grants AS (DELETE FROM vault_epoch_grants WHERE compartment_id = $1),
histories AS (DELETE FROM vault_history_grants WHERE compartment_id = $1)
UPDATE vault_circles SET erased_at = $2 WHERE compartment_id = $1

-- members_to_forget --
-- Cases that were closed long enough ago, where nothing is sealed any more and it is still known who was in them.
-- $1 closed until then, $2 limit.
SELECT id FROM cases WHERE closed_at <= $1 AND forgotten_at IS NOT NULL
  AND (SELECT since FROM hold) IS NULL
  AND NOT EXISTS (
      SELECT FROM vault_circles JOIN compartments ON compartments.id = vault_circles.compartment_id
      WHERE compartments.case_id = cases.id AND vault_circles.erased_at IS NULL)
  AND EXISTS (
      SELECT FROM compartment_members JOIN compartments ON compartments.id = compartment_members.compartment_id
      WHERE compartments.case_id = cases.id)
ORDER BY closed_at LIMIT $2

-- forget_members --
-- $1 case.
WITH members AS (
    DELETE FROM compartment_members WHERE compartment_id IN (SELECT id FROM compartments WHERE case_id = $1)),
lapses AS (DELETE FROM vault_lapses WHERE compartment_id IN (SELECT id FROM compartments WHERE case_id = $1)),
parts AS (DELETE FROM case_agencies WHERE case_id = $1)
DELETE FROM exclusions WHERE case_id = $1

-- any_under_legal_hold --
-- Whether an open compartment is under legal hold: just one, or any of a case. $1 case, $2 compartment or null.
SELECT EXISTS (
    SELECT FROM vault_circles JOIN compartments ON compartments.id = vault_circles.compartment_id
    WHERE compartments.case_id = $1 AND ($2::uuid IS NULL OR compartments.id = $2)
      AND vault_circles.held AND compartments.closed_at IS NULL)

-- note_rekeyed --
-- Note where somebody who has other keys now was given the newest key under the former ones. $1 person.
UPDATE vault_circles SET rekeyed = true WHERE granted @> ARRAY[$1::uuid]

-- forget_vault_lapses --
-- $1 compartment.
DELETE FROM vault_lapses WHERE compartment_id = $1

-- add_vault_lapses --
-- $1 compartment, $2 people, $3 moments.
INSERT INTO vault_lapses (compartment_id, person_id, lapses_at)
SELECT $1, person_id, lapses_at FROM unnest($2::uuid[], $3::timestamptz[]) AS each (person_id, lapses_at)

-- put_vault_content --
-- $1 compartment, $2 version, $3 record, $4 content.
INSERT INTO vault_contents (compartment_id, version, record, content) VALUES ($1, $2, $3, $4)

-- put_vault_wraps --
-- $1 compartment, $2 epoch, $3 versions, $4 wraps.
INSERT INTO vault_wraps (compartment_id, version, epoch, wrap)
SELECT $1, version, $2, wrap FROM unnest($3::uuid[], $4::bytea[]) AS each (version, wrap)

-- put_vault_grants --
-- $1 compartment, $2 epoch, $3 people, $4 statements.
INSERT INTO vault_epoch_grants (compartment_id, epoch, person_id, statement)
SELECT $1, $2, person_id, statement FROM unnest($3::uuid[], $4::bytea[]) AS each (person_id, statement)

-- erase_vault_record --
-- Contents of a record, and with them their wraps. $1 compartment, $2 record.
DELETE FROM vault_contents WHERE compartment_id = $1 AND record = $2

-- vault_grant --
-- One's own grant of an epoch, or of the newest. $1 compartment, $2 person, $3 epoch or null.
SELECT epoch, statement FROM vault_epoch_grants
WHERE compartment_id = $1 AND person_id = $2 AND ($3::bigint IS NULL OR epoch = $3)
ORDER BY epoch DESC LIMIT 1

-- vault_versions --
-- Versions with the wraps of epochs whose key the person was given, ascending. $1 compartment, $2 versions, $3 person,
-- $4 whether the contents come too.
SELECT version, CASE WHEN $4::boolean THEN content END AS content,
    ARRAY(SELECT vault_wraps.epoch FROM vault_wraps JOIN vault_epoch_grants USING (compartment_id, epoch)
        WHERE vault_wraps.compartment_id = $1 AND vault_wraps.version = vault_contents.version
          AND vault_epoch_grants.person_id = $3 ORDER BY vault_wraps.epoch) AS epochs,
    ARRAY(SELECT vault_wraps.wrap FROM vault_wraps JOIN vault_epoch_grants USING (compartment_id, epoch)
        WHERE vault_wraps.compartment_id = $1 AND vault_wraps.version = vault_contents.version
          AND vault_epoch_grants.person_id = $3 ORDER BY vault_wraps.epoch) AS wraps
FROM vault_contents WHERE compartment_id = $1 AND version = ANY($2) ORDER BY version

-- vault_sizes --
-- How long the contents of these versions are, ascending. $1 compartment, $2 versions.
SELECT version, octet_length(content) AS length FROM vault_contents
WHERE compartment_id = $1 AND version = ANY($2) ORDER BY version

-- add_vault_history --
-- $1 id, $2 compartment, $3 person, $4 statement, $5 now.
INSERT INTO vault_history_grants (id, compartment_id, person_id, statement, at) VALUES ($1, $2, $3, $4, $5)

-- vault_history --
-- $1 compartment, $2 person, $3 how many.
SELECT statement FROM vault_history_grants WHERE compartment_id = $1 AND person_id = $2 ORDER BY at DESC, id LIMIT $3

-- vault_acts --
-- What was done with a compartment's vault, chained, each with the hash before it. $1 case, $2 compartment, $3 acts,
-- $4 after position, $5 how many, $6 what the first follows.
SELECT act.*, coalesce(before.hash, $6::bytea) AS before
FROM ledger AS act LEFT JOIN ledger AS before ON before.position = act.position - 1
WHERE act.case_id = $1 AND act.position > $4 AND act.object_id = $2 AND act.act = ANY($3::text[])
ORDER BY act.position LIMIT $5

-- vault_acts_waiting --
-- How many acts of a compartment's vault have no place in the chain yet. $1 case, $2 compartment, $3 acts.
SELECT count(*) FROM ledger WHERE position IS NULL AND case_id = $1 AND object_id = $2 AND act = ANY($3::text[])

-- vault_histories --
-- Grants of past versions to anybody, ascending by id. $1 compartment, $2 after id or null, $3 how many.
SELECT id, statement FROM vault_history_grants
WHERE compartment_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3

-- case_of_compartment --
-- The case that a compartment belongs to, as it is at this moment. $1 compartment.
SELECT case_id FROM compartments WHERE id = $1

-- vault_lapsed --
-- Emergency members whose time is over. $1 now, $2 how many.
SELECT compartment_id, person_id FROM vault_lapses WHERE lapses_at <= $1 ORDER BY lapses_at LIMIT $2

-- end_vault_lapse --
-- $1 compartment, $2 person, $3 now.
DELETE FROM vault_lapses WHERE compartment_id = $1 AND person_id = $2 AND lapses_at <= $3

-- mark_epochs_due --
-- Note since when somebody who is a member no more, or keys that are a member's no more, have the newest key of a
-- compartment, and where that is over. $1 now.
UPDATE vault_circles SET due_since = CASE WHEN found.gone THEN $1::timestamptz END, told_at = NULL
FROM (
    SELECT vault_circles.compartment_id,
        NOT vault_circles.closed AND compartments.closed_at IS NULL AND (vault_circles.rekeyed OR EXISTS (
            SELECT FROM unnest(granted) AS had (person_id) WHERE NOT EXISTS (
                SELECT FROM compartment_members
                JOIN people ON people.id = compartment_members.person_id JOIN agencies ON agencies.id = people.agency_id
                WHERE compartment_members.compartment_id = vault_circles.compartment_id
                  AND compartment_members.person_id = had.person_id AND compartment_members.until IS NULL
                  AND people.left_at IS NULL AND agencies.suspended_at IS NULL))) AS gone
    FROM vault_circles JOIN compartments ON compartments.id = vault_circles.compartment_id) AS found
WHERE found.compartment_id = vault_circles.compartment_id AND found.gone <> (vault_circles.due_since IS NOT NULL)

-- epochs_untold --
-- Compartments whose next key is overdue and that were not told so. $1 due before, $2 how many.
SELECT compartment_id FROM vault_circles WHERE due_since <= $1 AND told_at IS NULL ORDER BY due_since LIMIT $2

-- epoch_told --
-- $1 compartment, $2 now, $3 due before.
UPDATE vault_circles SET told_at = $2 WHERE compartment_id = $1 AND told_at IS NULL AND due_since <= $3
RETURNING due_since

-- oldest_epoch_due --
-- Since when somebody who is a member no more has had the newest key of some compartment.
SELECT min(due_since) FROM vault_circles WHERE due_since IS NOT NULL
