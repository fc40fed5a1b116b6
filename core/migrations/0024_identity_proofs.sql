-- min_compatible: 18
-- The published objects by which a confirmed device leads to its master key, so that an administrator's own program can
-- follow them before it attests that key in the network's directory. An older program beside this one leaves it empty,
-- and the bot fills it in when it asks for everybody's keys.
ALTER TABLE matrix_attestations ADD COLUMN proof bytea CHECK (octet_length(proof) <= 16384);
