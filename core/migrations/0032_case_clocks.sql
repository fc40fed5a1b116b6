-- min_compatible: 32
-- What must be looked at again and again in a case, whatever its level, and the days that everything turns on.
CREATE TABLE case_clocks (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    kind text NOT NULL,
    owner_id uuid NOT NULL REFERENCES people,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    step integer NOT NULL,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (case_id, kind)
);
CREATE INDEX case_clocks_to_step ON case_clocks (next_step_at) WHERE next_step_at IS NOT NULL;

-- When somebody goes to court or is moved: the time alone.
CREATE TABLE case_dates (
    case_id uuid NOT NULL REFERENCES cases,
    at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, at)
);

-- Cases that are open already begin now.
INSERT INTO case_clocks (id, case_id, kind, owner_id, since, due_at, step, next_step_at)
SELECT gen_random_uuid(), cases.id, kind, cases.coordinator_id, now(), now() + span, 0, now() + span
FROM cases, (VALUES ('contact', interval '2 months'), ('re_examination', interval '6 months')) AS begun (kind, span)
WHERE closed_at IS NULL;
