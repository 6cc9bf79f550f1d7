-- name: lock_person_by_number
SELECT person_id FROM person WHERE e164 = %(number)s FOR NO KEY UPDATE;

-- name: add_suppressions
INSERT INTO suppression (number_hash, at, reason, via)
SELECT * FROM unnest(%(hashes)s::bytea[], %(times)s::timestamptz[], %(reasons)s::text[], %(vias)s::text[])
ON CONFLICT DO NOTHING;

-- name: add_revocation
INSERT INTO revocation (person_id, purpose, at, reason, via)
VALUES (%(person_id)s, %(purpose)s, %(at)s, %(reason)s, %(via)s);

-- name: lock_called_persons
SELECT p.person_id FROM person p
WHERE p.number_hash = ANY(%(hashes)s)
  AND EXISTS (SELECT FROM attempt a WHERE a.person_id = p.person_id AND a.state <> 'ended')
ORDER BY p.person_id
FOR NO KEY UPDATE;

-- Purpose null: whatever they are called about.
-- name: open_attempts
SELECT a.attempt_id, a.person_id, a.contact_id, a.campaign, a.node, a.state
FROM attempt a JOIN campaign c ON c.name = a.campaign
WHERE a.person_id = ANY(%(persons)s) AND a.state <> 'ended'
  AND (%(purpose)s::text IS NULL OR c.purpose = %(purpose)s);

-- name: is_suppressed
SELECT EXISTS (SELECT FROM suppression WHERE number_hash = %(number_hash)s) AS suppressed;

-- name: live_check
SELECT a.attempt_id,
       CASE WHEN a.state = 'ended' THEN 'not_ours'
            WHEN s.number_hash IS NOT NULL OR EXISTS (
                SELECT FROM revocation r
                WHERE r.person_id = a.person_id AND (r.purpose IS NULL OR r.purpose = c.purpose)
                  AND r.recorded_at >= a.claimed_at) THEN 'person_stopped'
            WHEN c.state = 'stopped' THEN 'campaign_stopped'
       END AS reason
FROM attempt a
JOIN campaign c ON c.name = a.campaign
JOIN person p ON p.person_id = a.person_id
LEFT JOIN suppression s ON s.number_hash = p.number_hash
WHERE a.attempt_id = ANY(%(attempts)s);
