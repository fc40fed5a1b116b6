-- The schema as it stands after all migrations, for people to read. The program never runs this file;
-- a test proves that it and the migrations give the same.

CREATE TABLE schema_versions (
    version integer PRIMARY KEY,
    min_compatible integer NOT NULL
);

-- When each role last did its round; readiness writes here too, for a database that cannot write is not
-- ready.
CREATE TABLE heartbeats (
    role text PRIMARY KEY,
    at timestamptz NOT NULL
);

-- When an engine was last at work, and how long engines were since time last leaped: until it was long enough
-- nothing is erased by its date.
CREATE TABLE awake (
    the_only boolean PRIMARY KEY DEFAULT true CHECK (the_only),
    at timestamptz NOT NULL,
    steady_seconds double precision NOT NULL,
    leaped_at timestamptz
);

-- agencies ------------------------------------------------------------------------------------

CREATE TABLE agencies (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    kind text NOT NULL,
    country text NOT NULL,
    language text NOT NULL,
    created_at timestamptz NOT NULL,
    suspended_at timestamptz
);

CREATE TABLE people (
    id uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agencies,
    name text NOT NULL,
    role text NOT NULL,
    matrix_user text NOT NULL UNIQUE,
    signing_key bytea NOT NULL UNIQUE CHECK (octet_length(signing_key) = 32),
    created_at timestamptz NOT NULL,
    left_at timestamptz
);
CREATE INDEX people_of_agency ON people (agency_id);

-- An agency's post that answers now. `membership_version` grows with every change of who sits there.
CREATE TABLE duty_desks (
    id uuid PRIMARY KEY,
    agency_id uuid NOT NULL UNIQUE REFERENCES agencies,
    always_staffed boolean NOT NULL,
    covered_by uuid REFERENCES duty_desks,
    membership_version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    -- The zone in which the hours were said. None without hours.
    time_zone text
);

CREATE TABLE duty_officers (
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid NOT NULL REFERENCES people,
    since timestamptz NOT NULL,
    PRIMARY KEY (desk_id, person_id)
);

-- Minutes of wall time since midnight; what goes on after midnight is a row of its own. Weekday 1 is Monday.
CREATE TABLE desk_hours (
    desk_id uuid NOT NULL REFERENCES duty_desks,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens smallint NOT NULL CHECK (opens >= 0),
    closes smallint NOT NULL CHECK (closes <= 1440),
    PRIMARY KEY (desk_id, weekday, opens),
    CHECK (opens < closes)
);

-- A desk with neither hours nor shifts is as if everybody who sits there were always on duty.
CREATE TABLE shifts (
    id uuid PRIMARY KEY,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid NOT NULL REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    came_by text NOT NULL,
    CHECK (begins_at < ends_at)
);
CREATE INDEX shifts_of_desk ON shifts (desk_id, begins_at);
CREATE INDEX shifts_of_person ON shifts (person_id);

-- One ring at the begin of a shift: of one person, or without one of whoever sits at a desk that has hours alone.
CREATE TABLE duty_rings (
    id uuid PRIMARY KEY,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid REFERENCES people,
    shift_begins_at timestamptz NOT NULL,
    shift_ends_at timestamptz NOT NULL,
    rung_at timestamptz NOT NULL,
    state text NOT NULL,
    answered_by uuid REFERENCES people,
    answered_at timestamptz,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    CHECK (shift_begins_at < shift_ends_at),
    CHECK ((answered_by IS NULL) = (answered_at IS NULL))
);
CREATE INDEX duty_rings_of_desk ON duty_rings (desk_id, rung_at);
CREATE INDEX duty_rings_to_step ON duty_rings (next_step_at) WHERE next_step_at IS NOT NULL;

-- Who stands in at a desk because a ring was not answered. A stand-in that has ended early ends when it did.
CREATE TABLE stand_ins (
    ring_id uuid NOT NULL REFERENCES duty_rings ON DELETE CASCADE,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    person_id uuid NOT NULL REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (ring_id, person_id),
    CHECK (begins_at <= ends_at)
);
CREATE INDEX stand_ins_of_desk ON stand_ins (desk_id, ends_at);
CREATE INDEX stand_ins_of_person ON stand_ins (person_id);

-- The public half of a desk's key, with the word of who gave it. A key is replaced once, and never comes back.
CREATE TABLE desk_keys (
    desk_id uuid NOT NULL REFERENCES duty_desks,
    key bytea NOT NULL CHECK (octet_length(key) = 32),
    added_by uuid NOT NULL REFERENCES people,
    added_at timestamptz NOT NULL,
    signed_at timestamptz NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    -- Since when somebody who may hold the secret half has no business with it any more.
    renew_since timestamptz,
    replaced_at timestamptz,
    PRIMARY KEY (desk_id, key)
);
CREATE UNIQUE INDEX one_standing_desk_key ON desk_keys (desk_id) WHERE replaced_at IS NULL;

CREATE TABLE sign_in_challenges (
    nonce_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_challenges_by_expiry ON sign_in_challenges (expires_at);

-- A link is used once, within minutes, by whoever was given it; only the hash of its code is here.
CREATE TABLE sign_in_links (
    code_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);

-- `handle` is the same for all passkeys of a person: random, and all that an authenticator is told of who that is.
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    handle bytea NOT NULL CHECK (octet_length(handle) = 32),
    credential bytea NOT NULL UNIQUE CHECK (octet_length(credential) BETWEEN 16 AND 1023),
    public_key bytea NOT NULL,
    signatures bigint NOT NULL,
    synced boolean NOT NULL,
    added_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX passkeys_of_person ON passkeys (person_id);

-- A new passkey has its id, its person and the handle from the moment it is asked for; who signs in is not known yet.
CREATE TABLE passkey_challenges (
    challenge_hash bytea PRIMARY KEY CHECK (octet_length(challenge_hash) = 32),
    passkey_id uuid,
    person_id uuid REFERENCES people,
    handle bytea CHECK (octet_length(handle) = 32),
    expires_at timestamptz NOT NULL,
    CHECK ((passkey_id IS NULL) = (person_id IS NULL) AND (passkey_id IS NULL) = (handle IS NULL))
);
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);

-- A browser whose session has lapsed may still raise an alert until `raises_until`, and nothing else.
CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    raises_until timestamptz,
    passkey_id uuid REFERENCES passkeys ON DELETE CASCADE
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_of_passkey ON sessions (passkey_id) WHERE passkey_id IS NOT NULL;

-- What a person said of a device, until somebody decides. Five wrong codes decide too.
CREATE TABLE device_claims (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    device_id text NOT NULL,
    device_key bytea NOT NULL CHECK (octet_length(device_key) = 32),
    signed_at timestamptz NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    made_at timestamptz NOT NULL,
    wrong_codes integer NOT NULL DEFAULT 0,
    state text NOT NULL,
    decided_at timestamptz,
    decided_by uuid REFERENCES people,
    CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_waiting_claim ON device_claims (person_id) WHERE state = 'waiting';

-- Whose Matrix identity is whose. The master key is written once, by the bot; so is the moment when the homeserver
-- published another. Nothing takes that back: only a new claim and its confirmation make a new row.
CREATE TABLE matrix_attestations (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    matrix_user text NOT NULL,
    device_id text NOT NULL,
    device_key bytea NOT NULL CHECK (octet_length(device_key) = 32),
    master_key bytea CHECK (octet_length(master_key) = 32),
    claim_id uuid NOT NULL UNIQUE REFERENCES device_claims,
    attested_by uuid NOT NULL REFERENCES people,
    attested_at timestamptz NOT NULL,
    pinned_at timestamptz,
    changed_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    -- Nobody where the operator did, or the person's departure.
    ended_by uuid REFERENCES people,
    -- Somebody else than the person ended it, and whoever can ring was not told yet.
    end_untold boolean NOT NULL DEFAULT false,
    -- The published objects by which the device leads to the master key.
    proof bytea CHECK (octet_length(proof) <= 16384),
    CHECK ((master_key IS NULL) = (pinned_at IS NULL)),
    CHECK (changed_at IS NULL OR pinned_at IS NOT NULL),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (attested_by <> person_id)
);
CREATE UNIQUE INDEX one_standing_attestation ON matrix_attestations (person_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_attestation_of_user ON matrix_attestations (matrix_user) WHERE ended_at IS NULL;

-- cases ---------------------------------------------------------------------------------------

CREATE TABLE cases (
    id uuid PRIMARY KEY,
    codename text NOT NULL UNIQUE,
    language text NOT NULL,
    coordinator_id uuid NOT NULL REFERENCES people,
    deputy_id uuid REFERENCES people,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    -- Whoever is forced and had no case in which anybody might hear of it.
    opened_for uuid REFERENCES people,
    -- When what was known of it besides its people was erased.
    forgotten_at timestamptz,
    CHECK (deputy_id IS DISTINCT FROM coordinator_id)
);
CREATE INDEX cases_by_opening ON cases (opened_at) WHERE closed_at IS NULL;
CREATE INDEX cases_to_forget ON cases (closed_at) WHERE forgotten_at IS NULL AND closed_at IS NOT NULL;
CREATE UNIQUE INDEX one_open_case_for ON cases (opened_for) WHERE closed_at IS NULL AND opened_for IS NOT NULL;

CREATE TABLE case_agencies (
    case_id uuid NOT NULL REFERENCES cases,
    agency_id uuid NOT NULL REFERENCES agencies,
    part text NOT NULL,
    PRIMARY KEY (case_id, agency_id)
);

CREATE TABLE compartments (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    codename text NOT NULL UNIQUE,
    core boolean NOT NULL,
    membership_version integer NOT NULL DEFAULT 1,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX one_core_compartment ON compartments (case_id) WHERE core;
CREATE INDEX compartments_of_case ON compartments (case_id);

CREATE TABLE compartment_members (
    compartment_id uuid NOT NULL REFERENCES compartments,
    person_id uuid NOT NULL REFERENCES people,
    granted_by uuid NOT NULL REFERENCES people,
    since timestamptz NOT NULL,
    until timestamptz
);
CREATE UNIQUE INDEX one_membership_at_a_time ON compartment_members (compartment_id, person_id)
    WHERE until IS NULL;
CREATE INDEX memberships_of_person ON compartment_members (person_id) WHERE until IS NULL;

CREATE TABLE exclusions (
    case_id uuid NOT NULL REFERENCES cases,
    person_id uuid NOT NULL REFERENCES people,
    excluded_by uuid NOT NULL REFERENCES people,
    at timestamptz NOT NULL,
    PRIMARY KEY (case_id, person_id)
);

-- The last card of a compartment; its number counts every card there was.
CREATE TABLE emergency_cards (
    compartment_id uuid PRIMARY KEY REFERENCES compartments,
    number bigint NOT NULL CHECK (number > 0),
    written_by uuid NOT NULL REFERENCES people,
    written_at timestamptz NOT NULL
);

-- The same card for each desk, readable by nobody but who holds that desk's secret key.
CREATE TABLE card_envelopes (
    compartment_id uuid NOT NULL REFERENCES emergency_cards ON DELETE CASCADE,
    desk_id uuid NOT NULL,
    key bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (compartment_id, desk_id),
    FOREIGN KEY (desk_id, key) REFERENCES desk_keys
);

-- ledger --------------------------------------------------------------------------------------

-- Whether this database is on hold because it was restored, and which one it is: a copy of it is another. `generation`
-- counts how often somebody has resumed; the lost head is the one that was known and is not in this ledger.
CREATE TABLE hold (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    place text,
    generation integer NOT NULL DEFAULT 0,
    since timestamptz,
    why text,
    lost_position bigint,
    lost_hash bytea
);
INSERT INTO hold DEFAULT VALUES;

-- Inserted without position in the acting transaction; one sequencer gives position and hash.
CREATE TABLE ledger (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    act text NOT NULL,
    case_id uuid,
    object_id uuid,
    facts jsonb NOT NULL,
    position bigint UNIQUE CHECK (position > 0),
    hash bytea
);
CREATE INDEX ledger_waiting ON ledger (entry) WHERE position IS NULL;
CREATE INDEX ledger_of_case ON ledger (case_id, position);

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.position IS NULL
        AND (OLD.at, OLD.actor_kind, OLD.actor_id, OLD.act, OLD.case_id, OLD.object_id, OLD.facts)
            IS NOT DISTINCT FROM
            (NEW.at, NEW.actor_kind, NEW.actor_id, NEW.act, NEW.case_id, NEW.object_id, NEW.facts)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ledger entries are never changed';
END
$$;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_is_never_emptied BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- outbox --------------------------------------------------------------------------------------

-- What must be said to whom. `key` names the cause, so that a repeated cause says it once.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE,
    lane smallint NOT NULL,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    template text NOT NULL,
    parameters jsonb NOT NULL,
    mentions uuid[] NOT NULL,
    alert_id uuid,
    case_id uuid,
    repeated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    lease_until timestamptz,
    sent_at timestamptz,
    unreached uuid[] NOT NULL DEFAULT '{}',
    failure text,
    called_off boolean NOT NULL DEFAULT false,
    thread text,
    urgency smallint NOT NULL DEFAULT 9,
    late_since timestamptz
);
CREATE INDEX outbox_waiting ON outbox (target_id, lane, sequence) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_due ON outbox (lane, sequence) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_of_alert ON outbox (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX outbox_waiting_of_case ON outbox (case_id) WHERE state IN ('pending', 'sending');
CREATE INDEX letters_of_contact ON outbox (target_id) WHERE target_kind = 'contact' AND alert_id IS NOT NULL;
CREATE INDEX letters_waiting ON outbox (lane, (attempts > 0), due_at)
    WHERE target_kind = 'contact' AND state IN ('pending', 'sending');

-- The key of each word that had its effect, written in the transaction of that effect; and each ring that waited too long.
CREATE TABLE done_once (
    key uuid PRIMARY KEY,
    at timestamptz NOT NULL
);

-- alerts --------------------------------------------------------------------------------------

CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    status text NOT NULL,
    event text NOT NULL,
    severity text NOT NULL,
    first_severity text NOT NULL,
    certainty text NOT NULL,
    raised_by uuid REFERENCES people,
    raised_through text NOT NULL,
    sent timestamptz NOT NULL,
    state text NOT NULL,
    owner_id uuid REFERENCES people,
    ladder integer NOT NULL,
    ladder_began_at timestamptz NOT NULL,
    step integer NOT NULL,
    exclusions_heeded integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    cancel_asked_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    stood_down_by uuid REFERENCES people,
    stood_down_at timestamptz,
    stand_down_reason text,
    cause_at timestamptz,
    owner_asked_at timestamptz,
    duress_of uuid REFERENCES people
);
-- One open incident per scope: further raises become updates of it. An alert for duress, of one person, stands beside
-- whatever else is open there, and is never part of it.
CREATE UNIQUE INDEX one_open_incident ON alerts (compartment_id, status, duress_of) NULLS NOT DISTINCT
    WHERE state <> 'stood_down';
CREATE INDEX alerts_to_escalate ON alerts (next_step_at) WHERE next_step_at IS NOT NULL;
CREATE INDEX scheduled_alerts_of_case ON alerts (case_id) WHERE next_step_at IS NOT NULL;

-- Of whom nothing of an alert is shown or said, and where: who raised it under force, and whoever is on the scene.
CREATE TABLE alert_kept_from (
    alert_id uuid NOT NULL REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    PRIMARY KEY (alert_id, person_id)
);

-- A device of an agency that can only raise, in one compartment, for a person or for nobody in particular.
CREATE TABLE raising_devices (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    label text NOT NULL,
    agency_id uuid NOT NULL REFERENCES agencies,
    person_id uuid REFERENCES people,
    compartment_id uuid NOT NULL REFERENCES compartments,
    added_at timestamptz NOT NULL,
    ends_at timestamptz,
    used_at timestamptz,
    removed_at timestamptz
);
CREATE UNIQUE INDEX one_device_label ON raising_devices (agency_id, label) WHERE removed_at IS NULL;
CREATE INDEX raising_devices_of_person ON raising_devices (person_id) WHERE removed_at IS NULL;

-- Every press of a button by its idempotency key, and the alert it became part of.
CREATE TABLE alert_raises (
    key uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts,
    person_id uuid REFERENCES people,
    event text NOT NULL,
    at timestamptz NOT NULL,
    cancelled_at timestamptz,
    -- From whose telephone it came; anybody could have forged that.
    claimed_by uuid REFERENCES people,
    device_id uuid REFERENCES raising_devices
);
CREATE INDEX raises_of_alert ON alert_raises (alert_id);
CREATE INDEX raises_of_person ON alert_raises (person_id, alert_id);

CREATE TABLE alert_agencies (
    alert_id uuid NOT NULL REFERENCES alerts,
    agency_id uuid NOT NULL REFERENCES agencies,
    part text NOT NULL,
    acknowledged_by uuid REFERENCES people,
    acknowledged_at timestamptz,
    PRIMARY KEY (alert_id, agency_id)
);

-- Who may act on the alert, and for which agency: by this row, not by membership.
CREATE TABLE alert_recipients (
    alert_id uuid NOT NULL REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    agency_id uuid NOT NULL REFERENCES agencies,
    tier smallint NOT NULL,
    called_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    by_telephone boolean NOT NULL DEFAULT false,
    PRIMARY KEY (alert_id, person_id, agency_id)
);
CREATE INDEX alerts_of_recipient ON alert_recipients (person_id);

-- Who says that they spoke with whom about an alert, and when. It is nobody's acceptance.
CREATE TABLE alert_conversations (
    alert_id uuid NOT NULL REFERENCES alerts,
    spoken_by uuid NOT NULL REFERENCES people,
    spoken_with uuid NOT NULL REFERENCES people,
    spoken_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, spoken_by, spoken_with, spoken_at)
);

-- Who says whether the police or an ambulance was called for an alert. Without a person somebody called who takes no part.
CREATE TABLE emergency_calls (
    alert_id uuid NOT NULL REFERENCES alerts,
    service text NOT NULL CHECK (service IN ('police', 'ambulance')),
    said_by uuid NOT NULL REFERENCES people,
    said_at timestamptz NOT NULL,
    called boolean NOT NULL,
    called_by uuid REFERENCES people,
    called_at timestamptz,
    PRIMARY KEY (alert_id, service, said_by, said_at),
    CHECK (called = (called_at IS NOT NULL)),
    CHECK (called OR called_by IS NULL)
);

-- The question to whoever accepted an Extreme alert first: whether the police was called. One for each alert, asked anew
-- when it begins anew; without a next step it is answered or given up.
CREATE TABLE police_questions (
    alert_id uuid PRIMARY KEY REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    step integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX police_questions_to_step ON police_questions (next_step_at) WHERE next_step_at IS NOT NULL;

-- What somebody must do after an alert by a time: complete its incident record, tell who must hear of a leak.
CREATE TABLE incident_duties (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts,
    case_id uuid NOT NULL REFERENCES cases,
    kind text NOT NULL CHECK (kind IN ('incident_record', 'data_breach_notification')),
    owner_id uuid NOT NULL REFERENCES people,
    began_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    step integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    done_by uuid REFERENCES people,
    done_at timestamptz,
    UNIQUE (alert_id, kind)
);
CREATE INDEX incident_duties_to_step ON incident_duties (next_step_at) WHERE next_step_at IS NOT NULL;

-- What is known of an incident, each a code from a closed list; never in anybody's own words.
CREATE TABLE incident_facts (
    alert_id uuid NOT NULL REFERENCES alerts,
    section text NOT NULL CHECK (section IN ('immediate', 'update', 'post_incident')),
    fact text NOT NULL,
    noted_by uuid NOT NULL REFERENCES people,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, section, fact)
);
-- Somebody's shift has ended while they answer for an open alert: the next on duty is asked to take it over.
CREATE TABLE hand_overs (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts,
    person_id uuid NOT NULL REFERENCES people,
    desk_id uuid NOT NULL REFERENCES duty_desks,
    shift_ended_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    state text NOT NULL,
    asks integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    taken_by uuid REFERENCES people,
    ended_at timestamptz,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (alert_id, person_id, shift_ended_at),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX hand_overs_to_step ON hand_overs (next_step_at) WHERE next_step_at IS NOT NULL;

-- safety plans --------------------------------------------------------------------------------

CREATE TABLE risk_levels (
    case_id uuid PRIMARY KEY REFERENCES cases,
    level text NOT NULL,
    set_by uuid NOT NULL REFERENCES people,
    set_at timestamptz NOT NULL
);

-- A level below the one that stands, told by one person; it counts once a second tells it too.
CREATE TABLE level_lowerings (
    case_id uuid PRIMARY KEY REFERENCES cases,
    level text NOT NULL,
    told_by uuid NOT NULL REFERENCES people,
    told_at timestamptz NOT NULL,
    assessed_at timestamptz NOT NULL
);

CREATE TABLE reviews (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    level text NOT NULL,
    owner_id uuid NOT NULL REFERENCES people,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL,
    step integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    ended_by uuid REFERENCES people,
    ended_at timestamptz,
    reason text NOT NULL DEFAULT 'interval'
);
CREATE UNIQUE INDEX one_open_review ON reviews (case_id) WHERE state = 'open';
CREATE INDEX reviews_to_step ON reviews (next_step_at) WHERE next_step_at IS NOT NULL;
CREATE INDEX reviews_of_owner ON reviews (owner_id) WHERE state = 'open';

-- Until when something that happened must have been assessed; gone once it was.
CREATE TABLE review_duties (
    case_id uuid NOT NULL REFERENCES cases,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, reason)
);

-- Who is to do something of a sealed plan by which day. What it is stands in the record alone.
CREATE TABLE owed_measures (
    id uuid PRIMARY KEY,
    record uuid NOT NULL,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    owner_id uuid NOT NULL REFERENCES people,
    deadline date NOT NULL,
    step integer NOT NULL,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (compartment_id, record, owner_id, deadline)
);
CREATE INDEX measures_to_step ON owed_measures (next_step_at) WHERE next_step_at IS NOT NULL;

-- Whose turn it is to hear in numbers what there is to be done: people daily, agencies weekly. `id` is theirs.
CREATE TABLE digests (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    told_on date NOT NULL,
    next_step_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX digests_to_step ON digests (next_step_at);

-- How often reminders rang somebody since a moment, and how many did not ring and are told as a number.
CREATE TABLE reminder_rings (
    person_id uuid PRIMARY KEY REFERENCES people,
    since timestamptz NOT NULL,
    rung integer NOT NULL,
    folded integer NOT NULL,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX rings_to_step ON reminder_rings (next_step_at) WHERE next_step_at IS NOT NULL;

-- What must be looked at again and again in a case, whatever its level, and the days that everything turns on.
CREATE TABLE case_clocks (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    kind text NOT NULL,
    owner_id uuid NOT NULL REFERENCES people,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    step integer NOT NULL,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (case_id, kind)
);
CREATE INDEX case_clocks_to_step ON case_clocks (next_step_at) WHERE next_step_at IS NOT NULL;

-- When somebody goes to court or is moved: the time alone.
CREATE TABLE case_dates (
    case_id uuid NOT NULL REFERENCES cases,
    at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, at)
);

-- Ways that are watched step by step. What kind a way is, and where it goes, stands in a sealed brief.
CREATE TABLE operations (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    codename text NOT NULL UNIQUE,
    level text NOT NULL,
    status text NOT NULL,
    coordinator_id uuid NOT NULL REFERENCES people,
    buddy_id uuid NOT NULL REFERENCES people,
    liaison_id uuid REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    planned_at timestamptz NOT NULL,
    place_token bytea,
    dark_until timestamptz,
    delayed_minutes integer NOT NULL DEFAULT 0,
    -- How many tasks of the countdown were told, and when the next is due.
    task integer NOT NULL DEFAULT 0,
    next_task_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    -- Who receives somebody at the end; whoever brought them answers for them until then.
    receiver_id uuid REFERENCES people,
    refused_at timestamptz,
    refusal text,
    -- Only practised, from its first moment to its last.
    drill boolean NOT NULL DEFAULT false
);
CREATE INDEX operations_of_compartments ON operations (compartment_id);
CREATE INDEX operations_to_count_down ON operations (next_task_at) WHERE next_task_at IS NOT NULL;
CREATE INDEX operations_of_places ON operations (place_token) WHERE place_token IS NOT NULL;

-- Its steps: generic, with who confirms each.
CREATE TABLE milestones (
    id uuid PRIMARY KEY,
    operation_id uuid NOT NULL REFERENCES operations,
    position integer NOT NULL,
    kind text NOT NULL,
    planned_at timestamptz,
    due_at timestamptz,
    confirmers uuid[] NOT NULL,
    confirmed_at timestamptz,
    confirmed_by uuid REFERENCES people,
    -- Whom a coordinator heard it from by telephone.
    heard_from uuid REFERENCES people,
    written_at timestamptz,
    passed boolean NOT NULL DEFAULT false,
    silent_until timestamptz,
    -- How many rungs of the ladder were climbed while it was late, and when the next is due.
    rung integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (operation_id, position)
);
CREATE INDEX milestones_to_step ON milestones (next_step_at) WHERE next_step_at IS NOT NULL;

-- Who is on the way together: whoever goes along with somebody forced must know nothing of an alert for duress.
CREATE TABLE on_the_way (
    -- What they are on: an operation.
    way_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES people,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (way_id, person_id)
);
CREATE INDEX on_the_way_of_people ON on_the_way (person_id);

-- Somebody without an app is expected to be heard from by a time. Who that is stands in a sealed record.
CREATE TABLE safe_calls (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    compartment_id uuid NOT NULL REFERENCES compartments,
    codename text NOT NULL UNIQUE,
    level text NOT NULL,
    planned_by uuid NOT NULL REFERENCES people,
    planned_at timestamptz NOT NULL,
    listeners uuid[] NOT NULL,
    buddy_id uuid NOT NULL REFERENCES people,
    -- By when; null where nobody is expected any more.
    due_at timestamptz,
    first_due_at timestamptz NOT NULL,
    -- Every day until then, at the same local hour; null for once.
    last_day date,
    heard_at timestamptz,
    heard_by uuid REFERENCES people,
    -- How many rungs of the ladder were climbed since they are late, and when the next is due.
    rung integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX safe_calls_of_compartments ON safe_calls (compartment_id);
CREATE INDEX safe_calls_to_step ON safe_calls (next_step_at) WHERE next_step_at IS NOT NULL;

-- When an organisation assesses its own safety again, as often as the worst of its open cases demands.
CREATE TABLE organisation_reviews (
    agency_id uuid PRIMARY KEY REFERENCES agencies,
    since timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    step integer NOT NULL,
    next_step_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX organisation_reviews_to_step ON organisation_reviews (next_step_at);

-- From when until when somebody is away: whoever stands in for them is reminded meanwhile.
CREATE TABLE absences (
    person_id uuid PRIMARY KEY REFERENCES people,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);

-- What the ledger tells of cases that may open a review, until it was taken up; how far the ledger was read.
CREATE TABLE case_events (
    id uuid PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    act text NOT NULL,
    case_id uuid NOT NULL,
    object_id uuid,
    facts jsonb NOT NULL,
    at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0
);
CREATE TABLE case_events_read (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL
);
INSERT INTO case_events_read (position) VALUES (0);

-- bots ----------------------------------------------------------------------------------------

-- The room of each target; `applied_version` is the membership the homeserver has been told of.
CREATE TABLE rooms (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    room_id text UNIQUE,
    applied_version integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    closed_at timestamptz,
    looked_at timestamptz,
    drifts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (target_kind, target_id)
);

-- Rooms that are not used any more, and whether the bot is done with them. Never adopted again.
CREATE TABLE former_rooms (
    room_id text PRIMARY KEY,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    why text NOT NULL,
    given_up_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    archived_at timestamptz
);
CREATE INDEX former_rooms_to_archive ON former_rooms (due_at) WHERE archived_at IS NULL;
CREATE INDEX former_rooms_of_target ON former_rooms (target_id, given_up_at);

-- Whom the bot has asked into which room, and what became of it: people, and the prober.
CREATE TABLE room_invitations (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    person_id uuid NOT NULL,
    room_id text NOT NULL,
    version integer NOT NULL,
    standing text NOT NULL,
    since timestamptz NOT NULL,
    reminded_at timestamptz,
    told_at timestamptz,
    PRIMARY KEY (target_kind, target_id, person_id)
);
CREATE INDEX room_invitations_open ON room_invitations (since) WHERE standing <> 'joined' AND told_at IS NULL;

-- The ciphertext and transaction id of an outbox message, stored before its first PUT.
CREATE TABLE matrix_sends (
    outbox_id uuid PRIMARY KEY REFERENCES outbox ON DELETE CASCADE,
    room_id text NOT NULL,
    device_id text NOT NULL,
    transaction_id text NOT NULL,
    content bytea NOT NULL,
    membership_version integer NOT NULL,
    stored_at timestamptz NOT NULL,
    event_id text,
    unreached uuid[] NOT NULL DEFAULT '{}',
    attestations uuid[] NOT NULL DEFAULT '{}'
);

-- A device of the bot, with its access token, sealed under the bots' store key: a ciphertext that is put again with the
-- token of the device that sealed it stays one event.
CREATE TABLE matrix_devices (
    device_id text PRIMARY KEY,
    sealed_token bytea NOT NULL,
    since timestamptz NOT NULL
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

-- One bot device is active per network: whoever holds this lease, fenced by its number.
CREATE TABLE bot_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    holder uuid,
    fence bigint NOT NULL DEFAULT 0,
    until timestamptz,
    place uuid
);
INSERT INTO bot_lease DEFAULT VALUES;

-- Written by the active bot; where none is active, nobody knows. The device is empty where somebody has none that counts.
CREATE TABLE key_holders (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    person_id uuid NOT NULL,
    device_id text NOT NULL,
    state text NOT NULL,
    given_at timestamptz,
    seen_at timestamptz,
    PRIMARY KEY (target_kind, target_id, person_id, device_id)
);
CREATE INDEX key_holders_of_target ON key_holders (target_id);

-- Times in which the keys of a room should be there beforehand and not change.
CREATE TABLE key_windows (
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    PRIMARY KEY (target_kind, target_id, opens_at),
    CHECK (opens_at < closes_at)
);

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
CREATE INDEX contacts_at_number ON contacts (address) WHERE removed_at IS NULL;

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

-- `caller` names who seems to call, as long as nobody has taken it: a person, or the agencies of a telephone. `maybe` are the
-- people who may be calling, `contacts` those of the number, which is not rung. Whoever was `called` may take it.
CREATE TABLE desk_calls (
    id uuid PRIMARY KEY,
    caller uuid NOT NULL,
    person_id uuid REFERENCES people,
    agency_ids uuid[] NOT NULL,
    contacts uuid[] NOT NULL,
    maybe uuid[] NOT NULL,
    called uuid[] NOT NULL,
    began_at timestamptz NOT NULL,
    times integer NOT NULL,
    state text NOT NULL,
    taken_by uuid REFERENCES people,
    taken_at timestamptz,
    next_step_at timestamptz,
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    CHECK ((taken_by IS NULL) = (taken_at IS NULL)),
    CHECK ((state = 'calling') = (next_step_at IS NOT NULL))
);
-- Who calls again while nobody has taken it is the same call.
CREATE UNIQUE INDEX one_desk_call ON desk_calls (caller) WHERE state = 'calling';
CREATE INDEX desk_calls_to_step ON desk_calls (next_step_at) WHERE next_step_at IS NOT NULL;

-- The public key to which people seal their own sentences: of the bot that is active. Its other half is on that bot's disk.
CREATE TABLE sentence_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    since timestamptz NOT NULL
);

-- A person's own sentences: sealed until the bot has taken them up, then as keyed hashes that only its disk can make.
CREATE TABLE own_sentences (
    person_id uuid PRIMARY KEY REFERENCES people,
    public_key bytea NOT NULL,
    sealed bytea,
    sealed_at timestamptz NOT NULL,
    all_clear bytea CHECK (octet_length(all_clear) = 32),
    duress bytea CHECK (octet_length(duress) = 32),
    taken_at timestamptz,
    refused boolean NOT NULL DEFAULT false,
    told_of bytea,
    -- When either was written last.
    written_at timestamptz,
    CHECK ((all_clear IS NULL) = (duress IS NULL))
);

-- proof ---------------------------------------------------------------------------------------

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

-- vault ---------------------------------------------------------------------------------------

-- Each log, whose row is held while an entry is appended: 0 the directory (log 0), 1 members and 2 records of a compartment.
CREATE TABLE vault_logs (
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 2),
    log uuid NOT NULL,
    length bigint NOT NULL CHECK (length >= 0),
    head bytea NOT NULL CHECK (octet_length(head) = 32),
    PRIMARY KEY (kind, log)
);

CREATE TABLE vault_entries (
    kind smallint NOT NULL,
    log uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    statement bytea NOT NULL,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (kind, log, number),
    FOREIGN KEY (kind, log) REFERENCES vault_logs
);

-- What the members' log says now, for those who sweep: who was given the newest key, whether it ended, since when another
-- epoch is due because somebody is a member no more, and when that was told.
CREATE TABLE vault_circles (
    compartment_id uuid PRIMARY KEY REFERENCES compartments,
    epoch bigint NOT NULL,
    granted uuid[] NOT NULL,
    closed boolean NOT NULL,
    due_since timestamptz,
    told_at timestamptz,
    rekeyed boolean NOT NULL DEFAULT false,
    held boolean NOT NULL DEFAULT false,
    keep_until timestamptz,
    ends_at timestamptz,
    erased_at timestamptz
);
CREATE INDEX vault_circles_due ON vault_circles (due_since) WHERE due_since IS NOT NULL;

-- Who was added in an emergency, and when that lapses.
CREATE TABLE vault_lapses (
    compartment_id uuid NOT NULL REFERENCES compartments,
    person_id uuid NOT NULL REFERENCES people,
    lapses_at timestamptz NOT NULL,
    PRIMARY KEY (compartment_id, person_id)
);
CREATE INDEX vault_lapses_to_come ON vault_lapses (lapses_at);

-- One version of a record, sealed.
CREATE TABLE vault_contents (
    compartment_id uuid NOT NULL REFERENCES compartments,
    version uuid NOT NULL,
    record uuid NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (compartment_id, version)
);
CREATE INDEX vault_contents_of_record ON vault_contents (compartment_id, record);

CREATE TABLE vault_wraps (
    compartment_id uuid NOT NULL,
    version uuid NOT NULL,
    epoch bigint NOT NULL CHECK (epoch > 0),
    wrap bytea NOT NULL CHECK (octet_length(wrap) = 81),
    PRIMARY KEY (compartment_id, version, epoch),
    FOREIGN KEY (compartment_id, version) REFERENCES vault_contents ON DELETE CASCADE
);

CREATE TABLE vault_epoch_grants (
    compartment_id uuid NOT NULL REFERENCES compartments,
    epoch bigint NOT NULL CHECK (epoch > 0),
    person_id uuid NOT NULL REFERENCES people,
    statement bytea NOT NULL,
    PRIMARY KEY (compartment_id, epoch, person_id)
);

CREATE TABLE vault_history_grants (
    id uuid PRIMARY KEY,
    compartment_id uuid NOT NULL REFERENCES compartments,
    person_id uuid NOT NULL REFERENCES people,
    statement bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX vault_history_grants_of_person ON vault_history_grants (compartment_id, person_id, at);

-- A person's keys, locked with their passphrase and what one of their devices holds.
CREATE TABLE vault_bundles (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people,
    kind smallint NOT NULL,
    bundle bytea NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX vault_bundles_of_person ON vault_bundles (person_id);

-- Who is invited to offer their keys. `offer` is what a newcomer has signed, once; from then on it waits for an administrator until `expires_at`.
CREATE TABLE vault_invitations (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    agency_id uuid NOT NULL REFERENCES agencies,
    name text NOT NULL,
    role text NOT NULL,
    made_by uuid NOT NULL REFERENCES people,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    offer bytea,
    offered_at timestamptz,
    CHECK ((offer IS NULL) = (offered_at IS NULL))
);
CREATE INDEX vault_invitations_by_expiry ON vault_invitations (expires_at);
CREATE INDEX vault_invitations_by_maker ON vault_invitations (made_by);

-- Everything that has a room, with the membership the room should have been told of.
CREATE VIEW room_targets AS
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

-- Who belongs in which room.
CREATE VIEW room_members AS
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
