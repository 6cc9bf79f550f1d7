-- What happened in a span of rules time, counted by campaign, trunk and reason. A stop and a complaint belong to the last
-- call to that person before, if there was one; a complaint that names its campaign, to that. Complaints about calls of others
-- are not among them.
-- name: counted
WITH happened AS (
    SELECT 'call' AS what, campaign, trunk, coalesce(outcome, 'goes on') AS reason FROM attempt
    WHERE dialled AND rules_at >= %(since)s AND rules_at < %(until)s
    UNION ALL
    SELECT 'refused', d.campaign, v.spec::jsonb ->> 'trunk', rule
    FROM decision d LEFT JOIN campaign_version v ON v.version = d.campaign_version CROSS JOIN unnest(d.rules) AS rule
    WHERE NOT d.allowed AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
    UNION ALL
    SELECT 'stop', before.campaign, before.trunk, s.via
    FROM stop_of_person s LEFT JOIN LATERAL (
        SELECT a.campaign, a.trunk FROM attempt a
        WHERE a.person_id IN (SELECT group_of(head_of(s.person_id))) AND a.dialled AND a.rules_at <= s.at
        ORDER BY a.rules_at DESC LIMIT 1) AS before ON true
    WHERE s.at >= %(since)s AND s.at < %(until)s
    UNION ALL
    SELECT 'withdrawal', before.campaign, before.trunk, r.purpose || ': ' || r.via
    FROM revocation r LEFT JOIN LATERAL (
        SELECT a.campaign, a.trunk FROM attempt a
        WHERE a.person_id IN (SELECT group_of(head_of(r.person_id))) AND a.dialled AND a.rules_at <= r.at
        ORDER BY a.rules_at DESC LIMIT 1) AS before ON true
    WHERE r.purpose IS NOT NULL AND r.at >= %(since)s AND r.at < %(until)s
    UNION ALL
    SELECT 'complaint', coalesce(c.campaign, before.campaign), before.trunk, c.source
    FROM complaint c LEFT JOIN LATERAL (
        SELECT a.campaign, a.trunk FROM attempt a
        WHERE a.person_id IN (SELECT group_of(head_of(c.person_id))) AND a.dialled AND a.rules_at <= c.received_at
          AND (c.campaign IS NULL OR a.campaign = c.campaign)
        ORDER BY a.rules_at DESC LIMIT 1) AS before ON true
    WHERE c.kind = 'ours' AND c.received_at >= %(since)s AND c.received_at < %(until)s
)
SELECT what, campaign, trunk, reason, count(*) AS number FROM happened
GROUP BY what, campaign, trunk, reason
ORDER BY what, campaign NULLS LAST, trunk NULLS LAST, number DESC, reason;
