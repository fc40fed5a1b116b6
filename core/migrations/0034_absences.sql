-- min_compatible: 34
-- From when until when somebody is away: whoever stands in for them is reminded meanwhile.
CREATE TABLE absences (
    person_id uuid PRIMARY KEY REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
