-- min_compatible: 18
-- Somebody whose newest key of a compartment was given under keys that are theirs no more: another key is due at once. An
-- older program beside this one neither notes it nor takes it back; its rules of the vault find the same by themselves.

ALTER TABLE vault_circles ADD COLUMN rekeyed boolean NOT NULL DEFAULT false;
