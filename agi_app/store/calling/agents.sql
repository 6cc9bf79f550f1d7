-- One claim for the same agents at a time, on all nodes: each counts what the ones before have begun.
-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('agi-app agents ' || %(agents)s, 0));

-- In a statement of its own after the lock, so that it sees what the others have committed. Who has met an agent waits
-- no more, but until this node has looked again its agent looks free; other nodes' clocks may differ from ours.
-- name: count
SELECT c.under_way, c.waiting, coalesce(t.ended, 0)::bigint AS ended, coalesce(t.answered, 0)::bigint AS answered,
       coalesce(t.abandoned, 0)::bigint AS abandoned, coalesce(t.answer_s, 0)::float AS answer_s,
       coalesce(t.met, 0)::bigint AS met, coalesce(t.talk_s, 0)::float AS talk_s
FROM (SELECT count(*) FILTER (WHERE answered_at IS NULL) AS under_way,
             count(*) FILTER (WHERE answered_at IS NOT NULL AND (met_at IS NULL OR met_at
                 > %(looked_at)s::timestamptz - CASE WHEN node = %(node)s THEN interval '0' ELSE interval '2 s' END)
             ) AS waiting
      FROM attempt WHERE agents = %(agents)s AND state <> 'ended' AND (%(shared)s OR node = %(node)s)) AS c
CROSS JOIN (SELECT sum(ended) AS ended, sum(answered) AS answered, sum(abandoned) AS abandoned, sum(answer_s) AS answer_s,
                   sum(met) AS met, sum(talk_s) AS talk_s
            FROM agent_tally
            WHERE campaign = %(campaign)s AND day > ((%(now)s::timestamptz) AT TIME ZONE 'UTC')::date - 30) AS t;

-- Of agents by name: calls that campaigns make for them, and calls that somebody asked for.
-- name: open_calls
SELECT n.name, c.under_way::integer, c.waiting::integer, c.talking::integer, k.asked::integer
FROM unnest(%(names)s::text[]) AS n (name)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE answered_at IS NULL) AS under_way,
           count(*) FILTER (WHERE answered_at IS NOT NULL AND met_at IS NULL) AS waiting,
           count(*) FILTER (WHERE met_at IS NOT NULL AND parted_at IS NULL) AS talking
    FROM attempt WHERE agents = n.name AND state <> 'ended') AS c
CROSS JOIN LATERAL (SELECT count(*) AS asked FROM agent_call WHERE destination = n.name AND state <> 'ended') AS k
ORDER BY n.name;

-- name: note
UPDATE attempt a
SET answered_at = coalesce(n.answered_at, a.answered_at), met_at = coalesce(n.met_at, a.met_at),
    parted_at = coalesce(n.parted_at, a.parted_at)
FROM jsonb_to_recordset(%(notes)s::jsonb) AS n
    (attempt_id text, answered_at timestamptz, met_at timestamptz, parted_at timestamptz)
WHERE a.attempt_id = n.attempt_id AND a.state <> 'ended';

-- The first of the idle agents whom no other call has, under the lock of all who choose.
-- name: choose
UPDATE attempt
SET agent = (SELECT i.endpoint FROM unnest(%(idle)s::text[]) WITH ORDINALITY AS i (endpoint, place)
             WHERE NOT EXISTS (SELECT FROM attempt o
                               WHERE o.agents = %(agents)s AND o.state <> 'ended' AND o.agent = i.endpoint
                                 AND o.parted_at IS NULL AND o.attempt_id <> %(attempt_id)s)
             ORDER BY i.place LIMIT 1)
WHERE attempt_id = %(attempt_id)s
RETURNING agent;

-- name: pause
UPDATE campaign SET state = 'paused', state_reason = %(reason)s, changed_at = clock_timestamp()
WHERE name = %(name)s AND state = 'running';
