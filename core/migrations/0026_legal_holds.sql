-- min_compatible: 26
-- Whether a compartment is under legal hold, as its log says. An older program knows no such entries, and would close the
-- case beside them.
ALTER TABLE vault_circles ADD COLUMN held boolean NOT NULL DEFAULT false;
