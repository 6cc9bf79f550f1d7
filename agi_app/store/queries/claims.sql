-- name: begin
SELECT c.state, clock_timestamp() + %(offset)s::interval AS now, p.kind, p.expires_at
FROM campaign c
LEFT JOIN LATERAL (
    SELECT kind, expires_at FROM caller_id_proof WHERE e164 = %(caller_id)s ORDER BY expires_at DESC LIMIT 1
) p ON true
WHERE c.name = %(campaign)s;

-- An INVITE that nothing answered cannot be cancelled (RFC 3261, 9.1): Asterisk repeats it for 32 s, however
-- soon we gave up. Until then it may still make the phone ring, so the person is left alone.

-- Statement 1: lock the contacts that are due and their persons. Facts must not be read here: a
-- statement sees the database as it was before it waited for, or passed over, a lock.
-- name: lock
SELECT c.contact_id, c.person_id
FROM contact c JOIN person p ON p.person_id = c.person_id
WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND c.due_at <= %(now)s
  AND NOT EXISTS (SELECT FROM attempt a WHERE a.person_id = c.person_id AND a.state <> 'ended')
  AND NOT EXISTS (SELECT FROM attempt a WHERE a.person_id = c.person_id AND a.marked_at > clock_timestamp() - interval '33 s'
                  AND a.dialled AND a.ringing_at IS NULL AND a.outcome IN ('trunk_silent', 'cancelled'))
ORDER BY c.due_at, c.contact_id
LIMIT %(limit)s
FOR NO KEY UPDATE OF c, p SKIP LOCKED;

-- Statement 2: the facts, seen after the locks were got.
-- name: facts
SELECT c.contact_id, c.person_id, p.e164, p.caller_id_seen, c.language, c.fields, c.attempts_made, c.retries_used,
       s.at AS suppressed_at,
       ARRAY(SELECT a.rules_at FROM attempt a
             WHERE a.person_id = c.person_id AND a.counts AND a.rules_at > %(now)s - interval '31 days'
             ORDER BY a.rules_at) AS counted_calls,
       d.rules AS last_rules, d.ruleset_version AS last_version
FROM unnest(%(contacts)s::bigint[]) WITH ORDINALITY AS wanted (contact_id, place)
JOIN contact c ON c.contact_id = wanted.contact_id
JOIN person p ON p.person_id = c.person_id
LEFT JOIN suppression s ON s.number_hash = p.number_hash
LEFT JOIN decision d ON d.decision_id = c.last_decision_id
WHERE c.state = 'pending'
  AND NOT EXISTS (SELECT FROM attempt a WHERE a.person_id = c.person_id AND a.state <> 'ended')
  AND NOT EXISTS (SELECT FROM attempt a WHERE a.person_id = c.person_id AND a.marked_at > clock_timestamp() - interval '33 s'
                  AND a.dialled AND a.ringing_at IS NULL AND a.outcome IN ('trunk_silent', 'cancelled'))
ORDER BY wanted.place;

-- name: consents
SELECT c.person_id, c.consent_id, c.purpose, c.given_at, c.expires_at,
       (SELECT min(r.at) FROM revocation r
        WHERE r.person_id = c.person_id AND (r.purpose IS NULL OR r.purpose = c.purpose)
          AND r.at >= c.given_at) AS revoked_at
FROM consent c
WHERE c.person_id = ANY(%(persons)s)
ORDER BY c.consent_id;

-- name: record_decisions
INSERT INTO decision
    (contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version, decided_at, clock)
SELECT r.contact_id, r.person_id, %(campaign)s, cardinality(r.rules) = 0, r.rules, r.reasons, r.inputs,
       r.ruleset_version, r.decided_at, %(clock)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
    (contact_id bigint, person_id bigint, rules text[], reasons jsonb, inputs jsonb, ruleset_version text,
     decided_at timestamptz)
RETURNING contact_id, decision_id;

-- name: open_attempts
INSERT INTO attempt (attempt_id, contact_id, person_id, campaign, decision_id, node, trunk, caller_id, rules_at, lease_until)
SELECT r.attempt_id, r.contact_id, r.person_id, %(campaign)s, r.decision_id, %(node)s, %(trunk)s, %(caller_id)s,
       %(now)s, clock_timestamp() + %(lease)s::interval
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
    (attempt_id text, contact_id bigint, person_id bigint, decision_id bigint);

-- name: settle_contacts
UPDATE contact c
SET state = r.state, due_at = r.due_at, last_decision_id = coalesce(r.decision_id, c.last_decision_id)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (contact_id bigint, state text, due_at timestamptz, decision_id bigint)
WHERE c.contact_id = r.contact_id;

-- name: pending_contacts
SELECT contact_id, external_id FROM contact
WHERE campaign = %(campaign)s AND state = 'pending' AND contact_id > %(after)s
ORDER BY contact_id LIMIT %(limit)s;
