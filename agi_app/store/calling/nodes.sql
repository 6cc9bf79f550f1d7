-- name: register
INSERT INTO node (entityid, name) VALUES (%(entityid)s, %(name)s)
ON CONFLICT (entityid) DO UPDATE
SET name = excluded.name, started_at = clock_timestamp(), seen_at = clock_timestamp();

-- name: beat
UPDATE node SET seen_at = clock_timestamp(), journal_position = %(journal_position)s,
    flushed_at = CASE WHEN %(flushed)s THEN clock_timestamp() ELSE flushed_at END,
    waiting_reason = %(waiting_reason)s, campaign_waiting_reasons = %(campaign_waiting_reasons)s::jsonb,
    agents = %(agents)s::jsonb, trunks = %(trunks)s::jsonb
WHERE entityid = %(entityid)s;

-- name: unflushed_since
SELECT name FROM node WHERE flushed_at IS NULL OR flushed_at < %(since)s ORDER BY name;

-- name: forget
DELETE FROM node WHERE entityid = %(entityid)s;

-- name: journal_position
SELECT journal_position FROM node WHERE entityid = %(entityid)s;

-- name: all
SELECT entityid, name, seen_at, waiting_reason, campaign_waiting_reasons, agents,
       seen_at > clock_timestamp() - %(alive)s::interval AS alive
FROM node ORDER BY name;

-- Stops taken while the database was away may still be in a worker's journal only.
-- name: database_started
SELECT pg_postmaster_start_time() AS at;

-- name: known_journal
SELECT entityid, since, bytes AS length, last_line, place, accepted_at FROM worker_journal WHERE entityid = %(entityid)s;

-- name: journals_at
SELECT entityid, since, bytes AS length, last_line, place, accepted_at FROM worker_journal
WHERE entityid = %(entityid)s OR %(place)s IN (place, missed_at) ORDER BY entityid;

-- name: note_journal
INSERT INTO worker_journal (entityid, bytes, last_line, place)
VALUES (%(entityid)s, %(bytes)s, %(last_line)s, %(place)s)
ON CONFLICT (entityid) DO UPDATE
SET bytes = excluded.bytes, last_line = excluded.last_line, place = excluded.place, missed_at = NULL
RETURNING entityid, since, bytes AS length, last_line, place, accepted_at;

-- name: miss_journal
UPDATE worker_journal SET missed_at = %(place)s, last_line = %(never)s WHERE entityid = %(entityid)s;

-- name: accept_journal
UPDATE worker_journal SET bytes = 0, last_line = '', accepted_at = clock_timestamp() WHERE entityid = %(entityid)s;

-- name: forget_journal
DELETE FROM worker_journal WHERE entityid = %(entityid)s;
