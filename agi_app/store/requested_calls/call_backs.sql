-- name: request
INSERT INTO call_back_check (proof_id, trunk)
SELECT max(proof_id), %(trunk)s FROM caller_id_proof WHERE e164 = %(e164)s HAVING count(*) > 0
RETURNING check_id;

-- name: take
UPDATE call_back_check k SET state = 'taken'
FROM (SELECT check_id FROM call_back_check
      WHERE state = 'waiting' AND requested_at > clock_timestamp() - interval '10 s' AND trunk = ANY(%(trunks)s)
      ORDER BY check_id LIMIT 1 FOR UPDATE SKIP LOCKED) oldest
JOIN caller_id_proof p ON true
WHERE k.check_id = oldest.check_id AND p.proof_id = k.proof_id
RETURNING k.check_id, p.e164, k.trunk;

-- name: finish
UPDATE call_back_check SET state = 'ended', fault = %(fault)s, ended_at = clock_timestamp() WHERE check_id = %(check_id)s;

-- name: give_up
UPDATE call_back_check SET state = 'ended', fault = 'expired', ended_at = clock_timestamp()
WHERE check_id = %(request_id)s AND state = 'waiting';

-- name: status
SELECT state, fault AS result, fault AS note, '[]'::jsonb AS progress FROM call_back_check WHERE check_id = %(request_id)s;
