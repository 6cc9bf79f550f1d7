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
