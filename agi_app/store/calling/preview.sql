-- One snapshot for the whole preview.
-- name: begin
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- After the claim's `begin`, which sets the planner up for few rows: here it is all rows.
-- name: settings
SELECT set_config('statement_timeout', '0', true), set_config('cursor_tuple_fraction', '1', true),
       set_config('work_mem', '64MB', true), set_config('plan_cache_mode', 'auto', true),
       set_config('enable_seqscan', 'on', true), set_config('enable_bitmapscan', 'on', true),
       set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true);

-- name: waiting
SELECT count(*) AS contacts FROM contact WHERE campaign = %(campaign)s AND state = 'pending';

-- The columns of some of its contacts: those of one file have the same.
-- name: columns
SELECT DISTINCT jsonb_object_keys(few.fields) AS name
FROM (SELECT fields FROM contact WHERE campaign = %(campaign)s AND state = 'pending' LIMIT 1000) AS few;

-- Contacts whose facts are equal for every rule, some a row. What makes facts of two people equal though their
-- times differ: a consent that has begun is as good as any other that has; one that has expired, or a stop, is
-- told by its day alone; an expiry after the end of what is looked at is none, if the consent has begun. Whoever withdrew something, and
-- every call of the last 31 days, is taken as it is, since there the order of the times counts.
-- name: classes
WITH stopped AS (
    SELECT coalesce(m.same_as, m.person_id) AS head, min(s.at) AS at
    FROM suppression s JOIN person m ON m.number_hash = s.number_hash GROUP BY 1
), withdrew AS (
    SELECT coalesce(m.same_as, m.person_id) AS head, array_agg(r.revocation_id) AS revocations
    FROM revocation r JOIN person m ON m.person_id = r.person_id GROUP BY 1
), past AS (
    SELECT coalesce(m.same_as, m.person_id) AS head,
           bool_or({call_is_on}) AS busy,
           string_agg(a.rules_at || '|' || coalesce(a.outcome, ''), ';' ORDER BY a.rules_at, a.attempt_id)
               FILTER (WHERE a.counts AND a.rules_at > %(now)s - interval '31 days') AS calls
    FROM attempt a JOIN person m ON m.person_id = a.person_id GROUP BY 1
), given AS (
    SELECT k.person_id, string_agg(DISTINCT concat_ws(
               '|', k.purpose,
               CASE WHEN w.head IS NOT NULL OR k.given_at > %(now)s THEN k.given_at::text ELSE '' END,
               CASE WHEN k.expires_at IS NULL OR k.expires_at > %(until)s AND k.given_at <= %(now)s THEN ''
                    WHEN w.head IS NOT NULL OR k.expires_at > %(now)s THEN k.expires_at::text
                    ELSE date_trunc('day', k.expires_at)::text END,
               CASE WHEN w.head IS NOT NULL THEN coalesce(
                   (SELECT r.at || CASE r.via WHEN 'wrong number' THEN '#' ELSE '' END FROM revocation r
                    WHERE r.revocation_id = ANY(w.revocations) AND (r.purpose IS NULL OR r.purpose = k.purpose)
                      AND {ends_k} AND binds(r.via, r.person_id, k.person_id)
                    ORDER BY r.at, r.revocation_id LIMIT 1), '') ELSE '' END), ';') AS consents
    FROM consent k JOIN person p ON p.person_id = k.person_id
    LEFT JOIN withdrew w ON w.head = coalesce(p.same_as, p.person_id)
    WHERE k.person_id IN (SELECT person_id FROM contact WHERE campaign = %(campaign)s AND state = 'pending')
      AND k.erased_at IS NULL
    GROUP BY k.person_id
), waiting AS (
    SELECT CASE WHEN c.due_at > %(now)s AND c.due_at < 'infinity' THEN c.due_at END AS due,
           coalesce(p.caller_id_seen, h.caller_id_seen) AS caller_id_seen, date_trunc('day', s.at) AS suppressed_at,
           coalesce(g.consents, '') AS consents, coalesce(a.calls, '') AS calls, coalesce(a.busy, false) AS busy,
           ARRAY(SELECT e.list_id FROM external_list_entry e WHERE e.number_hash = p.number_hash ORDER BY 1) AS lists,
           CASE WHEN cardinality(%(filled)s::text[]) + cardinality(%(values)s::text[]) > 0 THEN c.language END AS language,
           (SELECT jsonb_object_agg(name, CASE WHEN name = ANY(%(values)s::text[]) THEN c.fields ->> name ELSE '-' END)
            FROM unnest(%(filled)s::text[] || %(values)s::text[]) AS name WHERE btrim(c.fields ->> name) <> '') AS said,
           c.event_at, c.not_before, c.not_after, c.preferred, c.held,
           c.faulty_row IS NOT NULL AS row_rejected, c.unapproved, c.contact_id / %(slice)s AS slice, p.e164
    FROM contact c
    JOIN person p ON p.person_id = c.person_id
    LEFT JOIN person h ON h.person_id = p.same_as
    LEFT JOIN stopped s ON s.head = coalesce(p.same_as, p.person_id)
    LEFT JOIN past a ON a.head = coalesce(p.same_as, p.person_id)
    LEFT JOIN given g ON g.person_id = p.person_id
    WHERE c.campaign = %(campaign)s AND c.state = 'pending'
)
SELECT due, caller_id_seen, suppressed_at, consents, calls, busy, lists, language, said::text AS said,
       event_at, not_before, not_after, preferred::text AS preferred, held, row_rejected, unapproved,
       string_agg(e164, ',') AS numbers
FROM waiting
GROUP BY due, caller_id_seen, suppressed_at, consents, calls, busy, lists, language, said, event_at, not_before, not_after,
         preferred, held, row_rejected, unapproved, slice;

-- name: list_names
SELECT list_id, name FROM external_list;

-- Whose a number is, for examples.
-- name: names
SELECT p.e164, array_agg(c.external_id ORDER BY c.external_id) AS names,
       array_agg(c.contact_id ORDER BY c.external_id) AS contacts
FROM contact c JOIN person p ON p.person_id = c.person_id
WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND p.e164 = ANY(%(numbers)s)
GROUP BY p.e164;

-- How the campaign's calls ended so far, and how long those that were answered took.
-- name: experience
SELECT outcome, count(*) AS calls, (avg(extract(epoch FROM ended_at - marked_at)))::float8 AS seconds
FROM attempt
WHERE campaign = %(campaign)s AND dialled AND state = 'ended' AND outcome IS NOT NULL
GROUP BY outcome;

-- Persons with several waiting contacts of the campaign that have an end: those who had no call yet, with the calls that count for their caps.
-- name: several_contacts
SELECT jsonb_agg(jsonb_build_object('external_id', w.external_id, 'due_at', w.due_at, 'event_at', w.event_at,
                                    'not_before', w.not_before, 'not_after', w.not_after)
                 ORDER BY w.contact_id) FILTER (WHERE w.tries = 0)::text AS contacts,
       CASE WHEN count(DISTINCT coalesce(w.preferred, 'null'::jsonb)) = 1 THEN min(w.preferred::text) END AS preferred,
       min(w.e164) AS number,
       ARRAY(SELECT a.rules_at FROM attempt a WHERE a.person_id IN (SELECT group_of(w.head)) AND a.counts
             AND a.rules_at > %(now)s - interval '31 days') AS calls
FROM (SELECT c.*, p.e164, coalesce(p.same_as, p.person_id) AS head
      FROM contact c JOIN person p ON p.person_id = c.person_id
      WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND c.due_at < 'infinity' AND NOT c.held
        AND (%(ends)s OR c.event_at IS NOT NULL OR c.not_after IS NOT NULL)) AS w
GROUP BY w.head HAVING count(*) > 1 AND min(w.tries) = 0
LIMIT %(limit)s;
