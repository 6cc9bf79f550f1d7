-- name: progress
SELECT (SELECT value FROM meta WHERE key = 'database_id') AS database_id,
       (SELECT coalesce(max(decision_id), 0) FROM decision)::bigint AS decisions,
       (SELECT value FROM meta WHERE key = 'hold_until') AS hold_until;

-- name: hold_until
INSERT INTO meta (key, value) VALUES ('hold_until', %(until)s)
ON CONFLICT (key) DO UPDATE SET value = greatest(meta.value, excluded.value);
