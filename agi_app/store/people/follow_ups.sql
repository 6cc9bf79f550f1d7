-- It is all contacts of a campaign, however many.
-- name: settings
SELECT set_config('statement_timeout', '0', true), set_config('cursor_tuple_fraction', '1', true);

-- All contacts of a campaign, in their order, with all that decides whether somebody may be called once more. What somebody
-- said is asked of the person: of all their numbers, and of all contacts of the campaign that are theirs. `said_in_it` are
-- calls of this campaign. A wrong number is forgiven where somebody consented for it later.
-- name: former_contacts
WITH mine AS MATERIALIZED (
    SELECT c.contact_id, c.external_id, c.state, c.disposition, c.last_outcome, c.attempts_made, c.language, c.fields,
           c.number_ids, c.number_kinds, p.e164, coalesce(p.same_as, p.person_id) AS head
    FROM contact c JOIN person p ON p.person_id = c.person_id
    WHERE c.campaign = %(campaign)s
), stands AS (
    SELECT head, bool_or(state IN ('pending', 'claimed')) AS waiting,
           bool_or(state = 'pending' AND disposition = 'call_back') AS call_back
    FROM mine GROUP BY head
), said_in_it AS (
    SELECT coalesce(p.same_as, p.person_id) AS head, bool_or(a.state <> 'ended') AS in_call,
           bool_or(a.outcome = 'rejected' OR a.disposition = 'declined') AS declined,
           bool_or(a.disposition = 'opted_out') AS stopped, bool_or(a.disposition = 'wrong_number') AS wrong_person
    FROM attempt a JOIN person p ON p.person_id = a.person_id
    WHERE a.campaign = %(campaign)s
    GROUP BY 1
), stopped AS (
    SELECT DISTINCT coalesce(p.same_as, p.person_id) AS head FROM suppression s JOIN person p USING (number_hash)
), wrong AS (
    SELECT DISTINCT coalesce(p.same_as, p.person_id) AS head
    FROM revocation r JOIN person p ON p.person_id = r.person_id
    WHERE r.via = 'wrong number'
      AND NOT EXISTS (SELECT FROM consent k
                      WHERE k.person_id = r.person_id AND k.given_at > r.at AND k.erased_at IS NULL
                        AND NOT starts_with(k.recorded_by, 'feed '))
)
SELECT m.external_id, m.language, m.fields, m.disposition, m.last_outcome AS outcome, m.attempts_made AS attempts,
       coalesce(m.number_kinds, '{}') AS kinds,
       CASE WHEN m.number_ids IS NULL THEN ARRAY[m.e164]
            ELSE ARRAY(SELECT n.e164 FROM unnest(m.number_ids) WITH ORDINALITY AS u (person_id, place)
                       JOIN person n USING (person_id) ORDER BY u.place) END AS numbers,
       CASE WHEN %(answers)s THEN (
           SELECT jsonb_object_agg(e.key, e.value ORDER BY a.claimed_at, a.attempt_id)
           FROM attempt a CROSS JOIN LATERAL jsonb_each(a.answers) AS e
           WHERE a.contact_id = m.contact_id) END AS answers,
       m.external_id LIKE 'erased:%%' AS erased, m.state = 'cancelled' AS cancelled,
       (s.head IS NOT NULL OR coalesce(i.stopped, false) OR coalesce(m.disposition = 'opted_out', false)) AS stopped,
       (w.head IS NOT NULL OR coalesce(i.wrong_person, false)
        OR coalesce(m.disposition = 'wrong_number', false)) AS wrong_person,
       (coalesce(i.declined, false) OR coalesce(m.last_outcome = 'rejected', false)
        OR coalesce(m.disposition = 'declined', false)) AS declined,
       coalesce(t.call_back, false) AS call_back, (t.waiting OR coalesce(i.in_call, false)) AS waiting,
       EXISTS (SELECT FROM contact n WHERE n.campaign = %(into)s AND n.external_id = m.external_id) AS there
FROM mine m JOIN stands t USING (head)
LEFT JOIN said_in_it i USING (head) LEFT JOIN stopped s USING (head) LEFT JOIN wrong w USING (head)
ORDER BY m.contact_id;
