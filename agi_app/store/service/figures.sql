-- name: tallies
SELECT campaign, kind, name, sum(number)::bigint AS number
FROM (SELECT campaign, kind, name, number FROM campaign_tally
      UNION ALL SELECT campaign, kind, name, number FROM campaign_tally_change) AS t
WHERE kind IN ('contact', 'refused', 'outcome')
GROUP BY campaign, kind, name HAVING sum(number) > 0;

-- name: states
SELECT name, state, state = 'paused' AND coalesce(state_reason, '') NOT IN ('', 'by command') AS paused_itself FROM campaign ORDER BY name;

-- Of each receiver: what waits, counted up to a limit, and how old the oldest is of those that are to be tried first.
-- name: webhooks
SELECT e.endpoint_id,
       (SELECT count(*) FROM (SELECT FROM webhook_delivery d
                              WHERE d.endpoint_id = e.endpoint_id AND d.state = 'waiting' LIMIT %(most)s) w) AS waiting,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT min(v.recorded_at) FROM (SELECT d.event_id FROM webhook_delivery d
                                           WHERE d.endpoint_id = e.endpoint_id AND d.state = 'waiting'
                                           ORDER BY d.urgent, d.next_try_at LIMIT 1000) w
           JOIN webhook_event v USING (event_id))), 0)::float8 AS oldest_s
FROM webhook_endpoint e ORDER BY e.endpoint_id;

-- Tries of the last five minutes, as far as the newest 10,000 tell.
-- name: webhook_tries
SELECT result, count(*) AS number
FROM (SELECT at, CASE WHEN status IS NULL THEN 'no_answer' WHEN status BETWEEN 200 AND 299 THEN 'delivered' ELSE 'refused' END
                 AS result
      FROM webhook_try ORDER BY try_id DESC LIMIT 10000) AS t
WHERE at > clock_timestamp() - interval '5 minutes' GROUP BY result;

-- Those whose worker lives: what a lost one left is no call.
-- name: calls
SELECT campaign, trunk, count(*) AS number FROM attempt WHERE state <> 'ended' AND lease_until > clock_timestamp() GROUP BY campaign, trunk;

-- Of each feed that somebody started and nobody ended: the counts of its last good run, and how its runs of the last day ended, as
-- far as the newest 10,000 tell. A failure that comes again and again is one row.
-- name: feed_counts
SELECT f.name AS feed, c.key AS name, c.value::bigint AS number
FROM feed f
CROSS JOIN LATERAL (SELECT r.result FROM feed_run r WHERE r.feed = f.name AND r.what = 'run' AND r.state = 'done'
                    ORDER BY r.run_id DESC LIMIT 1) AS good
CROSS JOIN LATERAL jsonb_each_text(good.result) AS c
WHERE f.state IN ('started', 'paused') AND c.key = ANY(%(counts)s::text[]);

-- name: feed_runs
SELECT f.name AS feed, r.state, sum(r.times)::bigint AS number
FROM feed f
CROSS JOIN LATERAL (SELECT n.state, n.times, n.ended_at FROM feed_run n WHERE n.feed = f.name AND n.what = 'run'
                    ORDER BY n.run_id DESC LIMIT 10000) AS r
WHERE f.state IN ('started', 'paused') AND r.ended_at > clock_timestamp() - interval '1 day'
GROUP BY f.name, r.state;

-- name: schema
SELECT max(number) AS number FROM schema_version;

-- Of each feed that somebody started: whether its last run ended badly.
-- name: feeds_failed
SELECT f.name AS feed
FROM feed f
CROSS JOIN LATERAL (SELECT n.state FROM feed_run n WHERE n.feed = f.name AND n.what = 'run' AND n.ended_at IS NOT NULL
                    ORDER BY n.run_id DESC LIMIT 1) AS r
WHERE r.state IN ('refused', 'failed');

-- Of campaigns that call for agents: the share of those who answered that found no agent, in the last 30 days.
-- name: abandoned
SELECT campaign, sum(abandoned)::float8 / sum(answered)::float8 AS share
FROM agent_tally WHERE day > ((%(now)s::timestamptz) AT TIME ZONE 'UTC')::date - 30
GROUP BY campaign HAVING sum(answered) > 0 ORDER BY campaign;
