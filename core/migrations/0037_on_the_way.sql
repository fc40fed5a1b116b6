-- min_compatible: 35
-- Who is on the way together: whoever goes along with somebody forced must know nothing of an alert for duress.
CREATE TABLE on_the_way (
    -- What they are on: an operation.
    way_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (way_id, person_id)
);
CREATE INDEX on_the_way_of_people ON on_the_way (person_id);
