-- Calls that are on now, the longest first. What the worker writes of a call that goes on: that it was dialled, and of one for
-- agents when it was answered and when an agent came; all else is known when it is over.
-- name: calls
SELECT a.attempt_id, a.campaign, a.contact_id, c.external_id, m.number, coalesce(n.name, a.node) AS node, a.trunk, a.agents,
       CASE WHEN a.marked_at IS NULL THEN 'claimed'
            WHEN a.agents IS NULL OR a.answered_at IS NULL THEN 'calling'
            WHEN a.parted_at IS NOT NULL THEN 'parted'
            WHEN a.met_at IS NOT NULL THEN 'with_agent'
            ELSE 'waiting' END AS stage,
       greatest(0, extract(epoch FROM clock_timestamp() - coalesce(a.marked_at, a.claimed_at)))::integer AS seconds
FROM attempt a JOIN contact c USING (contact_id) LEFT JOIN node n ON n.entityid = a.node
LEFT JOIN person_masked m ON m.person_id = coalesce(a.number_id, a.person_id)
WHERE a.state <> 'ended' ORDER BY coalesce(a.marked_at, a.claimed_at), a.attempt_id LIMIT %(most)s;

-- One call, on or over.
-- name: call
SELECT a.attempt_id, a.campaign, a.contact_id, c.external_id, m.number, coalesce(n.name, a.node) AS node, a.trunk, a.agents,
       CASE WHEN a.state = 'ended' THEN 'ended'
            WHEN a.marked_at IS NULL THEN 'claimed'
            WHEN a.agents IS NULL OR a.answered_at IS NULL THEN 'calling'
            WHEN a.parted_at IS NOT NULL THEN 'parted'
            WHEN a.met_at IS NOT NULL THEN 'with_agent'
            ELSE 'waiting' END AS stage,
       greatest(0, extract(epoch FROM coalesce(a.ended_at, clock_timestamp()) - coalesce(a.marked_at, a.claimed_at)))::integer
           AS seconds,
       a.ended_at, a.outcome, a.disposition, a.note
FROM attempt a JOIN contact c USING (contact_id) LEFT JOIN node n ON n.entityid = a.node
LEFT JOIN person_masked m ON m.person_id = coalesce(a.number_id, a.person_id)
WHERE a.attempt_id = %(attempt)s;

-- name: totals
SELECT a.campaign, coalesce(n.name, a.node) AS node, count(*)::integer AS calls
FROM attempt a LEFT JOIN node n ON n.entityid = a.node
WHERE a.state <> 'ended' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2;

-- Along the index of each campaign's newest calls.
-- name: minutes
SELECT s.at, coalesce(k.calls, 0)::integer AS calls, coalesce(k.answered, 0)::integer AS answered
FROM generate_series(date_trunc('minute', statement_timestamp()) - interval '59 min',
                     date_trunc('minute', statement_timestamp()), interval '1 min') AS s (at)
LEFT JOIN (
    SELECT date_trunc('minute', a.claimed_at) AS at, count(*) AS calls,
           count(*) FILTER (WHERE a.answered_at IS NOT NULL) AS answered
    FROM campaign c CROSS JOIN LATERAL (
        SELECT claimed_at, answered_at FROM attempt
        WHERE campaign = c.name AND claimed_at >= date_trunc('minute', statement_timestamp()) - interval '59 min' AND dialled) AS a
    GROUP BY 1) AS k USING (at)
ORDER BY s.at;
