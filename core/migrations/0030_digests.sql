-- min_compatible: 30
-- Whose turn it is to hear in numbers what there is to be done: people daily, agencies weekly. `id` is theirs.
CREATE TABLE digests (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    told_on date NOT NULL,
    next_step_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX digests_to_step ON digests (next_step_at);
CREATE INDEX reviews_of_owner ON reviews (owner_id) WHERE state = 'open';
