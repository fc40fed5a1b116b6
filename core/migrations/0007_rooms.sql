-- min_compatible: 1
-- Rooms that are followed up: looked at again, given up, archived; and who was invited and has not come.

-- When its settings were last compared with what they should be.
ALTER TABLE rooms ADD COLUMN looked_at timestamptz;
-- Grows whenever somebody else may have changed something there: what was looked up before that says nothing any more.
ALTER TABLE rooms ADD COLUMN drifts integer NOT NULL DEFAULT 0;

-- Rooms that are not used any more, and whether the bot is done with them. Never adopted again.
CREATE TABLE former_rooms (
    room_id text PRIMARY KEY,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    why text NOT NULL,
    given_up_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    archived_at timestamptz
);
CREATE INDEX former_rooms_to_archive ON former_rooms (due_at) WHERE archived_at IS NULL;
CREATE INDEX former_rooms_of_target ON former_rooms (target_id, given_up_at);

-- What ended before is archived like what ends now.
INSERT INTO former_rooms (room_id, target_kind, target_id, why, given_up_at, due_at)
SELECT room_id, target_kind, target_id, 'closed', closed_at, closed_at FROM rooms
WHERE room_id IS NOT NULL AND closed_at IS NOT NULL;

-- Whom the bot has asked into which room, and what became of it.
CREATE TABLE room_invitations (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    room_id text NOT NULL,
    version integer NOT NULL,
    standing text NOT NULL,
    since timestamptz NOT NULL,
    reminded_at timestamptz,
    told_at timestamptz,
    PRIMARY KEY (target_kind, target_id, person_id)
);
CREATE INDEX room_invitations_open ON room_invitations (since) WHERE standing <> 'joined' AND told_at IS NULL;
