-- name: running
SELECT c.name AS campaign, extract(epoch FROM %(now)s - d.due_at)::float8 AS due_s,
       extract(epoch FROM clock_timestamp() - c.changed_at)::float8 AS running_s,
       extract(epoch FROM clock_timestamp() - l.marked_at)::float8 AS dialled_s
FROM campaign c
LEFT JOIN LATERAL (SELECT k.due_at FROM contact k WHERE k.campaign = c.name AND k.state = 'pending' AND k.due_at <= %(now)s
                   ORDER BY k.due_at LIMIT 1) AS d ON true
LEFT JOIN LATERAL (SELECT a.marked_at FROM attempt a WHERE a.campaign = c.name AND a.dialled
                   ORDER BY a.claimed_at DESC LIMIT 1) AS l ON true
WHERE c.state = 'running' AND NOT c.spec @> '{"by_agents": true}'
ORDER BY c.name;
