-- name: total
SELECT count(*)::integer AS total FROM slot WHERE scope = %(scope)s;

-- Waiting here is short: a resize is a few rows.
-- name: lock_scope
SELECT pg_advisory_xact_lock(hashtextextended('agi-app slots ' || %(scope)s, 0));

-- name: grow
INSERT INTO slot (scope, n)
SELECT %(scope)s, n FROM generate_series(1, %(most)s) AS n
WHERE NOT EXISTS (SELECT FROM slot WHERE scope = %(scope)s AND slot.n = n.n)
ORDER BY n
LIMIT %(missing)s
ON CONFLICT DO NOTHING;

-- Occupied slots are left; they go when they are free.
-- name: shrink
DELETE FROM slot WHERE (scope, n) IN (
    SELECT scope, n FROM slot WHERE scope = %(scope)s AND attempt_id IS NULL
    ORDER BY n DESC LIMIT %(surplus)s FOR UPDATE SKIP LOCKED
);

-- name: lease
SELECT n FROM slot WHERE scope = %(scope)s AND attempt_id IS NULL
ORDER BY n LIMIT %(most)s FOR UPDATE SKIP LOCKED;

-- Both in one trip, with how many there are: a claim needs a slot of its trunk and one of its campaign.
-- name: lease_both
WITH trunk AS MATERIALIZED (
    SELECT n FROM slot WHERE scope = %(trunk)s AND attempt_id IS NULL ORDER BY n LIMIT %(most)s FOR UPDATE SKIP LOCKED
), campaign AS MATERIALIZED (
    SELECT n FROM slot WHERE scope = %(campaign)s AND attempt_id IS NULL ORDER BY n LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
SELECT (SELECT count(*) FROM slot WHERE scope = %(trunk)s) AS trunk_total,
       (SELECT count(*) FROM slot WHERE scope = %(campaign)s) AS campaign_total,
       ARRAY(SELECT n FROM trunk ORDER BY n) AS trunk, ARRAY(SELECT n FROM campaign ORDER BY n) AS campaign;

-- name: used
SELECT count(*)::integer AS used FROM slot WHERE scope = %(scope)s AND attempt_id IS NOT NULL;
