-- name: add
WITH made AS (
    INSERT INTO webhook_endpoint (url, types, with_values, created_by)
    VALUES (%(url)s, %(types)s, %(with_values)s, %(by)s) RETURNING endpoint_id
), keyed AS (
    INSERT INTO webhook_secret (endpoint_id, secret) SELECT endpoint_id, %(secret)s FROM made
)
SELECT endpoint_id FROM made;

-- `waiting` of an endpoint whose receiver is dead may be millions: counted up to a limit.
-- name: all
SELECT e.endpoint_id, e.url, e.types, e.with_values, e.enabled, e.disabled_why, e.failing_since, e.created_by, e.created_at,
       (SELECT count(*) FROM (SELECT FROM webhook_delivery d
                              WHERE d.endpoint_id = e.endpoint_id AND d.state = 'waiting' LIMIT %(most)s) w) AS waiting,
       (SELECT count(*) FROM webhook_secret s
        WHERE s.endpoint_id = e.endpoint_id AND (s.good_until IS NULL OR s.good_until > %(now)s)) AS secrets
FROM webhook_endpoint e WHERE %(endpoint_id)s::bigint IS NULL OR e.endpoint_id = %(endpoint_id)s
ORDER BY e.endpoint_id;

-- name: retire_secrets
UPDATE webhook_secret SET good_until = %(until)s
WHERE endpoint_id = %(endpoint_id)s AND (good_until IS NULL OR good_until > %(until)s);

-- name: add_secret
INSERT INTO webhook_secret (endpoint_id, secret) VALUES (%(endpoint_id)s, %(secret)s);

-- name: disable
UPDATE webhook_endpoint SET enabled = false, disabled_why = %(why)s WHERE endpoint_id = %(endpoint_id)s AND enabled;

-- Stops waited all the time, other events that waited go out, too; nothing counts against it any more.
-- name: enable
WITH enabled AS (
    UPDATE webhook_endpoint SET enabled = true, disabled_why = NULL, failing_since = NULL
    WHERE endpoint_id = %(endpoint_id)s AND NOT enabled RETURNING endpoint_id
), due AS (
    UPDATE webhook_delivery d SET next_try_at = %(now)s, tries = 0
    FROM enabled e WHERE d.endpoint_id = e.endpoint_id AND d.state = 'waiting' AND d.tries > 0
)
SELECT endpoint_id FROM enabled;

-- What millions of deliveries take.
-- name: no_time_limit
SET LOCAL statement_timeout = 0;

-- name: remove
DELETE FROM webhook_endpoint WHERE endpoint_id = %(endpoint_id)s;

-- name: failing
WITH first AS (
    UPDATE webhook_endpoint SET failing_since = %(at)s
    WHERE endpoint_id = %(endpoint_id)s AND failing_since IS NULL RETURNING failing_since
)
SELECT coalesce((SELECT failing_since FROM first), e.failing_since) AS since
FROM webhook_endpoint e WHERE e.endpoint_id = %(endpoint_id)s;

-- What waits for its next try need not wait any longer; what is due by `soon` may be on its way.
-- name: well_again
WITH well AS (
    UPDATE webhook_endpoint SET failing_since = NULL
    WHERE endpoint_id = %(endpoint_id)s AND failing_since IS NOT NULL RETURNING endpoint_id
)
UPDATE webhook_delivery d SET next_try_at = %(now)s
FROM well w WHERE d.endpoint_id = w.endpoint_id AND d.state = 'waiting' AND d.next_try_at > %(soon)s;

-- One sign of life for each process that delivers.
-- name: beat
INSERT INTO webhook_sender (sender, seen_at) VALUES (%(sender)s, clock_timestamp())
ON CONFLICT (sender) DO UPDATE SET seen_at = excluded.seen_at;

-- name: sign_off
DELETE FROM webhook_sender WHERE sender = %(sender)s OR seen_at < clock_timestamp() - interval '1 day';

-- name: last_beat
SELECT max(seen_at) AS seen_at FROM webhook_sender WHERE seen_at > clock_timestamp() - %(alive)s::interval;
