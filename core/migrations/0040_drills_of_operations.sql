-- min_compatible: 40
-- A way that is only practised, from its first moment to its last. A program that does not know this would call people
-- in earnest for it.
ALTER TABLE operations ADD COLUMN drill boolean NOT NULL DEFAULT false;
