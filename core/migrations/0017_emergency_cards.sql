-- min_compatible: 17
-- One sealed page for each compartment, sealed to each duty desk that answers for it. An older program would not note that
-- somebody who may hold a desk's key sits there no more, and would leave cards behind when a case is closed.

-- The public half of a desk's key, with the word of who gave it. A key is replaced once, and never comes back.
CREATE TABLE desk_keys (
    desk_id uuid NOT NULL REFERENCES duty_desks,
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    added_by uuid NOT NULL REFERENCES people,
    added_at timestamptz NOT NULL,
    signed_at timestamptz NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    -- Since when somebody who may hold the secret half has no business with it any more.
    renew_since timestamptz,
    replaced_at timestamptz,
    PRIMARY KEY (desk_id, key)
);
CREATE UNIQUE INDEX one_standing_desk_key ON desk_keys (desk_id) WHERE replaced_at IS NULL;

-- The last card of a compartment; its number counts every card there was.
CREATE TABLE emergency_cards (
    compartment_id uuid PRIMARY KEY REFERENCES compartments,
    number bigint NOT NULL CHECK (number > 0),
    written_by uuid NOT NULL REFERENCES people,
    written_at timestamptz NOT NULL
);

-- The same card for each desk, readable by nobody but who holds that desk's secret key.
CREATE TABLE card_envelopes (
    compartment_id uuid NOT NULL REFERENCES emergency_cards ON DELETE CASCADE,
    desk_id uuid NOT NULL,
    key bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (compartment_id, desk_id),
    FOREIGN KEY (desk_id, key) REFERENCES desk_keys
);
