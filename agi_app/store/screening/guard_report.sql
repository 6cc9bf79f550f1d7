-- name: totals
SELECT action, count(*) AS calls, count(unjudged) AS unjudged,
       count(*) FILTER (WHERE challenge = 'passed') AS passed, count(*) FILTER (WHERE challenge = 'failed') AS failed,
       count(reported_at) AS reported, count(appealed_at) AS appealed
FROM guard_call WHERE at >= %(since)s GROUP BY action;

-- name: calls
SELECT g.call_id, c.number, g.at, g.called, g.action, g.decision, g.unjudged, g.challenge, g.answered, g.talked_s,
       g.reported_at, g.appealed_at
FROM guard_call g LEFT JOIN guard_caller c USING (caller_id)
WHERE g.at >= %(since)s
  AND (%(actions)s::text[] IS NULL OR g.action = ANY(%(actions)s))
  AND (%(number)s::text IS NULL OR c.number = %(number)s)
  AND (%(passed)s::boolean IS NULL OR (g.challenge = 'passed') = %(passed)s)
ORDER BY g.at DESC LIMIT %(limit)s;

-- Calls that were kept from ringing, whose caller turned out to be somebody all the same, and the other way round.
-- name: mistakes
SELECT g.call_id, c.number, g.at, g.called, g.action, g.decision, g.unjudged, g.challenge, g.answered, g.talked_s,
       g.reported_at, g.appealed_at,
       CASE WHEN g.appealed_at IS NOT NULL THEN 'appealed'
            WHEN c.dialled_at > g.at THEN 'dialled_later'
            WHEN c.passed_at > g.at THEN 'passed_later'
            WHEN c.number IS NOT NULL AND EXISTS (
                SELECT FROM guard_call l WHERE l.caller_id = g.caller_id AND l.at > g.at AND l.talked_s > 30)
            THEN 'talked_later' END AS mistake
FROM guard_call g LEFT JOIN guard_caller c USING (caller_id)
WHERE g.at >= %(since)s AND (g.action IN ('voicemail', 'reject') OR g.challenge = 'failed' OR g.appealed_at IS NOT NULL)
  AND (g.appealed_at IS NOT NULL OR c.dialled_at > g.at OR c.passed_at > g.at OR EXISTS (
       SELECT FROM guard_call l WHERE l.caller_id = g.caller_id AND l.at > g.at AND l.talked_s > 30))
ORDER BY g.at DESC LIMIT %(limit)s;

-- name: missed
SELECT g.call_id, c.number, g.at, g.called, g.action, g.decision, g.unjudged, g.challenge, g.answered, g.talked_s,
       g.reported_at, g.appealed_at, 'reported' AS mistake
FROM guard_call g LEFT JOIN guard_caller c USING (caller_id)
WHERE g.at >= %(since)s AND g.reported_at IS NOT NULL AND g.action IN ('allow', 'mark')
ORDER BY g.at DESC LIMIT %(limit)s;

-- name: last_call
SELECT g.call_id FROM guard_call g JOIN guard_caller c USING (caller_id)
WHERE g.call_id = %(call)s OR c.number = %(call)s
ORDER BY g.at DESC LIMIT 1;

-- name: decisions
SELECT call_id, inputs, decision FROM guard_call
WHERE inputs IS NOT NULL AND at >= %(since)s AND call_id > %(after)s
ORDER BY call_id LIMIT %(limit)s;
