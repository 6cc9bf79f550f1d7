-- The person's head row is locked first by everything that changes an attempt at any of their numbers.
-- name: lock_person
SELECT lock_head((SELECT person_id FROM attempt WHERE attempt_id = %(attempt_id)s));

-- Those of several attempts, in the order in which everybody locks several.
-- name: lock_persons
SELECT lock_heads(%(attempts)s);

-- The function of the newest migration that has it (0049_no_mark_during_a_pause.sql): no mark while everything is paused,
-- after a stop, or without the lease. It locks the persons first, too.
-- name: mark
SELECT marked AS attempt_id FROM mark_attempts(%(attempts)s, %(node)s) AS marked;

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

-- One statement, so that calls that end together cost one trip: the persons' locks are taken before the attempts', which
-- hang on them by the join. Nothing here is judged by facts that a wait for those locks could make old.
-- name: finish
WITH given AS MATERIALIZED (
    SELECT r.*, coalesce(p.same_as, p.person_id) AS known
    FROM jsonb_to_recordset(%(results)s::jsonb) AS r
        (attempt_id text, outcome text, disposition text, answers jsonb, recordings jsonb, cause integer,
         tech_cause integer, note text, counts boolean, swept boolean, ringing_at timestamptz, answered_at timestamptz,
         ended_at timestamptz, contact_state text, next_due timestamptz, point smallint, urgency smallint, for_good boolean,
         number_place smallint, same_round boolean, new_point boolean)
    JOIN attempt a ON a.attempt_id = r.attempt_id JOIN person p ON p.person_id = a.person_id
    ORDER BY known
), locked AS MATERIALIZED (
    SELECT *, lock_head(known) AS head FROM given
), ended AS (
    UPDATE attempt a
    SET state = 'ended', outcome = r.outcome, disposition = r.disposition, answers = r.answers, cause = r.cause,
        tech_cause = r.tech_cause, note = r.note, counts = r.counts, swept = r.swept, ringing_at = r.ringing_at,
        answered_at = r.answered_at, ended_at = coalesce(r.ended_at, clock_timestamp())
    FROM locked r
    WHERE a.attempt_id = r.attempt_id AND r.head IS NOT NULL AND a.state <> 'ended'
    RETURNING a.attempt_id, a.contact_id, r.head, coalesce(a.number_id, a.person_id) AS number_id, a.caller_id,
              r.counts, r.outcome, r.disposition, r.contact_state, r.next_due, r.point, r.urgency, r.for_good, r.swept,
              r.number_place, r.same_round, r.new_point,
              a.revision, r.recordings
), freed AS (
    UPDATE slot SET attempt_id = NULL FROM ended WHERE slot.attempt_id = ended.attempt_id
), seen AS (
    UPDATE person SET caller_id_seen = ended.caller_id FROM ended
    WHERE person.person_id IN (ended.head, ended.number_id) AND ended.counts AND person.caller_id_seen IS NULL
), settled AS (
    -- What the office changed during the call stands: a time that it changed makes the contact due as it said. After a
    -- guess (the worker died) a contact with an appointment is looked at for its next point.
    UPDATE contact
    SET state = CASE WHEN contact.state = 'cancelled' THEN 'cancelled'
                     WHEN {office_moved_it} OR {guessed} THEN 'pending' ELSE ended.contact_state END,
        due_at = CASE WHEN contact.state = 'cancelled' THEN 'infinity'
                      WHEN {office_moved_it} OR {guessed} THEN contact.due_at
                      ELSE coalesce(ended.next_due, 'infinity') END,
        point = CASE WHEN {office_moved_it} THEN contact.point WHEN {guessed} THEN contact.point + 1
                     ELSE coalesce(ended.point, contact.point) END,
        urgency = CASE WHEN {office_moved_it} THEN contact.urgency ELSE coalesce(ended.urgency, contact.urgency) END,
        replan = {guessed},
        attempts_made = attempts_made + 1, tries = tries + ended.counts::integer,
        retries_used = CASE
            WHEN ended.same_round THEN retries_used
            WHEN ended.new_point THEN retries_used - '{no_answer,busy,congestion,trunk_silent,failed,machine}'::text[]
            ELSE retries_used || jsonb_build_object(
                ended.outcome, coalesce((retries_used ->> ended.outcome)::integer, 0) + 1) END,
        person_id = CASE WHEN number_ids IS NULL THEN person_id WHEN {office_moved_it} OR {guessed} THEN number_ids[1]
                         WHEN ended.number_place IS NULL THEN person_id ELSE number_ids[ended.number_place] END,
        round_outcome = CASE WHEN ended.same_round THEN ended.outcome END,
        number_place = CASE WHEN {office_moved_it} OR {guessed} THEN 1 ELSE coalesce(ended.number_place, contact.number_place) END,
        last_outcome = ended.outcome, disposition = coalesce(ended.disposition, contact.disposition)
    FROM ended WHERE contact.contact_id = ended.contact_id
), kept AS (
    INSERT INTO recording (attempt_id, name, kind, sha256, seconds)
    SELECT ended.attempt_id, r.name, r.kind, decode(r.sha256, 'hex'), r.seconds
    FROM ended, jsonb_to_recordset(ended.recordings) AS r (name text, kind text, sha256 text, seconds real)
)
SELECT attempt_id FROM ended;

-- The true result of an attempt that a sweep had to call interrupted, because its worker was cut off.
-- name: late_result
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_record(%(result)s::jsonb) AS r
        (attempt_id text, outcome text, disposition text, answers jsonb, recordings jsonb, cause integer,
         tech_cause integer, note text, counts boolean, ringing_at timestamptz, answered_at timestamptz,
         ended_at timestamptz, contact_state text, for_good boolean)
), ended AS (
    UPDATE attempt a
    SET outcome = r.outcome, disposition = r.disposition, answers = r.answers, cause = r.cause,
        tech_cause = r.tech_cause, note = r.note, swept = false, counts = a.counts OR r.counts,
        ringing_at = r.ringing_at, answered_at = r.answered_at, ended_at = coalesce(r.ended_at, a.ended_at)
    FROM given r
    WHERE a.attempt_id = r.attempt_id AND a.state = 'ended' AND a.swept
    RETURNING a.attempt_id, a.contact_id, a.revision, r.outcome, r.disposition, r.contact_state, r.for_good, r.recordings
), settled AS (
    UPDATE contact
    SET state = CASE WHEN ended.contact_state = 'done' AND contact.state = 'pending' AND NOT {office_moved_it}
                          AND (contact.event_at IS NULL OR ended.for_good) THEN 'done' ELSE contact.state END,
        last_outcome = ended.outcome, disposition = coalesce(ended.disposition, contact.disposition)
    FROM ended WHERE contact.contact_id = ended.contact_id
), kept AS (
    INSERT INTO recording (attempt_id, name, kind, sha256, seconds)
    SELECT ended.attempt_id, r.name, r.kind, decode(r.sha256, 'hex'), r.seconds
    FROM ended, jsonb_to_recordset(ended.recordings) AS r (name text, kind text, sha256 text, seconds real)
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
