-- name: tallies
SELECT campaign, kind, name, sum(number)::bigint AS number
FROM (SELECT campaign, kind, name, number FROM campaign_tally
      UNION ALL SELECT campaign, kind, name, number FROM campaign_tally_change) AS t
WHERE kind IN ('contact', 'refused', 'outcome')
GROUP BY campaign, kind, name HAVING sum(number) > 0;

-- name: states
SELECT name, state FROM campaign ORDER BY name;

-- name: calls
SELECT campaign, trunk, count(*) AS number FROM attempt WHERE state <> 'ended' GROUP BY campaign, trunk;
