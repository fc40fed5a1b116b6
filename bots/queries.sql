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
SELECT rooms.*, room_targets.name, room_targets.language, room_targets.version, room_targets.closed
FROM rooms JOIN room_targets USING (target_kind, target_id) WHERE rooms.target_id = ANY($1)

-- room_members --
-- $1 target ids.
SELECT target_kind, target_id, person_id, matrix_user FROM room_members WHERE target_id = ANY($1)

-- room_created --
-- $1 kind, $2 target, $3 Matrix room.
UPDATE rooms SET room_id = $3 WHERE target_kind = $1 AND target_id = $2

-- room_applied --
-- Nobody is in the room who does not belong there. $1 kind, $2 target, $3 version, $4 whether everybody
-- who does belong was invited too.
UPDATE rooms SET applied_version = $3, attempts = CASE WHEN $4 THEN 0 ELSE attempts END
WHERE target_kind = $1 AND target_id = $2

-- room_closed --
-- $1 kind, $2 target, $3 now.
UPDATE rooms SET closed_at = $3 WHERE target_kind = $1 AND target_id = $2

-- room_put_off --
-- Try a room again later. $1 kind, $2 target, $3 due at.
UPDATE rooms SET attempts = attempts + 1, due_at = $3 WHERE target_kind = $1 AND target_id = $2

-- room_drifted --
-- Somebody came or went whom we did not move: look again. $1 Matrix room, $2 now.
UPDATE rooms SET applied_version = 0, due_at = $2 WHERE room_id = $1 AND closed_at IS NULL

-- room_lost --
-- The bot is not in a room any more: its target wants another. $1 Matrix room, $2 now.
UPDATE rooms SET room_id = NULL, applied_version = 0, due_at = $2 WHERE room_id = $1 AND closed_at IS NULL

-- target_of_room --
-- $1 Matrix room.
SELECT target_kind, target_id FROM rooms WHERE room_id = $1 AND closed_at IS NULL

-- stored_sends --
-- Ciphertexts that were stored before an earlier attempt. $1 outbox ids.
SELECT outbox_id, room_id, device_id, transaction_id, content, membership_version, stored_at, unreached FROM matrix_sends
WHERE outbox_id = ANY($1)

-- store_send --
-- $1 outbox id, $2 room, $3 device, $4 transaction id, $5 content, $6 membership version, $7 now, $8 mentioned people who
-- cannot read it.
INSERT INTO matrix_sends
    (outbox_id, room_id, device_id, transaction_id, content, membership_version, stored_at, unreached)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (outbox_id) DO UPDATE SET room_id = EXCLUDED.room_id, device_id = EXCLUDED.device_id,
    transaction_id = EXCLUDED.transaction_id, content = EXCLUDED.content,
    membership_version = EXCLUDED.membership_version, stored_at = EXCLUDED.stored_at, unreached = EXCLUDED.unreached

-- note_event --
-- $1 outbox id, $2 Matrix event.
UPDATE matrix_sends SET event_id = $2 WHERE outbox_id = $1

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
-- of the membership it was sealed for, and this bot is the active one. $1 outbox id, $2 kind, $3 target, $4 Matrix room,
-- $5 membership version, $6 holder, $7 fence.
SELECT state = 'sending' AND NOT called_off
    AND EXISTS (
        SELECT FROM rooms JOIN room_targets USING (target_kind, target_id)
        WHERE target_kind = $2 AND target_id = $3 AND room_id = $4 AND applied_version = $5 AND version = $5)
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
