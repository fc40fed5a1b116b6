-- min_compatible: 27
-- Lowering a level takes two people: what the first told waits here. An older program would lower it at once.
CREATE TABLE level_lowerings (
    case_id uuid PRIMARY KEY REFERENCES cases,
    level text NOT NULL,
    told_by uuid NOT NULL REFERENCES people,
    told_at timestamptz NOT NULL,
    assessed_at timestamptz NOT NULL
);
