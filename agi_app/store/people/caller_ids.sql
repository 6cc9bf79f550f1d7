-- name: add
INSERT INTO caller_id_proof (e164, kind, evidence_file, sha256, entered_by, proved_at, expires_at, stamp)
VALUES (%(e164)s, %(kind)s, %(evidence_file)s, %(sha256)s, %(entered_by)s, %(proved_at)s, %(expires_at)s,
        %(stamp)s)
RETURNING proof_id;

-- name: wake
UPDATE contact c SET due_at = %(now)s
FROM campaign k, decision d
WHERE (k.caller_id = %(e164)s
       OR EXISTS (SELECT FROM jsonb_array_elements(k.spec -> 'local_caller_ids') l WHERE l ->> 1 = %(e164)s))
  AND c.campaign = k.name AND c.state = 'pending' AND c.due_at = 'infinity'
  AND d.decision_id = c.last_decision_id AND d.rules && ARRAY['caller_id_unproved', 'caller_id_proof_expired'];

-- name: all
SELECT e164, kind, evidence_file, sha256, entered_by, proved_at, expires_at FROM caller_id_proof
ORDER BY e164, expires_at DESC;

-- name: ask_call_back
INSERT INTO call_back_check (proof_id, trunk)
SELECT max(proof_id), %(trunk)s FROM caller_id_proof WHERE e164 = %(e164)s HAVING count(*) > 0
RETURNING check_id;

-- name: take_call_back
UPDATE call_back_check k SET state = 'taken'
FROM (SELECT check_id FROM call_back_check
      WHERE state = 'waiting' AND requested_at > clock_timestamp() - interval '10 s' AND trunk = ANY(%(trunks)s)
      ORDER BY check_id LIMIT 1 FOR UPDATE SKIP LOCKED) oldest
JOIN caller_id_proof p ON true
WHERE k.check_id = oldest.check_id AND p.proof_id = k.proof_id
RETURNING k.check_id, p.e164, k.trunk;

-- name: end_call_back
UPDATE call_back_check SET state = 'ended', fault = %(fault)s, ended_at = clock_timestamp() WHERE check_id = %(check_id)s;

-- name: call_back
SELECT state = 'ended' AS ended, fault FROM call_back_check WHERE check_id = %(check_id)s;
