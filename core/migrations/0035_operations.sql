-- min_compatible: 35
-- Ways that are watched step by step. What kind a way is, and where it goes, stands in a sealed brief.
CREATE TABLE operations (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    codename text NOT NULL UNIQUE,
    level text NOT NULL,
    status text NOT NULL,
    coordinator_id uuid NOT NULL REFERENCES people,
    buddy_id uuid NOT NULL REFERENCES people,
    liaison_id uuid REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    planned_at timestamptz NOT NULL,
    place_token bytea,
    dark_until timestamptz,
    delayed_minutes integer NOT NULL DEFAULT 0,
    -- How many tasks of the countdown were told, and when the next is due.
    task integer NOT NULL DEFAULT 0,
    next_task_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX operations_of_compartments ON operations (compartment_id);
CREATE INDEX operations_to_count_down ON operations (next_task_at) WHERE next_task_at IS NOT NULL;
CREATE INDEX operations_of_places ON operations (place_token) WHERE place_token IS NOT NULL;

-- Its steps: generic, with who confirms each.
CREATE TABLE milestones (
    id uuid PRIMARY KEY,
    operation_id uuid NOT NULL REFERENCES operations,
    position integer NOT NULL,
    kind text NOT NULL,
    planned_at timestamptz,
    due_at timestamptz,
    confirmers uuid[] NOT NULL,
    confirmed_at timestamptz,
    confirmed_by uuid REFERENCES people,
    -- Whom a coordinator heard it from by telephone.
    heard_from uuid REFERENCES people,
    written_at timestamptz,
    passed boolean NOT NULL DEFAULT false,
    silent_until timestamptz,
    -- How many rungs of the ladder were climbed while it was late, and when the next is due.
    rung integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (operation_id, position)
);
CREATE INDEX milestones_to_step ON milestones (next_step_at) WHERE next_step_at IS NOT NULL;
