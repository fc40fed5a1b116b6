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
SELECT outbox_id, room_id, device_id, transaction_id, content, membership_version, stored_at FROM matrix_sends
WHERE outbox_id = ANY($1)

-- store_send --
-- $1 outbox id, $2 room, $3 device, $4 transaction id, $5 content, $6 membership version, $7 now.
INSERT INTO matrix_sends (outbox_id, room_id, device_id, transaction_id, content, membership_version, stored_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (outbox_id) DO UPDATE SET room_id = EXCLUDED.room_id, device_id = EXCLUDED.device_id,
    transaction_id = EXCLUDED.transaction_id, content = EXCLUDED.content,
    membership_version = EXCLUDED.membership_version, stored_at = EXCLUDED.stored_at

-- note_event --
-- $1 outbox id, $2 Matrix event.
UPDATE matrix_sends SET event_id = $2 WHERE outbox_id = $1

-- take_lease --
-- Become or remain the active bot. $1 holder, $2 now, $3 until.
UPDATE bot_lease SET holder = $1, until = $3, fence = CASE WHEN holder = $1 THEN fence ELSE fence + 1 END
WHERE holder = $1 OR until IS NULL OR until <= $2
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
