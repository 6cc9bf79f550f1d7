-- Numbers are the ids of persons in here, until the numbers, whole or masked, are put in: the service reads no whole one.
-- name: id_of
SELECT person_id FROM person WHERE e164 = %(number)s;

-- caller_id_seen belongs to the whole person, so it stands in the head's row.
-- name: person
SELECT p.person_id, p.person_key, p.region, p.zones, h.caller_id_seen
FROM person p JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
WHERE p.person_id = %(person_id)s;

-- name: whole_numbers
SELECT person_id, e164 AS number FROM person WHERE person_id = ANY(%(person_ids)s::bigint[]);

-- The id tells those apart that look alike.
-- name: masked_numbers
SELECT person_id,
       CASE WHEN number IS NULL THEN 'erased:' || person_id
            WHEN person_id = %(person_id)s THEN number ELSE number || ' (' || person_id || ')' END AS number
FROM person_masked WHERE person_id = ANY(%(person_ids)s::bigint[]);

-- A refusal on any number of the person withdraws what was agreed to for this one.
-- name: consents_of
SELECT c.consent_id, c.purpose, w.text AS wording, w.wording_id, w.name || '/' || w.version AS wording_label, c.seller,
       c.method, c.given_at, c.source, c.language, c.evidence, c.evidence_file,
       encode(c.evidence_sha256, 'hex') AS evidence_sha256, c.expires_at, c.entered_by, c.recorded_by, c.recorded_at,
       ended.at AS revoked_at, coalesce(ended.via = 'wrong number', false) AS wrong_number,
       f.name AS import_name, encode(f.sha256, 'hex') AS import_sha256, f.account AS import_account,
       f.os_user AS import_os_user, f.at AS import_at
FROM consent c JOIN wording w USING (wording_id)
LEFT JOIN import_stored s ON s.consents @> c.consent_id LEFT JOIN import_file f USING (import_id)
LEFT JOIN LATERAL (
    SELECT r.at, r.via FROM revocation r
    WHERE r.person_id IN (SELECT group_of(head_of(c.person_id))) AND (r.purpose IS NULL OR r.purpose = c.purpose)
      AND {ends_c} AND binds(r.via, r.person_id, c.person_id)
    ORDER BY r.at, r.revocation_id LIMIT 1) AS ended ON true
WHERE c.person_id = %(person_id)s AND c.erased_at IS NULL ORDER BY c.given_at, c.consent_id;

-- name: revocations_of
SELECT r.person_id::text AS number, r.purpose, r.at, r.reason, r.via, r.method, r.source, r.evidence, r.evidence_file,
       encode(r.evidence_sha256, 'hex') AS evidence_sha256, r.entered_by, r.recorded_at
FROM revocation r
WHERE r.person_id IN (SELECT group_of(head_of(%(person_id)s))) ORDER BY r.at, r.revocation_id;

-- name: suppression_of
SELECT at, reason, via, recorded_at FROM suppression WHERE number_hash = %(number_hash)s;

-- name: lists_of
SELECT l.name, l.region, l.as_of FROM external_list_entry e JOIN external_list l USING (list_id)
WHERE e.number_hash = %(number_hash)s ORDER BY l.name;

-- The same two of a person, for the service, which sees no hash.
-- name: suppression_of_person
SELECT at, reason, via, recorded_at FROM stop_of_person WHERE person_id = %(person_id)s;

-- name: lists_of_person
SELECT name, region, as_of FROM list_of_person WHERE person_id = %(person_id)s ORDER BY name;

-- Of campaigns, and whatever else rang one of the person's numbers: calls to prove it, rehearsals, legs of transfers.
-- name: calls_of
SELECT a.attempt_id, coalesce(a.number_id, a.person_id)::text AS number, a.campaign, c.purpose, a.caller_id, a.rules_at,
       a.marked_at, a.ringing_at, a.answered_at, a.ended_at, a.outcome, a.disposition, a.state, a.number_place,
       kind_of_number(k.number_ids, k.number_kinds, k.person_id, coalesce(a.number_id, a.person_id)) AS number_kind
FROM attempt a
JOIN campaign c ON c.name = a.campaign LEFT JOIN contact k ON k.contact_id = a.contact_id
WHERE a.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND a.dialled
UNION ALL
SELECT o.id, o.person_id::text, o.kind, 'rehearsal', coalesce(o.shown, ''), o.dialled_at, o.marked_at, NULL,
       NULL, o.ended_at, o.result, NULL, CASE WHEN o.ended_at IS NULL THEN 'dialling' ELSE 'ended' END,
       NULL, NULL
FROM (SELECT 'verification-' || verification_id AS id, 'callerid prove' AS kind, person_id, shown, dialled_at,
             requested_at AS marked_at, ended_at, result
      FROM verification_call
      UNION ALL
      SELECT 'rehearsal-' || rehearsal_id, 'rehearse FLOW', person_id, shown, dialled_at, requested_at, ended_at, result
      FROM rehearsal_call
      UNION ALL
      SELECT leg_id, 'destination ' || destination, person_id, shown, dialled_at, marked_at, ended_at, result
      FROM destination_call) o
WHERE o.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND o.dialled_at IS NOT NULL
ORDER BY rules_at, attempt_id;

-- Legs that the gate refused: somebody of ours was to be rung at one of the person's numbers.
-- name: refused_legs_of
SELECT inputs ->> 'destination' AS destination, count(*) AS times, max(decided_at) AS last_at,
       (array_agg(reasons ORDER BY decision_id DESC))[1] AS reasons
FROM decision
WHERE person_id IN (SELECT group_of(head_of(%(person_id)s))) AND campaign = 'destination leg' AND NOT allowed
GROUP BY 1 ORDER BY 1;

-- name: contacts_of
SELECT c.campaign, c.external_id, c.state, c.last_outcome, c.disposition, d.decided_at,
       coalesce(d.rules, '{}') AS rules, coalesce(d.reasons, '[]') AS reasons
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id
WHERE c.person_id = %(person_id)s ORDER BY c.campaign, c.external_id;

-- name: others_of
SELECT p.person_id, p.person_id::text AS number, s.at AS suppressed_at
FROM person_masked p LEFT JOIN stop_of_person s USING (person_id)
WHERE p.person_id IN (SELECT group_of(head_of(%(person_id)s))) AND p.person_id <> %(person_id)s
  AND p.number IS NOT NULL
ORDER BY p.person_id;

-- name: complaints_of
SELECT c.complaint_id, c.person_id::text AS number, c.kind, c.received_at, c.due_at, c.source, c.campaign,
       coalesce(last.state, 'open') AS state
FROM complaint c
LEFT JOIN LATERAL (SELECT state FROM complaint_note WHERE complaint_id = c.complaint_id
                   ORDER BY note_id DESC LIMIT 1) last ON true
WHERE c.person_id IN (SELECT group_of(head_of(%(person_id)s))) ORDER BY c.received_at, c.complaint_id;
