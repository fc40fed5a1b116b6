-- min_compatible: 1
-- What was done at somebody's word, once; what the bot has asked back; and the thread that an answer belongs to.

-- The key of each word that had its effect, written in the transaction of that effect.
CREATE TABLE done_once (
    key uuid PRIMARY KEY,
    at timestamptz NOT NULL
);

-- What one person was asked last in one room: a yes carries out exactly this, once.
CREATE TABLE matrix_confirmations (
    person_id uuid NOT NULL REFERENCES people,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    event_id text NOT NULL,
    verb text NOT NULL,
    alert_id uuid REFERENCES alerts,
    compartment_id uuid REFERENCES compartments,
    reason text,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, target_kind, target_id)
);

-- The message in whose thread an answer stands; none for what everybody must see.
ALTER TABLE outbox ADD COLUMN thread text;
