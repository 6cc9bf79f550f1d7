-- name: known
SELECT c.external_id, c.contact_id, c.state, p.e164, c.event_at, c.not_before, c.not_after, c.preferred::text AS preferred,
       c.priority
FROM contact c JOIN person p USING (person_id)
WHERE c.campaign = %(campaign)s AND c.external_id = ANY(%(ids)s);

-- name: cancel
UPDATE contact SET state = 'cancelled', due_at = 'infinity', replan = false, revision = revision + 1,
                   times_revision = revision + 1, feed_cancelled = false  -- no feed puts it back
WHERE campaign = %(campaign)s AND external_id = ANY(%(ids)s) AND (state <> 'cancelled' OR feed_cancelled);

-- One that is in a call stays so: the call's end says what follows. Who declined is not due again. What was decided by the old
-- times is no reason now. It begins again: at its first number, with all its retries.
-- name: reschedule
UPDATE contact c
SET event_at = i.event_at, not_before = i.not_before, not_after = i.not_after, due_at = i.due_at, point = i.point,
    urgency = c.priority * 10 + least(i.point, 9), replan = false, revision = c.revision + 1, times_revision = c.revision + 1,
    fields = CASE WHEN i.column_text IS NULL THEN c.fields ELSE c.fields || jsonb_build_object(%(column)s::text, i.column_text) END,
    state = CASE WHEN c.state = 'claimed' THEN c.state WHEN {declined} THEN 'done' ELSE 'pending' END,
    person_id = CASE WHEN c.state = 'claimed' THEN c.person_id ELSE coalesce(c.number_ids[1], c.person_id) END,
    number_place = CASE WHEN c.state = 'claimed' THEN c.number_place ELSE 1 END,
    round_outcome = CASE WHEN c.state = 'claimed' THEN c.round_outcome END, retries_used = {retries_begun},
    refused_by = CASE WHEN c.state = 'claimed' OR {declined} THEN c.refused_by END,
    last_decision_id = CASE WHEN c.state = 'claimed' OR {declined} THEN c.last_decision_id END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS i
    (external_id text, event_at timestamptz, not_before timestamptz, not_after timestamptz, due_at timestamptz, point smallint,
     column_text text)
WHERE c.campaign = %(campaign)s AND c.external_id = i.external_id
  AND c.state <> 'cancelled'
  AND (c.event_at, c.not_before, c.not_after) IS DISTINCT FROM (i.event_at, i.not_before, i.not_after);

-- A row of new times that is good again: the contact is no longer held by one that was not.
-- name: mend_times
UPDATE contact c
SET faulty_row = NULL, revision = c.revision + 1, due_at = CASE WHEN {mended} THEN 'epoch' ELSE c.due_at END,
    replan = c.replan OR {mended} AND c.event_at IS NOT NULL
WHERE c.campaign = %(campaign)s AND c.external_id = ANY(%(ids)s) AND c.faulty_row = 'times';

-- name: hold_times
UPDATE contact SET faulty_row = 'times', revision = revision + 1
WHERE campaign = %(campaign)s AND external_id = ANY(%(ids)s) AND faulty_row IS NULL AND state <> 'cancelled';

-- name: make_listed_table
-- The one of before is there in a transaction that has looked at the list already.
DROP TABLE IF EXISTS pg_temp.listed_id;
CREATE TEMPORARY TABLE listed_id (external_id text NOT NULL, good boolean NOT NULL) ON COMMIT DROP;

-- name: copy_listed
COPY listed_id (external_id, good) FROM STDIN;

-- name: drop_listed_table
DROP TABLE listed_id;

-- name: analyse_listed
-- By its index each contact is looked up in a long list, whatever the planner thinks of how many there are.
CREATE INDEX listed_id_external ON listed_id (external_id);
ANALYZE listed_id;

-- Who is to be called yet, and is not on the list in a row that is good.
-- name: count_missing
SELECT count(*)::bigint AS waiting,
       (count(*) FILTER (WHERE NOT EXISTS (SELECT FROM listed_id l WHERE l.external_id = c.external_id AND l.good)))::bigint AS missing
FROM contact c
WHERE c.campaign = %(campaign)s AND c.state IN ('pending', 'claimed') AND (%(feed)s::text IS NULL OR c.feed = %(feed)s);

-- Calls that a worker has noted and this database does not know, because it is older than they are: nobody knows how
-- they ended. One that was claimed only is here as not dialled; of a call that is not recent, that is how it ended.
-- name: cancel_called
WITH known AS (
    SELECT DISTINCT d.contact_id, d.number_hash
    FROM unnest(%(contacts)s::bigint[], %(hashes)s::bytea[], %(attempts)s::text[], %(recent)s::boolean[])
         AS d (contact_id, number_hash, attempt_id, recent)
    WHERE NOT EXISTS (SELECT FROM attempt a WHERE a.attempt_id = d.attempt_id
                      AND (a.dialled OR a.state = 'dialling' OR NOT d.recent))
)
UPDATE contact c SET state = 'cancelled', due_at = 'infinity', replan = false, revision = revision + 1,
                     times_revision = times_revision + 1, feed_cancelled = false
FROM known k JOIN person p ON p.number_hash = k.number_hash
WHERE c.contact_id = k.contact_id AND (c.person_id = p.person_id OR p.person_id = ANY(c.number_ids))
  AND c.state IN ('pending', 'claimed')
RETURNING c.campaign;

-- How many of these attempts there are not.
-- name: count_unknown_calls
SELECT count(*) FROM unnest(%(attempts)s::text[]) AS d (attempt_id)
WHERE NOT EXISTS (SELECT FROM attempt a WHERE a.attempt_id = d.attempt_id);

-- Those of such calls whose contact came after the backup: nothing here can be cancelled.
-- name: count_called_strangers
SELECT count(*) FROM (SELECT DISTINCT n.contact_id, n.number_hash
                      FROM unnest(%(contacts)s::bigint[], %(hashes)s::bytea[], %(recent)s::boolean[])
                           AS n (contact_id, number_hash, recent) WHERE n.recent) AS d
WHERE NOT EXISTS (
    SELECT FROM contact c JOIN person p ON p.number_hash = d.number_hash
    WHERE c.contact_id = d.contact_id AND (c.person_id = p.person_id OR p.person_id = ANY(c.number_ids)));

-- name: cancel_missing
UPDATE contact c SET state = 'cancelled', due_at = 'infinity', replan = false, revision = c.revision + 1,
                     times_revision = c.revision + 1, feed_cancelled = %(feed)s::text IS NOT NULL
WHERE c.campaign = %(campaign)s AND c.state <> 'cancelled' AND (%(feed)s::text IS NULL OR c.feed = %(feed)s)
  AND NOT EXISTS (SELECT FROM listed_id l WHERE l.external_id = c.external_id);
