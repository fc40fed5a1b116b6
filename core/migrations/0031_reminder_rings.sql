-- min_compatible: 31
-- How often reminders rang somebody since a moment, and how many did not ring and are told as a number.
CREATE TABLE reminder_rings (
    person_id uuid PRIMARY KEY REFERENCES people,
    since timestamptz NOT NULL,
    rung integer NOT NULL,
    folded integer NOT NULL,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX rings_to_step ON reminder_rings (next_step_at) WHERE next_step_at IS NOT NULL;
