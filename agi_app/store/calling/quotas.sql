-- One claim of a campaign with a quota at a time, over all nodes: each sees what those before it took. The ends of calls wait
-- for nobody, and only make room.
-- name: alone
SELECT pg_advisory_xact_lock(hashtextextended('agi-app quota ' || %(campaign)s, 0));

-- The stored quota, and the kept figures of its groups.
-- name: groups
SELECT (c.spec -> 'quota')::text AS quota, g.kind, g.name, g.number
FROM campaign c LEFT JOIN (
    SELECT kind, name, sum(number)::bigint AS number
    FROM (SELECT kind, name, number FROM campaign_tally
          WHERE campaign = %(campaign)s AND kind = ANY(%(kinds)s)
          UNION ALL
          SELECT kind, name, number FROM campaign_tally_change
          WHERE campaign = %(campaign)s AND kind = ANY(%(kinds)s)) AS t
    GROUP BY kind, name HAVING sum(number) <> 0
) AS g ON true
WHERE c.name = %(campaign)s
ORDER BY g.name;

-- The same counted, by a column that may be another one than the stored quota's.
-- name: counted
SELECT NULL AS quota, k.kind, k.name, count(*) AS number
FROM contact c
CROSS JOIN LATERAL group_counts_as(quota_group_in(%(column)s, c.fields), c.state, c.due_at, c.disposition) AS k
WHERE c.campaign = %(campaign)s AND c.external_id NOT LIKE 'erased:%%'
GROUP BY k.kind, k.name
ORDER BY k.name;

-- name: no_time_limit
SET LOCAL statement_timeout = 0;

-- name: regroup
SELECT regroup_contacts(%(campaign)s);

-- Some of some groups: what is put in is the statement that locks due contacts of a campaign, once for each group, in this
-- order, until there are enough.
-- name: of_groups
SELECT due.contact_id, due.head, wanted.quota_group
FROM unnest(%(groups)s::text[], %(rooms)s::integer[]) AS wanted (quota_group, room)
CROSS JOIN LATERAL ({lock}) AS due
LIMIT %(limit)s;
