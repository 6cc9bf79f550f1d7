-- The person's head row is locked first by everything that changes an attempt at any of their numbers.
-- name: lock_person
SELECT lock_head((SELECT person_id FROM attempt WHERE attempt_id = %(attempt_id)s));

-- The function of 0005_person_rules.sql; it locks the person first, too.
-- name: mark
SELECT mark_attempt(%(attempt_id)s, %(node)s) AS marked;

-- Ends attempts that were surely not dialled; their contacts are due as before.
-- name: give_back
WITH given AS (
    UPDATE attempt
    SET state = 'ended', ended_at = clock_timestamp(), outcome = 'cancelled', dialled = false, note = %(reason)s
    WHERE attempt_id = ANY(%(attempts)s) AND state = ANY(%(states)s)
    RETURNING attempt_id, contact_id
), freed AS (
    UPDATE slot SET attempt_id = NULL FROM given WHERE slot.attempt_id = given.attempt_id
), due AS (
    UPDATE contact SET state = 'pending' FROM given
    WHERE contact.contact_id = given.contact_id AND contact.state = 'claimed'
)
SELECT attempt_id FROM given;

-- One statement, so that a call costs one trip: the person's lock is taken before the attempt's, which
-- hangs on it by the join. Nothing here is judged by facts that a wait for that lock could make old.
-- name: finish
WITH locked AS MATERIALIZED (
    SELECT lock_head((SELECT person_id FROM attempt WHERE attempt_id = %(attempt_id)s)) AS head
), ended AS (
    UPDATE attempt
    SET state = 'ended', outcome = %(outcome)s, disposition = %(disposition)s, answers = %(answers)s::jsonb,
        cause = %(cause)s, tech_cause = %(tech_cause)s, note = %(note)s, counts = %(counts)s, swept = %(swept)s,
        ringing_at = %(ringing_at)s, answered_at = %(answered_at)s,
        ended_at = coalesce(%(ended_at)s::timestamptz, clock_timestamp())
    FROM locked
    WHERE attempt.attempt_id = %(attempt_id)s AND locked.head IS NOT NULL AND state <> 'ended'
    RETURNING attempt.attempt_id, contact_id, locked.head, coalesce(number_id, attempt.person_id) AS number_id,
              caller_id, counts
), freed AS (
    UPDATE slot SET attempt_id = NULL FROM ended WHERE slot.attempt_id = ended.attempt_id
), seen AS (
    UPDATE person SET caller_id_seen = ended.caller_id FROM ended
    WHERE person.person_id IN (ended.head, ended.number_id) AND ended.counts AND person.caller_id_seen IS NULL
), settled AS (
    UPDATE contact
    SET state = %(contact_state)s, due_at = coalesce(%(next_due)s::timestamptz, 'infinity'),
        attempts_made = attempts_made + 1,
        retries_used = retries_used || jsonb_build_object(
            %(outcome)s::text, coalesce((retries_used ->> %(outcome)s)::integer, 0) + 1),
        last_outcome = %(outcome)s, disposition = coalesce(%(disposition)s, contact.disposition)
    FROM ended WHERE contact.contact_id = ended.contact_id
), kept AS (
    INSERT INTO recording (attempt_id, name, kind, sha256, seconds)
    SELECT ended.attempt_id, r.name, r.kind, decode(r.sha256, 'hex'), r.seconds
    FROM ended, jsonb_to_recordset(%(recordings)s::jsonb) AS r (name text, kind text, sha256 text, seconds real)
)
SELECT attempt_id FROM ended;

-- The true result of an attempt that a sweep had to call interrupted, because its worker was cut off.
-- name: late_result
WITH ended AS (
    UPDATE attempt
    SET outcome = %(outcome)s, disposition = %(disposition)s, answers = %(answers)s::jsonb,
        cause = %(cause)s, tech_cause = %(tech_cause)s, note = %(note)s, swept = false,
        counts = counts OR %(counts)s, ringing_at = %(ringing_at)s, answered_at = %(answered_at)s,
        ended_at = coalesce(%(ended_at)s::timestamptz, ended_at)
    WHERE attempt_id = %(attempt_id)s AND state = 'ended' AND swept
    RETURNING attempt_id, contact_id
), settled AS (
    UPDATE contact
    SET state = CASE WHEN %(contact_state)s = 'done' AND contact.state = 'pending' THEN 'done' ELSE contact.state END,
        last_outcome = %(outcome)s, disposition = coalesce(%(disposition)s, contact.disposition)
    FROM ended WHERE contact.contact_id = ended.contact_id
), kept AS (
    INSERT INTO recording (attempt_id, name, kind, sha256, seconds)
    SELECT ended.attempt_id, r.name, r.kind, decode(r.sha256, 'hex'), r.seconds
    FROM ended, jsonb_to_recordset(%(recordings)s::jsonb) AS r (name text, kind text, sha256 text, seconds real)
)
SELECT attempt_id FROM ended;

-- A lease with two thirds of its time left is left alone: most calls end before, and each change of
-- the column writes the index anew.
-- name: extend_leases
WITH extended AS (
    UPDATE attempt SET lease_until = clock_timestamp() + %(lease)s::interval
    WHERE attempt_id = ANY(%(attempts)s) AND node = %(node)s AND state <> 'ended'
      AND lease_until < clock_timestamp() + %(lease)s::interval * 2 / 3
)
SELECT attempt_id FROM attempt WHERE attempt_id = ANY(%(attempts)s) AND node = %(node)s AND state <> 'ended';

-- Workers that have said nothing for a while and whose lock is free: their process has ended, or their host is gone. The
-- lock alone says too little (a worker takes it again after its connection was lost), and so does the silence (a slow
-- database keeps a worker waiting). After a start of the server everybody has time to come back.
-- name: dead_nodes
SELECT n.entityid
FROM node n CROSS JOIN hashtextextended('agi-app worker ' || n.entityid, 0) AS key
WHERE n.seen_at < clock_timestamp() - %(silent_for)s::interval
  AND pg_postmaster_start_time() < clock_timestamp() - %(silent_for)s::interval
  AND NOT EXISTS (SELECT FROM pg_locks l
                  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND l.classid::bigint = (key >> 32) & 4294967295 AND l.objid::bigint = key & 4294967295);

-- name: orphans
SELECT attempt_id FROM attempt
WHERE state <> 'ended' AND (node = %(node)s::text OR node = ANY(%(dead)s) OR lease_until < clock_timestamp())
ORDER BY claimed_at;

-- Asked again under the person's lock: the worker may have come back meanwhile.
-- name: still_orphan
SELECT a.state FROM attempt a
WHERE a.attempt_id = %(attempt_id)s AND a.state <> 'ended'
  AND (a.node = %(node)s::text OR a.lease_until < clock_timestamp()
       OR a.node = ANY(%(dead)s) AND EXISTS (SELECT FROM node n WHERE n.entityid = a.node
                                             AND n.seen_at < clock_timestamp() - %(silent_for)s::interval))
FOR UPDATE OF a;
