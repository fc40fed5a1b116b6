-- min_compatible: 14
-- Continuous proof that calling people works, and what the homeserver says by itself when Streha falls silent.

-- The bot and the prober, as each made itself known: whose Matrix identity is whose where nobody is a person.
CREATE TABLE probe_parties (
    part text PRIMARY KEY CHECK (part IN ('bot', 'prober')),
    id uuid NOT NULL UNIQUE,
    attestation_id uuid NOT NULL UNIQUE,
    matrix_user text NOT NULL UNIQUE,
    master_key bytea NOT NULL CHECK (octet_length(master_key) = 32),
    version integer NOT NULL DEFAULT 1,
    since timestamptz NOT NULL
);

-- One self-test each: left in the outbox, read by the prober, answered in the room and heard by the bot.
CREATE TABLE proofs (
    id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    read_at timestamptz,
    proven_at timestamptz
);
CREATE INDEX proofs_by_beginning ON proofs (begun_at);
CREATE INDEX proofs_proven ON proofs (begun_at) WHERE proven_at IS NOT NULL;

-- Held by whichever engine looks after the proof; when duty desks were told that it fails, until they were told otherwise.
CREATE TABLE proof_round (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    told_at timestamptz
);
INSERT INTO proof_round DEFAULT VALUES;

-- What lies at the homeserver to be said in a duty room when nobody puts it off any more.
CREATE TABLE absence_notices (
    room_id text PRIMARY KEY,
    desk_id uuid NOT NULL,
    delay_id text NOT NULL,
    seconds double precision NOT NULL,
    put_off_at timestamptz NOT NULL
);

-- The prober is invited, and holds keys, without being a person.
ALTER TABLE room_invitations DROP CONSTRAINT room_invitations_person_id_fkey;
ALTER TABLE key_holders DROP CONSTRAINT key_holders_person_id_fkey;

CREATE OR REPLACE VIEW room_targets AS
SELECT 'compartment' AS target_kind, compartments.id AS target_id, compartments.codename AS name, cases.language,
    compartments.membership_version AS version, compartments.closed_at IS NOT NULL AS closed
FROM compartments JOIN cases ON cases.id = compartments.case_id
UNION ALL
SELECT 'desk', duty_desks.id, NULL, agencies.language, duty_desks.membership_version, false
FROM duty_desks JOIN agencies ON agencies.id = duty_desks.agency_id
UNION ALL
SELECT 'person', people.id, NULL, agencies.language, CASE WHEN people.left_at IS NULL THEN 1 ELSE 2 END,
    people.left_at IS NOT NULL
FROM people JOIN agencies ON agencies.id = people.agency_id
UNION ALL
SELECT 'probe', probe_parties.id, NULL, 'en', probe_parties.version, false
FROM probe_parties WHERE part = 'prober';

CREATE OR REPLACE VIEW room_members AS
SELECT 'compartment' AS target_kind, compartment_members.compartment_id AS target_id, people.id AS person_id,
    people.matrix_user
FROM compartment_members JOIN people ON people.id = compartment_members.person_id
WHERE compartment_members.until IS NULL AND people.left_at IS NULL
UNION ALL
SELECT 'desk', duty_officers.desk_id, people.id, people.matrix_user
FROM duty_officers JOIN people ON people.id = duty_officers.person_id WHERE people.left_at IS NULL
UNION ALL
SELECT 'person', people.id, people.id, people.matrix_user FROM people WHERE people.left_at IS NULL
UNION ALL
SELECT 'probe', probe_parties.id, probe_parties.id, probe_parties.matrix_user
FROM probe_parties WHERE part = 'prober';
