-- add_agency --
-- $1 id, $2 name, $3 kind, $4 country, $5 language, $6 now.
INSERT INTO agencies (id, name, kind, country, language, created_at) VALUES ($1, $2, $3, $4, $5, $6)

-- all_agencies --
SELECT id, name, kind, country, language FROM agencies ORDER BY name

-- agencies_by_id --
-- $1 ids.
SELECT id, name, kind, country, language FROM agencies WHERE id = ANY($1) ORDER BY name

-- add_person --
-- $1 id, $2 agency, $3 name, $4 role, $5 Matrix user, $6 signing key, $7 now.
INSERT INTO people (id, agency_id, name, role, matrix_user, signing_key, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- people_by_id --
-- $1 ids.
SELECT * FROM people WHERE id = ANY($1) ORDER BY name

-- country_of --
-- $1 person.
SELECT agencies.country FROM people JOIN agencies ON agencies.id = people.agency_id WHERE people.id = $1

-- country_of_agency --
-- $1 agency.
SELECT country FROM agencies WHERE id = $1

-- share_people --
-- Keep people from leaving while they are given something. $1 ids.
SELECT * FROM people WHERE id = ANY($1) ORDER BY id FOR SHARE

-- lock_person --
-- Hold a person who leaves. $1 id.
SELECT id FROM people WHERE id = $1 FOR UPDATE

-- people_of_agencies --
-- Everybody who works at these agencies. $1 agencies.
SELECT * FROM people WHERE agency_id = ANY($1) AND left_at IS NULL ORDER BY name

-- person_by_matrix_user --
-- $1 Matrix user.
SELECT * FROM people WHERE matrix_user = $1 AND left_at IS NULL

-- mark_left --
-- $1 person, $2 now.
UPDATE people SET left_at = $2 WHERE id = $1 AND left_at IS NULL

-- desks_of_person --
-- Where a person sits. $1 person.
SELECT desk_id FROM duty_officers WHERE person_id = $1

-- leave_desks --
-- A person leaves every desk. $1 person.
WITH left_desks AS (DELETE FROM duty_officers WHERE person_id = $1 RETURNING desk_id)
UPDATE duty_desks SET membership_version = membership_version + 1
WHERE id IN (SELECT desk_id FROM left_desks)

-- end_sessions --
-- $1 person.
DELETE FROM sessions WHERE person_id = $1

-- covering_desk --
-- Hold an agency's desk while it is changed, and tell which covers for it. $1 agency.
SELECT covered_by FROM duty_desks WHERE agency_id = $1 FOR NO KEY UPDATE

-- put_desk --
-- Open an agency's desk or change it. $1 id, $2 agency, $3 always staffed, $4 covered by, $5 now.
INSERT INTO duty_desks (id, agency_id, always_staffed, covered_by, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (agency_id) DO UPDATE SET always_staffed = EXCLUDED.always_staffed,
    covered_by = EXCLUDED.covered_by
RETURNING id

-- seat --
-- $1 desk, $2 person, $3 now.
INSERT INTO duty_officers (desk_id, person_id, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- unseat --
-- $1 desk, $2 person.
DELETE FROM duty_officers WHERE desk_id = $1 AND person_id = $2

-- desk_changed --
-- $1 desk.
UPDATE duty_desks SET membership_version = membership_version + 1 WHERE id = $1

-- share_seats --
-- Keep whoever sits at a desk from leaving it while its roster is changed. $1 desk.
SELECT person_id FROM duty_officers WHERE desk_id = $1 ORDER BY person_id FOR SHARE

-- hold_desk --
-- $1 desk.
SELECT id FROM duty_desks WHERE id = $1 FOR NO KEY UPDATE

-- clear_hours --
-- $1 desk.
DELETE FROM desk_hours WHERE desk_id = $1

-- put_time_zone --
-- $1 desk, $2 zone of its hours, or null.
UPDATE duty_desks SET time_zone = $2 WHERE id = $1

-- add_hours --
-- $1 desk, $2 weekday, $3 opens, $4 closes.
INSERT INTO desk_hours (desk_id, weekday, opens, closes) VALUES ($1, $2, $3, $4)

-- add_shifts --
-- $1 desk, $2 ids, $3 people, $4 begin, $5 end, $6 how they came.
INSERT INTO shifts (id, desk_id, person_id, begins_at, ends_at, came_by)
SELECT id, $1, person_id, begins_at, ends_at, came_by
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::text[])
    AS each (id, person_id, begins_at, ends_at, came_by)

-- forget_shifts --
-- What ended more than some days ago. $1 desk, $2 now, $3 days.
DELETE FROM shifts WHERE desk_id = $1 AND ends_at < $2::timestamptz - make_interval(days => $3)

-- count_shifts --
-- $1 desk.
SELECT count(*) FROM shifts WHERE desk_id = $1

-- take_shifts --
-- $1 desk, $2 ids or null for all.
DELETE FROM shifts WHERE desk_id = $1 AND ($2::uuid[] IS NULL OR id = ANY($2))

-- take_imported --
-- What came by import and reaches into a span. $1 desk, $2 begin, $3 end.
DELETE FROM shifts WHERE desk_id = $1 AND came_by = 'import' AND begins_at < $3 AND ends_at > $2
RETURNING person_id, begins_at, ends_at

-- end_shifts --
-- Who leaves a desk, or every desk, keeps no shift to come, and the one at this moment ends. $1 person, $2 desk or null,
-- $3 now.
WITH to_come AS (
    DELETE FROM shifts WHERE person_id = $1 AND ($2::uuid IS NULL OR desk_id = $2) AND begins_at >= $3)
UPDATE shifts SET ends_at = $3
WHERE person_id = $1 AND ($2::uuid IS NULL OR desk_id = $2) AND begins_at < $3 AND ends_at > $3

-- duty --
-- Who answers: the desks of these agencies, those that cover for them, and these desks, with their hours and shifts and
-- whoever sits or stands in there; the deputies of all of them, which are the security officers; and these people, the
-- departed included. A desk's roster comes as arrays, one row for each desk: its shifts from a span alone, and whether it
-- has any (asked with a limit, for which no plan reads the whole table). Alerts wait for this: lists are written as
-- SELECTs so that it is planned once, which takes twice as long as the reading, and not for every list anew.
-- $1 agencies, $2 desks, $3 people, $4 begin of the span, $5 its end, $6 before which no shift begins that reaches it.
WITH desks AS (
    SELECT * FROM duty_desks WHERE agency_id = ANY(ARRAY(SELECT unnest($1::uuid[])))
    UNION
    SELECT covering.* FROM duty_desks AS covered JOIN duty_desks AS covering ON covering.id = covered.covered_by
    WHERE covered.agency_id = ANY(ARRAY(SELECT unnest($1::uuid[])))
    UNION
    SELECT * FROM duty_desks WHERE id = ANY(ARRAY(SELECT unnest($2::uuid[]))))
SELECT 'desk' AS place, desks.id AS desk_id, desks.agency_id AS desk_agency_id, always_staffed, covered_by,
    membership_version, time_zone, (SELECT true FROM shifts WHERE desk_id = desks.id LIMIT 1) IS NOT NULL AS has_shifts,
    open.hours, planned.*, (NULL::people).*
FROM desks
CROSS JOIN LATERAL (
    SELECT array_agg(ARRAY[weekday, opens, closes] ORDER BY weekday, opens) AS hours
    FROM desk_hours WHERE desk_id = desks.id) AS open
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS shift_ids, array_agg(person_id) AS shift_people, array_agg(begins_at) AS "begin",
        array_agg(ends_at) AS "end", array_agg(came_by) AS came_by
    FROM (
        SELECT * FROM shifts
        WHERE desk_id = desks.id AND begins_at >= $6 AND begins_at < $5 AND ends_at > $4
        ORDER BY begins_at, id) AS in_order) AS planned
UNION ALL
SELECT 'officer', desk_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, people.*
FROM duty_officers JOIN people ON people.id = person_id
WHERE desk_id IN (SELECT id FROM desks) AND left_at IS NULL
UNION ALL
SELECT 'deputy', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, people.* FROM people
WHERE agency_id IN (SELECT agency_id FROM desks UNION SELECT unnest($1::uuid[]))
  AND role = 'security_officer' AND left_at IS NULL
UNION ALL
SELECT 'stand_in', desk_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[begins_at], ARRAY[ends_at], NULL,
    people.*
FROM stand_ins JOIN people ON people.id = person_id
WHERE desk_id IN (SELECT id FROM desks) AND begins_at < ends_at AND ends_at > $4 AND begins_at < $5 AND left_at IS NULL
UNION ALL
SELECT 'person', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, people.*
FROM people WHERE id = ANY(ARRAY(SELECT unnest($3::uuid[])))
ORDER BY name

-- add_challenge --
-- $1 nonce hash, $2 person, $3 expires at.
INSERT INTO sign_in_challenges (nonce_hash, person_id, expires_at) VALUES ($1, $2, $3)

-- take_challenge --
-- A challenge is used once. $1 nonce hash, $2 person, $3 now.
DELETE FROM sign_in_challenges WHERE nonce_hash = $1 AND person_id = $2 AND expires_at > $3
RETURNING true

-- add_session --
-- A browser's may still raise an alert until $5. None where the network has suspended the person's agency. $1 token hash,
-- $2 person, $3 now, $4 expires at, $5 raises until, $6 the passkey that it ends with, or none.
INSERT INTO sessions (token_hash, person_id, created_at, expires_at, raises_until, passkey_id)
SELECT $1, people.id, $3, $4, $5, $6 FROM people JOIN agencies ON agencies.id = people.agency_id
WHERE people.id = $2 AND agencies.suspended_at IS NULL

-- person_of_session --
-- $1 token hash, $2 now, $3 whether one that has lapsed and may still raise counts too.
SELECT people.* FROM sessions JOIN people ON people.id = sessions.person_id
WHERE sessions.token_hash = $1 AND people.left_at IS NULL
  AND (sessions.expires_at > $2 OR $3 AND sessions.raises_until > $2)

-- good_sessions --
-- Those of these sessions that have neither ended nor lapsed. $1 token hashes, $2 now.
SELECT sessions.token_hash FROM sessions JOIN people ON people.id = sessions.person_id
WHERE sessions.token_hash = ANY($1) AND sessions.expires_at > $2 AND people.left_at IS NULL

-- begun_with_key --
-- Whether a session was begun with a person's key, not by a link. $1 token hash.
SELECT true FROM sessions WHERE token_hash = $1 AND raises_until IS NULL

-- begun_since --
-- Whether a session was begun after a moment, by whatever means. $1 token hash, $2 moment.
SELECT true FROM sessions WHERE token_hash = $1 AND created_at > $2

-- passkey_of_session --
-- $1 token hash.
SELECT passkey_id FROM sessions WHERE token_hash = $1

-- end_session --
-- $1 token hash.
DELETE FROM sessions WHERE token_hash = $1

-- add_link --
-- $1 code hash, $2 person, $3 expires at.
INSERT INTO sign_in_links (code_hash, person_id, expires_at) VALUES ($1, $2, $3)

-- person_of_link --
-- $1 code hash, $2 now.
SELECT person_id FROM sign_in_links WHERE code_hash = $1 AND expires_at > $2

-- take_link --
-- A link is used once. $1 code hash.
DELETE FROM sign_in_links WHERE code_hash = $1 RETURNING true

-- end_links --
-- $1 person.
DELETE FROM sign_in_links WHERE person_id = $1

-- forget_expired_links --
-- $1 now.
DELETE FROM sign_in_links WHERE expires_at <= $1

-- add_passkey_challenge --
-- $1 challenge hash, $2 the new passkey's id, $3 its person, $4 their handle (none of them where somebody signs in),
-- $5 expires at.
INSERT INTO passkey_challenges (challenge_hash, passkey_id, person_id, handle, expires_at)
VALUES ($1, $2, $3, $4, $5)

-- take_passkey_challenge --
-- A challenge is used once. $1 challenge hash, $2 whom a passkey was asked for, or nobody, $3 now.
DELETE FROM passkey_challenges
WHERE challenge_hash = $1 AND person_id IS NOT DISTINCT FROM $2::uuid AND expires_at > $3
RETURNING passkey_id, handle

-- end_passkey_challenges --
-- $1 person.
DELETE FROM passkey_challenges WHERE person_id = $1

-- forget_expired_passkey_challenges --
-- $1 now.
DELETE FROM passkey_challenges WHERE expires_at <= $1

-- passkeys_of_person --
-- $1 person.
SELECT * FROM passkeys WHERE person_id = $1 ORDER BY added_at, id

-- passkey_by_credential --
-- $1 credential.
SELECT * FROM passkeys WHERE credential = $1

-- add_passkey --
-- Nothing where some passkey has this credential. $1 id, $2 person, $3 handle, $4 credential, $5 public key,
-- $6 signatures, $7 synced, $8 now.
INSERT INTO passkeys (id, person_id, handle, credential, public_key, signatures, synced, added_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING RETURNING id

-- hold_passkey --
-- $1 id.
SELECT * FROM passkeys WHERE id = $1 FOR NO KEY UPDATE

-- passkey_used --
-- $1 id, $2 how often it has signed, $3 now, to the minute.
UPDATE passkeys SET signatures = $2, used_at = $3 WHERE id = $1

-- is_passkey_of --
-- $1 id, $2 person.
SELECT true FROM passkeys WHERE id = $1 AND person_id = $2

-- remove_passkey --
-- Its sessions end with it. $1 id, $2 person.
DELETE FROM passkeys WHERE id = $1 AND person_id = $2 RETURNING id

-- remove_passkeys_of_person --
-- $1 person.
DELETE FROM passkeys WHERE person_id = $1

-- forget_expired_challenges --
-- $1 now.
DELETE FROM sign_in_challenges WHERE expires_at <= $1

-- forget_expired_sessions --
-- $1 now.
DELETE FROM sessions WHERE expires_at <= $1 AND (raises_until IS NULL OR raises_until <= $1)

-- hold_people --
-- Hold people whose links are decided about, in one order, so that two decisions never wait for each other. $1 ids.
SELECT * FROM people WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE

-- administrators --
-- The active administrators of these agencies. $1 agencies.
SELECT id, agency_id FROM people WHERE agency_id = ANY($1) AND role = 'administrator' AND left_at IS NULL

-- add_claim --
-- $1 id, $2 person, $3 device, $4 its key, $5 signed at, $6 signature, $7 now.
INSERT INTO device_claims (id, person_id, device_id, device_key, signed_at, signature, made_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting')

-- waiting_claim --
-- $1 person.
SELECT * FROM device_claims WHERE person_id = $1 AND state = 'waiting'

-- waiting_claims --
-- What people of the network have said of a device, and nobody has decided; the oldest first.
SELECT * FROM device_claims WHERE state = 'waiting' ORDER BY made_at

-- claims_of_people --
-- Those of these people's claims that wait. $1 people.
SELECT * FROM device_claims WHERE person_id = ANY($1) AND state = 'waiting'

-- count_wrong_code --
-- $1 claim.
UPDATE device_claims SET wrong_codes = wrong_codes + 1 WHERE id = $1 RETURNING wrong_codes

-- decide_claim --
-- Of a person's claim that waits. $1 person, $2 what became of it, $3 now, $4 by whom.
UPDATE device_claims SET state = $2, decided_at = $3, decided_by = $4
WHERE person_id = $1 AND state = 'waiting' RETURNING id

-- add_attestation --
-- $1 id, $2 claim, $3 Matrix user, $4 attested by, $5 now.
INSERT INTO matrix_attestations (id, person_id, matrix_user, device_id, device_key, claim_id, attested_by, attested_at)
SELECT $1, person_id, $3, device_id, device_key, id, $4, $5 FROM device_claims WHERE id = $2

-- end_attestation --
-- Of the person's link that stands. $1 person, $2 reason, $3 now, $4 who ended it, $5 whether to tell of it.
UPDATE matrix_attestations SET ended_at = $3, end_reason = $2, ended_by = $4, end_untold = $5
WHERE person_id = $1 AND ended_at IS NULL RETURNING id

-- ends_to_tell --
SELECT id FROM matrix_attestations WHERE end_untold ORDER BY ended_at

-- take_end --
-- Once. $1 attestation.
UPDATE matrix_attestations SET end_untold = false WHERE id = $1 AND end_untold RETURNING person_id, ended_by

-- standing_attestations --
SELECT * FROM matrix_attestations WHERE ended_at IS NULL

-- attestations_of_people --
-- $1 people.
SELECT * FROM matrix_attestations WHERE person_id = ANY($1) AND ended_at IS NULL

-- pin_master_key --
-- Once, and never an identity that the person gave up because it was in wrong hands, or reset. $1 attestation,
-- $2 master key, $3 now, $4 the proof.
UPDATE matrix_attestations SET master_key = $2, pinned_at = $3, proof = $4
WHERE id = $1 AND master_key IS NULL AND ended_at IS NULL
  AND NOT EXISTS (
      SELECT FROM matrix_attestations AS former
      WHERE former.person_id = matrix_attestations.person_id AND former.master_key = $2
        AND former.end_reason IN ('compromised', 'reset'))
RETURNING person_id

-- add_identity_proof --
-- Where none was kept. $1 attestation, $2 master key, $3 the proof.
UPDATE matrix_attestations SET proof = $3
WHERE id = $1 AND master_key = $2 AND proof IS NULL AND ended_at IS NULL

-- identity_proofs --
-- What people of an agency have said of their devices, and how these lead to their identities. $1 agency.
SELECT link.person_id, link.matrix_user, link.device_id, link.device_key, claim.signed_at, claim.signature, link.proof
FROM matrix_attestations AS link
JOIN device_claims AS claim ON claim.id = link.claim_id
JOIN people ON people.id = link.person_id
WHERE people.agency_id = $1 AND people.left_at IS NULL AND link.ended_at IS NULL AND link.changed_at IS NULL
  AND link.proof IS NOT NULL
ORDER BY people.name, people.id

-- identity_changed --
-- Once. $1 attestation, $2 now.
UPDATE matrix_attestations SET changed_at = $2
WHERE id = $1 AND master_key IS NOT NULL AND changed_at IS NULL AND ended_at IS NULL RETURNING person_id

-- add_contact --
-- Nothing where it is known. $1 id, $2 person, $3 desk, $4 means, $5 address, $6 now.
INSERT INTO contacts (id, person_id, desk_id, means, address, added_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (coalesce(person_id, desk_id), means, address) WHERE removed_at IS NULL DO NOTHING RETURNING id

-- remove_contact --
-- $1 id, $2 now.
UPDATE contacts SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL RETURNING means

-- remove_contacts_of_person --
-- $1 person, $2 now.
UPDATE contacts SET removed_at = $2 WHERE person_id = $1 AND removed_at IS NULL RETURNING id, means

-- contact --
-- A contact in use, and the language that is spoken there. $1 contact.
SELECT contacts.*, agencies.language
FROM contacts
LEFT JOIN people ON people.id = contacts.person_id
LEFT JOIN duty_desks AS desk ON desk.id = contacts.desk_id
JOIN agencies ON agencies.id = coalesce(people.agency_id, desk.agency_id)
WHERE contacts.id = $1 AND contacts.removed_at IS NULL AND people.left_at IS NULL

-- contacts_at --
-- The telephones in use that have a number, and the language that is spoken there. $1 number.
SELECT contacts.*, agencies.language
FROM contacts
LEFT JOIN people ON people.id = contacts.person_id
LEFT JOIN duty_desks AS desk ON desk.id = contacts.desk_id
JOIN agencies ON agencies.id = coalesce(people.agency_id, desk.agency_id)
WHERE contacts.address = $1 AND contacts.means <> 'email' AND contacts.removed_at IS NULL AND people.left_at IS NULL
ORDER BY contacts.person_id NULLS LAST, contacts.id

-- known_contact --
-- A contact, in use or not. $1 contact.
SELECT * FROM contacts WHERE id = $1

-- all_contacts --
-- Every contact in use, with the names of whose it is.
SELECT contacts.*, agencies.name AS agency, people.name AS person
FROM contacts
LEFT JOIN people ON people.id = contacts.person_id
LEFT JOIN duty_desks AS desk ON desk.id = contacts.desk_id
JOIN agencies ON agencies.id = coalesce(people.agency_id, desk.agency_id)
WHERE contacts.removed_at IS NULL AND people.left_at IS NULL
ORDER BY agencies.name, people.name NULLS FIRST, contacts.means, contacts.address

-- contacts_of --
-- Where people and desks are called, and whether a Matrix room reaches them. $1 people, $2 desks.
SELECT contacts.*, contacts.person_id IS NULL OR EXISTS (
    SELECT FROM matrix_attestations AS link
    WHERE link.person_id = contacts.person_id AND link.ended_at IS NULL AND link.changed_at IS NULL
      AND link.master_key IS NOT NULL) AS linked
FROM contacts LEFT JOIN people ON people.id = contacts.person_id
WHERE contacts.removed_at IS NULL AND people.left_at IS NULL
  AND (contacts.person_id = ANY($1) OR contacts.desk_id = ANY($2))
ORDER BY contacts.added_at, contacts.id

-- add_device --
-- Nothing where the agency has one of this label. $1 id, $2 token hash, $3 label, $4 agency, $5 person, $6 compartment,
-- $7 now, $8 ends at.
INSERT INTO raising_devices (id, token_hash, label, agency_id, person_id, compartment_id, added_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (agency_id, label) WHERE removed_at IS NULL DO NOTHING RETURNING id

-- device_in_use --
-- $1 id.
SELECT * FROM raising_devices WHERE id = $1 AND removed_at IS NULL

-- remove_device --
-- $1 id, $2 now.
UPDATE raising_devices SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL

-- remove_devices_of_person --
-- $1 person, $2 now.
UPDATE raising_devices SET removed_at = $2 WHERE person_id = $1 AND removed_at IS NULL RETURNING *

-- all_devices --
-- Those that were not removed, by agency.
SELECT raising_devices.*, agencies.name AS agency, people.name AS person
FROM raising_devices JOIN agencies ON agencies.id = raising_devices.agency_id
LEFT JOIN people ON people.id = raising_devices.person_id
WHERE removed_at IS NULL ORDER BY agencies.name, label

-- device_of_token --
-- A device whose token counts now: not removed, not ended, its person still there. $1 token hash, $2 now.
SELECT raising_devices.* FROM raising_devices LEFT JOIN people ON people.id = raising_devices.person_id
WHERE token_hash = $1 AND removed_at IS NULL AND (ends_at IS NULL OR ends_at > $2) AND people.left_at IS NULL

-- device_used --
-- Note that a device was used, to the minute. $1 device, $2 minute.
UPDATE raising_devices SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)

-- desks_at_all_hours --
-- The desks that are to be staffed at all hours.
SELECT id FROM duty_desks WHERE always_staffed ORDER BY id

-- rostered_desks --
-- Desks with anything in the roster from now until a moment; none while on hold. $1 now, $2 moment.
SELECT id FROM duty_desks
WHERE (SELECT since FROM hold) IS NULL
  AND (EXISTS (SELECT FROM shifts WHERE desk_id = duty_desks.id AND begins_at < $2 AND ends_at > $1)
       OR EXISTS (SELECT FROM desk_hours WHERE desk_id = duty_desks.id))

-- last_rings --
-- When who was rung last at desks to prove that they are reached. $1 desks, $2 since.
SELECT desk_id, person_id, max(rung_at) AS rung_at FROM duty_rings
WHERE desk_id = ANY($1) AND rung_at > $2 GROUP BY desk_id, person_id

-- forget_rings --
-- What was rung at a desk more than some days ago. $1 desk, $2 now, $3 days.
DELETE FROM duty_rings WHERE desk_id = $1 AND shift_ends_at < $2::timestamptz - make_interval(days => $3)

-- add_ring --
-- $1 id, $2 desk, $3 person or null, $4 the shift's begin, $5 its end, $6 now, $7 next step.
INSERT INTO duty_rings (id, desk_id, person_id, shift_begins_at, shift_ends_at, rung_at, state, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, 'ringing', $7)

-- lock_rings --
-- $1 ids.
SELECT * FROM duty_rings WHERE id = ANY($1) ORDER BY id FOR UPDATE

-- rings_of_answerer --
-- The rings that somebody's answer may mean: of shifts that have not ended, rung before the answer was written, and not
-- answered. $1 person, $2 now, $3 latest moment of the ring.
SELECT id FROM duty_rings
WHERE shift_ends_at > $2 AND rung_at <= $3 AND state IN ('ringing', 'deputies', 'stood_in', 'unanswered')
  AND (person_id = $1
       OR (person_id IS NULL AND EXISTS (
           SELECT FROM duty_officers WHERE desk_id = duty_rings.desk_id AND duty_officers.person_id = $1))
       OR (state <> 'stood_in' AND EXISTS (
           SELECT FROM stand_ins WHERE ring_id = duty_rings.id AND stand_ins.person_id = $1 AND ends_at > $2)))
ORDER BY id

-- rings_by_id --
-- $1 ids.
SELECT * FROM duty_rings WHERE id = ANY($1) ORDER BY rung_at, id

-- rings_of_telephones --
-- The rings for which telephones of people or desks may have been called, of shifts that have not ended, or not long ago.
-- $1 people, $2 desks, $3 long ago.
SELECT * FROM duty_rings
WHERE shift_ends_at > $3
  AND (person_id = ANY($1) OR desk_id = ANY($2)
       OR EXISTS (SELECT FROM stand_ins WHERE ring_id = duty_rings.id AND stand_ins.person_id = ANY($1))
       OR (person_id IS NULL AND EXISTS (
           SELECT FROM duty_officers WHERE desk_id = duty_rings.desk_id AND duty_officers.person_id = ANY($1))))
ORDER BY id

-- save_ring --
-- $1 id, $2 state, $3 answered by, $4 when, $5 next step.
UPDATE duty_rings SET state = $2, answered_by = $3, answered_at = $4, next_step_at = $5, lease_until = NULL, attempts = 0
WHERE id = $1

-- add_stand_ins --
-- $1 ring, $2 desk, $3 people, $4 begin, $5 end.
INSERT INTO stand_ins (ring_id, desk_id, person_id, begins_at, ends_at)
SELECT $1, $2, person_id, $4, $5 FROM unnest($3::uuid[]) AS each (person_id)
ON CONFLICT DO NOTHING

-- end_stand_ins --
-- Of a ring, but for one person or nobody. Returns whose ended. $1 ring, $2 person or null, $3 now.
UPDATE stand_ins SET ends_at = greatest(begins_at, $3)
WHERE ring_id = $1 AND ends_at > $3 AND ($2::uuid IS NULL OR person_id <> $2) RETURNING person_id

-- stand_ins_of_rings --
-- $1 rings, $2 now.
SELECT ring_id, person_id FROM stand_ins WHERE ring_id = ANY($1) AND ends_at > $2 ORDER BY person_id

-- rings_of_desks --
-- The newest ring of everybody whose shift has not ended. $1 desks, $2 now.
SELECT DISTINCT ON (desk_id, person_id) * FROM duty_rings
WHERE desk_id = ANY($1) AND shift_ends_at > $2 AND state <> 'over'
ORDER BY desk_id, person_id, rung_at DESC

-- claim_due_rings --
-- Lease rings whose next step is due; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE duty_rings SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM duty_rings WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- rings_overdue --
-- Count rings whose next step is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM duty_rings WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- rings_unanswered --
-- Count the shifts of now for which nobody has answered. $1 now.
SELECT count(*) FROM duty_rings WHERE state = 'unanswered' AND shift_ends_at > $1

-- ring_looked_after --
-- A ring that was answered is done with. $1 id.
UPDATE duty_rings SET next_step_at = NULL, lease_until = NULL, attempts = 0 WHERE id = $1

-- desk_keys --
-- The standing keys of these desks. $1 desks.
SELECT desk_id, key, added_by, added_at, renew_since, signed_at, signature FROM desk_keys
WHERE desk_id = ANY($1::uuid[]) AND replaced_at IS NULL

-- replace_desk_key --
-- $1 desk, $2 now.
UPDATE desk_keys SET replaced_at = $2 WHERE desk_id = $1 AND replaced_at IS NULL

-- add_desk_key --
-- $1 desk, $2 public key, $3 who gave it, $4 now, $5 when they signed, $6 their signature.
INSERT INTO desk_keys (desk_id, key, added_by, added_at, signed_at, signature) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (desk_id, key) DO NOTHING

-- sign_desk_key --
-- Somebody else stands by the standing key. $1 desk, $2 public key, $3 who, $4 when they signed, $5 their signature.
UPDATE desk_keys SET added_by = $3, signed_at = $4, signature = $5
WHERE desk_id = $1 AND key = $2 AND replaced_at IS NULL

-- renew_desk_key --
-- Somebody sits at a desk no more. $1 desk, $2 now.
UPDATE desk_keys SET renew_since = $2 WHERE desk_id = $1 AND replaced_at IS NULL AND renew_since IS NULL

-- renew_desk_keys --
-- Somebody leaves who sat at desks, or could stand in at their agency's. $1 person, $2 now.
UPDATE desk_keys SET renew_since = $2
WHERE replaced_at IS NULL AND renew_since IS NULL AND desk_id IN (
    SELECT desk_id FROM duty_officers WHERE person_id = $1
    UNION ALL
    SELECT duty_desks.id FROM duty_desks JOIN people USING (agency_id)
    WHERE people.id = $1 AND people.role = 'security_officer')

-- vault_lengths --
-- How long these logs are and what their last hashes are, all at one moment. $1 kinds, $2 logs.
SELECT kind, log, length, head FROM vault_logs
WHERE (kind, log) IN (SELECT * FROM unnest($1::smallint[], $2::uuid[]))

-- is_founded --
-- Whether the staff is decided by the directory of a network. $1 kind, $2 log.
SELECT EXISTS (SELECT FROM vault_logs WHERE kind = $1 AND log = $2 AND length > 0)

-- begin_vault_log --
-- $1 kind, $2 log, $3 the hash that stands for none.
INSERT INTO vault_logs (kind, log, length, head) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING

-- lock_vault_log --
-- Hold a log while something is appended. $1 kind, $2 log.
SELECT length, head FROM vault_logs WHERE kind = $1 AND log = $2 FOR UPDATE

-- vault_entries --
-- $1 kind, $2 log, $3 the first number, $4 how many.
SELECT number, statement FROM vault_entries WHERE kind = $1 AND log = $2 AND number >= $3 ORDER BY number LIMIT $4

-- append_vault_entry --
-- $1 kind, $2 log, $3 number, $4 statement, $5 hash, $6 now.
WITH grown AS (
    UPDATE vault_logs SET length = $3::bigint + 1, head = $5 WHERE kind = $1 AND log = $2 AND length = $3 RETURNING kind)
INSERT INTO vault_entries (kind, log, number, statement, hash, taken_at)
SELECT $1, $2, $3, $4, $5, $6 FROM grown

-- vault_entry_hash --
-- $1 kind, $2 log, $3 number.
SELECT hash FROM vault_entries WHERE kind = $1 AND log = $2 AND number = $3

-- staff_alike --
-- Who of others has one of these accounts or keys. $1 person, $2 Matrix user, $3 signing key.
SELECT id FROM people WHERE id <> $1 AND (matrix_user = $2 OR signing_key = $3)

-- put_attested --
-- Change what is said of somebody who is there, with the key that they have. $1 id, $2 agency, $3 name, $4 role,
-- $5 Matrix user, $6 signing key.
UPDATE people SET name = $3, role = $4, matrix_user = $5
WHERE id = $1 AND agency_id = $2 AND signing_key = $6 AND left_at IS NULL

-- put_signing_key --
-- $1 person, $2 key.
UPDATE people SET signing_key = $2 WHERE id = $1

-- suspend_agency --
-- $1 agency, $2 now.
UPDATE agencies SET suspended_at = $2 WHERE id = $1 AND suspended_at IS NULL

-- end_sessions_of_agency --
-- $1 agency.
WITH links AS (DELETE FROM sign_in_links WHERE person_id IN (SELECT id FROM people WHERE agency_id = $1))
DELETE FROM sessions WHERE person_id IN (SELECT id FROM people WHERE agency_id = $1)

-- put_bundle --
-- Keep a bundle, or put another in its place where it is the same person's. $1 id, $2 person, $3 kind, $4 bundle, $5 now.
INSERT INTO vault_bundles (id, person_id, kind, bundle, made_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, bundle = EXCLUDED.bundle, made_at = EXCLUDED.made_at
WHERE vault_bundles.person_id = EXCLUDED.person_id

-- bundles_of_person --
-- $1 person.
SELECT id, kind, made_at FROM vault_bundles WHERE person_id = $1 ORDER BY made_at, id

-- bundle_by_id --
-- $1 id.
SELECT vault_bundles.* FROM vault_bundles JOIN people ON people.id = vault_bundles.person_id
WHERE vault_bundles.id = $1 AND people.left_at IS NULL

-- forget_bundles --
-- All of somebody who has left. $1 person.
DELETE FROM vault_bundles WHERE person_id = $1

-- take_bundle --
-- $1 id, $2 person.
DELETE FROM vault_bundles WHERE id = $1 AND person_id = $2

-- count_invitations --
-- How many invitations of an agency's administrators are not over. $1 agency, $2 now.
SELECT count(*) FROM vault_invitations JOIN people ON people.id = vault_invitations.made_by
WHERE people.agency_id = $1 AND vault_invitations.expires_at > $2

-- lock_agency --
-- Let one at a time count and add for an agency; what only refers to it does not wait. $1 agency.
SELECT id FROM agencies WHERE id = $1 FOR NO KEY UPDATE

-- add_invitation --
-- Nothing where there is one with this token. $1 id, $2 token hash, $3 agency, $4 name, $5 role, $6 made by, $7 now, $8 expires at.
INSERT INTO vault_invitations (id, token_hash, agency_id, name, role, made_by, made_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (token_hash) DO NOTHING

-- invitations_of_agency --
-- What the administrators of an agency have made and is not over. $1 agency, $2 now.
SELECT vault_invitations.* FROM vault_invitations JOIN people ON people.id = vault_invitations.made_by
WHERE people.agency_id = $1 AND vault_invitations.expires_at > $2
ORDER BY vault_invitations.made_at, vault_invitations.id

-- hold_invitation --
-- By its token, while it is not over and whoever made it may still invite. $1 token hash, $2 now.
SELECT vault_invitations.* FROM vault_invitations
JOIN people ON people.id = vault_invitations.made_by JOIN agencies ON agencies.id = people.agency_id
WHERE vault_invitations.token_hash = $1 AND vault_invitations.expires_at > $2
    AND people.left_at IS NULL AND people.role = 'administrator' AND agencies.suspended_at IS NULL
FOR UPDATE OF vault_invitations

-- put_offer --
-- $1 invitation, $2 offer, $3 now, $4 until when it waits.
UPDATE vault_invitations SET offer = $2, offered_at = $3, expires_at = $4 WHERE id = $1

-- keep_invitation --
-- No shorter than it is kept already. $1 invitation, $2 until when what was offered waits.
UPDATE vault_invitations SET expires_at = greatest(expires_at, $2) WHERE id = $1

-- take_invitation --
-- $1 id, $2 the agency whose administrators made it, $3 now.
DELETE FROM vault_invitations USING people
WHERE vault_invitations.id = $1 AND people.id = vault_invitations.made_by AND people.agency_id = $2
    AND vault_invitations.expires_at > $3

-- forget_expired_invitations --
-- $1 now.
DELETE FROM vault_invitations WHERE expires_at <= $1

-- absence --
-- $1 person, $2 now.
SELECT begins_at, ends_at FROM absences WHERE person_id = $1 AND ends_at > $2

-- put_absence --
-- $1 person, $2 from, $3 until.
INSERT INTO absences (person_id, begins_at, ends_at) VALUES ($1, $2, $3)
ON CONFLICT (person_id) DO UPDATE SET begins_at = EXCLUDED.begins_at, ends_at = EXCLUDED.ends_at

-- end_absence --
-- $1 person.
DELETE FROM absences WHERE person_id = $1 RETURNING person_id

-- away --
-- $1 people, $2 from, $3 until; the same moment twice for who is away at it.
SELECT person_id FROM absences WHERE person_id = ANY($1) AND begins_at <= $3 AND ends_at > $2
UNION
SELECT people.id FROM people JOIN agencies ON agencies.id = people.agency_id
WHERE people.id = ANY($1) AND (people.left_at IS NOT NULL OR agencies.suspended_at IS NOT NULL)
