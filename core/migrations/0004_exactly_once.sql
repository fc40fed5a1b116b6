-- min_compatible: 1
-- What another bot needs to go on where one died: the right to put again what that one sealed, and to know at once that
-- it is dead.

-- A device of the bot, with its access token, sealed under the bots' store key. A ciphertext that is put again with the
-- token of the device that sealed it stays one event.
CREATE TABLE matrix_devices (
    device_id text PRIMARY KEY,
    sealed_token bytea NOT NULL,
    since timestamptz NOT NULL
);

-- Mentioned people who could not read a ciphertext when it was sealed; whoever puts it again can only know it from here.
ALTER TABLE matrix_sends ADD COLUMN unreached uuid[] NOT NULL DEFAULT '{}';

-- Where the holder's directory is, as an opaque number that ends with the machine's next start. Whoever has that
-- directory's lock now knows that the holder is dead.
ALTER TABLE bot_lease ADD COLUMN place uuid;
