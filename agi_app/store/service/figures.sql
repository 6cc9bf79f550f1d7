-- name: tallies
SELECT campaign, kind, name, sum(number)::bigint AS number
FROM (SELECT campaign, kind, name, number FROM campaign_tally
      UNION ALL SELECT campaign, kind, name, number FROM campaign_tally_change) AS t
WHERE kind IN ('contact', 'refused', 'outcome')
GROUP BY campaign, kind, name HAVING sum(number) > 0;

-- name: states
SELECT name, state FROM campaign ORDER BY name;

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

-- name: calls
SELECT campaign, trunk, count(*) AS number FROM attempt WHERE state <> 'ended' GROUP BY campaign, trunk;
