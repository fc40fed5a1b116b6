-- min_compatible: 38
-- Who receives somebody at the end of a way: until they say so, whoever brought them answers for them.
ALTER TABLE operations
    ADD COLUMN receiver_id uuid REFERENCES people,
    ADD COLUMN refused_at timestamptz,
    ADD COLUMN refusal text;
