-- A contact counts under each rule of its latest decision.
-- name: refusals_by_rule
SELECT rule AS name, count(*)::integer AS number
FROM contact c JOIN decision d ON d.decision_id = c.last_decision_id, unnest(d.rules) AS rule
WHERE c.campaign = %(campaign)s
GROUP BY rule ORDER BY number DESC, rule;

-- name: attempts
SELECT a.attempt_id, c.external_id, a.person_id, a.trunk, a.caller_id, a.rules_at, a.marked_at, a.ringing_at,
       a.answered_at, a.ended_at, a.state, a.outcome, a.cause, a.tech_cause, a.disposition, a.answers, a.counts, a.note,
       ARRAY(SELECT r.recording_id FROM recording r WHERE r.attempt_id = a.attempt_id AND r.sha256 IS NOT NULL
             ORDER BY r.recording_id) AS recordings
FROM attempt a JOIN contact c ON c.contact_id = a.contact_id
WHERE a.campaign = %(campaign)s AND a.dialled
ORDER BY a.marked_at;

-- name: outcomes
SELECT coalesce(outcome, state) AS name, count(*)::integer AS number FROM attempt
WHERE campaign = %(campaign)s AND dialled GROUP BY 1 ORDER BY number DESC, name;

-- name: dispositions
SELECT disposition AS name, count(*)::integer AS number FROM attempt
WHERE campaign = %(campaign)s AND dialled AND disposition IS NOT NULL GROUP BY 1 ORDER BY number DESC, name;

-- name: contacts
SELECT c.external_id, c.person_id, c.language, c.state, c.attempts_made, c.last_outcome, c.disposition,
       nullif(c.due_at, 'infinity') AS due_at, coalesce(d.reasons, '[]') AS reasons, d.decided_at, d.ruleset_version
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id AND NOT d.allowed
WHERE c.campaign = %(campaign)s
ORDER BY c.contact_id;

-- name: waiting
SELECT (count(*) FILTER (WHERE due_at <= %(now)s))::integer AS due_now,
       (count(*) FILTER (WHERE due_at > %(now)s AND due_at < 'infinity'))::integer AS later,
       (count(*) FILTER (WHERE due_at = 'infinity'))::integer AS parked,
       min(due_at) FILTER (WHERE due_at > %(now)s AND due_at < 'infinity') AS next_due
FROM contact WHERE campaign = %(campaign)s AND state = 'pending';

-- name: waiting_by_rule
SELECT rule AS name, count(*)::integer AS number, nullif(min(c.due_at), 'infinity') AS until
FROM contact c JOIN decision d ON d.decision_id = c.last_decision_id, unnest(d.rules) AS rule
WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND c.due_at > %(now)s
GROUP BY rule ORDER BY number DESC, rule;

-- name: open_attempts
SELECT count(*)::integer AS open FROM attempt WHERE campaign = %(campaign)s AND state <> 'ended';
