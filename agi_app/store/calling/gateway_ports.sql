-- A port is a slot of its own: locked like one, and freed in the transaction that ends its attempt.
-- name: make
INSERT INTO slot (scope, n) SELECT scope, 1 FROM unnest(%(scopes)s::text[]) AS scope ON CONFLICT DO NOTHING;

-- name: lease
SELECT scope FROM slot WHERE scope = ANY(%(scopes)s) AND attempt_id IS NULL
ORDER BY scope FOR UPDATE SKIP LOCKED;

-- In a statement of its own after the lock. A port rests after a call, and when it has made its calls of 24 hours:
-- until the first of them is a day old. `rests_until` is null when it may call, else real time.
-- name: use
SELECT l.number, greatest(
           (SELECT max(a.ended_at) + l.spacing * interval '1 s' FROM attempt a WHERE a.line = l.number AND a.dialled),
           (SELECT a.rules_at + interval '24 hours' - %(offset)s::interval FROM attempt a
            WHERE l.per_day IS NOT NULL AND a.line = l.number AND a.dialled
              AND a.rules_at > %(now)s - interval '24 hours'
            ORDER BY a.rules_at DESC OFFSET l.per_day - 1 LIMIT 1)) AS rests_until,
       clock_timestamp() AS now
FROM jsonb_to_recordset(%(ports)s::jsonb) AS l (number text, spacing double precision, per_day bigint);
