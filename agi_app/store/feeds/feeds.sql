-- name: know
INSERT INTO feed AS f (name, kind, campaign) VALUES (%(name)s, %(kind)s, %(campaign)s)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, campaign = excluded.campaign
WHERE f.state IN ('new', 'ended') AND (f.kind, f.campaign) IS DISTINCT FROM (excluded.kind, excluded.campaign);

-- name: feeds
SELECT f.name, f.kind, f.campaign, f.state, f.definition::text AS definition, f.fingerprint, f.most_a_day, f.max_age, f.started_at,
       f.as_of, f.source_at, f.fresh_until, f.compared_at, r.reader, r.seen_at,
       coalesce(r.seen_at > clock_timestamp() - %(alive)s::interval, false) AS is_read
FROM feed f LEFT JOIN feed_reader r ON r.feed = f.name
WHERE (%(name)s::text IS NULL OR f.name = %(name)s) ORDER BY f.name;

-- name: late_of
SELECT name FROM feed WHERE campaign = %(campaign)s AND state IN ('started', 'paused') AND feed_late(campaign, %(now)s);

-- Nobody else decides about it until the transaction ends.
-- name: lock
SELECT name FROM feed WHERE name = %(name)s FOR UPDATE;

-- name: request
INSERT INTO feed_request (feed, definition, fingerprint, asked_by, alone)
VALUES (%(feed)s, %(definition)s::jsonb, %(fingerprint)s, %(asked_by)s, %(alone)s) RETURNING request_id;

-- The newest request of a feed; an older one is no longer good.
-- name: newest
SELECT r.request_id, r.feed, r.definition::text AS definition, r.fingerprint, r.asked_by, r.alone, r.asked_at, a.approved_by, a.approved_at
FROM feed_request r LEFT JOIN feed_approval a USING (request_id)
WHERE r.feed = %(feed)s ORDER BY r.request_id DESC LIMIT 1;

-- name: approve
INSERT INTO feed_approval (request_id, asked_by, approved_by, roles, alone)
VALUES (%(request_id)s, %(asked_by)s, %(approved_by)s, %(roles)s, %(alone)s)
ON CONFLICT DO NOTHING RETURNING request_id;

-- From now on it runs by this definition. What an earlier one has read is older than its approval, so nothing of it is fresh.
-- name: begin
UPDATE feed
SET kind = %(kind)s, campaign = %(campaign)s, state = 'started', definition = %(definition)s::jsonb,
    fingerprint = %(fingerprint)s, most_a_day = %(most_a_day)s, max_age = %(max_age)s, started_at = %(now)s,
    as_of = NULL, source_at = NULL, compared_at = NULL, fresh_until = NULL, changed_at = clock_timestamp()
WHERE name = %(name)s AND fingerprint IS DISTINCT FROM %(fingerprint)s
   OR name = %(name)s AND state IN ('new', 'ended');

-- name: go_on
UPDATE feed SET state = 'started', changed_at = clock_timestamp()
WHERE name = %(name)s AND state = 'paused' AND fingerprint = %(fingerprint)s;

-- name: set_state
UPDATE feed SET state = %(state)s, changed_at = clock_timestamp() WHERE name = %(name)s AND state = ANY(%(before)s);

-- What was read and not yet imported of a feed that reads no longer.
-- name: drop_waiting
WITH dropped AS (
    UPDATE feed_run SET state = 'refused', result = '{"why": "dropped"}', ended_at = clock_timestamp()
    WHERE feed = %(name)s AND state IN ('wanted', 'waiting') RETURNING run_id
)
DELETE FROM feed_content WHERE run_id IN (SELECT run_id FROM dropped);

-- The lock of a host that is gone must be free soon: another one reads then.
-- name: lock_reader
SELECT set_config('tcp_keepalives_idle', '2', false), set_config('tcp_keepalives_interval', '1', false),
       set_config('tcp_user_timeout', '5s', false),
       pg_try_advisory_lock(hashtextextended('agi-app feed ' || %(name)s, 0)) AS got;
