-- name: want
INSERT INTO feed_run (feed, what, confirmed, asked_by, state)
SELECT name, %(what)s, %(confirmed)s, %(asked_by)s, 'wanted' FROM feed
WHERE name = %(feed)s AND (%(what)s = 'check' OR state = 'started')
  AND NOT EXISTS (SELECT FROM feed_run r WHERE r.feed = %(feed)s AND r.what = %(what)s AND r.state = 'wanted')
RETURNING run_id;

-- How many contacts were missing in the last run, when it was refused for that; null: it was not.
-- name: to_confirm
SELECT {was_refused} AS missing FROM (SELECT %(feed)s::text AS feed, 9223372036854775807 AS run_id) AS r;

-- name: call_readers
SELECT pg_notify('agi_app_feed', %(feed)s);

-- What somebody asked for and nobody has read yet, the oldest first.
-- name: wanted
SELECT run_id, what FROM feed_run WHERE feed = %(feed)s AND state = 'wanted' ORDER BY run_id;

-- name: waits
SELECT EXISTS (SELECT FROM feed_run WHERE feed = %(feed)s AND what = 'run' AND state = 'waiting') AS found;

-- name: run
SELECT run_id, feed, what, confirmed, asked_by, state, fingerprint, as_of, file, rows, result::text AS result, times, made_at, read_at,
       ended_at, reader, node
FROM feed_run WHERE run_id = %(run_id)s;

-- name: by_key
SELECT run_id, feed, what, confirmed, asked_by, state, fingerprint, as_of, file, rows, result::text AS result, times, made_at, read_at,
       ended_at, reader, node
FROM feed_run WHERE key = %(key)s;

-- name: newest
SELECT run_id, feed, what, confirmed, asked_by, state, fingerprint, as_of, file, rows, result::text AS result, times, made_at, read_at,
       ended_at, reader, node
FROM feed_run WHERE feed = %(feed)s AND (%(before)s::bigint IS NULL OR run_id < %(before)s)
  AND (%(what)s::text IS NULL OR what = %(what)s)
ORDER BY run_id DESC LIMIT %(limit)s;

-- name: looked
SELECT feed_looked(%(feed)s, %(reader)s);

-- name: hand_over
SELECT feed_hand_over(%(feed)s, %(key)s, %(for_run)s, %(fingerprint)s, %(as_of)s, %(source_at)s, %(file)s, %(rows)s, %(content)s,
                      %(ids)s, %(reader)s) AS run_id;

-- name: failed
SELECT feed_failed(%(feed)s, %(for_run)s, %(fingerprint)s, %(why)s::jsonb, %(reader)s) AS run_id;

-- The oldest run that waits behind `after`, and that no other worker is at. What decides about its feed is waited for.
-- name: look
SELECT run_id, feed FROM feed_run WHERE state = 'waiting' AND run_id > %(after)s ORDER BY run_id LIMIT 1;

-- name: take
SELECT r.run_id, r.feed, r.what, r.fingerprint, r.as_of, r.source_at, r.file, r.sha256, r.rows, r.whole_ids, c.content, c.ids,
       CASE WHEN r.confirmed THEN coalesce({was_refused}, 0) ELSE 0 END AS may_go,
       (SELECT p.sha256 FROM feed_run p WHERE p.feed = r.feed AND p.what = 'run' AND p.state = 'done' AND p.run_id < r.run_id
        ORDER BY p.run_id DESC LIMIT 1) = r.sha256 AS as_before
FROM feed_run r JOIN feed_content c USING (run_id)
WHERE r.run_id = %(run_id)s AND r.state = 'waiting'
FOR UPDATE OF r SKIP LOCKED;

-- name: end
UPDATE feed_run
SET state = %(state)s, result = %(result)s::jsonb, node = %(node)s, ended_at = clock_timestamp()
WHERE run_id = %(run_id)s;

-- name: forget_content
DELETE FROM feed_content WHERE run_id = %(run_id)s;

-- name: good
UPDATE feed SET as_of = %(as_of)s, source_at = %(source_at)s, fresh_until = %(as_of)s + max_age,
                compared_at = CASE WHEN %(compared)s THEN %(as_of)s ELSE compared_at END
WHERE name = %(feed)s;

-- name: late
SELECT name FROM feed WHERE state IN ('started', 'paused') AND campaign IS NOT NULL
  AND (fresh_until IS NULL OR fresh_until <= %(now)s) ORDER BY name;

-- What nobody took within a day is no longer taken; what ended long ago is forgotten, but for the newest of each feed.
-- name: expire
WITH old AS (
    UPDATE feed_run SET state = 'refused', result = '{"why": "expired"}', ended_at = clock_timestamp()
    WHERE state IN ('wanted', 'waiting') AND coalesce(read_at, made_at) < clock_timestamp() - interval '1 day' RETURNING run_id
), gone AS (
    DELETE FROM feed_content WHERE run_id IN (SELECT run_id FROM old)
)
DELETE FROM feed_run r
WHERE r.ended_at < clock_timestamp() - %(kept)s::interval
  AND r.run_id < (SELECT max(n.run_id) FROM feed_run n WHERE n.feed = r.feed AND n.what = r.what AND n.state = 'done');
