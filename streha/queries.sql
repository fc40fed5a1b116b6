-- oldest_message --
-- When the oldest message that still waits was left.
SELECT min(created_at) FROM outbox WHERE state IN ('pending', 'sending')

-- unsendable_messages --
-- How many messages of late will never be sent. $1 since.
SELECT count(*) FROM outbox WHERE state IN ('failed', 'quarantined') AND created_at > $1

-- oldest_unchained --
-- When the oldest act that is not in the chain yet was recorded.
SELECT min(at) FROM ledger WHERE position IS NULL

-- contacts --
-- How many numbers wake, how many addresses are written to, and at how many desks nothing wakes anybody.
SELECT
    (SELECT count(*) FROM contacts WHERE removed_at IS NULL AND means <> 'email') AS waking,
    (SELECT count(*) FROM contacts WHERE removed_at IS NULL AND means = 'email') AS mail,
    (SELECT count(*) FROM duty_desks AS desk WHERE NOT EXISTS (
        SELECT FROM contacts LEFT JOIN duty_officers AS seated ON seated.person_id = contacts.person_id
        WHERE contacts.removed_at IS NULL AND means <> 'email' AND desk.id IN (contacts.desk_id, seated.desk_id)
    )) AS silent_desks

-- linked_people --
-- How many people work in the network, are linked to a Matrix identity, show another one than that, were confirmed long
-- ago and still have none, may confirm, and may confirm but are not linked. $1 when long ago was.
SELECT count(*) AS people,
    count(*) FILTER (WHERE link.pinned_at IS NULL AND link.attested_at < $1) AS stuck,
    count(*) FILTER (WHERE people.role = 'administrator' AND link.pinned_at IS NULL) AS unlinked_administrators,
    count(*) FILTER (WHERE link.pinned_at IS NOT NULL AND link.changed_at IS NULL) AS linked,
    count(*) FILTER (WHERE link.changed_at IS NOT NULL) AS changed,
    count(*) FILTER (WHERE people.role = 'administrator') AS administrators
FROM people LEFT JOIN matrix_attestations AS link ON link.person_id = people.id AND link.ended_at IS NULL
WHERE people.left_at IS NULL

-- absence_notices --
-- Duty rooms, and how many of them have a notice at the homeserver that was put off of late. $1 since.
SELECT count(*) AS rooms, count(*) FILTER (WHERE absence_notices.put_off_at >= $1) AS kept
FROM rooms LEFT JOIN absence_notices USING (room_id)
WHERE rooms.target_kind = 'desk' AND rooms.room_id IS NOT NULL AND rooms.closed_at IS NULL

-- emergency_cards --
-- In how many open compartments a responding agency's desk, or the one that covers for it, has no card that is sealed to its own standing key; how many of
-- these desks have no key, and how many one that is to be renewed.
SELECT count(DISTINCT compartments.id) FILTER (WHERE sealed.desk_id IS NULL OR standing.renew_since IS NOT NULL) AS channels,
    count(DISTINCT desk.id) FILTER (WHERE standing.desk_id IS NULL) AS keyless,
    count(DISTINCT desk.id) FILTER (WHERE standing.renew_since IS NOT NULL) AS renewals
FROM compartments
JOIN cases ON cases.id = compartments.case_id AND cases.closed_at IS NULL
JOIN case_agencies ON case_agencies.case_id = cases.id AND part = 'responder'
JOIN duty_desks AS own ON own.agency_id = case_agencies.agency_id
JOIN duty_desks AS desk ON desk.id IN (own.id, own.covered_by)
LEFT JOIN desk_keys AS standing ON standing.desk_id = desk.id AND standing.replaced_at IS NULL
LEFT JOIN card_envelopes AS sealed
    ON sealed.compartment_id = compartments.id AND sealed.desk_id = desk.id AND sealed.key = standing.key
WHERE compartments.closed_at IS NULL
