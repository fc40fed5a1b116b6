-- min_compatible: 18
-- Invitations to the vault's network: newcomers offer their keys under a token of which the server keeps the hash alone. An
-- older program beside this one makes none, and does not forget those that are over.

-- `offer` is what a newcomer has signed, once; from then on it waits for an administrator until `expires_at`.
CREATE TABLE vault_invitations (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    agency_id uuid NOT NULL REFERENCES agencies,
    name text NOT NULL,
    role text NOT NULL,
    made_by uuid NOT NULL REFERENCES people,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    offer bytea,
    offered_at timestamptz,
    CHECK ((offer IS NULL) = (offered_at IS NULL))
);
CREATE INDEX vault_invitations_by_expiry ON vault_invitations (expires_at);
CREATE INDEX vault_invitations_by_maker ON vault_invitations (made_by);
