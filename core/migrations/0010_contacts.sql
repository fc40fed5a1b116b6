-- min_compatible: 10
-- Where people and duty desks are called beside Matrix: a sleeping phone rings by voice, mail is a record.
CREATE TABLE contacts (
    id uuid PRIMARY KEY,
    person_id uuid REFERENCES people,
    desk_id uuid REFERENCES duty_desks,
    means text NOT NULL CHECK (means IN ('voice', 'text', 'email')),
    address text NOT NULL,
    added_at timestamptz NOT NULL,
    removed_at timestamptz,
    CHECK ((person_id IS NULL) <> (desk_id IS NULL))
);
CREATE UNIQUE INDEX one_contact ON contacts (coalesce(person_id, desk_id), means, address) WHERE removed_at IS NULL;
CREATE INDEX contacts_of_person ON contacts (person_id) WHERE removed_at IS NULL;
CREATE INDEX contacts_of_desk ON contacts (desk_id) WHERE removed_at IS NULL;
CREATE INDEX letters_waiting ON outbox (lane, (attempts > 0), due_at)
    WHERE target_kind = 'contact' AND state IN ('pending', 'sending');
