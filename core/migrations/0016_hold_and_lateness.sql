-- min_compatible: 16
-- A restored database is on hold until somebody has compared; programs that know of no hold would say what is old and
-- invite who was removed. What is said late says so, the most urgent first.

-- Whether this database is on hold, and which one it is: a copy of it is another.
CREATE TABLE hold (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    place text,
    generation integer NOT NULL DEFAULT 0,
    since timestamptz,
    why text,
    lost_position bigint,
    lost_hash bytea
);
INSERT INTO hold DEFAULT VALUES;

-- How soon it is to be said: ends of alerts first, then by severity.
ALTER TABLE outbox ADD COLUMN urgency smallint NOT NULL DEFAULT 9;
-- Since when it should have been said, where it was left late.
ALTER TABLE outbox ADD COLUMN late_since timestamptz;
