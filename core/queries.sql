-- post --
-- Leave messages to be sent, in their order, and wake the deliverer; a key that is known already changes
-- nothing. Returns the keys that are new. Record acts besides, as `append_to_ledger` does.
-- $1 messages as JSON, $2 now, $3 due at, $4 acts as JSON.
WITH posted AS (
    INSERT INTO outbox (id, key, lane, target_kind, target_id, template, parameters, mentions, alert_id, case_id,
                        thread, repeated, urgency, late_since, created_at, due_at)
    SELECT gen_random_uuid(), key, lane, target_kind, target_id, template, parameters, mentions, alert_id, case_id,
        thread, repeated, urgency, late_since, $2, $3
    FROM ROWS FROM (jsonb_to_recordset($1) AS (
        key text, lane smallint, target_kind text, target_id uuid, template text, parameters jsonb,
        mentions uuid[], alert_id uuid, case_id uuid, thread text, repeated boolean, urgency smallint,
        late_since timestamptz
    )) WITH ORDINALITY
    ORDER BY ordinality
    ON CONFLICT (key) DO NOTHING RETURNING key),
added AS (
    INSERT INTO ledger (at, actor_kind, actor_id, act, case_id, object_id, facts)
    SELECT at, actor_kind, actor_id, act, case_id, object_id, facts
    FROM ROWS FROM (jsonb_to_recordset($4) AS (
        at timestamptz, actor_kind text, actor_id uuid, act text, case_id uuid, object_id uuid, facts jsonb
    )) WITH ORDINALITY
    ORDER BY ordinality RETURNING entry)
SELECT key, pg_notify('streha_outbox', '') FROM posted
UNION ALL
(SELECT NULL, pg_notify('streha_ledger', '') FROM added LIMIT 1)

-- claim_in_turn --
-- Wait until no other claim is under way. $1 lock number.
SELECT pg_advisory_xact_lock($1)

-- claim --
-- Lease waiting messages, keeping each target's order within its lane: first the targets in which the most urgent waits,
-- then the oldest. A repetition that waits for its time holds nothing up, nor does what waits for somebody who can read it.
-- What was left to be said at once is due whatever the clock says: one that was set back keeps nothing waiting.
-- Each room is looked at once, however much waits in it: others wait for this statement.
-- $1 now, $2 lease until, $3 limit, $4 lane, $5 kinds of targets.
WITH waiting AS MATERIALIZED (
    SELECT id, sequence, min(urgency) FILTER (WHERE due_at <= greatest($1, created_at)) OVER room AS pressing,
        -- What comes after this one in the same room has to wait for it.
        min(sequence) FILTER (
            WHERE NOT repeated AND (failure IS DISTINCT FROM 'nobody_can_read' OR alert_id IS NOT NULL)
              AND (due_at > greatest($1, created_at) OR lease_until > $1)) OVER room AS held
    FROM outbox WHERE state IN ('pending', 'sending') AND lane = $4 WINDOW room AS (PARTITION BY target_id))
UPDATE outbox SET lease_until = $2, attempts = attempts + 1, state = 'sending'
WHERE id IN (
    SELECT message.id FROM waiting JOIN outbox AS message ON message.id = waiting.id
    WHERE state IN ('pending', 'sending') AND due_at <= greatest($1, created_at) AND target_kind = ANY($5)
      AND (lease_until IS NULL OR lease_until <= $1) AND (held IS NULL OR message.sequence <= held)
    ORDER BY pressing, message.sequence LIMIT $3 FOR UPDATE OF message SKIP LOCKED)
RETURNING id, key, lane, target_kind, target_id, sequence, template, parameters, mentions, alert_id, case_id,
          thread, repeated, urgency, late_since, created_at, attempts, failure

-- claim_letters --
-- Lease waiting letters for telephones or for mailboxes: what was never tried first, then what is due longest. No letter
-- waits for another, nor for a clock that was set back. $1 now, $2 lease until, $3 limit, $4 lane, $5 whether for mailboxes.
UPDATE outbox SET lease_until = $2, attempts = attempts + 1, state = 'sending'
WHERE id IN (
    SELECT waiting.id FROM outbox AS waiting JOIN contacts ON contacts.id = waiting.target_id
    WHERE waiting.target_kind = 'contact' AND waiting.state IN ('pending', 'sending') AND waiting.lane = $4
      AND waiting.due_at <= greatest($1, waiting.created_at) AND (waiting.lease_until IS NULL OR waiting.lease_until <= $1)
      AND (contacts.means = 'email') = $5
    ORDER BY (waiting.attempts > 0), waiting.urgency, waiting.due_at, waiting.sequence
    LIMIT $3 FOR UPDATE OF waiting SKIP LOCKED)
RETURNING id, key, lane, target_kind, target_id, sequence, template, parameters, mentions, alert_id, case_id,
          thread, repeated, urgency, late_since, created_at, attempts, failure

-- mark_sent --
-- The homeserver has accepted a message; of an alert's, the ledger tells so. $1 id, $2 mentioned people it
-- cannot have reached, $3 now.
WITH ended AS (
    UPDATE outbox SET state = 'sent', sent_at = $3, unreached = $2, lease_until = NULL, failure = NULL
    WHERE id = $1 AND state = 'sending' RETURNING *),
told AS (
    INSERT INTO ledger (at, actor_kind, act, case_id, object_id, facts)
    SELECT $3, 'system', 'message_delivered', case_id, alert_id,
        jsonb_build_object('room_kind', target_kind, 'room_of', target_id, 'unreached', cardinality(unreached))
    FROM ended WHERE alert_id IS NOT NULL RETURNING entry)
SELECT pg_notify('streha_ledger', '') FROM told

-- put_off --
-- Try a message again later, or not at all where it was called off meanwhile. $1 id, $2 due at, $3 kind of
-- failure.
UPDATE outbox SET state = CASE WHEN called_off THEN 'withdrawn' ELSE 'pending' END, due_at = $2, lease_until = NULL, failure = $3
WHERE id = $1 AND state = 'sending'

-- renew --
-- Messages are still on their way in a living process; one whose end is being recorded needs it no more.
-- $1 ids, $2 lease until.
UPDATE outbox SET lease_until = $2
WHERE id IN (SELECT id FROM outbox WHERE id = ANY($1) AND state = 'sending' FOR UPDATE SKIP LOCKED)

-- free_leases --
-- Nobody delivers any more what was leased: whoever did is fenced off. It is to be taken up at once. $1 kinds of targets.
UPDATE outbox SET lease_until = NULL
WHERE id IN (
    SELECT id FROM outbox WHERE state = 'sending' AND lease_until IS NOT NULL AND target_kind = ANY($1)
    FOR UPDATE SKIP LOCKED)

-- withdraw_probes --
-- A self-test that was not sent before the next one begins would come late, and say nothing.
UPDATE outbox SET state = 'withdrawn', failure = 'overtaken', lease_until = NULL
WHERE target_kind = 'probe' AND state = 'pending'

-- forget_probes --
-- With what was sealed for them. $1 those left before this moment.
DELETE FROM outbox WHERE target_kind = 'probe' AND created_at < $1

-- interrupted --
-- It was the database that ended an attempt at these, not a death: nobody has them under way. $1 ids, $2 which attempts.
UPDATE outbox SET failure = 'database', lease_until = NULL
WHERE id IN (
    SELECT id FROM outbox JOIN unnest($1::uuid[], $2::int[]) AS ended (message_id, attempt) ON id = message_id
    WHERE state = 'sending' AND attempts = attempt FOR UPDATE OF outbox SKIP LOCKED)

-- still_wanted --
-- Whether a message on its way may still be sent. $1 id.
SELECT state = 'sending' AND NOT called_off FROM outbox WHERE id = $1

-- suspect --
-- A message may have taken its deliverers down: it is tried alone once more. $1 id.
UPDATE outbox SET failure = 'tried_alone' WHERE id = $1 AND state = 'sending'

-- give_up --
-- A message will not be sent; of an alert's, the ledger tells so. $1 id, $2 failed, quarantined or withdrawn,
-- $3 kind of failure, $4 now.
WITH ended AS (
    UPDATE outbox SET state = $2, lease_until = NULL, failure = $3 WHERE id = $1 AND state = 'sending' RETURNING *),
told AS (
    INSERT INTO ledger (at, actor_kind, act, case_id, object_id, facts)
    SELECT $4, 'system', 'message_not_delivered', case_id, alert_id,
        jsonb_build_object('room_kind', target_kind, 'room_of', target_id, 'state', state)
    FROM ended WHERE alert_id IS NOT NULL RETURNING entry)
SELECT pg_notify('streha_ledger', '') FROM told

-- withdraw_alert --
-- An alert has ended: what still waits to call people is not sent any more; what is being sent is not tried
-- again. Whoever only refers to a message, as its ciphertext does, keeps nobody waiting. $1 alert, $2 now.
UPDATE outbox SET called_off = true,
    state = CASE WHEN state = 'pending' OR lease_until <= $2 THEN 'withdrawn' ELSE state END
WHERE id IN (SELECT id FROM outbox WHERE alert_id = $1 AND state IN ('pending', 'sending')
    ORDER BY id FOR NO KEY UPDATE)

-- withdraw_from_rooms --
-- What still waits to be said of a case in these rooms is not sent any more; what is being sent is not tried
-- again. $1 case, $2 targets, $3 now.
UPDATE outbox SET called_off = true,
    state = CASE WHEN state = 'pending' OR lease_until <= $3 THEN 'withdrawn' ELSE state END
WHERE id IN (
    SELECT id FROM outbox WHERE case_id = $1 AND target_id = ANY($2) AND state IN ('pending', 'sending')
    ORDER BY id FOR NO KEY UPDATE)

-- states --
-- Count messages by state and lane.
SELECT state, lane, count(*) AS messages FROM outbox GROUP BY state, lane

-- waiting_messages --
-- Count what waits or is on its way, alerts first, and when the oldest was left. $1 how many are looked at.
SELECT state, lane, target_kind, count(*) AS messages, min(created_at) AS oldest
FROM (
    SELECT state, lane, target_kind, created_at FROM outbox
    WHERE state IN ('pending', 'sending') ORDER BY lane, sequence LIMIT $1) AS waiting
GROUP BY state, lane, target_kind

-- database_clock --
-- Seconds since 1970 by the database's clock.
SELECT extract(epoch FROM clock_timestamp())::float8

-- deliveries_of_alerts --
-- What was said for alerts, to whom, and how far it came. $1 alerts, $2 kinds of targets.
SELECT alert_id, target_kind, target_id, template, state, created_at, sent_at, unreached FROM outbox
-- Lists as SELECTs: planned once, and not for every list anew.
WHERE alert_id = ANY(ARRAY(SELECT unnest($1::uuid[]))) AND target_kind = ANY(ARRAY(SELECT unnest($2::text[])))
ORDER BY sequence

-- append_to_ledger --
-- Record acts in their order, unchained, and wake whoever chains. $1 acts as JSON.
WITH added AS (
    INSERT INTO ledger (at, actor_kind, actor_id, act, case_id, object_id, facts)
    SELECT at, actor_kind, actor_id, act, case_id, object_id, facts
    FROM ROWS FROM (jsonb_to_recordset($1) AS (
        at timestamptz, actor_kind text, actor_id uuid, act text, case_id uuid, object_id uuid, facts jsonb
    )) WITH ORDINALITY
    ORDER BY ordinality RETURNING entry)
SELECT pg_notify('streha_ledger', '') FROM added LIMIT 1

-- do_once --
-- Note that the cause with this key has its effect in this transaction; nothing where it had it. $1 key, $2 now.
INSERT INTO done_once (key, at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- was_done --
-- Whether a cause has had its effect. $1 key.
SELECT EXISTS (SELECT FROM done_once WHERE key = $1)

-- were_done --
-- Which of these causes have had their effect. $1 keys.
SELECT key FROM done_once WHERE key = ANY($1)

-- forget_done --
-- $1 what had its effect before this moment.
DELETE FROM done_once WHERE at < $1

-- hardly_wait --
-- Wait for nobody's lock in this transaction, which holds many: others would wait with it.
SELECT set_config('lock_timeout', '50ms', true)

-- beat --
-- A role has done its round. $1 role, $2 now.
INSERT INTO heartbeats (role, at) VALUES ($1, $2) ON CONFLICT (role) DO UPDATE SET at = EXCLUDED.at

-- heartbeats --
SELECT role, at FROM heartbeats

-- awake --
-- When an engine was last at work, and for how long since time last leaped; no row before the first round.
SELECT at, steady_seconds, leaped_at FROM awake

-- lock_awake --
-- The same, held: engines note it one after the other.
SELECT at, steady_seconds, leaped_at FROM awake FOR UPDATE

-- note_awake --
-- $1 now, $2 seconds at work since time leaped, $3 when it last did, if ever.
INSERT INTO awake (at, steady_seconds, leaped_at) VALUES ($1, $2, $3)
ON CONFLICT (the_only) DO UPDATE
SET at = EXCLUDED.at, steady_seconds = EXCLUDED.steady_seconds, leaped_at = EXCLUDED.leaped_at

-- key_holders --
-- Who can read what the bot says next in these rooms; nothing while no bot is active, for then nobody knows.
-- $1 target ids, $2 now.
SELECT target_kind, target_id, person_id, state, seen_at FROM key_holders
WHERE target_id = ANY($1) AND EXISTS (SELECT FROM bot_lease WHERE until > $2)

-- plan_key_window --
-- $1 kind, $2 target, $3 opens at, $4 closes at.
INSERT INTO key_windows (target_kind, target_id, opens_at, closes_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (target_kind, target_id, opens_at) DO UPDATE
SET closes_at = greatest(key_windows.closes_at, EXCLUDED.closes_at)

-- key_windows --
-- Windows that are open or open soon. $1 now, $2 until when they count as soon.
SELECT target_kind, target_id, opens_at, closes_at FROM key_windows WHERE closes_at > $1 AND opens_at <= $2

-- expire_messages --
-- Nothing of what waits or is on its way is said any more: the database was restored, and this is of another day.
-- $1 what was left until then.
UPDATE outbox SET state = 'withdrawn', called_off = true, lease_until = NULL, failure = 'restored'
WHERE state IN ('pending', 'sending') AND created_at <= $1

-- older_processes --
-- What is connected to this database of an earlier version of the program, by where it comes from. $1 this version.
SELECT coalesce(host(client_addr), 'this machine') AS address, count(*) AS connections, min(backend_start) AS since
FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ '^streha( [0-9]+)?( urgent)?$'
  AND coalesce(substring(application_name FROM '[0-9]+')::integer, 0) < $1
GROUP BY 1 ORDER BY 1
