-- name: persons
SELECT group_of(head_of(person_id)) AS person_id FROM person WHERE e164 = %(number)s;

-- The newest proof by a call that somebody at one of the person's numbers had the code.
-- name: proof
SELECT p.e164 AS number, v.proved_until AS until, v.recorded_at FROM phone_proof v JOIN person p USING (person_id)
WHERE v.person_id = ANY(%(persons)s) AND v.proved_until > %(now)s AND v.recorded_at > clock_timestamp() - %(fresh)s::interval
ORDER BY v.recorded_at DESC LIMIT 1;

-- What is stored besides the consents, calls and refusals that the story has; keyed hashes and stamps are left out.
-- name: stored
SELECT 'contacts' AS what, to_jsonb(c) - 'person_id' AS row FROM contact c WHERE c.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'calls', to_jsonb(a) - '{person_id,number_id,lease_until,node}'::text[] FROM attempt a
WHERE a.person_id = ANY(%(persons)s) AND a.dialled
UNION ALL
SELECT 'decisions', to_jsonb(d) - 'person_id' FROM decision d WHERE d.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'recordings', to_jsonb(r) - 'sha256' FROM recording r JOIN attempt a USING (attempt_id) WHERE a.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'complaints', to_jsonb(c) - '{person_id,evidence_sha256}'::text[] FROM complaint c WHERE c.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'complaint_notes', to_jsonb(n) FROM complaint_note n JOIN complaint c USING (complaint_id)
WHERE c.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'calls_to_our_lines', to_jsonb(l) - '{caller_hash,node}'::text[] FROM line_call l JOIN person p ON p.number_hash = l.caller_hash
WHERE p.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'screened_calls', to_jsonb(g) - 'caller_id' FROM guard_call g JOIN guard_caller k USING (caller_id) JOIN person p ON p.e164 = k.number
WHERE p.person_id = ANY(%(persons)s)
UNION ALL
SELECT 'who_saw_the_number', jsonb_build_object('at', l.at, 'command', l.command, 'by', coalesce(l.entered_by, l.os_user))
FROM access_log l WHERE l.person_ids && %(persons)s::bigint[];
