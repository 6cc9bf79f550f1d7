-- name: entry
SELECT allow, reason, expires_at FROM guard_list
WHERE line = %(line)s AND pattern = %(pattern)s AND shared = %(shared)s FOR UPDATE;

-- name: put
INSERT INTO guard_list (line, shared, allow, pattern, low, high, reason, expires_at, entered_by, entered_at, change_id)
VALUES (%(line)s, %(shared)s, %(allow)s, %(pattern)s, %(low)s, %(high)s, %(reason)s, %(expires_at)s, %(entered_by)s, %(at)s,
        %(change_id)s)
ON CONFLICT (line, pattern, shared) DO UPDATE
SET allow = excluded.allow, reason = excluded.reason, expires_at = excluded.expires_at,
    entered_by = excluded.entered_by, entered_at = excluded.entered_at, change_id = excluded.change_id;

-- name: remove
DELETE FROM guard_list WHERE line = %(line)s AND pattern = %(pattern)s
RETURNING line, shared, allow, pattern, reason, expires_at;

-- name: entries
SELECT entry_id, line, shared, allow, pattern, reason, expires_at, entered_by, entered_at
FROM guard_list
WHERE %(line)s::text IS NULL OR line = %(line)s
ORDER BY line, shared, allow DESC, pattern;

-- Without the numbers of people, for the service; a page after an entry, or one entry.
-- name: masked
SELECT entry_id, line, shared, allow, pattern, reason, expires_at, entered_by, entered_at
FROM guard_list_masked
WHERE entry_id > %(after)s AND (%(line)s::text IS NULL OR line = %(line)s)
  AND (%(entry_id)s::bigint IS NULL OR entry_id = %(entry_id)s)
ORDER BY entry_id LIMIT %(limit)s;

-- name: pattern_of
SELECT pattern, line FROM guard_list WHERE entry_id = %(entry_id)s;

-- name: knows_line
SELECT EXISTS (SELECT FROM guard_line WHERE line = %(line)s) OR EXISTS (SELECT FROM guard_call WHERE called = %(line)s)
    AS known;

-- name: knows_call
SELECT EXISTS (SELECT FROM guard_call WHERE call_id = %(call_id)s);

-- name: set_line
INSERT INTO guard_line AS l (line, enabled, level, hours, zone, mailbox)
VALUES (%(line)s, %(enabled)s, %(level)s, %(hours)s, %(zone)s, %(mailbox)s)
ON CONFLICT (line) DO UPDATE
SET enabled = coalesce(excluded.enabled, l.enabled), level = coalesce(excluded.level, l.level),
    hours = coalesce(excluded.hours, l.hours), zone = coalesce(excluded.zone, l.zone),
    mailbox = coalesce(excluded.mailbox, l.mailbox);

-- name: reset_line
DELETE FROM guard_line WHERE line = %(line)s;

-- name: lines
SELECT line, enabled, level, coalesce(hours, '[]')::jsonb AS hours, zone, mailbox FROM guard_line ORDER BY line;
