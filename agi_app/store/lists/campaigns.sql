-- name: page
WITH c AS MATERIALIZED (
    SELECT name, state, state_reason, purpose, caller_id, flow_file, saved_at, changed_at FROM campaign
    WHERE name > %(after)s AND (%(state)s::text IS NULL OR state = %(state)s)
    ORDER BY name LIMIT %(rows)s
), kept AS MATERIALIZED (
    SELECT campaign, name, sum(number)::bigint AS number
    FROM (SELECT campaign, name, number FROM campaign_tally WHERE kind = 'contact' AND campaign IN (SELECT name FROM c)
          UNION ALL
          SELECT campaign, name, number FROM campaign_tally_change WHERE kind = 'contact') AS t
    GROUP BY campaign, name HAVING sum(number) <> 0
)
SELECT c.*, (SELECT coalesce(jsonb_object_agg(k.name, k.number), '{}') FROM kept k WHERE k.campaign = c.name) AS contacts
FROM c ORDER BY c.name;

-- name: versions
SELECT v.version, v.spec AS text, encode(sha256(convert_to(v.spec, 'UTF8')), 'hex') AS sha256, v.first_used_at,
       (SELECT a.account FROM action a JOIN action_end e USING (action_id)
        WHERE a.object = v.campaign AND a.verb = 'campaign start' AND e.done AND a.recorded_at <= v.first_used_at
        ORDER BY a.action_id DESC LIMIT 1) AS started_by
FROM campaign_version v
WHERE v.campaign = %(campaign)s AND (%(version)s::text IS NULL OR v.version = %(version)s)
ORDER BY v.campaign_version_id DESC LIMIT %(most)s;
