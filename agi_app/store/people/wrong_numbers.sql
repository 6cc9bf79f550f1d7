-- name: lock_number
SELECT person_id, lock_head(person_id) AS head FROM person WHERE number_hash = %(number_hash)s;

-- The journal may be read again: the same word is one row.
-- name: add_revocation
INSERT INTO revocation (person_id, at, reason, via)
SELECT %(person_id)s, %(at)s, %(reason)s, %(via)s
WHERE NOT EXISTS (SELECT FROM revocation WHERE person_id = %(person_id)s AND via = %(via)s AND at = %(at)s)
RETURNING revocation_id;

-- name: claimed
SELECT a.attempt_id FROM group_of(%(head)s) AS m JOIN attempt a ON a.person_id = m
WHERE a.state = 'claimed' AND coalesce(a.number_id, a.person_id) = %(person_id)s;

-- A call may run under any row of the group that was its head when it was claimed.
-- name: tell
SELECT pg_notify(%(channel)s, m::text) FROM group_of(%(head)s) AS m;
