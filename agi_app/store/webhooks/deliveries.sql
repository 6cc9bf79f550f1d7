-- New events become deliveries, one for each endpoint that asks for the type: stops first, and those also where the endpoint
-- is disabled. In one transaction, by one process each event, however late it was committed.
-- name: spread
WITH fresh AS (
    UPDATE webhook_event SET spread = true
    WHERE event_id IN (SELECT event_id FROM webhook_event WHERE NOT spread
                       ORDER BY urgent DESC, event_id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING event_id, type, urgent, endpoint_id
), made AS (
    INSERT INTO webhook_delivery (event_id, endpoint_id, urgent, next_try_at)
    SELECT f.event_id, e.endpoint_id, f.urgent, %(now)s
    FROM fresh f JOIN webhook_endpoint e
      ON CASE WHEN f.endpoint_id IS NULL THEN e.types && ARRAY['*', f.type] AND (e.enabled OR f.urgent)
              ELSE e.endpoint_id = f.endpoint_id END
    ON CONFLICT DO NOTHING
)
SELECT count(*) AS spread FROM fresh;

-- What is due, for each endpoint as many as it has free places, some of them for stops alone. Until `again_at` nobody else
-- tries it; by then its sender is gone.
-- name: claim
WITH place AS (
    SELECT e.endpoint_id, e.url, e.with_values, p.urgent_places, p.places
    FROM unnest(%(endpoints)s::bigint[], %(places)s::integer[], %(urgent_places)s::integer[])
         AS p (endpoint_id, places, urgent_places)
    JOIN webhook_endpoint e ON e.endpoint_id = p.endpoint_id AND e.enabled
), stops AS (
    SELECT d.delivery_id FROM place CROSS JOIN LATERAL (
        SELECT delivery_id FROM webhook_delivery
        WHERE endpoint_id = place.endpoint_id AND urgent AND state = 'waiting' AND next_try_at <= %(now)s
        ORDER BY next_try_at LIMIT place.urgent_places FOR UPDATE SKIP LOCKED) AS d
), others AS (
    SELECT d.delivery_id FROM place CROSS JOIN LATERAL (
        SELECT delivery_id FROM webhook_delivery
        WHERE endpoint_id = place.endpoint_id AND NOT urgent AND state = 'waiting' AND next_try_at <= %(now)s
        ORDER BY next_try_at LIMIT place.places FOR UPDATE SKIP LOCKED) AS d
), claimed AS (
    UPDATE webhook_delivery d SET next_try_at = %(again_at)s
    WHERE d.delivery_id IN (SELECT delivery_id FROM stops UNION ALL SELECT delivery_id FROM others) RETURNING d.*
)
SELECT d.delivery_id, d.endpoint_id, d.urgent, d.tries, p.url, p.with_values, 'evt_' || replace(v.uid::text, '-', '') AS event,
       v.type, v.recorded_at, v.data::text AS data, v.entry || '/' || v.entry_id AS entry, l.leaf,
       CASE WHEN p.with_values AND v.type = 'answer.saved' THEN
           (SELECT a.answers::text FROM attempt a WHERE a.attempt_id = v.data ->> 'attempt') END AS answers,
       ARRAY(SELECT s.secret FROM webhook_secret s
             WHERE s.endpoint_id = d.endpoint_id AND (s.good_until IS NULL OR s.good_until > %(now)s)
             ORDER BY s.secret_id DESC) AS secrets
FROM claimed d JOIN place p ON p.endpoint_id = d.endpoint_id JOIN webhook_event v ON v.event_id = d.event_id
LEFT JOIN audit_leaf l ON l.kind = v.entry AND l.row_id = v.entry_id
ORDER BY d.urgent DESC, d.delivery_id;

-- name: enabled
SELECT endpoint_id, failing_since IS NOT NULL AS failing FROM webhook_endpoint WHERE enabled ORDER BY endpoint_id;

-- A delivery that was asked for again meanwhile is not ended by a try of before.
-- name: record
WITH tried AS (
    UPDATE webhook_delivery
    SET state = %(state)s, tries = tries + 1, next_try_at = coalesce(%(next_try_at)s, next_try_at),
        ended_at = CASE WHEN %(state)s <> 'waiting' THEN %(at)s::timestamptz END
    WHERE delivery_id = %(delivery_id)s AND next_try_at = %(claimed_until)s AND state = 'waiting'
    RETURNING delivery_id
)
INSERT INTO webhook_try (delivery_id, at, seconds, status, text)
SELECT %(delivery_id)s, %(at)s, %(seconds)s, %(status)s, %(text)s
WHERE EXISTS (SELECT FROM webhook_delivery WHERE delivery_id = %(delivery_id)s)
RETURNING (SELECT count(*) FROM tried) AS counted;

-- name: tell
SELECT webhook_tell(%(type)s, %(data)s::jsonb);

-- One event for one endpoint, whatever types it asks for.
-- name: tell_one
INSERT INTO webhook_event (type, data, endpoint_id) VALUES (%(type)s, '{}', %(endpoint_id)s)
RETURNING 'evt_' || replace(uid::text, '-', '') AS event;

-- name: deliveries
SELECT d.delivery_id, 'evt_' || replace(v.uid::text, '-', '') AS event, v.type, v.recorded_at, d.endpoint_id, d.state, d.tries,
       CASE WHEN d.state = 'waiting' AND e.enabled THEN d.next_try_at END AS next_try_at, t.at AS tried_at, t.seconds, t.status, t.text
FROM webhook_delivery d JOIN webhook_event v ON v.event_id = d.event_id
JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
LEFT JOIN LATERAL (SELECT * FROM webhook_try WHERE delivery_id = d.delivery_id ORDER BY try_id DESC LIMIT 1) t ON true
WHERE (%(endpoint_id)s::bigint IS NULL OR d.endpoint_id = %(endpoint_id)s)
  AND (%(uid)s::uuid IS NULL OR v.uid = %(uid)s)
  AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(before)s::bigint IS NULL OR d.delivery_id < %(before)s)
ORDER BY d.delivery_id DESC LIMIT %(limit)s;

-- name: tries
SELECT d.endpoint_id, t.at, t.seconds, t.status, t.text
FROM webhook_try t JOIN webhook_delivery d USING (delivery_id) JOIN webhook_event v USING (event_id)
WHERE v.uid = %(uid)s ORDER BY t.try_id;

-- name: no_time_limit
SET LOCAL statement_timeout = 0;

-- The same event again, by its old id; where it waits, it is only tried sooner.
-- name: replay
INSERT INTO webhook_delivery AS d (event_id, endpoint_id, urgent, next_try_at)
SELECT v.event_id, e.endpoint_id, v.urgent, %(now)s
FROM webhook_event v JOIN webhook_endpoint e
  ON CASE WHEN v.endpoint_id IS NULL THEN e.types && ARRAY['*', v.type] ELSE e.endpoint_id = v.endpoint_id END
WHERE (%(uid)s::uuid IS NULL OR v.uid = %(uid)s)
  AND (%(since)s::timestamptz IS NULL OR v.recorded_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR v.recorded_at < %(until)s)
  AND (%(endpoint_id)s::bigint IS NULL OR e.endpoint_id = %(endpoint_id)s)
ORDER BY v.event_id, e.endpoint_id
ON CONFLICT (endpoint_id, event_id) DO UPDATE
SET state = 'waiting', tries = 0, ended_at = NULL, next_try_at = excluded.next_try_at;

-- name: event_exists
SELECT EXISTS (SELECT FROM webhook_event WHERE uid = %(uid)s) AS found;

-- Old events with all that hangs on them; never a stop that still waits, nor what is told once and may still be true.
-- name: purge
DELETE FROM webhook_event
WHERE event_id IN (
    SELECT event_id FROM webhook_event o
    WHERE recorded_at < clock_timestamp() - make_interval(days => %(keep_days)s)
      AND (notice IS NULL OR recorded_at < clock_timestamp() - make_interval(days => %(keep_days)s + 366))
      AND NOT (urgent AND (NOT spread OR EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = o.event_id AND d.state = 'waiting')))
    LIMIT %(most)s);
