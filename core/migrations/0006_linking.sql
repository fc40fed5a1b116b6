-- min_compatible: 1
-- Which Matrix identity is a person's: said by the person with the Streha key, confirmed by an administrator, and
-- followed by the bot from the device that was said to the identity that signed it.

-- What a person said of a device, until somebody decides. Five wrong codes decide too.
CREATE TABLE device_claims (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    device_id text NOT NULL,
    device_key bytea NOT NULL CHECK (octet_length(device_key) = 32),
    signed_at timestamptz NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    made_at timestamptz NOT NULL,
    wrong_codes integer NOT NULL DEFAULT 0,
    state text NOT NULL,
    decided_at timestamptz,
    decided_by uuid REFERENCES people,
    CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_waiting_claim ON device_claims (person_id) WHERE state = 'waiting';

-- Whose Matrix identity is whose. The master key is written once, by the bot; so is the moment when the homeserver
-- published another. Nothing takes that back: only a new claim and its confirmation make a new row.
CREATE TABLE matrix_attestations (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    matrix_user text NOT NULL,
    device_id text NOT NULL,
    device_key bytea NOT NULL CHECK (octet_length(device_key) = 32),
    master_key bytea CHECK (octet_length(master_key) = 32),
    claim_id uuid NOT NULL UNIQUE REFERENCES device_claims,
    attested_by uuid NOT NULL REFERENCES people,
    attested_at timestamptz NOT NULL,
    pinned_at timestamptz,
    changed_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    -- Nobody where the operator did, or the person's departure.
    ended_by uuid REFERENCES people,
    -- Somebody else than the person ended it, and whoever can ring was not told yet.
    end_untold boolean NOT NULL DEFAULT false,
    CHECK ((master_key IS NULL) = (pinned_at IS NULL)),
    CHECK (changed_at IS NULL OR pinned_at IS NOT NULL),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (attested_by <> person_id)
);
CREATE UNIQUE INDEX one_standing_attestation ON matrix_attestations (person_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_attestation_of_user ON matrix_attestations (matrix_user) WHERE ended_at IS NULL;

-- Whose attestations a sealed message was made for: once one of them ends or changes, it does not leave as it is.
ALTER TABLE matrix_sends ADD COLUMN attestations uuid[] NOT NULL DEFAULT '{}';
