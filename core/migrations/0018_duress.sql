-- min_compatible: 18
-- Duress: alerts that are kept from who raised them. An older program would show them, and say them in the channel.

-- Of whom nothing of an alert is shown or said, and where: who raised it under force, and whoever is on the scene.
CREATE TABLE alert_kept_from (
    alert_id uuid NOT NULL REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    PRIMARY KEY (alert_id, person_id)
);

-- Who is forced, where an alert is for that. It stands beside whatever else is open in a compartment, never part of it.
ALTER TABLE alerts ADD COLUMN duress_of uuid REFERENCES people;
CREATE UNIQUE INDEX one_open_incident ON alerts (compartment_id, status, duress_of) NULLS NOT DISTINCT
    WHERE state <> 'stood_down';
DROP INDEX one_open_alert;

-- The public key to which people seal their own sentences: of the bot that is active. Its other half is on that bot's disk.
CREATE TABLE sentence_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    since timestamptz NOT NULL
);

-- A person's own sentences: sealed until the bot has taken them up, then as keyed hashes that only its disk can make.
CREATE TABLE own_sentences (
    person_id uuid PRIMARY KEY REFERENCES people,
    public_key bytea NOT NULL,
    sealed bytea,
    sealed_at timestamptz NOT NULL,
    all_clear bytea CHECK (octet_length(all_clear) = 32),
    duress bytea CHECK (octet_length(duress) = 32),
    taken_at timestamptz,
    refused boolean NOT NULL DEFAULT false,
    told_of bytea,
    CHECK ((all_clear IS NULL) = (duress IS NULL))
);
