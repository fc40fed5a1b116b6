-- min_compatible: 27
-- Who is to do something of a sealed plan by which day. What it is stands in the record alone.
CREATE TABLE owed_measures (
    id uuid PRIMARY KEY,
    record uuid NOT NULL,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    owner_id uuid NOT NULL REFERENCES people,
    deadline date NOT NULL,
    step integer NOT NULL,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (compartment_id, record, owner_id, deadline)
);
CREATE INDEX measures_to_step ON owed_measures (next_step_at) WHERE next_step_at IS NOT NULL;
