-- Walks and details of lists (paging.sql): what the gate decided, and calls.

-- name: decision_campaigns
WITH RECURSIVE named AS (
    (SELECT campaign FROM decision ORDER BY campaign LIMIT 1)
    UNION ALL
    SELECT (SELECT d.campaign FROM decision d WHERE d.campaign > n.campaign ORDER BY d.campaign LIMIT 1)
    FROM named n WHERE n.campaign IS NOT NULL
)
SELECT campaign FROM named WHERE campaign IS NOT NULL;

-- name: attempt_campaigns
WITH RECURSIVE named AS (
    (SELECT campaign FROM attempt ORDER BY campaign LIMIT 1)
    UNION ALL
    SELECT (SELECT a.campaign FROM attempt a WHERE a.campaign > n.campaign ORDER BY a.campaign LIMIT 1)
    FROM named n WHERE n.campaign IS NOT NULL
)
SELECT campaign FROM named WHERE campaign IS NOT NULL;

-- name: decisions
SELECT s.* FROM unnest(%(streams)s::text[]) AS n (campaign)
CROSS JOIN LATERAL (
    SELECT d.recorded_at AS at, d.decision_id AS id,
           (%(allowed)s::boolean IS NULL OR d.allowed = %(allowed)s)
           AND (%(rule)s::text IS NULL OR %(rule)s = ANY(d.rules)) AS hit,
           row_number() OVER (ORDER BY d.recorded_at DESC, d.decision_id DESC) AS place
    FROM decision d
    WHERE d.campaign = n.campaign AND (d.recorded_at, d.decision_id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
      AND d.recorded_at >= %(since)s::timestamptz
    ORDER BY d.recorded_at DESC, d.decision_id DESC LIMIT %(walk)s) AS s

-- Those of one contact are few: it sorts them.
-- name: decisions_of_contact
SELECT d.recorded_at AS at, d.decision_id AS id,
       (%(allowed)s::boolean IS NULL OR d.allowed = %(allowed)s)
       AND (%(rule)s::text IS NULL OR %(rule)s = ANY(d.rules)) AS hit,
       row_number() OVER (ORDER BY d.recorded_at DESC, d.decision_id DESC) AS place
FROM (SELECT * FROM decision
      WHERE campaign = %(campaign)s AND contact_id = %(contact_id)s OFFSET 0) AS d
WHERE (d.recorded_at, d.decision_id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
  AND d.recorded_at >= %(since)s::timestamptz
ORDER BY d.recorded_at DESC, d.decision_id DESC LIMIT %(walk)s

-- name: decision
d.decision_id, d.campaign, d.contact_id, c.external_id, d.person_id, d.allowed, d.rules, d.reasons, d.ruleset_version,
       d.campaign_version, d.decided_at, d.recorded_at, d.clock
FROM keys k LEFT JOIN decision d ON d.decision_id = k.id AND NOT k.is_cut
LEFT JOIN contact c ON c.contact_id = d.contact_id AND c.campaign = d.campaign

-- name: attempts
SELECT s.* FROM unnest(%(streams)s::text[]) AS n (campaign)
CROSS JOIN LATERAL (
    SELECT a.claimed_at AS at, a.attempt_id AS id,
           (%(outcome)s::text IS NULL OR a.outcome = %(outcome)s)
           AND (%(disposition)s::text IS NULL OR a.disposition = %(disposition)s)
           AND (%(trunk)s::text IS NULL OR a.trunk = %(trunk)s) AS hit,
           row_number() OVER (ORDER BY a.claimed_at DESC, a.attempt_id DESC) AS place
    FROM attempt a
    WHERE a.campaign = n.campaign AND (a.claimed_at, a.attempt_id) < (%(before_at)s::timestamptz, %(before_id)s::text)
      AND a.claimed_at >= %(since)s::timestamptz
    ORDER BY a.claimed_at DESC, a.attempt_id DESC LIMIT %(walk)s) AS s

-- name: attempts_of_contact
SELECT a.claimed_at AS at, a.attempt_id AS id,
       (%(outcome)s::text IS NULL OR a.outcome = %(outcome)s)
       AND (%(disposition)s::text IS NULL OR a.disposition = %(disposition)s)
       AND (%(trunk)s::text IS NULL OR a.trunk = %(trunk)s) AS hit,
       row_number() OVER (ORDER BY a.claimed_at DESC, a.attempt_id DESC) AS place
FROM (SELECT * FROM attempt WHERE contact_id = %(contact_id)s OFFSET 0) AS a
WHERE (a.claimed_at, a.attempt_id) < (%(before_at)s::timestamptz, %(before_id)s::text)
  AND a.claimed_at >= %(since)s::timestamptz
ORDER BY a.claimed_at DESC, a.attempt_id DESC LIMIT %(walk)s

-- name: attempt
a.attempt_id, a.campaign, a.contact_id, c.external_id, a.person_id, a.decision_id, a.node, a.trunk, a.caller_id, a.state,
       a.dialled, a.claimed_at, a.marked_at, a.ringing_at, a.answered_at, a.ended_at, a.outcome, a.cause, a.tech_cause,
       a.disposition, a.answers, a.note, a.number_place,
       kind_of_number(c.number_ids, c.number_kinds, c.person_id, coalesce(a.number_id, a.person_id)) AS number_kind
FROM keys k LEFT JOIN attempt a ON a.attempt_id = k.id AND NOT k.is_cut
LEFT JOIN contact c ON c.contact_id = a.contact_id

-- By their ids alone, in the order in which they were kept.
-- name: recordings
SELECT 'epoch'::timestamptz AS at, r.recording_id AS id, (%(campaign)s::text IS NULL OR a.campaign = %(campaign)s) AS hit,
       row_number() OVER (ORDER BY r.recording_id DESC) AS place
FROM (SELECT recording_id, attempt_id FROM recording WHERE recording_id < %(before_id)s::bigint
      ORDER BY recording_id DESC LIMIT %(walk)s) AS r JOIN attempt a USING (attempt_id)
ORDER BY r.recording_id DESC

-- name: recording
r.recording_id, r.attempt_id, a.campaign, a.contact_id, c.external_id, a.person_id, r.name, r.kind, r.seconds, a.ended_at,
       r.erased_at
FROM keys k LEFT JOIN recording r ON r.recording_id = k.id AND NOT k.is_cut
LEFT JOIN attempt a ON a.attempt_id = r.attempt_id LEFT JOIN contact c ON c.contact_id = a.contact_id

-- name: one_decision
SELECT d.decision_id, d.campaign, d.contact_id, c.external_id, d.person_id, d.allowed, d.rules, d.reasons,
       d.ruleset_version, d.campaign_version, d.decided_at, d.recorded_at, d.clock, d.inputs
FROM decision d LEFT JOIN contact c ON c.contact_id = d.contact_id AND c.campaign = d.campaign
WHERE d.decision_id = %(decision_id)s;

-- name: recordings_of_contact
SELECT r.recording_id, r.attempt_id, a.campaign, a.contact_id, c.external_id, a.person_id, r.name, r.kind, r.seconds,
       a.ended_at, r.erased_at
FROM attempt a JOIN recording r USING (attempt_id) JOIN contact c ON c.contact_id = a.contact_id
WHERE a.contact_id = %(contact_id)s ORDER BY r.recording_id DESC LIMIT %(rows)s;

-- name: line_calls
SELECT l.began_at AS at, l.line_call_id AS id,
       (%(line)s::text IS NULL OR l.line = %(line)s) AND (%(result)s::text IS NULL OR l.result = %(result)s) AS hit,
       row_number() OVER (ORDER BY l.began_at DESC, l.line_call_id DESC) AS place
FROM line_call l
WHERE (l.began_at, l.line_call_id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
  AND l.began_at >= %(since)s::timestamptz
ORDER BY l.began_at DESC, l.line_call_id DESC LIMIT %(walk)s

-- name: line_call
l.line_call_id, l.line, l.called, l.node, l.result, l.note, l.language, l.disposition, l.began_at, l.answered_at, l.ended_at,
       ARRAY(SELECT how FROM line_stop s WHERE s.call_id = l.call_id ORDER BY s.line_stop_id) AS stops
FROM keys k LEFT JOIN line_call l ON l.line_call_id = k.id AND NOT k.is_cut

