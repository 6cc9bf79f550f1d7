-- The head is what claims and stops lock.
-- name: lock
SELECT lock_head(person_id) AS head FROM person WHERE e164 = %(e164)s;

-- Seen after the lock was got.
-- name: facts
SELECT p.person_id, p.e164 AS number, clock_timestamp() + %(offset)s::interval AS now,
       (SELECT min(s.at) FROM person g JOIN suppression s ON s.number_hash = g.number_hash
        WHERE g.person_id IN (SELECT group_of(head_of(p.person_id)))) AS suppressed_at,
       (SELECT to_jsonb(best) FROM (SELECT e164 AS number, kind, expires_at FROM caller_id_proof
                                    WHERE e164 = %(shown)s AND kind IN ('letter', 'call')
                                      AND expires_at <= clock_timestamp() + %(offset)s::interval + interval '366 days'
                                    ORDER BY expires_at DESC LIMIT 1) best) AS shown_proof,
       (SELECT to_jsonb(best)
        FROM (SELECT p.e164 AS number, 'rehearsal' AS kind, v.proved_until AS expires_at
              FROM phone_proof v WHERE v.person_id = p.person_id
              UNION ALL
              SELECT k.e164, k.kind, k.expires_at FROM caller_id_proof k WHERE k.e164 = p.e164 AND k.kind = 'call'
              ORDER BY expires_at DESC LIMIT 1) best) AS phone_proof
FROM person p
WHERE p.e164 = %(e164)s;

-- name: dialling
INSERT INTO destination_call (leg_id, person_id, destination, shown, trunk, node, decision_id, dialled_at)
VALUES (%(leg_id)s, %(person_id)s, %(destination)s, %(shown)s, %(trunk)s, %(node)s, %(decision_id)s, %(now)s)
RETURNING destination_call_id;

-- name: finish
UPDATE destination_call
SET answered = %(answered)s, result = %(result)s, ended_at = clock_timestamp(),
    dialled_at = CASE WHEN %(dialled)s THEN dialled_at END
WHERE destination_call_id = %(destination_call_id)s AND ended_at IS NULL;

-- What a worker had on when it died.
-- name: end_left
UPDATE destination_call SET result = 'interrupted', ended_at = clock_timestamp()
WHERE node = %(node)s AND ended_at IS NULL;

-- Which of these may not go on: a number of the person was put on the suppression list.
-- name: stopped
SELECT c.destination_call_id FROM destination_call c
WHERE c.destination_call_id = ANY(%(ids)s)
  AND EXISTS (SELECT FROM person g JOIN suppression s ON s.number_hash = g.number_hash
              WHERE g.person_id IN (SELECT group_of(head_of(c.person_id))));
