-- min_compatible: 38
-- Somebody without an app is expected to be heard from by a time. Who that is stands in a sealed record.
CREATE TABLE safe_calls (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    codename text NOT NULL UNIQUE,
    level text NOT NULL,
    planned_by uuid NOT NULL REFERENCES people,
    planned_at timestamptz NOT NULL,
    listeners uuid[] NOT NULL,
    buddy_id uuid NOT NULL REFERENCES people,
    -- By when; null where nobody is expected any more.
    due_at timestamptz,
    first_due_at timestamptz NOT NULL,
    -- Every day until then, at the same local hour; null for once.
    last_day date,
    heard_at timestamptz,
    heard_by uuid REFERENCES people,
    -- How many rungs of the ladder were climbed since they are late, and when the next is due.
    rung integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX safe_calls_of_compartments ON safe_calls (compartment_id);
CREATE INDEX safe_calls_to_step ON safe_calls (next_step_at) WHERE next_step_at IS NOT NULL;
