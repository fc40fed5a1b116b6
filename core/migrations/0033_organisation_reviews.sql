-- min_compatible: 33
-- When an organisation assesses its own safety again, as often as the worst of its open cases demands.
CREATE TABLE organisation_reviews (
    agency_id uuid PRIMARY KEY REFERENCES agencies,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    step integer NOT NULL,
    next_step_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX organisation_reviews_to_step ON organisation_reviews (next_step_at);
