-- name: tell
INSERT INTO guard_change (at, what, number_hash, pattern, details, entered_by)
VALUES (%(at)s, %(what)s, %(number_hash)s, %(pattern)s, %(details)s::jsonb, %(entered_by)s)
RETURNING change_id;

-- name: report
WITH told AS (
    UPDATE guard_call SET reported_at = %(at)s WHERE call_id = %(call_id)s RETURNING caller_id, called
)
SELECT t.caller_id, t.called, c.number FROM told t LEFT JOIN guard_caller c USING (caller_id);

-- name: appeal
WITH told AS (
    UPDATE guard_call SET appealed_at = %(at)s WHERE call_id = %(call_id)s RETURNING caller_id, called
)
SELECT t.caller_id, t.called, c.number FROM told t LEFT JOIN guard_caller c USING (caller_id);

-- name: vote
INSERT INTO guard_vote (caller_id, voter, at, nuisance, change_id)
VALUES (%(caller_id)s, %(voter)s, %(at)s, %(nuisance)s, %(change_id)s)
ON CONFLICT (caller_id, voter) DO UPDATE
SET at = excluded.at, nuisance = excluded.nuisance, change_id = excluded.change_id;

-- name: nuisance
UPDATE guard_caller SET nuisance_at = %(at)s WHERE caller_id = %(caller_id)s;

-- name: cleared
UPDATE guard_caller SET passed_at = %(at)s, nuisance_at = NULL WHERE caller_id = %(caller_id)s;

-- name: begin_erasing
SELECT set_config('agi_app.erasing', 'on', true);

-- name: erase
UPDATE guard_change SET number_hash = NULL, details = details - 'reason', erased_at = clock_timestamp()
WHERE number_hash = %(number_hash)s AND erased_at IS NULL
RETURNING change_id AS id;

-- What is in force beside what was said, to compare them.
-- name: lists
SELECT l.entry_id, l.line, l.shared, l.allow, l.pattern, l.reason, l.expires_at, c.change_id, c.what, c.number_hash,
       c.pattern AS told, c.details, f.leaf
FROM guard_list l LEFT JOIN guard_change c USING (change_id)
LEFT JOIN audit_leaf f ON f.kind = 'guard_change' AND f.row_id = c.change_id
WHERE l.entry_id > %(after)s ORDER BY l.entry_id LIMIT %(limit)s;

-- name: votes
SELECT v.caller_id, v.voter, g.number, v.nuisance, c.change_id, c.what, c.number_hash,
       c.pattern AS told, c.details, f.leaf
FROM guard_vote v JOIN guard_caller g USING (caller_id) LEFT JOIN guard_change c USING (change_id)
LEFT JOIN audit_leaf f ON f.kind = 'guard_change' AND f.row_id = c.change_id
WHERE (v.caller_id, v.voter) > (%(caller_id)s, %(voter)s) ORDER BY v.caller_id, v.voter LIMIT %(limit)s;

-- Entries that were written last and not taken off again, have not ended, and are on no list.
-- name: lost
SELECT c.change_id, f.leaf
FROM (SELECT DISTINCT ON (details ->> 'line', details ->> 'shared', pattern, number_hash) *
      FROM guard_change
      WHERE what IN ('listed', 'unlisted') AND erased_at IS NULL AND (pattern IS NOT NULL OR number_hash IS NOT NULL)
      ORDER BY details ->> 'line', details ->> 'shared', pattern, number_hash, change_id DESC) c
LEFT JOIN audit_leaf f ON f.kind = 'guard_change' AND f.row_id = c.change_id
WHERE c.what = 'listed' AND NOT EXISTS (SELECT FROM guard_list l WHERE l.change_id = c.change_id)
  AND coalesce((c.details ->> 'expires_at')::timestamptz, 'infinity')
      > (SELECT greatest(clock_timestamp(), max(at)) FROM guard_change)
ORDER BY c.change_id LIMIT 20;
