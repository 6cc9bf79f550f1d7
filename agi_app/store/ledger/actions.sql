-- name: begin
INSERT INTO action (account, roles, via, os_user, address, token, verb, object, before, reason)
VALUES (%(account)s, %(roles)s, %(via)s, %(os_user)s, %(address)s, %(token)s, %(verb)s, %(object)s, %(before)s, %(reason)s)
RETURNING action_id;

-- name: end
INSERT INTO action_end (action_id, done, fault, after) VALUES (%(action_id)s, %(done)s, %(fault)s, %(after)s)
ON CONFLICT DO NOTHING;

-- Of the keyed hash of a number only the beginning is shown.
-- name: listed
SELECT a.action_id AS id, a.recorded_at AS at, a.account, a.roles, a.via, a.os_user, a.address, a.token, a.verb,
       CASE WHEN a.object ~ '^[0-9a-f]{64}$' THEN left(a.object, 8) || '…' ELSE a.object END AS object,
       a.reason, pg_catalog.encode(a.before, 'hex') AS before, pg_catalog.encode(e.after, 'hex') AS after, e.done, e.fault
FROM action a LEFT JOIN action_end e USING (action_id)
WHERE a.action_id < %(before)s
  AND (%(account)s::text IS NULL OR a.account = %(account)s) AND (%(object)s::text IS NULL OR a.object = %(object)s)
ORDER BY a.action_id DESC LIMIT %(limit)s;
