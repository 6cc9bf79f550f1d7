-- name: add
INSERT INTO caller_id_proof (e164, kind, evidence_file, sha256, entered_by, proved_at, expires_at, stamp)
VALUES (%(e164)s, %(kind)s, %(evidence_file)s, %(sha256)s, %(entered_by)s, %(proved_at)s, %(expires_at)s,
        %(stamp)s)
RETURNING proof_id;

-- name: wake
UPDATE contact c SET due_at = %(now)s, replan = c.replan OR c.event_at IS NOT NULL
FROM campaign k, decision d
WHERE (k.caller_id = %(e164)s
       OR EXISTS (SELECT FROM jsonb_array_elements(k.spec -> 'local_caller_ids') l WHERE l ->> 1 = %(e164)s))
  AND c.campaign = k.name AND c.state = 'pending' AND c.due_at > %(now)s
  AND d.decision_id = c.last_decision_id AND d.rules && ARRAY['caller_id_unproved', 'caller_id_proof_expired'];

-- name: all
SELECT e164, kind, evidence_file, sha256, entered_by, proved_at, expires_at FROM caller_id_proof
ORDER BY e164, expires_at DESC;
