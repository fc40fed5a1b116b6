-- min_compatible: 35
-- When an engine was last at work, and how long engines were since time last leaped: until then nothing is erased by its date.
CREATE TABLE awake (
    the_only boolean PRIMARY KEY DEFAULT true CHECK (the_only),
    at timestamptz NOT NULL,
    steady_seconds double precision NOT NULL,
    leaped_at timestamptz
);
