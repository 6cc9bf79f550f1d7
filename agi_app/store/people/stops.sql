-- name: lock_person_by_number
SELECT person_id, lock_head(person_id) AS head FROM person WHERE e164 = %(number)s;

-- name: add_suppressions
INSERT INTO suppression (number_hash, at, reason, via)
SELECT * FROM unnest(%(hashes)s::bytea[], %(times)s::timestamptz[], %(reasons)s::text[], %(vias)s::text[])
ON CONFLICT DO NOTHING;

-- name: add_revocation
INSERT INTO revocation (person_id, purpose, at, reason, via, method, source, evidence, evidence_sha256, evidence_file,
                        entered_by)
VALUES (%(person_id)s, %(purpose)s, %(at)s, %(reason)s, %(via)s, %(method)s, %(source)s, %(evidence)s,
        %(evidence_sha256)s, %(evidence_file)s, %(entered_by)s);

-- In the order of the heads, so that two stops at once cannot wait for each other.
-- name: lock_called_persons
SELECT lock_head(called.head) AS head
FROM (SELECT DISTINCT coalesce(p.same_as, p.person_id) AS head FROM person p
      WHERE p.number_hash = ANY(%(hashes)s)
        AND EXISTS (SELECT FROM group_of(coalesce(p.same_as, p.person_id)) AS m JOIN attempt a ON a.person_id = m
                    WHERE a.state <> 'ended')
      ORDER BY head) AS called;

-- Of all numbers of these persons. Purpose null: whatever they are called about.
-- name: open_attempts
SELECT a.attempt_id, a.person_id, a.contact_id, a.campaign, a.node, a.state
FROM unnest(%(persons)s::bigint[]) AS p CROSS JOIN LATERAL group_of(head_of(p)) AS m
JOIN attempt a ON a.person_id = m JOIN campaign c ON c.name = a.campaign
WHERE a.state <> 'ended' AND (%(purpose)s::text IS NULL OR c.purpose = %(purpose)s);

-- A call may run under any row of the group that was its head when it was claimed.
-- name: tell
SELECT pg_notify(%(channel)s, m::text) FROM group_of(%(head)s) AS m;

-- name: number_of
SELECT e164 FROM person WHERE number_hash = %(number_hash)s AND left(e164, 1) = '+';

-- name: is_suppressed
SELECT EXISTS (SELECT FROM suppression WHERE number_hash = %(number_hash)s) AS suppressed;

-- name: count_missing
SELECT count(*) FROM unnest(%(hashes)s::bytea[]) AS given (number_hash)
WHERE NOT EXISTS (SELECT FROM suppression s WHERE s.number_hash = given.number_hash);

-- name: live_check
SELECT a.attempt_id,
       CASE WHEN a.state = 'ended' THEN 'not_ours'
            WHEN EXISTS (SELECT FROM person p JOIN suppression s ON s.number_hash = p.number_hash
                         WHERE p.person_id = ANY(g.members))
              OR EXISTS (
                SELECT FROM revocation r
                WHERE r.person_id = ANY(g.members) AND (r.purpose IS NULL OR r.purpose = c.purpose)
                  AND r.recorded_at >= a.claimed_at
                  AND binds(r.via, r.person_id, coalesce(a.number_id, a.person_id))) THEN 'person_stopped'
            WHEN listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose) THEN 'listed'
            WHEN c.state = 'stopped' THEN 'campaign_stopped'
            WHEN k.times_revision > a.revision THEN 'contact_changed'
            WHEN k.faulty_row IS NOT NULL AND k.revision > a.revision THEN 'contact_held'
       END AS reason
FROM attempt a
JOIN campaign c ON c.name = a.campaign
JOIN contact k ON k.contact_id = a.contact_id
CROSS JOIN LATERAL (SELECT ARRAY(SELECT m FROM group_of(head_of(a.person_id)) AS m) AS members OFFSET 0) AS g
WHERE a.attempt_id = ANY(%(attempts)s);

-- name: own_list
SELECT count(*) AS entries, max(recorded_at) AS newest FROM suppression;
