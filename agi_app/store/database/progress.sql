-- name: progress
SELECT (SELECT value FROM meta WHERE key = 'database_id') AS database_id,
       (SELECT coalesce(max(decision_id), 0) FROM decision)::bigint AS decisions,
       (SELECT value FROM meta WHERE key = 'hold_until') AS hold_until,
       (SELECT value FROM meta WHERE key = 'restored_from') AS restored;

-- name: last_decided_at
SELECT decided_at FROM decision ORDER BY decision_id DESC LIMIT 1;

-- Runs where the database was just loaded, without a search path.
-- name: hold_as_restored
INSERT INTO public.meta (key, value) VALUES ('restored_from', {backup})
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: confirm_restored
DELETE FROM meta WHERE key = 'restored_from';

-- name: hold_until
INSERT INTO meta (key, value) VALUES ('hold_until', %(until)s)
ON CONFLICT (key) DO UPDATE SET value = greatest(meta.value, excluded.value);
