-- min_compatible: 1
-- Who can read what the bot says next in a room, as far as it knows; and when something is planned there.

-- Written by the active bot; where none is active, nobody knows. The device is empty where somebody has none that counts.
CREATE TABLE key_holders (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    device_id text NOT NULL,
    state text NOT NULL,
    given_at timestamptz,
    seen_at timestamptz,
    PRIMARY KEY (target_kind, target_id, person_id, device_id)
);
CREATE INDEX key_holders_of_target ON key_holders (target_id);

-- Times in which the keys of a room should be there beforehand and not change.
CREATE TABLE key_windows (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    PRIMARY KEY (target_kind, target_id, opens_at),
    CHECK (opens_at < closes_at)
);
