-- min_compatible: 18
-- Duress of somebody without a case is an alert like every other, in a case that is opened for it.

-- Whoever is forced and has no case in which anybody may hear of it; one at a time.
ALTER TABLE cases ADD COLUMN opened_for uuid REFERENCES people;
CREATE UNIQUE INDEX one_open_case_for ON cases (opened_for) WHERE closed_at IS NULL AND opened_for IS NOT NULL;

-- When a person wrote either of their sentences last: for a while nothing of another's duress is rung where they are.
ALTER TABLE own_sentences ADD COLUMN written_at timestamptz;
