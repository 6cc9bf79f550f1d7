-- One at a time: a share is what the others leave, so two may not look at once.
-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('agi-app pace', 0));

-- In a statement of its own after the lock, so that it sees what the others have committed. A node that has more than
-- its part gives the rest back with its own next lease; until then the newcomer gets what is left.
-- name: lease
WITH wanted AS MATERIALIZED (
    SELECT scope, most FROM jsonb_to_recordset(%(wanted)s::jsonb) AS r (scope text, most double precision)
), dropped AS (
    DELETE FROM pace_share
    WHERE node = %(node)s AND scope NOT IN (SELECT scope FROM wanted)
       OR node <> %(node)s AND lease_until < clock_timestamp() - interval '1 hour'
), given AS (
    SELECT w.scope,
           greatest(0, least(w.most / (count(s.node) + 1), w.most - coalesce(sum(s.per_second), 0))) AS per_second
    FROM wanted w
    LEFT JOIN pace_share s ON s.scope = w.scope AND s.node <> %(node)s AND s.lease_until > clock_timestamp()
    GROUP BY w.scope, w.most
)
INSERT INTO pace_share AS p (scope, node, per_second, lease_until)
SELECT scope, %(node)s, per_second, clock_timestamp() + %(lease)s::interval FROM given
ON CONFLICT (scope, node) DO UPDATE SET per_second = excluded.per_second, lease_until = excluded.lease_until
RETURNING p.scope, p.per_second;
