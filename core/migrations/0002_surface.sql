-- min_compatible: 1
-- What the surface needs: signing a browser in by a one-time link, and raising after its session has lapsed.

-- A link is used once, within minutes, by whoever was given it; only the hash of its code is here.
CREATE TABLE sign_in_links (
    code_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);

-- The sweeps look for a few among very many: new cases that nobody has to assess yet, and alerts of cases from
-- which somebody was excluded.
CREATE INDEX cases_by_opening ON cases (opened_at) WHERE closed_at IS NULL;
CREATE INDEX scheduled_alerts_of_case ON alerts (case_id) WHERE next_step_at IS NOT NULL;

-- Every board asks which alerts a person raised.
CREATE INDEX raises_of_person ON alert_raises (person_id, alert_id);

-- A browser whose session has lapsed may still raise an alert until this moment, and nothing else. An engine of
-- before forgets sessions as soon as they end: it must be stopped for this to hold. It comes last, because signing in
-- waits for it.
ALTER TABLE sessions ADD COLUMN raises_until timestamptz;
