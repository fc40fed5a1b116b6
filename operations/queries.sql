-- codename_taken --
-- $1 codename.
SELECT EXISTS (SELECT FROM operations WHERE codename = $1) OR EXISTS (SELECT FROM safe_calls WHERE codename = $1)

-- add_operation --
-- $1 id, $2 case, $3 compartment, $4 codename, $5 level, $6 status, $7 coordinator, $8 buddy, $9 liaison, $10 begins,
-- $11 ends, $12 now, $13 place token, $14 task, $15 when the next task is due, $16 who receives, $17 whether it is a drill.
INSERT INTO operations (id, case_id, compartment_id, codename, level, status, coordinator_id, buddy_id, liaison_id,
    begins_at, ends_at, planned_at, place_token, task, next_task_at, receiver_id, drill)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)

-- add_milestones --
-- $1 operation, $2 milestones as JSON.
INSERT INTO milestones (id, operation_id, position, kind, planned_at, due_at, confirmers)
SELECT step.id, $1, step.position, step.kind, step.due_at, step.due_at, step.confirmers
FROM jsonb_to_recordset($2) AS step (id uuid, position integer, kind text, due_at timestamptz, confirmers uuid[])

-- forget_milestones --
-- $1 operation.
DELETE FROM milestones WHERE operation_id = $1

-- save_operation --
-- Written whole, its lease with the countdown released. $1 id, $2 level, $3 status, $4 coordinator, $5 buddy,
-- $6 liaison, $7 begins, $8 ends, $9 place token, $10 dark until, $11 minutes of delay, $12 task, $13 next task,
-- $14 who receives, $15 when it was refused, $16 why.
UPDATE operations SET level = $2, status = $3, coordinator_id = $4, buddy_id = $5, liaison_id = $6, begins_at = $7,
    ends_at = $8, place_token = $9, dark_until = $10, delayed_minutes = $11, task = $12, next_task_at = $13,
    receiver_id = $14, refused_at = $15, refusal = $16,
    lease_until = NULL, attempts = 0
WHERE id = $1

-- save_milestones --
-- Written whole, their leases released. $1 milestones as JSON.
UPDATE milestones SET due_at = step.due_at, confirmed_at = step.confirmed_at, confirmed_by = step.confirmed_by,
    heard_from = step.heard_from, written_at = step.written_at, passed = step.passed, silent_until = step.silent_until,
    rung = step.rung, next_step_at = step.next_step_at, lease_until = NULL, attempts = 0
FROM jsonb_to_recordset($1) AS step (id uuid, due_at timestamptz, confirmed_at timestamptz, confirmed_by uuid,
    heard_from uuid, written_at timestamptz, passed boolean, silent_until timestamptz, rung integer,
    next_step_at timestamptz)
WHERE milestones.id = step.id

-- operations --
-- Operations with their steps. $1 ids.
SELECT operations.*, (
    SELECT jsonb_agg(to_jsonb(milestones) ORDER BY position) FROM milestones
    WHERE milestones.operation_id = operations.id) AS steps
FROM operations WHERE id = ANY($1)

-- hold_operations --
-- $1 ids. In the order of their ids, as everybody holds them.
SELECT id FROM operations WHERE id = ANY($1) ORDER BY id FOR UPDATE

-- operations_of_compartments --
-- What is over too, or only where something is left to do or somebody is awaited.
-- $1 compartments, $2 statuses or null for all, $3 whether what is over too.
SELECT id FROM operations WHERE compartment_id = ANY($1) AND ($2::text[] IS NULL OR status = ANY($2))
  AND ($3 OR status <> ALL('{completed,aborted,closed}') OR status <> 'closed' AND (next_task_at IS NOT NULL
    OR EXISTS (SELECT FROM milestones WHERE operation_id = operations.id AND next_step_at IS NOT NULL)))
ORDER BY begins_at, id

-- timeline --
-- What was done with operations and safe-calls of a case, the last first.
-- $1 case, $2 operations and safe-calls, $3 acts, $4 entry before which, or null, $5 limit.
SELECT entry, at, actor_id, act, object_id, facts FROM ledger
WHERE case_id = $1 AND object_id = ANY($2) AND act = ANY($3) AND ($4::bigint IS NULL OR entry < $4)
ORDER BY entry DESC LIMIT $5

-- any_awaited --
-- Whether in earnest a way is ahead or somebody is awaited. $1 case, $2 compartment or null, $3 statuses ahead.
SELECT EXISTS (
    SELECT FROM operations WHERE case_id = $1 AND ($2::uuid IS NULL OR compartment_id = $2) AND NOT drill
      AND (status = ANY($3) OR EXISTS (
        SELECT FROM milestones WHERE operation_id = operations.id AND next_step_at IS NOT NULL)))
  OR EXISTS (
    SELECT FROM safe_calls WHERE case_id = $1 AND ($2::uuid IS NULL OR compartment_id = $2) AND due_at IS NOT NULL)

-- cases_of_milestones --
-- $1 milestones.
SELECT milestones.id, operation_id, case_id FROM milestones JOIN operations ON operations.id = operation_id
WHERE milestones.id = ANY($1)

-- cases_of_operations --
-- $1 operations.
SELECT id, case_id FROM operations WHERE id = ANY($1)

-- claim_milestones --
-- Lease steps that are late; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE milestones SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM milestones WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_milestone --
-- When the next one is due: what failed waits for its lease, all of it for a hold.
SELECT min(next_step_at) FROM milestones WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_milestones --
-- Count steps that nobody was called for in time. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM milestones WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due

-- claim_countdowns --
-- Lease operations of which a task is due; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE operations SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM operations WHERE next_task_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_task_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_task_at AS due_at

-- next_countdown --
-- When the next task is due.
SELECT min(next_task_at) FROM operations WHERE next_task_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_countdowns --
-- Count operations of which a task is due. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_task_at) AS oldest
FROM (SELECT next_task_at FROM operations WHERE next_task_at <= $1 ORDER BY next_task_at LIMIT $2) AS due

-- at_the_same_place --
-- Other operations in earnest that are ahead or under way with the same place token. $1 operation, $2 token, $3 statuses.
SELECT case_id, coordinator_id FROM operations
WHERE place_token = $2 AND id <> $1 AND status = ANY($3) AND NOT drill ORDER BY id

-- circles_of_news --
-- In which circles these operations and safe-calls are. In one that was closed only what is under way is shown.
-- $1 ids, $2 statuses under way.
SELECT operations.id, compartment_id FROM operations JOIN compartments ON compartments.id = compartment_id
WHERE operations.id = ANY($1) AND (closed_at IS NULL OR status = ANY($2))
UNION ALL SELECT id, compartment_id FROM safe_calls WHERE id = ANY($1)

-- could_know --
-- How many people can read, or could once, what was planned: the members of a circle since. $1 circle, $2 since when.
SELECT count(DISTINCT person_id) FROM compartment_members
WHERE compartment_id = $1 AND (until IS NULL OR until > $2)

-- add_safe_call --
-- $1 id, $2 case, $3 compartment, $4 codename, $5 level, $6 planned by, $7 now, $8 listeners, $9 buddy, $10 due,
-- $11 last day.
INSERT INTO safe_calls (id, case_id, compartment_id, codename, level, planned_by, planned_at, listeners, buddy_id,
    due_at, first_due_at, last_day, next_step_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $10)

-- save_safe_call --
-- Written whole, its lease released. $1 id, $2 level, $3 due, $4 heard, $5 heard by, $6 rung, $7 next step.
UPDATE safe_calls SET level = $2, due_at = $3, heard_at = $4, heard_by = $5, rung = $6, next_step_at = $7,
    lease_until = NULL, attempts = 0
WHERE id = $1

-- safe_calls --
-- $1 ids.
SELECT * FROM safe_calls WHERE id = ANY($1) ORDER BY due_at NULLS LAST, id

-- hold_safe_calls --
-- $1 ids. In the order of their ids, as everybody holds them.
SELECT id FROM safe_calls WHERE id = ANY($1) ORDER BY id FOR UPDATE

-- safe_calls_of_compartments --
-- Those that are awaited, and those that ended lately. $1 compartments, $2 since when.
SELECT * FROM safe_calls WHERE compartment_id = ANY($1) AND (due_at IS NOT NULL OR heard_at >= $2)
ORDER BY due_at NULLS LAST, id

-- cases_of_safe_calls --
-- $1 ids.
SELECT id, case_id FROM safe_calls WHERE id = ANY($1)

-- claim_safe_calls --
-- Lease those nobody was heard from; none while on hold. $1 now, $2 lease until, $3 limit.
UPDATE safe_calls SET lease_until = $2, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM safe_calls WHERE next_step_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      AND (SELECT since FROM hold) IS NULL
    ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, attempts, next_step_at AS due_at

-- next_safe_call --
-- When the next one is due.
SELECT min(next_step_at) FROM safe_calls WHERE next_step_at IS NOT NULL AND lease_until IS NULL
  AND (SELECT since FROM hold) IS NULL

-- overdue_safe_calls --
-- Count those that nobody was called for in time. $1 now, $2 how many are looked at.
SELECT count(*) AS rows, min(next_step_at) AS oldest
FROM (SELECT next_step_at FROM safe_calls WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $2) AS due
