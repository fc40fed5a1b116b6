-- min_compatible: 12
-- Devices of agencies that can only raise, each by a token of its own. An older program could not read their alerts.
CREATE TABLE raising_devices (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    label text NOT NULL,
    agency_id uuid NOT NULL REFERENCES agencies,
    person_id uuid REFERENCES people,
    compartment_id uuid NOT NULL REFERENCES compartments,
    added_at timestamptz NOT NULL,
    ends_at timestamptz,
    used_at timestamptz,
    removed_at timestamptz
);
CREATE UNIQUE INDEX one_device_label ON raising_devices (agency_id, label) WHERE removed_at IS NULL;
CREATE INDEX raising_devices_of_person ON raising_devices (person_id) WHERE removed_at IS NULL;
-- With which device somebody, or nobody in particular, pressed.
ALTER TABLE alert_raises ADD COLUMN device_id uuid REFERENCES raising_devices;
