-- min_compatible: 29
-- Until when what is sealed is kept, as its log says, when it ends, and when it was erased. An older program cannot read
-- such an entry.
ALTER TABLE vault_circles ADD COLUMN keep_until timestamptz;
ALTER TABLE vault_circles ADD COLUMN ends_at timestamptz;
ALTER TABLE vault_circles ADD COLUMN erased_at timestamptz;
ALTER TABLE cases ADD COLUMN forgotten_at timestamptz;
CREATE INDEX cases_to_forget ON cases (closed_at) WHERE forgotten_at IS NULL AND closed_at IS NOT NULL;
