-- caller_id_seen belongs to the whole person, so it stands in the head's row.
-- name: person
SELECT p.person_id, p.person_key, p.region, p.zones, h.caller_id_seen
FROM person p JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
WHERE p.e164 = %(number)s;

-- A refusal on any number of the person withdraws what was agreed to for this one.
-- name: consents_of
SELECT c.consent_id, c.purpose, w.text AS wording, w.wording_id, w.name || '/' || w.version AS wording_label, c.seller,
       c.method, c.given_at, c.source, c.language, c.evidence, c.evidence_file,
       encode(c.evidence_sha256, 'hex') AS evidence_sha256, c.expires_at, c.entered_by, c.recorded_by, c.recorded_at,
       (SELECT min(r.at) FROM revocation r
        WHERE r.person_id IN (SELECT group_of(head_of(c.person_id))) AND (r.purpose IS NULL OR r.purpose = c.purpose)
          AND r.at >= c.given_at AND binds(r.via, r.person_id, c.person_id)) AS revoked_at
FROM consent c JOIN wording w USING (wording_id)
WHERE c.person_id = %(person_id)s ORDER BY c.given_at, c.consent_id;

-- name: revocations_of
SELECT p.e164 AS number, r.purpose, r.at, r.reason, r.via, r.method, r.source, r.evidence, r.evidence_file,
       encode(r.evidence_sha256, 'hex') AS evidence_sha256, r.entered_by, r.recorded_at
FROM revocation r JOIN person p USING (person_id)
WHERE r.person_id IN (SELECT group_of(head_of(%(person_id)s))) ORDER BY r.at, r.revocation_id;

-- name: suppression_of
SELECT at, reason, via, recorded_at FROM suppression WHERE number_hash = %(number_hash)s;

-- name: lists_of
SELECT l.name, l.region, l.as_of FROM external_list_entry e JOIN external_list l USING (list_id)
WHERE e.number_hash = %(number_hash)s ORDER BY l.name;

-- name: calls_of
SELECT a.attempt_id, p.e164 AS number, a.campaign, c.purpose, a.caller_id, a.rules_at, a.marked_at, a.ringing_at,
       a.answered_at, a.ended_at, a.outcome, a.disposition, a.state
FROM attempt a
JOIN campaign c ON c.name = a.campaign
JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
WHERE a.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND a.dialled ORDER BY a.rules_at, a.attempt_id;

-- name: contacts_of
SELECT c.campaign, c.external_id, c.state, c.last_outcome, c.disposition, d.decided_at,
       coalesce(d.rules, '{}') AS rules, coalesce(d.reasons, '[]') AS reasons
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id
WHERE c.person_id = %(person_id)s ORDER BY c.campaign, c.external_id;

-- name: others_of
SELECT p.person_id, p.e164 AS number, s.at AS suppressed_at
FROM person p LEFT JOIN suppression s ON s.number_hash = p.number_hash
WHERE p.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND p.person_id <> %(person_id)s
  AND p.e164 LIKE '+%%'
ORDER BY p.person_id;
