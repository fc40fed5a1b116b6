-- min_compatible: 18
-- A call for help by telephone for which no case can be chosen is repeated until somebody takes it. An older program beside
-- this one calls once, as before, and repeats nothing.

-- `caller` names who seems to call, as long as nobody has taken it: a person, or the agencies of a telephone. `maybe` are the
-- people who may be calling, `contacts` those of the number, which is not rung. Whoever was `called` may take it.
CREATE TABLE desk_calls (
    id uuid PRIMARY KEY,
    caller uuid NOT NULL,
    person_id uuid REFERENCES people,
    agency_ids uuid[] NOT NULL,
    contacts uuid[] NOT NULL,
    maybe uuid[] NOT NULL,
    called uuid[] NOT NULL,
    began_at timestamptz NOT NULL,
    times integer NOT NULL,
    state text NOT NULL,
    taken_by uuid REFERENCES people,
    taken_at timestamptz,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    CHECK ((taken_by IS NULL) = (taken_at IS NULL)),
    CHECK ((state = 'calling') = (next_step_at IS NOT NULL))
);
-- Who calls again while nobody has taken it is the same call.
CREATE UNIQUE INDEX one_desk_call ON desk_calls (caller) WHERE state = 'calling';
CREATE INDEX desk_calls_to_step ON desk_calls (next_step_at) WHERE next_step_at IS NOT NULL;
