-- want_rooms --
-- Give every target that is not closed a row, and with it a room. $1 now.
INSERT INTO rooms (target_kind, target_id, due_at)
SELECT target_kind, target_id, $1 FROM room_targets WHERE NOT closed
ON CONFLICT DO NOTHING

-- rooms_to_apply --
-- Rooms that do not exist yet, whose membership has changed, or where something is still to be tried again.
-- $1 now, $2 limit.
SELECT rooms.target_kind, rooms.target_id FROM rooms JOIN room_targets USING (target_kind, target_id)
WHERE rooms.closed_at IS NULL AND rooms.due_at <= $1
  AND (rooms.room_id IS NULL OR rooms.applied_version <> room_targets.version OR rooms.attempts > 0)
ORDER BY rooms.attempts, rooms.due_at LIMIT $2

-- rooms --
-- $1 target ids.
SELECT rooms.*, room_targets.name, room_targets.language, room_targets.version, room_targets.closed,
    (SELECT since FROM hold) IS NOT NULL AS held
FROM rooms JOIN room_targets USING (target_kind, target_id) WHERE rooms.target_id = ANY($1)

-- room_members --
-- $1 target ids.
SELECT target_kind, target_id, person_id, matrix_user FROM room_members WHERE target_id = ANY($1)

-- room_created --
-- Only where a room is wanted, and never one that was given up. $1 kind, $2 target, $3 Matrix room, $4 when its settings
-- were right, or nothing.
UPDATE rooms SET room_id = $3, looked_at = $4, applied_version = 0
WHERE target_kind = $1 AND target_id = $2 AND room_id IS NULL AND closed_at IS NULL
  AND NOT EXISTS (SELECT FROM former_rooms WHERE room_id = $3)

-- room_applied --
-- Nobody is in the room who does not belong there, unless something moved there meanwhile. $1 kind, $2 target,
-- $3 version, $4 whether everybody who does belong was invited too, $5 how often something had moved before.
UPDATE rooms SET applied_version = $3, attempts = CASE WHEN $4 THEN 0 ELSE attempts END
WHERE target_kind = $1 AND target_id = $2 AND drifts = $5

-- room_looked_at --
-- The settings of a room are right, unless something was changed meanwhile. $1 kind, $2 target, $3 now, $4 how often
-- something had moved before.
UPDATE rooms SET looked_at = $3 WHERE target_kind = $1 AND target_id = $2 AND drifts = $4

-- rooms_to_look_at --
-- Rooms whose settings nobody has looked at since a moment. $1 now, $2 that moment, $3 limit.
SELECT target_kind, target_id FROM rooms
WHERE closed_at IS NULL AND room_id IS NOT NULL AND due_at <= $1 AND (looked_at IS NULL OR looked_at <= $2)
ORDER BY looked_at NULLS FIRST LIMIT $3

-- room_closed --
-- $1 kind, $2 target, $3 now.
UPDATE rooms SET closed_at = coalesce(closed_at, $3) WHERE target_kind = $1 AND target_id = $2

-- room_put_off --
-- Try a room again later. $1 kind, $2 target, $3 due at.
UPDATE rooms SET attempts = attempts + 1, due_at = $3 WHERE target_kind = $1 AND target_id = $2

-- room_drifted --
-- Something moved in a room that we did not move: look again before anything is said. $1 Matrix room, $2 now, $3 whether
-- it was a setting.
UPDATE rooms SET applied_version = 0, drifts = drifts + 1, due_at = $2,
    looked_at = CASE WHEN $3 THEN NULL ELSE looked_at END
WHERE room_id = $1 AND closed_at IS NULL

-- target_of_room --
-- Whose room this is, or was until a new one was made: what is said there counts as long as the bot is in. $1 Matrix room.
SELECT target_kind, target_id FROM rooms WHERE room_id = $1 AND closed_at IS NULL
UNION ALL
SELECT former_rooms.target_kind, former_rooms.target_id FROM former_rooms
JOIN room_targets USING (target_kind, target_id)
WHERE former_rooms.room_id = $1 AND former_rooms.archived_at IS NULL AND NOT room_targets.closed
LIMIT 1

-- known_rooms --
-- Every Matrix room that is, or was, somebody's.
SELECT room_id FROM rooms WHERE room_id IS NOT NULL UNION SELECT room_id FROM former_rooms

-- give_up_room --
-- A room is not used any more: its target wants another. $1 Matrix room, $2 why, $3 now.
WITH given_up AS (
    UPDATE rooms SET room_id = NULL, applied_version = 0, drifts = drifts + 1, due_at = $3, looked_at = NULL
    WHERE room_id = $1 AND closed_at IS NULL RETURNING target_kind, target_id)
INSERT INTO former_rooms (room_id, target_kind, target_id, why, given_up_at, due_at)
SELECT $1, target_kind, target_id, $2, $3, $3 FROM given_up ON CONFLICT DO NOTHING

-- leave_room --
-- A room that nobody is to use, of a target that has ended or has another; one in use is not left. $1 Matrix room,
-- $2 kind, $3 target, $4 why, $5 now.
INSERT INTO former_rooms (room_id, target_kind, target_id, why, given_up_at, due_at)
SELECT $1, $2, $3, $4, $5, $5 WHERE NOT EXISTS (SELECT FROM rooms WHERE room_id = $1 AND closed_at IS NULL)
ON CONFLICT DO NOTHING

-- rooms_to_renew --
-- Rooms in use, of everything or of one case. $1 case, or nothing.
SELECT room_id FROM rooms WHERE room_id IS NOT NULL AND closed_at IS NULL AND ($1::uuid IS NULL OR (
    target_kind = 'compartment' AND target_id IN (SELECT id FROM compartments WHERE case_id = $1)))
ORDER BY room_id FOR UPDATE

-- times_given_up --
-- How often a target's room was given up since a moment. $1 kind, $2 target, $3 since, $4 why.
SELECT count(*) FROM former_rooms WHERE target_kind = $1 AND target_id = $2 AND given_up_at > $3 AND why = $4

-- rooms_to_archive --
-- Former rooms that the bot is not done with. Nobody is sent away before there is a room to go to, nor while nobody has
-- compared what was restored. $1 now, $2 limit.
SELECT former_rooms.room_id, former_rooms.target_kind, former_rooms.target_id, former_rooms.why, former_rooms.told_at,
    former_rooms.attempts, coalesce(room_targets.language, 'en') AS language
FROM former_rooms LEFT JOIN room_targets USING (target_kind, target_id) LEFT JOIN rooms USING (target_kind, target_id)
WHERE former_rooms.archived_at IS NULL AND former_rooms.due_at <= $1 AND (SELECT since FROM hold) IS NULL
  AND (former_rooms.why = 'closed' OR coalesce(room_targets.closed, true)
       OR (rooms.room_id IS NOT NULL AND rooms.applied_version = room_targets.version))
ORDER BY former_rooms.attempts, former_rooms.due_at LIMIT $2

-- former_room_told --
-- $1 Matrix room, $2 now, $3 when to go on.
UPDATE former_rooms SET told_at = $2, due_at = $3 WHERE room_id = $1

-- former_room_archived --
-- $1 Matrix room, $2 now.
UPDATE former_rooms SET archived_at = $2 WHERE room_id = $1

-- former_room_put_off --
-- $1 Matrix room, $2 due at.
UPDATE former_rooms SET attempts = attempts + 1, due_at = $2 WHERE room_id = $1

-- staff_among --
-- Those of some Matrix users who work in the network. $1 Matrix users.
SELECT matrix_user FROM people WHERE matrix_user = ANY($1) AND left_at IS NULL

-- room_invitations --
-- $1 kind, $2 target.
SELECT person_id, room_id, version, standing, since, reminded_at, told_at FROM room_invitations
WHERE target_kind = $1 AND target_id = $2

-- invited_users --
-- Whom a target's room was ever meant for, until they were found to be out. $1 kind, $2 target.
SELECT people.matrix_user FROM room_invitations JOIN people ON people.id = room_invitations.person_id
WHERE target_kind = $1 AND target_id = $2

-- keep_invitation --
-- $1 kind, $2 target, $3 person, $4 Matrix room, $5 version, $6 standing, $7 since, $8 reminded at, $9 told at.
INSERT INTO room_invitations
    (target_kind, target_id, person_id, room_id, version, standing, since, reminded_at, told_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (target_kind, target_id, person_id) DO UPDATE SET room_id = EXCLUDED.room_id, version = EXCLUDED.version,
    standing = EXCLUDED.standing, since = EXCLUDED.since, reminded_at = EXCLUDED.reminded_at,
    told_at = EXCLUDED.told_at

-- drop_invitations --
-- Of those who do not belong there any more. $1 kind, $2 target, $3 people who do.
DELETE FROM room_invitations WHERE target_kind = $1 AND target_id = $2 AND person_id <> ALL($3)

-- rooms_with_invitations_due --
-- Rooms in which somebody may have to be reminded, or told of; none while on hold. $1 who was invited before this is reminded, $2 and before
-- this told of, $3 limit.
SELECT DISTINCT target_kind, target_id FROM room_invitations
JOIN rooms USING (target_kind, target_id) JOIN room_members USING (target_kind, target_id, person_id)
WHERE standing <> 'joined' AND told_at IS NULL AND rooms.closed_at IS NULL AND rooms.room_id = room_invitations.room_id
  AND (SELECT since FROM hold) IS NULL
  AND (standing = 'gone' OR (reminded_at IS NULL AND since <= $1) OR since <= $2)
LIMIT $3

-- invite_again --
-- Somebody's word that a person is to be asked again wherever they belong and are not. $1 person, $2 now.
WITH asked AS (
    UPDATE room_invitations SET standing = 'wanted', since = $2, reminded_at = NULL, told_at = NULL
    WHERE person_id = $1 AND standing <> 'joined' RETURNING target_kind, target_id)
UPDATE rooms SET attempts = greatest(attempts, 1), due_at = $2
FROM asked WHERE rooms.target_kind = asked.target_kind AND rooms.target_id = asked.target_id
  AND rooms.closed_at IS NULL

-- room_to_do --
-- Something is to be done in a room that keeps nobody from speaking there. $1 kind, $2 target, $3 now.
UPDATE rooms SET attempts = greatest(attempts, 1), due_at = $3 WHERE target_kind = $1 AND target_id = $2

-- rooms_listed --
-- Every room in use, with how many belong there and have not come. For the operator.
SELECT rooms.target_kind, rooms.target_id, rooms.room_id, room_targets.name, rooms.looked_at, rooms.attempts,
    rooms.applied_version = room_targets.version AS settled,
    (SELECT count(*) FROM room_invitations JOIN room_members USING (target_kind, target_id, person_id)
     WHERE target_kind = rooms.target_kind AND target_id = rooms.target_id AND standing <> 'joined') AS absent
FROM rooms JOIN room_targets USING (target_kind, target_id)
WHERE rooms.closed_at IS NULL AND NOT room_targets.closed
ORDER BY rooms.target_kind, room_targets.name, rooms.target_id

-- stored_sends --
-- Ciphertexts that were stored before an earlier attempt, and whether somebody for whom they were made is not confirmed
-- any more. $1 outbox ids.
SELECT outbox_id, room_id, device_id, transaction_id, content, membership_version, stored_at, unreached, attestations,
    EXISTS (
        SELECT FROM matrix_attestations WHERE id = ANY(matrix_sends.attestations)
          AND (ended_at IS NOT NULL OR changed_at IS NOT NULL)) AS overtaken
FROM matrix_sends WHERE outbox_id = ANY($1)

-- store_send --
-- $1 outbox id, $2 room, $3 device, $4 transaction id, $5 content, $6 membership version, $7 now, $8 mentioned people who
-- cannot read it, $9 attestations of those it is made for.
INSERT INTO matrix_sends
    (outbox_id, room_id, device_id, transaction_id, content, membership_version, stored_at, unreached, attestations)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (outbox_id) DO UPDATE SET room_id = EXCLUDED.room_id, device_id = EXCLUDED.device_id,
    transaction_id = EXCLUDED.transaction_id, content = EXCLUDED.content,
    membership_version = EXCLUDED.membership_version, stored_at = EXCLUDED.stored_at, unreached = EXCLUDED.unreached,
    attestations = EXCLUDED.attestations

-- note_event --
-- The ciphertext of what was sent is put no more, and not kept. $1 outbox id, $2 Matrix event.
UPDATE matrix_sends SET event_id = $2, content = CASE WHEN state = 'sent' THEN '' ELSE content END
FROM outbox WHERE outbox_id = $1 AND id = $1

-- take_lease --
-- Become or remain the active bot, by the database's clock. A lease of the same place is free: whoever asks has that
-- place's file lock, so its holder is dead. $1 holder, $2 how far the clock of all is moved (nothing, except in tests
-- and the demo), $3 for how long, $4 place, or nothing.
UPDATE bot_lease SET holder = $1, until = clock_timestamp() + $2::interval + $3::interval, place = $4,
    fence = CASE WHEN holder = $1 THEN fence ELSE fence + 1 END
WHERE holder = $1 OR until IS NULL OR until <= clock_timestamp() + $2::interval OR place = $4
RETURNING fence

-- check_lease --
-- Hold the lease's row until the transaction ends. $1 holder, $2 fence.
SELECT true FROM bot_lease WHERE holder = $1 AND fence = $2 FOR SHARE

-- drop_lease --
-- $1 holder.
UPDATE bot_lease SET until = NULL WHERE holder = $1

-- lease_held --
-- Whether some bot is the active one. $1 now.
SELECT EXISTS (SELECT FROM bot_lease WHERE until > $1)

-- may_leave --
-- Whether a sealed message may leave this moment: it is still wanted, its room holds nobody too many and is the one and
-- of the membership it was sealed for, everybody it was made for is still confirmed, and this bot is the active one.
-- $1 outbox id, $2 kind, $3 target, $4 Matrix room,
-- $5 membership version, $6 holder, $7 fence.
SELECT state = 'sending' AND NOT called_off
    AND EXISTS (
        SELECT FROM rooms JOIN room_targets USING (target_kind, target_id)
        WHERE target_kind = $2 AND target_id = $3 AND room_id = $4 AND applied_version = $5 AND version = $5)
    AND NOT EXISTS (
        SELECT FROM matrix_sends JOIN matrix_attestations ON matrix_attestations.id = ANY(matrix_sends.attestations)
        WHERE matrix_sends.outbox_id = $1 AND (ended_at IS NOT NULL OR changed_at IS NOT NULL))
    AND EXISTS (SELECT FROM bot_lease WHERE holder = $6 AND fence = $7)
FROM outbox WHERE id = $1

-- speakable_targets --
-- Targets whose room exists and holds nobody too many.
SELECT rooms.target_kind, rooms.target_id FROM rooms JOIN room_targets USING (target_kind, target_id)
WHERE rooms.closed_at IS NULL AND NOT room_targets.closed AND rooms.room_id IS NOT NULL
  AND rooms.applied_version = room_targets.version
ORDER BY rooms.target_kind, rooms.target_id

-- keep_device --
-- $1 device, $2 its sealed token, $3 now.
INSERT INTO matrix_devices (device_id, sealed_token, since) VALUES ($1, $2, $3)
ON CONFLICT (device_id) DO UPDATE SET sealed_token = EXCLUDED.sealed_token

-- forget_devices --
-- Forget devices that nothing waits for any more. $1 the device that stays.
DELETE FROM matrix_devices WHERE device_id <> $1
  AND NOT EXISTS (
      SELECT FROM matrix_sends JOIN outbox ON outbox.id = matrix_sends.outbox_id
      WHERE matrix_sends.device_id = matrix_devices.device_id AND outbox.state IN ('pending', 'sending'))

-- devices --
-- $1 device ids.
SELECT device_id, sealed_token FROM matrix_devices WHERE device_id = ANY($1)

-- ask --
-- Note what somebody is asked in a room; what was asked before is forgotten. $1 person, $2 kind, $3 target, $4 event that
-- is asked about, $5 verb, $6 alert, $7 compartment, $8 reason, $9 now.
INSERT INTO matrix_confirmations
    (person_id, target_kind, target_id, event_id, verb, alert_id, compartment_id, reason, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (person_id, target_kind, target_id) DO UPDATE SET event_id = EXCLUDED.event_id, verb = EXCLUDED.verb,
    alert_id = EXCLUDED.alert_id, compartment_id = EXCLUDED.compartment_id, reason = EXCLUDED.reason,
    asked_at = EXCLUDED.asked_at
WHERE matrix_confirmations.event_id <> EXCLUDED.event_id

-- asked --
-- What somebody was asked last in a room. $1 person, $2 kind, $3 target.
SELECT event_id, verb, alert_id, compartment_id, reason, asked_at FROM matrix_confirmations
WHERE person_id = $1 AND target_kind = $2 AND target_id = $3

-- forget_question --
-- A question is answered. $1 person, $2 kind, $3 target, $4 event that was asked about.
DELETE FROM matrix_confirmations WHERE person_id = $1 AND target_kind = $2 AND target_id = $3 AND event_id = $4

-- forget_key_holders --
-- A bot that begins has given no key out yet.
UPDATE key_holders SET state = 'owed', given_at = NULL WHERE state IN ('given', 'holds')

-- devices_seen --
-- When devices were last heard of, by Matrix user.
SELECT people.matrix_user, key_holders.device_id, max(key_holders.seen_at) AS seen_at
FROM key_holders JOIN people ON people.id = key_holders.person_id
WHERE key_holders.seen_at IS NOT NULL GROUP BY people.matrix_user, key_holders.device_id

-- drop_key_holders --
-- $1 target ids.
DELETE FROM key_holders WHERE target_id = ANY($1)

-- keep_key_holder --
-- $1 kind, $2 target, $3 person, $4 device, $5 state, $6 given at, $7 seen at.
INSERT INTO key_holders (target_kind, target_id, person_id, device_id, state, given_at, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- end_key_windows --
-- $1 now.
DELETE FROM key_windows WHERE closes_at <= $1

-- drop_ended_key_holders --
-- Of rooms that have ended nothing is kept.
DELETE FROM key_holders USING rooms
WHERE rooms.target_kind = key_holders.target_kind AND rooms.target_id = key_holders.target_id
  AND rooms.closed_at IS NOT NULL

-- everybody_who_belongs --
-- Who belongs in which Matrix room.
SELECT rooms.room_id, room_members.matrix_user FROM rooms JOIN room_members USING (target_kind, target_id)
WHERE rooms.room_id IS NOT NULL AND rooms.closed_at IS NULL

-- identities_changed --
-- How many people's confirmed identity is not the one that is published.
SELECT count(*) FROM matrix_attestations WHERE ended_at IS NULL AND changed_at IS NOT NULL

-- alerts_not_readable_any_more --
-- Alerts that are open, in which somebody who was called, and told of as reached, has no confirmed identity now.
SELECT DISTINCT alerts.id FROM alerts JOIN outbox ON outbox.alert_id = alerts.id
JOIN room_members USING (target_kind, target_id)
WHERE alerts.state <> 'stood_down' AND outbox.state = 'sent'
  AND room_members.person_id = ANY(outbox.mentions) AND room_members.person_id <> ALL(outbox.unreached)
  AND NOT EXISTS (
      SELECT FROM exclusions
      WHERE exclusions.case_id = alerts.case_id AND exclusions.person_id = room_members.person_id)
  AND NOT EXISTS (
      SELECT FROM matrix_attestations
      WHERE matrix_attestations.person_id = room_members.person_id
        AND ended_at IS NULL AND changed_at IS NULL AND master_key IS NOT NULL)

-- cannot_read_any_more --
-- Who was called in one of these alerts, still belongs there, and has no confirmed identity now, is told as not reached,
-- whatever was sent to them before; of the alert, the ledger tells so. Returns where that was, who they are, whether
-- somebody else who was called there still reads, and the key of the last call. $1 now, $2 alerts, which are held open.
WITH held AS (
    SELECT * FROM outbox WHERE alert_id = ANY($2) AND state = 'sent' AND cardinality(mentions) > 0
    ORDER BY id FOR NO KEY UPDATE),
called AS (
    SELECT held.id, person_id,
        EXISTS (
            SELECT FROM matrix_attestations
            WHERE matrix_attestations.person_id = room_members.person_id
              AND ended_at IS NULL AND changed_at IS NULL AND master_key IS NOT NULL) AS reads
    FROM held JOIN room_members USING (target_kind, target_id)
    WHERE person_id = ANY(held.mentions) AND person_id <> ALL(held.unreached)
      AND NOT EXISTS (
          SELECT FROM exclusions
          WHERE exclusions.case_id = held.case_id AND exclusions.person_id = room_members.person_id)),
lost AS (
    SELECT id, array_agg(person_id) FILTER (WHERE NOT reads) AS people, bool_or(reads) AS somebody_reads
    FROM called GROUP BY id),
changed AS (
    UPDATE outbox SET unreached = unreached || lost.people FROM lost
    WHERE outbox.id = lost.id AND cardinality(lost.people) > 0
    RETURNING alert_id, case_id, target_kind, target_id, key, sequence, somebody_reads, lost.people),
told AS (
    INSERT INTO ledger (at, actor_kind, act, case_id, object_id, facts)
    SELECT DISTINCT $1::timestamptz, 'system', 'people_unreached', case_id, alert_id, '{}'::jsonb FROM changed
    RETURNING entry)
SELECT alert_id, target_kind, target_id, bool_or(somebody_reads) AS somebody_reads, array_agg(DISTINCT person) AS people,
    (array_agg(key ORDER BY sequence DESC))[1] AS key
FROM changed, unnest(people) AS person
GROUP BY alert_id, target_kind, target_id ORDER BY alert_id, target_id

-- look_everywhere --
-- Put every room right soon. $1 now.
UPDATE rooms SET attempts = greatest(attempts, 1), due_at = $1 WHERE closed_at IS NULL

-- introduce_party --
-- Whose identity the bot's or the prober's is; nothing changes where that is known. $1 part, $2 id of the first time,
-- $3 attestation of this identity, $4 Matrix user, $5 master key, $6 now.
INSERT INTO probe_parties (part, id, attestation_id, matrix_user, master_key, since) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (part) DO UPDATE SET attestation_id = EXCLUDED.attestation_id, matrix_user = EXCLUDED.matrix_user,
    master_key = EXCLUDED.master_key, since = EXCLUDED.since,
    version = probe_parties.version + (probe_parties.matrix_user <> EXCLUDED.matrix_user)::integer
WHERE (probe_parties.matrix_user, probe_parties.master_key) <> (EXCLUDED.matrix_user, EXCLUDED.master_key)

-- party --
-- $1 part.
SELECT id, attestation_id, matrix_user, master_key FROM probe_parties WHERE part = $1

-- probe_room --
-- The room of the proof, once it was made.
SELECT rooms.room_id FROM rooms JOIN room_targets USING (target_kind, target_id)
WHERE target_kind = 'probe' AND rooms.closed_at IS NULL

-- proof_read --
-- $1 proof, $2 now.
UPDATE proofs SET read_at = $2 WHERE id = $1 AND read_at IS NULL

-- proof_answered --
-- $1 proof, $2 now.
UPDATE proofs SET proven_at = $2 WHERE id = $1 AND proven_at IS NULL

-- absence_notices --
-- What lies at the homeserver for duty rooms.
SELECT room_id, desk_id, delay_id, seconds, put_off_at FROM absence_notices

-- keep_absence_notice --
-- $1 Matrix room, $2 desk, $3 name at the homeserver, $4 seconds of silence, $5 now.
INSERT INTO absence_notices (room_id, desk_id, delay_id, seconds, put_off_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (room_id) DO UPDATE SET desk_id = EXCLUDED.desk_id, delay_id = EXCLUDED.delay_id,
    seconds = EXCLUDED.seconds, put_off_at = EXCLUDED.put_off_at

-- absence_notices_put_off --
-- $1 names at the homeserver, $2 now.
UPDATE absence_notices SET put_off_at = $2 WHERE delay_id = ANY($1)

-- drop_absence_notice --
-- $1 name at the homeserver.
DELETE FROM absence_notices WHERE delay_id = $1
