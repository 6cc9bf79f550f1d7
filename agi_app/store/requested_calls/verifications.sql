-- name: add_person
INSERT INTO person (e164, number_hash, region, zones) VALUES (%(e164)s, %(number_hash)s, %(region)s, %(zones)s)
ON CONFLICT DO NOTHING;

-- name: request
INSERT INTO verification_call (person_id, shown, trunk, code_hash, entered_by, proves)
SELECT person_id, %(shown)s, %(trunk)s, %(code_hash)s, %(entered_by)s, %(proves)s FROM person WHERE e164 = %(e164)s
RETURNING verification_id;

-- One worker decides at a time, so that two requests cannot both be the third of the day.
-- name: take_turns
SELECT pg_advisory_xact_lock(hashtextextended('agi-app verification call', 0));

-- name: lock_request
SELECT v.verification_id, v.person_id, p.e164
FROM verification_call v JOIN person p ON p.person_id = v.person_id
JOIN person head ON head.person_id = coalesce(p.same_as, p.person_id)
WHERE v.state = 'waiting' AND v.requested_at > clock_timestamp() - %(patience)s::interval AND v.trunk = ANY(%(trunks)s)
ORDER BY v.verification_id
LIMIT 1
FOR NO KEY UPDATE OF v, p, head SKIP LOCKED;

-- Seen after the locks were got.
-- name: facts
SELECT v.verification_id, v.person_id, p.e164 AS number, v.shown, v.trunk, v.entered_by, v.code_hash, v.proves,
       clock_timestamp() + %(offset)s::interval AS now,
       (SELECT min(s.at) FROM person g JOIN suppression s ON s.number_hash = g.number_hash
        WHERE g.person_id IN (SELECT group_of(head_of(p.person_id)))) AS suppressed_at,
       (SELECT to_jsonb(best) FROM (SELECT e164 AS number, kind, expires_at FROM caller_id_proof
                                    WHERE e164 = v.shown AND kind IN ('letter', 'call')
                                      AND expires_at <= clock_timestamp() + %(offset)s::interval + interval '366 days'
                                    ORDER BY expires_at DESC LIMIT 1) best) AS shown_proof,
       ARRAY(SELECT dialled_at FROM verification_call
             WHERE dialled_at > clock_timestamp() + %(offset)s::interval - interval '24 hours'
             ORDER BY dialled_at) AS recent_calls
FROM verification_call v JOIN person p ON p.person_id = v.person_id
WHERE v.verification_id = %(verification_id)s;

-- name: record_decision
INSERT INTO decision
    (contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version, decided_at, clock)
VALUES (%(contact_id)s, %(person_id)s, %(campaign)s, %(allowed)s, %(rules)s, %(reasons)s::jsonb, %(inputs)s::jsonb,
        %(ruleset_version)s, %(decided_at)s, %(clock)s)
RETURNING decision_id;

-- name: dialling
UPDATE verification_call
SET state = 'dialling', dialled_at = %(now)s, decision_id = %(decision_id)s, node = %(node)s
WHERE verification_id = %(verification_id)s;

-- name: refused
UPDATE verification_call
SET state = 'ended', result = 'refused', note = %(note)s, decision_id = %(decision_id)s, node = %(node)s,
    code_hash = NULL, ended_at = clock_timestamp()
WHERE verification_id = %(verification_id)s;

-- A call that surely never left Asterisk does not count against the day.
-- name: finish
UPDATE verification_call
SET state = 'ended', result = %(result)s, note = %(note)s, code_hash = NULL, ended_at = clock_timestamp(),
    dialled_at = CASE WHEN %(dialled)s THEN dialled_at END
WHERE verification_id = %(verification_id)s AND state = 'dialling'
RETURNING verification_id, entered_by,
          (SELECT number_hash FROM person p WHERE p.person_id = verification_call.person_id) AS number_hash;

-- name: add_phone
INSERT INTO phone_proof (person_id, verification_id, proved_until, entered_by, stamp)
SELECT person_id, verification_id, %(proved_until)s, entered_by, %(stamp)s FROM verification_call
WHERE verification_id = %(verification_id)s;

-- name: proved
UPDATE verification_call SET proof_id = %(proof_id)s WHERE verification_id = %(verification_id)s;

-- name: give_up
UPDATE verification_call SET state = 'ended', result = 'expired', code_hash = NULL, ended_at = clock_timestamp()
WHERE verification_id = %(request_id)s AND state = 'waiting';

-- name: status
SELECT state, result, note, '[]'::jsonb AS progress FROM verification_call WHERE verification_id = %(request_id)s;

-- One's own; the number is masked, for the service.
-- name: own_phones
SELECT v.phone_proof_id AS phone, m.number, v.proved_until AS until
FROM phone_proof v JOIN person_masked m USING (person_id)
WHERE v.entered_by = %(account)s AND v.proved_until > %(now)s AND m.number IS NOT NULL
ORDER BY v.phone_proof_id;

-- name: own_number
SELECT p.e164 FROM phone_proof v JOIN person p USING (person_id)
WHERE v.phone_proof_id = %(phone)s AND v.entered_by = %(account)s AND v.proved_until > %(now)s AND left(p.e164, 1) = '+';

-- name: staff_phones
SELECT p.e164, max(v.proved_until) AS until, (array_agg(v.entered_by ORDER BY v.proved_until DESC))[1] AS entered_by
FROM phone_proof v JOIN person p USING (person_id)
WHERE left(p.e164, 1) = '+'
GROUP BY p.e164
ORDER BY p.e164;
