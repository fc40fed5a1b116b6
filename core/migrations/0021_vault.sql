-- min_compatible: 18
-- The vault's logs, sealed bytes and grants. An older program beside this one does not know them and serves no records; what
-- it changes of memberships by its own ways holds for the vault too, which asks those tables besides its logs.

ALTER TABLE agencies ADD COLUMN suspended_at timestamptz;

-- Each log, whose row is held while an entry is appended: 0 the directory (log 0), 1 members and 2 records of a compartment.
CREATE TABLE vault_logs (
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 2),
    log uuid NOT NULL,
    length bigint NOT NULL CHECK (length >= 0),
    head bytea NOT NULL CHECK (octet_length(head) = 32),
    PRIMARY KEY (kind, log)
);

CREATE TABLE vault_entries (
    kind smallint NOT NULL,
    log uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    statement bytea NOT NULL,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (kind, log, number),
    FOREIGN KEY (kind, log) REFERENCES vault_logs
);

-- What the members' log says now, for those who sweep: who was given the newest key, whether it ended, since when another
-- epoch is due because somebody is a member no more, and when that was told.
CREATE TABLE vault_circles (
    compartment_id uuid PRIMARY KEY REFERENCES compartments,
    epoch bigint NOT NULL,
    granted uuid[] NOT NULL,
    closed boolean NOT NULL,
    due_since timestamptz,
    told_at timestamptz
);
CREATE INDEX vault_circles_due ON vault_circles (due_since) WHERE due_since IS NOT NULL;

-- Who was added in an emergency, and when that lapses.
CREATE TABLE vault_lapses (
    compartment_id uuid NOT NULL REFERENCES compartments,
    person_id uuid NOT NULL REFERENCES people,
    lapses_at timestamptz NOT NULL,
    PRIMARY KEY (compartment_id, person_id)
);
CREATE INDEX vault_lapses_to_come ON vault_lapses (lapses_at);

-- One version of a record, sealed.
CREATE TABLE vault_contents (
    compartment_id uuid NOT NULL REFERENCES compartments,
    version uuid NOT NULL,
    record uuid NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (compartment_id, version)
);
CREATE INDEX vault_contents_of_record ON vault_contents (compartment_id, record);

CREATE TABLE vault_wraps (
    compartment_id uuid NOT NULL,
    version uuid NOT NULL,
    epoch bigint NOT NULL CHECK (epoch > 0),
    wrap bytea NOT NULL CHECK (octet_length(wrap) = 81),
    PRIMARY KEY (compartment_id, version, epoch),
    FOREIGN KEY (compartment_id, version) REFERENCES vault_contents ON DELETE CASCADE
);

CREATE TABLE vault_epoch_grants (
    compartment_id uuid NOT NULL REFERENCES compartments,
    epoch bigint NOT NULL CHECK (epoch > 0),
    person_id uuid NOT NULL REFERENCES people,
    statement bytea NOT NULL,
    PRIMARY KEY (compartment_id, epoch, person_id)
);

CREATE TABLE vault_history_grants (
    id uuid PRIMARY KEY,
    compartment_id uuid NOT NULL REFERENCES compartments,
    person_id uuid NOT NULL REFERENCES people,
    statement bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX vault_history_grants_of_person ON vault_history_grants (compartment_id, person_id, at);

-- A person's keys, locked with their passphrase and what one of their devices holds.
CREATE TABLE vault_bundles (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    kind smallint NOT NULL,
    bundle bytea NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX vault_bundles_of_person ON vault_bundles (person_id);
