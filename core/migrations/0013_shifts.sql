-- min_compatible: 13
-- Who is on duty is rung when the shift begins, and a deputy stands in for whoever does not answer; an alert whose
-- owner's shift ends is handed over.

-- One ring at the begin of a shift: of one person, or without one of whoever sits at a desk that has hours alone.
CREATE TABLE duty_rings (
    id uuid PRIMARY KEY,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid REFERENCES people,
    shift_begins_at timestamptz NOT NULL,
    shift_ends_at timestamptz NOT NULL,
    rung_at timestamptz NOT NULL,
    state text NOT NULL,
    answered_by uuid REFERENCES people,
    answered_at timestamptz,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    CHECK (shift_begins_at < shift_ends_at),
    CHECK ((answered_by IS NULL) = (answered_at IS NULL))
);
CREATE INDEX duty_rings_of_desk ON duty_rings (desk_id, rung_at);
CREATE INDEX duty_rings_to_step ON duty_rings (next_step_at) WHERE next_step_at IS NOT NULL;

-- Who stands in at a desk because a ring was not answered. A stand-in that has ended early ends when it did.
CREATE TABLE stand_ins (
    ring_id uuid NOT NULL REFERENCES duty_rings ON DELETE CASCADE,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid NOT NULL REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (ring_id, person_id),
    CHECK (begins_at <= ends_at)
);
CREATE INDEX stand_ins_of_desk ON stand_ins (desk_id, ends_at);
CREATE INDEX stand_ins_of_person ON stand_ins (person_id);

-- Somebody's shift has ended while they answer for an open alert: the next on duty is asked to take it over.
CREATE TABLE hand_overs (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    shift_ended_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    state text NOT NULL,
    asks integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    taken_by uuid REFERENCES people,
    ended_at timestamptz,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (alert_id, person_id, shift_ended_at),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX hand_overs_to_step ON hand_overs (next_step_at) WHERE next_step_at IS NOT NULL;
