-- name: of_campaign
SELECT kind, name, sum(number)::bigint AS number
FROM (SELECT kind, name, number FROM campaign_tally WHERE campaign = %(campaign)s
      UNION ALL SELECT kind, name, number FROM campaign_tally_change WHERE campaign = %(campaign)s) AS t
GROUP BY kind, name HAVING sum(number) <> 0
ORDER BY number DESC, name;

-- One worker at a time; who finds another one at it leaves it the work.
-- name: fold
WITH taken AS (
    DELETE FROM campaign_tally_change
    WHERE pg_try_advisory_xact_lock(hashtextextended('agi-app tally', 0)) RETURNING campaign, kind, name, number
), folded AS (
    INSERT INTO campaign_tally AS t (campaign, kind, name, number)
    SELECT campaign, kind, name, sum(number) FROM taken GROUP BY campaign, kind, name HAVING sum(number) <> 0
    ON CONFLICT (campaign, kind, name) DO UPDATE SET number = t.number + excluded.number
    RETURNING t.kind, t.number
)
SELECT count(*)::integer AS changed, coalesce(bool_or(number = 0 AND kind LIKE 'group_%%'), false) AS emptied FROM folded;

-- What a person's column says is not kept once nobody counts for it: the name of an empty group.
-- name: forget_groups
DELETE FROM campaign_tally WHERE number = 0 AND kind LIKE 'group_%%';

-- name: no_time_limit
SET LOCAL statement_timeout = 0;

-- In one snapshot, beside calls that go on: both sides see the same rows. A correction is a change like any other, so it is
-- right whatever was written meanwhile.
-- name: recount
WITH wrong AS MATERIALIZED (
    SELECT campaign, kind, name, coalesce(kept, 0) AS kept, coalesce(counted, 0) AS counted
    FROM (SELECT campaign, kind, name, sum(number)::bigint AS kept
          FROM (SELECT * FROM campaign_tally UNION ALL SELECT * FROM campaign_tally_change) AS t
          GROUP BY campaign, kind, name) AS k
    FULL JOIN (SELECT campaign, kind, name, number AS counted FROM campaign_recount) AS r USING (campaign, kind, name)
    WHERE coalesce(kept, 0) <> coalesce(counted, 0)
), corrected AS (
    INSERT INTO campaign_tally_change (campaign, kind, name, number)
    SELECT campaign, kind, name, counted - kept FROM wrong WHERE %(correct)s
)
SELECT campaign, kind, name, kept, counted FROM wrong ORDER BY campaign, kind, name;
