-- min_compatible: 9
-- Whoever owns an accepted alert is asked whether they still see to it; who was spoken to about an alert.

-- The press that is answered, where the present ladder began later than it.
ALTER TABLE alerts ADD COLUMN cause_at timestamptz;
-- When the owner was asked whether they still see to it; empty once they have answered.
ALTER TABLE alerts ADD COLUMN owner_asked_at timestamptz;
-- What was accepted before is asked about like what is accepted now.
UPDATE alerts SET next_step_at = now() + interval '30 minutes' WHERE state = 'accepted' AND next_step_at IS NULL;

-- Who says that they spoke with whom about an alert, and when. It is nobody's acceptance.
CREATE TABLE alert_conversations (
    alert_id uuid NOT NULL REFERENCES alerts,
    spoken_by uuid NOT NULL REFERENCES people,
    spoken_with uuid NOT NULL REFERENCES people,
    spoken_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, spoken_by, spoken_with, spoken_at)
);
