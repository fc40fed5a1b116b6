-- min_compatible: 11
-- Alerts are raised and accepted by telephone: older programs do not know how such an alert was raised.

-- From whose telephone a press came that anybody could have forged.
ALTER TABLE alert_raises ADD COLUMN claimed_by uuid REFERENCES people;
ALTER TABLE alert_recipients ADD COLUMN by_telephone boolean NOT NULL DEFAULT false;

-- What was answered to words that came by telephone, so that the same words are answered alike, and have one effect.
CREATE TABLE telephone_answers (
    key uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    outcome text NOT NULL,
    language text NOT NULL
);
-- How many wrong numbers came from a contact of late.
CREATE TABLE telephone_tries (
    contact_id uuid PRIMARY KEY REFERENCES contacts,
    wrong integer NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX contacts_at_number ON contacts (address) WHERE removed_at IS NULL;
CREATE INDEX letters_of_contact ON outbox (target_id) WHERE target_kind = 'contact' AND alert_id IS NOT NULL;
