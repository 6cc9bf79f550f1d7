-- All that feeds hold of somebody, or may hold: what waits is read again, and words about rows of lists are emptied.
-- name: forget_person
WITH brought AS (
    DELETE FROM feed_person WHERE person_id = %(person_id)s
), waiting AS (
    UPDATE feed_run SET state = 'refused', result = '{"why": "dropped"}', ended_at = clock_timestamp()
    WHERE state = 'waiting' RETURNING run_id
), read AS (
    DELETE FROM feed_content
), told AS (
    UPDATE feed_run SET result = result || '{"faults": [], "notes": []}' WHERE state = 'done' AND result ? 'faults'
)
INSERT INTO feed_erasure (at) VALUES (clock_timestamp()) ON CONFLICT (only_row) DO UPDATE SET at = excluded.at;

-- name: erased_at
SELECT at FROM feed_erasure;
