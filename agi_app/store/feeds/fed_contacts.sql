-- Asked inside an import of contacts, around the statements of people/contacts.sql, when a feed brings them. Whom somebody has
-- cancelled by hand stays so, whatever the feed says; whom the feed has cancelled, the feed may put back.
-- name: say_which
SELECT set_config('agi_app.feed', %(feed)s, true);

-- name: before
WITH taken AS (
    UPDATE contact c
    SET feed = %(feed)s,
        feed_cancelled = CASE WHEN c.state = 'cancelled' THEN c.feed_cancelled ELSE coalesce(i.cancelled, false) END
    FROM import_row i
    WHERE c.campaign = %(campaign)s AND c.external_id = i.external_id
      AND (c.feed IS DISTINCT FROM %(feed)s OR c.state <> 'cancelled' AND c.feed_cancelled <> coalesce(i.cancelled, false))
)
UPDATE import_row i SET cancelled = NULL
FROM contact c
WHERE c.campaign = %(campaign)s AND c.external_id = i.external_id AND c.state = 'cancelled' AND NOT c.feed_cancelled
  AND i.cancelled IS FALSE;

-- name: after
UPDATE contact c SET feed_cancelled = false
FROM import_row i
WHERE c.campaign = %(campaign)s AND c.external_id = i.external_id AND c.feed_cancelled AND c.state <> 'cancelled';

-- name: note_persons
INSERT INTO feed_person AS f (feed, person_id, at)
SELECT DISTINCT %(feed)s, p.person_id, %(now)s::timestamptz
FROM import_row i CROSS JOIN LATERAL unnest(coalesce(i.numbers, ARRAY[i.e164])) AS n (e164) JOIN person p ON p.e164 = n.e164
ON CONFLICT (feed, person_id) DO UPDATE SET at = excluded.at WHERE f.at < excluded.at - interval '1 day';

-- name: numbers
SELECT ltrim(p.e164, '+')::bigint AS number
FROM feed_person f JOIN person p USING (person_id)
WHERE f.feed = %(feed)s AND f.at > %(since)s AND p.e164 LIKE '+%%';

-- name: forget_persons
DELETE FROM feed_person WHERE at < %(before)s;

-- name: of_campaign
SELECT name FROM feed WHERE campaign = %(campaign)s AND state IN ('started', 'paused');

-- Of the ids of all coming appointments, those of which the feed has brought no contact.
-- name: count_unknown
SELECT count(*) AS number FROM listed_id l
WHERE NOT EXISTS (SELECT FROM contact c WHERE c.campaign = %(campaign)s AND c.external_id = l.external_id);

-- What a feed took away and brought in 30 days: contacts that were cancelled because they were missing, of all that it had.
-- name: month
SELECT coalesce(sum((r.result ->> 'gone')::bigint), 0)::bigint AS gone,
       coalesce(sum((r.result ->> 'added')::bigint), 0)::bigint
       + coalesce((SELECT (f.result ->> 'waiting')::bigint FROM feed_run f
                   WHERE f.feed = %(feed)s AND f.what = 'run' AND f.state = 'done' AND f.as_of > %(since)s
                   ORDER BY f.run_id LIMIT 1), 0)::bigint AS had
FROM feed_run r WHERE r.feed = %(feed)s AND r.what = 'run' AND r.state = 'done' AND r.as_of > %(since)s;
