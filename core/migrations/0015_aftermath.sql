-- min_compatible: 15
-- Whether the police was called and by whom, what is noted after an alert, and what opens reviews.

-- Who says whether the police or an ambulance was called for an alert. Without a person somebody called who takes no part.
CREATE TABLE emergency_calls (
    alert_id uuid NOT NULL REFERENCES alerts,
    service text NOT NULL CHECK (service IN ('police', 'ambulance')),
    said_by uuid NOT NULL REFERENCES people,
    said_at timestamptz NOT NULL,
    called boolean NOT NULL,
    called_by uuid REFERENCES people,
    called_at timestamptz,
    PRIMARY KEY (alert_id, service, said_by, said_at),
    CHECK (called = (called_at IS NOT NULL)),
    CHECK (called OR called_by IS NULL)
);

-- The question to whoever accepted an Extreme alert first: whether the police was called. One for each alert, asked anew
-- when it begins anew; without a next step it is answered or given up.
CREATE TABLE police_questions (
    alert_id uuid PRIMARY KEY REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    step integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX police_questions_to_step ON police_questions (next_step_at) WHERE next_step_at IS NOT NULL;

-- What somebody must do after an alert by a time: complete its incident record, tell who must hear of a leak.
CREATE TABLE incident_duties (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts,
    case_id uuid NOT NULL REFERENCES cases,
    kind text NOT NULL CHECK (kind IN ('incident_record', 'data_breach_notification')),
    owner_id uuid NOT NULL REFERENCES people,
    began_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    step integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    done_by uuid REFERENCES people,
    done_at timestamptz,
    UNIQUE (alert_id, kind)
);
CREATE INDEX incident_duties_to_step ON incident_duties (next_step_at) WHERE next_step_at IS NOT NULL;

-- What is known of an incident, each a code from a closed list; never in anybody's own words.
CREATE TABLE incident_facts (
    alert_id uuid NOT NULL REFERENCES alerts,
    section text NOT NULL CHECK (section IN ('immediate', 'update', 'post_incident')),
    fact text NOT NULL,
    noted_by uuid NOT NULL REFERENCES people,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, section, fact)
);

-- Why a review is due when it is.
ALTER TABLE reviews ADD COLUMN reason text NOT NULL DEFAULT 'interval';

-- Until when something that happened must have been assessed; gone once it was.
CREATE TABLE review_duties (
    case_id uuid NOT NULL REFERENCES cases,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, reason)
);

-- What the ledger tells of cases that may open a review, until it was taken up; how far the ledger was read.
CREATE TABLE case_events (
    id uuid PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    act text NOT NULL,
    case_id uuid NOT NULL,
    object_id uuid,
    facts jsonb NOT NULL,
    at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE TABLE case_events_read (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL
);
-- What was done before the upgrade opens no review now.
INSERT INTO case_events_read (position) SELECT coalesce(max(position), 0) FROM ledger;
