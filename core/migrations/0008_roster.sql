-- min_compatible: 1
-- Who answers when: a desk's weekly opening hours, and shifts. A desk with neither is as before: whoever sits there is
-- on duty.

-- The zone in which the hours were said: they stay at that place's wall time, whatever is set later. None without hours.
ALTER TABLE duty_desks ADD COLUMN time_zone text;

-- Minutes of wall time since midnight; what goes on after midnight is a row of its own. Weekday 1 is Monday.
CREATE TABLE desk_hours (
    desk_id uuid NOT NULL REFERENCES duty_desks,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens smallint NOT NULL CHECK (opens >= 0),
    closes smallint NOT NULL CHECK (closes <= 1440),
    PRIMARY KEY (desk_id, weekday, opens),
    CHECK (opens < closes)
);

CREATE TABLE shifts (
    id uuid PRIMARY KEY,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid NOT NULL REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    came_by text NOT NULL,
    CHECK (begins_at < ends_at)
);
CREATE INDEX shifts_of_desk ON shifts (desk_id, begins_at);
CREATE INDEX shifts_of_person ON shifts (person_id);
