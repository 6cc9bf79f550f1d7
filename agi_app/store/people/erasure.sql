-- name: known
SELECT person_id FROM person WHERE e164 = %(number)s;

-- Whether a number or a contact's id, typed again, is this person's.
-- name: is_theirs
SELECT e164, coalesce(e164 = %(number)s::text
                      OR EXISTS (SELECT FROM contact c WHERE c.person_id = p.person_id
                                 AND c.external_id = %(external_id)s::text), false) AS theirs
FROM person p WHERE person_id = %(person_id)s AND e164 LIKE '+%%';

-- name: has_contact
SELECT EXISTS (SELECT FROM contact WHERE person_id = %(person_id)s AND external_id = %(external_id)s);

-- The head is what claims and stops lock; nothing when it has just become part of another one.
-- name: lock_head
SELECT p.person_id
FROM person p JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
WHERE p.e164 = %(number)s AND h.same_as IS NULL
FOR NO KEY UPDATE OF h;

-- name: open_attempt
SELECT attempt_id FROM attempt
WHERE person_id IN (SELECT group_of(head_of(%(person_id)s))) AND state <> 'ended' LIMIT 1;

-- The person's other numbers would lose the stop with this number's hash; theirs is as old as that (rules time).
-- name: suppress_group
INSERT INTO suppression (number_hash, at, reason, via)
SELECT p.number_hash,
       coalesce((SELECT s.at FROM suppression s JOIN person e USING (number_hash)
                 WHERE e.person_id = %(person_id)s), %(at)s),
       'erased at the person''s request', 'erasure'
FROM person p
WHERE p.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND p.e164 LIKE '+%%'
ORDER BY p.number_hash
ON CONFLICT DO NOTHING;

-- name: begin
SELECT set_config('agi_app.erasing', 'on', true);

-- An import that comes along now must not point to a wording that is about to be emptied.
-- name: wait_for_imports
LOCK TABLE wording IN SHARE ROW EXCLUSIVE MODE;

-- name: evidence_of
SELECT evidence_sha256 AS sha256 FROM consent WHERE person_id = %(person_id)s AND evidence_sha256 IS NOT NULL
UNION
SELECT evidence_sha256 FROM revocation WHERE person_id = %(person_id)s AND evidence_sha256 IS NOT NULL
UNION
SELECT evidence_sha256 FROM complaint WHERE person_id = %(person_id)s AND evidence_sha256 IS NOT NULL;

-- name: still_named
SELECT evidence_sha256 AS sha256 FROM consent WHERE evidence_sha256 = ANY(%(digests)s::bytea[])
UNION
SELECT evidence_sha256 FROM revocation WHERE evidence_sha256 = ANY(%(digests)s::bytea[])
UNION
SELECT evidence_sha256 FROM complaint WHERE evidence_sha256 = ANY(%(digests)s::bytea[]);

-- The results are emptied by the trigger of the attempts, which come later.
-- name: erase_result
SELECT r.result_id AS id FROM result r JOIN attempt a USING (attempt_id)
WHERE a.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND coalesce(a.number_id, a.person_id) = %(person_id)s
  AND r.erased_at IS NULL AND (a.answers <> '{}' OR a.note IS NOT NULL)
ORDER BY r.result_id;

-- Words that no other person agreed to may be about this one.
-- name: erase_wording
UPDATE wording w SET text = '', sha256 = sha256(uuid_send(gen_random_uuid())), erased_at = clock_timestamp()
WHERE w.name IS NULL AND w.erased_at IS NULL
  AND w.wording_id IN (SELECT wording_id FROM consent WHERE person_id = %(person_id)s)
  AND NOT EXISTS (SELECT FROM consent c WHERE c.wording_id = w.wording_id AND c.person_id <> %(person_id)s)
RETURNING wording_id AS id;

-- name: erase_consent
UPDATE consent
SET method = '', source = '', language = NULL, evidence = NULL, evidence_file = NULL, evidence_sha256 = NULL,
    entered_by = NULL, seller = NULL, stamp = NULL, content_hash = sha256(uuid_send(gen_random_uuid())),
    erased_at = clock_timestamp()
WHERE person_id = %(person_id)s AND erased_at IS NULL
RETURNING consent_id AS id;

-- name: erase_revocation
UPDATE revocation
SET reason = '', method = NULL, source = NULL, evidence = NULL, evidence_file = NULL, evidence_sha256 = NULL,
    entered_by = NULL, erased_at = clock_timestamp()
WHERE person_id = %(person_id)s AND erased_at IS NULL
RETURNING revocation_id AS id;

-- name: erase_attempt
UPDATE attempt a SET answers = '{}', note = NULL
WHERE a.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND coalesce(a.number_id, a.person_id) = %(person_id)s
  AND (a.answers <> '{}' OR a.note IS NOT NULL)
RETURNING attempt_id AS id;

-- What is still to be told of their calls is told to nobody, and what was told is no longer listed.
-- name: erase_sent_results
DELETE FROM result_delivery d USING contact c
WHERE c.contact_id = d.contact_id
  AND (c.person_id = %(person_id)s
       OR c.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND %(person_id)s = ANY(c.number_ids));

-- name: erase_contact
UPDATE contact
SET external_id = 'erased:' || contact_id, fields = '{}', language = NULL, state = 'done', due_at = 'infinity',
    event_at = NULL, not_before = NULL, not_after = NULL, preferred = NULL, number_ids = NULL, number_kinds = NULL,
    number_place = 1, quota_group = NULL, revision = revision + 1
WHERE person_id = %(person_id)s
   OR person_id IN (SELECT group_of(head_of(%(person_id)s))) AND %(person_id)s = ANY(number_ids)
RETURNING contact_id AS id;

-- An id of the operator that still has other numbers goes on with one of them.
-- name: move_keys
UPDATE person_key k SET person_id = other.person_id
FROM (SELECT min(person_id) AS person_id FROM person
      WHERE person_id IN (SELECT group_of(head_of(%(person_id)s))) AND person_id <> %(person_id)s AND e164 LIKE '+%%') other
WHERE k.person_id = %(person_id)s AND other.person_id IS NOT NULL;

-- name: drop_keys
DELETE FROM person_key WHERE person_id = %(person_id)s;

-- The number of ours that the person saw stays with a head that has other numbers.
-- name: erase_person
UPDATE person p
SET e164 = 'erased:' || person_id, number_hash = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    zones = '{}', person_key = NULL,
    caller_id_seen = CASE WHEN EXISTS (SELECT FROM person o WHERE o.same_as = p.person_id) THEN caller_id_seen END
WHERE person_id = %(person_id)s;

-- name: add
INSERT INTO erasure (at, kind, person_id, erased, reason, entered_by, signature)
VALUES (%(at)s, %(kind)s, %(person_id)s, %(erased)s::jsonb, %(reason)s, %(entered_by)s, %(signature)s);

-- A consent ends when it expires or is withdrawn; one that does neither needs its evidence for ever.
-- name: needed_evidence
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
)
SELECT c.evidence_sha256 AS sha256
FROM consent c JOIN person p USING (person_id)
WHERE c.evidence_sha256 = ANY(%(digests)s::bytea[])
  AND coalesce(least(c.expires_at, (
        SELECT min(r.at) FROM revocation r
        WHERE r.person_id IN (SELECT group_of(head_of(c.person_id))) AND (r.purpose IS NULL OR r.purpose = c.purpose)
          AND {ends_c} AND binds(r.via, r.person_id, c.person_id))), 'infinity')
      >= coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = ''))
UNION
SELECT r.evidence_sha256
FROM revocation r JOIN person p USING (person_id)
WHERE r.evidence_sha256 = ANY(%(digests)s::bytea[])
  AND r.at >= coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = ''))
UNION
-- A complaint needs its evidence until it is closed, and as long as other records.
SELECT c.evidence_sha256
FROM complaint c
WHERE c.evidence_sha256 = ANY(%(digests)s::bytea[])
  AND (c.received_at >= coalesce((SELECT until FROM kept WHERE region = c.region), (SELECT until FROM kept WHERE region = ''))
       OR coalesce((SELECT state FROM complaint_note WHERE complaint_id = c.complaint_id ORDER BY note_id DESC LIMIT 1),
                   'open') <> 'closed');

-- A contact was last of use when it was called or decided about; one that never was, when its number came. What an
-- import or a late result wrote for a person while they were being erased goes at once.
-- name: count_contact
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
)
SELECT count(*) AS count
FROM contact c JOIN person p USING (person_id)
WHERE c.fields <> '{}' AND c.state <> 'claimed'
  AND (p.e164 LIKE 'erased:%%' OR
       greatest(p.created_at, (SELECT d.decided_at FROM decision d WHERE d.decision_id = c.last_decision_id),
                (SELECT max(a.rules_at) FROM attempt a WHERE a.contact_id = c.contact_id))
       < coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = '')));

-- name: old_contact
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
)
SELECT c.contact_id AS id
FROM contact c JOIN person p USING (person_id)
WHERE c.fields <> '{}' AND c.state <> 'claimed'
  AND (p.e164 LIKE 'erased:%%' OR
       greatest(p.created_at, (SELECT d.decided_at FROM decision d WHERE d.decision_id = c.last_decision_id),
                (SELECT max(a.rules_at) FROM attempt a WHERE a.contact_id = c.contact_id))
       < coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = '')))
ORDER BY c.contact_id LIMIT %(limit)s
FOR NO KEY UPDATE OF c SKIP LOCKED;

-- Without its columns nobody can be called sensibly: the contact is done.
-- name: purge_contact
UPDATE contact SET fields = '{}', language = NULL, state = 'done', due_at = 'infinity', event_at = NULL, not_before = NULL,
                   not_after = NULL, preferred = NULL WHERE contact_id = ANY(%(ids)s);

-- name: count_attempt
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
)
SELECT count(*) AS count
FROM attempt a JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
WHERE a.answers <> '{}' AND a.state = 'ended'
  AND (p.e164 LIKE 'erased:%%' OR
       a.rules_at < coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = '')));

-- name: old_attempt
WITH kept AS (
    SELECT * FROM unnest(%(regions)s::text[], %(times)s::timestamptz[]) AS k (region, until)
)
SELECT a.attempt_id AS id
FROM attempt a JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
WHERE a.answers <> '{}' AND a.state = 'ended'
  AND (p.e164 LIKE 'erased:%%' OR
       a.rules_at < coalesce((SELECT until FROM kept WHERE region = p.region), (SELECT until FROM kept WHERE region = '')))
ORDER BY a.rules_at LIMIT %(limit)s
FOR NO KEY UPDATE OF a SKIP LOCKED;

-- Their trigger empties the results, too.
-- name: purge_attempt
UPDATE attempt SET answers = '{}', note = NULL WHERE attempt_id = ANY(%(ids)s);

-- name: results_of
SELECT result_id AS id FROM result WHERE attempt_id = ANY(%(ids)s) AND erased_at IS NULL ORDER BY result_id;
