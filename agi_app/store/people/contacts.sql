-- name: make_import_table
CREATE TEMPORARY TABLE import_row (
    place integer NOT NULL, external_id text NOT NULL, e164 text NOT NULL, number_hash bytea NOT NULL, region text NOT NULL,
    zones text[] NOT NULL, language text, fields jsonb NOT NULL, person_key text, event_at timestamptz, not_before timestamptz,
    not_after timestamptz, preferred jsonb, priority smallint NOT NULL, cancelled boolean, due_at timestamptz NOT NULL,
    point smallint NOT NULL, urgency smallint NOT NULL, numbers text[], kinds text[],
    number_ids bigint[], held boolean NOT NULL DEFAULT false
) ON COMMIT DROP;

-- All numbers of rows that have several, with one key a row.
-- name: make_number_table
CREATE TEMPORARY TABLE import_number (
    person_key text NOT NULL, e164 text NOT NULL, number_hash bytea NOT NULL, region text NOT NULL, zones text[] NOT NULL
) ON COMMIT DROP;

-- name: copy_numbers
COPY import_number (person_key, e164, number_hash, region, zones) FROM STDIN (FORMAT BINARY);

-- name: add_other_persons
INSERT INTO person (e164, number_hash, region, zones)
SELECT DISTINCT ON (e164) e164, number_hash, region, zones FROM import_number ORDER BY e164
ON CONFLICT DO NOTHING;

-- Numbers of more contacts than one person can have: a switchboard, a school, a clerk's own. Nobody is joined by them.
-- name: hold_shared
WITH shared AS (
    SELECT n.e164 FROM (
        SELECT i.e164, i.person_key FROM import_number i
        UNION
        SELECT p.e164, coalesce(p.person_key, c.campaign || ' ' || c.external_id)
        FROM person p CROSS JOIN LATERAL group_of(head_of(p.person_id)) AS m JOIN contact c ON c.person_id = m
        WHERE p.e164 IN (SELECT e164 FROM import_number) AND p.person_id = ANY(c.number_ids)) AS n
    GROUP BY n.e164 HAVING count(*) > %(most)s
), held AS (
    UPDATE import_row i SET held = true WHERE i.numbers && ARRAY(SELECT e164 FROM shared) RETURNING i.external_id
), unjoined AS (
    DELETE FROM import_number WHERE e164 IN (SELECT e164 FROM shared)
)
SELECT external_id FROM held;

-- name: copy_rows
COPY import_row (place, external_id, e164, number_hash, region, zones, language, fields, person_key, event_at, not_before,
                 not_after, preferred, priority, cancelled, due_at, point, urgency, numbers, kinds)
FROM STDIN (FORMAT BINARY);

-- name: no_time_limit
SET LOCAL statement_timeout = 0;

-- name: find_numbers
UPDATE import_row i
SET number_ids = (SELECT array_agg(p.person_id ORDER BY n.place)
                  FROM unnest(i.numbers) WITH ORDINALITY AS n (e164, place) JOIN person p ON p.e164 = n.e164)
WHERE i.numbers IS NOT NULL;

-- name: analyse_import
ANALYZE import_row;

-- In the order of the numbers, so that two imports at once cannot wait for each other.
-- name: add_persons
INSERT INTO person (e164, number_hash, region, zones)
SELECT DISTINCT ON (e164) e164, number_hash, region, zones FROM import_row ORDER BY e164
ON CONFLICT DO NOTHING;

-- Only rows that really changed are touched. What was already tried, decided or suppressed stays; a parked contact is
-- decided again, since its new columns may have mended the reason. One whose time changed is due by its new times, also
-- when it was reached before, but not when the person declined. Of one in a call its end says what follows. A good row ends
-- what a rejected one held, unless the same part of the list has one of each. With other times or numbers it begins again at its
-- first number, and with other times its retries begin again.
-- name: update_contacts
UPDATE contact c
SET person_id = CASE WHEN {begins_again} THEN p.person_id ELSE c.person_id END,
    number_place = CASE WHEN {begins_again} THEN 1 ELSE c.number_place END,
    round_outcome = CASE WHEN {begins_again} THEN NULL ELSE c.round_outcome END,
    retries_used = CASE WHEN {moved} OR {put_back} THEN {retries_begun} ELSE c.retries_used END,
    number_ids = i.number_ids, number_kinds = i.kinds, held = i.held,
    language = i.language, fields = i.fields, event_at = i.event_at, not_before = i.not_before,
    not_after = i.not_after, preferred = i.preferred, priority = i.priority, faulty_row = {faulty_now},
    revision = c.revision + 1,
    times_revision = CASE WHEN {moved} OR {put_back} OR i.cancelled THEN c.revision + 1 ELSE c.times_revision END,
    state = CASE WHEN i.cancelled THEN 'cancelled'
                 WHEN c.state = 'claimed' THEN c.state
                 WHEN ({moved} OR {put_back}) AND NOT {declined} THEN 'pending'
                 WHEN c.state = 'cancelled' AND NOT i.cancelled THEN 'done'
                 ELSE c.state END,
    due_at = CASE WHEN {moved} OR {put_back} THEN i.due_at
                  WHEN {mended} OR {parked_c} AND c.due_at > %(now)s AND c.state = 'pending' THEN %(now)s ELSE c.due_at END,
    point = CASE WHEN {moved} OR {put_back} THEN i.point ELSE c.point END,
    urgency = CASE WHEN {moved} OR {put_back} THEN i.urgency ELSE i.priority * 10 + least(c.point, 9) END,
    replan = (c.replan OR ({mended} OR {parked_c} AND c.state = 'pending') AND c.event_at IS NOT NULL) AND NOT ({moved} OR {put_back}),
    -- What was decided by the old times is no reason now.
    refused_by = CASE WHEN c.state = 'claimed' OR {declined} OR NOT ({moved} OR {put_back}) THEN c.refused_by END,
    last_decision_id = CASE WHEN c.state = 'claimed' OR {declined} OR NOT ({moved} OR {put_back}) THEN c.last_decision_id END
FROM import_row i JOIN person p ON p.e164 = i.e164
WHERE c.campaign = %(campaign)s AND c.external_id = i.external_id
  AND ((coalesce(c.number_ids, ARRAY[c.person_id]), c.number_kinds, c.held, c.language, c.fields, c.event_at, c.not_before,
        c.not_after, c.preferred, c.priority)
       IS DISTINCT FROM (coalesce(i.number_ids, ARRAY[p.person_id]), i.kinds, i.held, i.language, i.fields, i.event_at,
                         i.not_before, i.not_after, i.preferred, i.priority)
       OR i.cancelled <> (c.state = 'cancelled') OR c.faulty_row IS DISTINCT FROM {faulty_now});

-- Contacts whose rows were rejected are held, from this transaction on: no mark is given on older facts. How many of those wait.
-- Before its first contact is stored or changed: whoever lets contacts of the campaign in waits here, and holds no other lock on one.
-- name: lock_room
SELECT lock_room(%(campaign)s);

-- name: hold_rejected
WITH held AS (
    UPDATE contact SET faulty_row = 'list', revision = revision + 1
    WHERE campaign = %(campaign)s AND external_id = ANY(%(rejected)s) AND faulty_row IS DISTINCT FROM 'list'
)
SELECT count(*) AS number FROM contact
WHERE campaign = %(campaign)s AND external_id = ANY(%(rejected)s) AND state IN ('pending', 'claimed');

-- name: add_contacts
INSERT INTO contact (campaign, external_id, person_id, number_ids, number_kinds, held, language, fields, event_at, not_before,
                     not_after, preferred, priority, state, due_at, point, urgency, feed, feed_cancelled)
SELECT %(campaign)s, i.external_id, p.person_id, i.number_ids, i.kinds, i.held, i.language, i.fields, i.event_at, i.not_before, i.not_after, i.preferred,
       i.priority, CASE WHEN i.cancelled THEN 'cancelled' ELSE 'pending' END, i.due_at, i.point, i.urgency,
       %(feed)s::text, %(feed)s::text IS NOT NULL AND i.cancelled IS TRUE
FROM import_row i JOIN person p ON p.e164 = i.e164
ORDER BY i.place  -- contacts are called in the order of the file
ON CONFLICT (campaign, external_id) DO NOTHING;

-- A list may be stored in several parts within one transaction.
-- name: drop_import_table
DROP TABLE import_row;
DROP TABLE IF EXISTS import_number;

-- name: analyse_contacts
ANALYZE contact, person;

-- Begins an import, or takes the campaign's unfinished one over when it is of the same file. Waits for a batch
-- that a killed process left on its way.
-- name: begin_import
INSERT INTO contact_import AS old (campaign, fingerprint, run)
SELECT name, %(fingerprint)s, %(run)s FROM campaign WHERE name = %(campaign)s
ON CONFLICT (campaign) DO UPDATE
SET fingerprint = excluded.fingerprint, run = excluded.run,
    rows_done = CASE WHEN old.fingerprint = excluded.fingerprint THEN old.rows_done ELSE 0 END,
    added = CASE WHEN old.fingerprint = excluded.fingerprint THEN old.added ELSE 0 END,
    updated = CASE WHEN old.fingerprint = excluded.fingerprint THEN old.updated ELSE 0 END,
    unchanged = CASE WHEN old.fingerprint = excluded.fingerprint THEN old.unchanged ELSE 0 END,
    held = CASE WHEN old.fingerprint = excluded.fingerprint THEN old.held ELSE 0 END,
    began_at = CASE WHEN old.fingerprint = excluded.fingerprint THEN old.began_at ELSE clock_timestamp() END
RETURNING rows_done, added, updated, unchanged, held, began_at;

-- name: move_import_on
UPDATE contact_import
SET rows_done = %(rows_done)s, added = added + %(added)s, updated = updated + %(updated)s,
    unchanged = unchanged + %(unchanged)s, held = held + %(held)s
WHERE campaign = %(campaign)s AND run = %(run)s;

-- Waits for a transaction that is moving it on.
-- name: rows_done
SELECT rows_done FROM contact_import WHERE campaign = %(campaign)s AND run = %(run)s FOR SHARE;

-- name: end_import
DELETE FROM contact_import WHERE campaign = %(campaign)s AND run = %(run)s;

-- name: numbers_of_contacts
SELECT ltrim(p.e164, '+')::bigint AS number
FROM contact c JOIN person p ON p.person_id = c.person_id
WHERE c.campaign = %(campaign)s AND c.number_ids IS NULL AND p.e164 LIKE '+%%'
UNION ALL
SELECT ltrim(p.e164, '+')::bigint
FROM contact c CROSS JOIN LATERAL unnest(c.number_ids) AS m JOIN person p ON p.person_id = m
WHERE c.campaign = %(campaign)s AND c.number_ids IS NOT NULL AND p.e164 LIKE '+%%';

-- name: make_listed_table
CREATE TEMPORARY TABLE listed (e164 text NOT NULL, in_block boolean NOT NULL) ON COMMIT DROP;

-- name: copy_listed
COPY listed (e164, in_block) FROM STDIN;

-- name: drop_listed
DROP TABLE listed;

-- name: analyse_listed
ANALYZE listed;

-- Those with a consent whose reference, or whose file, belongs to no other number. What a feed has brought does not count: the
-- numbers and their evidence would come from one hand.
-- name: drop_with_own_evidence
DELETE FROM listed l
WHERE EXISTS (
    SELECT FROM person p JOIN consent c ON c.person_id = p.person_id
    WHERE p.e164 = l.e164 AND c.erased_at IS NULL AND NOT starts_with(c.recorded_by, 'feed ')
      AND (evidence_key(c.evidence) IS NOT NULL
           AND NOT EXISTS (SELECT FROM consent o
                           WHERE evidence_key(o.evidence) = evidence_key(c.evidence) AND o.person_id <> c.person_id)
        OR c.evidence_sha256 IS NOT NULL
           AND NOT EXISTS (SELECT FROM consent o
                           WHERE o.evidence_sha256 = c.evidence_sha256 AND o.person_id <> c.person_id)));

-- name: left_of_listed
SELECT count(*)::integer AS numbers, (count(*) FILTER (WHERE l.in_block))::integer AS in_block FROM listed l;

-- name: numbers_left
SELECT ltrim(e164, '+')::bigint AS number FROM listed;

-- name: by_index
SET LOCAL enable_seqscan = off;

-- What the installation has come to know in 30 days (real time), for any campaign, of the stretches around a list's numbers.
-- name: numbers_of_month
SELECT n.number
FROM unnest(%(firsts)s::text[], %(lasts)s::text[]) AS b (first, last)
CROSS JOIN LATERAL (
    SELECT ltrim(p.e164, '+')::bigint AS number FROM person p
    WHERE p.e164 BETWEEN b.first AND b.last AND p.created_at > clock_timestamp() - interval '30 days'
      AND (EXISTS (SELECT FROM contact c WHERE c.person_id = p.person_id)
           OR EXISTS (SELECT FROM person o WHERE o.same_as = coalesce(p.same_as, p.person_id)))
    ORDER BY p.e164
    OFFSET 0) AS n;

-- The same of all numbers, which is faster than many stretches.
-- name: all_numbers_of_month
SELECT ltrim(p.e164, '+')::bigint AS number
FROM person p
WHERE p.e164 LIKE '+%%' AND p.created_at > clock_timestamp() - interval '30 days'
  AND (EXISTS (SELECT FROM contact c WHERE c.person_id = p.person_id)
       OR EXISTS (SELECT FROM person o WHERE o.same_as = coalesce(p.same_as, p.person_id)));
