-- min_compatible: 18
-- Passkeys: a browser signs in with one, and its session ends with it. An older program beside this one offers none, and
-- leaves the passkeys of somebody who leaves behind: they sign nobody in, because who has left is refused.

-- `handle` is the same for all passkeys of a person: random, and all that an authenticator is told of who that is.
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    handle bytea NOT NULL CHECK (octet_length(handle) = 32),
    credential bytea NOT NULL UNIQUE CHECK (octet_length(credential) BETWEEN 16 AND 1023),
    public_key bytea NOT NULL,
    signatures bigint NOT NULL,
    synced boolean NOT NULL,
    added_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX passkeys_of_person ON passkeys (person_id);

-- A new passkey has its id, its person and the handle from the moment it is asked for; who signs in is not known yet.
CREATE TABLE passkey_challenges (
    challenge_hash bytea PRIMARY KEY CHECK (octet_length(challenge_hash) = 32),
    passkey_id uuid,
    person_id uuid REFERENCES people,
    handle bytea CHECK (octet_length(handle) = 32),
    expires_at timestamptz NOT NULL,
    CHECK ((passkey_id IS NULL) = (person_id IS NULL) AND (passkey_id IS NULL) = (handle IS NULL))
);
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);

ALTER TABLE sessions ADD COLUMN passkey_id uuid REFERENCES passkeys ON DELETE CASCADE;
CREATE INDEX sessions_of_passkey ON sessions (passkey_id) WHERE passkey_id IS NOT NULL;
