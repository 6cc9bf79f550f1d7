-- What an earlier rehearsal has told is gone an hour after it, read or not: it may hold what somebody said.
-- name: forget_old
UPDATE rehearsal_call SET script = NULL, progress = '[]', said = NULL
WHERE requested_at < clock_timestamp() - interval '1 hour' AND (script IS NOT NULL OR progress <> '[]' OR said IS NOT NULL);

-- name: request
INSERT INTO rehearsal_call (person_id, shown, trunk, script, entered_by)
SELECT person_id, %(shown)s, %(trunk)s, %(script)s::jsonb, %(entered_by)s FROM person WHERE e164 = %(e164)s
RETURNING rehearsal_id;

-- One worker decides at a time, so that two requests cannot both be the last of the day.
-- name: take_turns
SELECT pg_advisory_xact_lock(hashtextextended('agi-app rehearsal', 0));

-- What a worker makes ready before the call is decided; one that renders now is passed over.
-- name: peek
SELECT rehearsal_id, script::text AS script
FROM rehearsal_call
WHERE state = 'waiting' AND requested_at > clock_timestamp() - %(patience)s::interval AND trunk = ANY(%(trunks)s)
  AND rehearsal_id <> ALL(%(busy)s)
ORDER BY rehearsal_id
LIMIT 1;

-- name: lock_request
SELECT r.rehearsal_id
FROM rehearsal_call r JOIN person p ON p.person_id = r.person_id
JOIN person head ON head.person_id = coalesce(p.same_as, p.person_id)
WHERE r.rehearsal_id = %(rehearsal_id)s AND r.state = 'waiting'
  AND r.requested_at > clock_timestamp() - %(patience)s::interval
FOR NO KEY UPDATE OF r, p, head SKIP LOCKED;

-- Seen after the locks were got.
-- name: facts
SELECT r.rehearsal_id, r.person_id, p.e164 AS number, r.shown, r.trunk,
       clock_timestamp() + %(offset)s::interval AS now,
       (SELECT min(s.at) FROM person g JOIN suppression s ON s.number_hash = g.number_hash
        WHERE g.person_id IN (SELECT group_of(head_of(p.person_id)))) AS suppressed_at,
       (SELECT to_jsonb(best) FROM (SELECT e164 AS number, kind, expires_at FROM caller_id_proof
                                    WHERE e164 = r.shown AND kind IN ('letter', 'call')
                                      AND expires_at <= clock_timestamp() + %(offset)s::interval + interval '366 days'
                                    ORDER BY expires_at DESC LIMIT 1) best) AS shown_proof,
       (SELECT to_jsonb(best)
        FROM (SELECT p.e164 AS number, 'rehearsal' AS kind, v.proved_until AS expires_at
              FROM phone_proof v WHERE v.person_id = p.person_id
              UNION ALL
              SELECT k.e164, k.kind, k.expires_at FROM caller_id_proof k WHERE k.e164 = p.e164 AND k.kind = 'call'
              ORDER BY expires_at DESC LIMIT 1) best) AS phone_proof,
       ARRAY(SELECT dialled_at FROM rehearsal_call
             WHERE person_id = r.person_id AND dialled_at > clock_timestamp() + %(offset)s::interval - interval '24 hours'
             ORDER BY dialled_at) AS recent_calls
FROM rehearsal_call r JOIN person p ON p.person_id = r.person_id
WHERE r.rehearsal_id = %(rehearsal_id)s;

-- name: dialling
UPDATE rehearsal_call
SET state = 'dialling', dialled_at = %(now)s, decision_id = %(decision_id)s, node = %(node)s
WHERE rehearsal_id = %(rehearsal_id)s;

-- name: refused
UPDATE rehearsal_call
SET state = 'ended', result = 'refused', note = %(note)s, decision_id = %(decision_id)s, node = %(node)s,
    script = NULL, ended_at = clock_timestamp()
WHERE rehearsal_id = %(rehearsal_id)s;

-- name: tell
UPDATE rehearsal_call SET progress = %(progress)s::jsonb WHERE rehearsal_id = %(rehearsal_id)s AND state = 'dialling';

-- A call that surely never left Asterisk does not count against the day.
-- name: finish
UPDATE rehearsal_call
SET state = 'ended', result = %(result)s, note = %(note)s, progress = %(progress)s::jsonb, said = %(said)s::jsonb,
    script = NULL, ended_at = clock_timestamp(), dialled_at = CASE WHEN %(dialled)s THEN dialled_at END
WHERE rehearsal_id = %(rehearsal_id)s AND state <> 'ended';

-- name: give_up
UPDATE rehearsal_call SET state = 'ended', result = 'expired', script = NULL, ended_at = clock_timestamp()
WHERE rehearsal_id = %(request_id)s AND state = 'waiting';

-- name: status
SELECT state, result, note, progress, said FROM rehearsal_call WHERE rehearsal_id = %(request_id)s;

-- name: was_read
UPDATE rehearsal_call SET progress = '[]', said = NULL WHERE rehearsal_id = %(rehearsal_id)s AND state = 'ended';
