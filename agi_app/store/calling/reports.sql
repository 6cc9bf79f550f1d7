-- All rows are read, however long the first ones take.
-- name: read_all
SET LOCAL cursor_tuple_fraction = 1.0;

-- name: attempts
SELECT a.attempt_id, c.external_id, a.person_id, a.number_place,
       kind_of_number(c.number_ids, c.number_kinds, c.person_id, coalesce(a.number_id, a.person_id)) AS number_kind, a.trunk, a.caller_id, a.rules_at, a.marked_at, a.ringing_at,
       a.answered_at, a.ended_at, a.state, a.outcome, a.cause, a.tech_cause, a.disposition, a.answers, a.counts, a.note,
       ARRAY(SELECT r.recording_id FROM recording r WHERE r.attempt_id = a.attempt_id AND r.sha256 IS NOT NULL
             ORDER BY r.recording_id) AS recordings
FROM attempt a JOIN contact c ON c.contact_id = a.contact_id
WHERE a.campaign = %(campaign)s AND a.dialled
ORDER BY a.marked_at;

-- name: contacts
SELECT c.external_id, c.person_id, c.language, c.state, c.attempts_made, c.last_outcome, c.disposition,
       nullif(c.due_at, 'infinity') AS due_at, coalesce(d.reasons, '[]') AS reasons, d.decided_at, d.ruleset_version,
       talk.number_place AS reached_place,
       kind_of_number(c.number_ids, c.number_kinds, c.person_id, talk.number_id) AS reached_kind,
       coalesce(said.answers, '{}') AS answers
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id AND NOT d.allowed
LEFT JOIN LATERAL (SELECT a.number_place, coalesce(a.number_id, a.person_id) AS number_id FROM attempt a
                   WHERE a.contact_id = c.contact_id AND a.dialled AND a.outcome IN ('human', 'answered')
                   ORDER BY a.marked_at DESC LIMIT 1) AS talk ON c.attempts_made > 0
LEFT JOIN LATERAL (SELECT jsonb_object_agg(one.key, one.value ORDER BY a.marked_at) AS answers  -- of one name the last
                   FROM attempt a, jsonb_each(a.answers) AS one
                   WHERE a.contact_id = c.contact_id AND a.dialled) AS said ON c.attempts_made > 0
WHERE c.campaign = %(campaign)s
ORDER BY c.contact_id LIMIT %(most)s;

-- name: answer_names
SELECT DISTINCT one.key AS name FROM attempt a, jsonb_each(a.answers) AS one
WHERE a.campaign = %(campaign)s AND a.dialled ORDER BY one.key;

-- Contacts that may be called now, at most 10,000 of them counted; and when the next one may be, as far as the next 1,000 tell:
-- who was refused until somebody mends something is due at their end, and not to be called.
-- name: waiting
SELECT (SELECT count(*) FROM (SELECT FROM contact WHERE campaign = %(campaign)s AND state = 'pending' AND due_at <= %(now)s
                              LIMIT 10000) AS d)::integer AS due_now,
       (SELECT min(c.due_at) FILTER (WHERE NOT ({parked_c}))
        FROM (SELECT due_at, refused_by, not_after, event_at, campaign FROM contact
              WHERE campaign = %(campaign)s AND state = 'pending' AND due_at > %(now)s AND due_at < 'infinity'
              ORDER BY due_at, contact_id LIMIT 1000) AS c) AS next_due,
       (SELECT count(*) FROM contact WHERE campaign = %(campaign)s AND unapproved
                                           AND state IN ('pending', 'claimed'))::integer AS unapproved,
       (SELECT count(*) FROM contact WHERE campaign = %(campaign)s AND faulty_row IS NOT NULL
                                           AND state IN ('pending', 'claimed'))::integer AS rows_rejected;

-- By rule: how many of those whom it refused last may be called again by now, and when the next one may be; as far as the
-- next 1,000 of either tell: each is a row anywhere in the table.
-- name: held_again
SELECT rule AS name, (count(*) FILTER (WHERE due_at <= %(now)s))::integer AS due,
       min(due_at) FILTER (WHERE due_at > %(now)s AND NOT ({parked_c})) AS until
FROM (
    (SELECT due_at, refused_by, not_after, event_at, campaign FROM contact WHERE campaign = %(campaign)s AND state = 'pending' AND due_at <= %(now)s
     ORDER BY due_at, contact_id LIMIT 1000)
    UNION ALL
    (SELECT due_at, refused_by, not_after, event_at, campaign FROM contact WHERE campaign = %(campaign)s AND state = 'pending' AND due_at > %(now)s
                                                 AND due_at < 'infinity'
     ORDER BY due_at, contact_id LIMIT 1000)
) AS c, unnest(c.refused_by) AS rule
GROUP BY rule;

-- name: open_attempts
SELECT count(*)::integer AS open, (count(*) FILTER (WHERE dialled))::integer AS dialling
FROM attempt WHERE campaign = %(campaign)s AND state <> 'ended';
