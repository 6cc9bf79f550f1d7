-- name: of_campaign
SELECT r.recording_id, r.attempt_id, a.person_id, c.external_id, r.name, r.kind, r.seconds, r.sha256, a.ended_at
FROM recording r JOIN attempt a USING (attempt_id) JOIN contact c USING (contact_id)
WHERE a.campaign = %(campaign)s
ORDER BY a.ended_at, r.recording_id;

-- name: one
SELECT r.recording_id, r.attempt_id, a.person_id, c.external_id, r.name, r.kind, r.seconds, r.sha256, a.ended_at
FROM recording r JOIN attempt a USING (attempt_id) JOIN contact c USING (contact_id)
WHERE r.recording_id = %(recording_id)s;

-- An erasure waits for who holds it.
-- name: held
SELECT sha256 FROM recording WHERE recording_id = %(recording_id)s AND sha256 IS NOT NULL FOR SHARE;

-- name: erase
UPDATE recording r SET sha256 = NULL, erased_at = clock_timestamp()
FROM (SELECT recording_id, sha256 FROM recording JOIN attempt a USING (attempt_id)
      WHERE a.person_id IN (SELECT group_of(head_of(%(person_id)s)))
        AND coalesce(a.number_id, a.person_id) = %(person_id)s AND sha256 IS NOT NULL
      ORDER BY recording_id FOR UPDATE OF recording) old
WHERE r.recording_id = old.recording_id
RETURNING r.recording_id AS id, old.sha256;

-- name: count_old
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
)
SELECT count(*) AS count
FROM recording r JOIN attempt a USING (attempt_id) JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
WHERE r.sha256 IS NOT NULL
  AND (p.e164 LIKE 'erased:%%' OR
       a.rules_at < coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = '')));

-- name: purge
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
), old AS (
    SELECT r.recording_id, r.sha256
    FROM recording r JOIN attempt a USING (attempt_id) JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
    WHERE r.sha256 IS NOT NULL
      AND (p.e164 LIKE 'erased:%%' OR
           a.rules_at < coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = '')))
    ORDER BY r.recording_id LIMIT %(limit)s
    FOR UPDATE OF r SKIP LOCKED
)
UPDATE recording SET sha256 = NULL, erased_at = clock_timestamp() FROM old
WHERE recording.recording_id = old.recording_id
RETURNING recording.recording_id AS id, old.sha256;

-- name: named
SELECT sha256 FROM recording WHERE sha256 = ANY(%(digests)s::bytea[]);
