-- Walks and details of lists (paging.sql) in the order in which they were entered, by their ids alone.

-- name: complaints
SELECT 'epoch'::timestamptz AS at, c.complaint_id AS id,
       (%(kind)s::text IS NULL OR c.kind = %(kind)s) AND (%(campaign)s::text IS NULL OR c.campaign = %(campaign)s)
       AND (%(state)s::text IS NULL
            OR coalesce((SELECT n.state FROM complaint_note n WHERE n.complaint_id = c.complaint_id
                         ORDER BY n.note_id DESC LIMIT 1), 'open') = %(state)s) AS hit,
       row_number() OVER (ORDER BY c.complaint_id DESC) AS place
FROM complaint c WHERE c.complaint_id < %(before_id)s::bigint
ORDER BY c.complaint_id DESC LIMIT %(walk)s

-- name: complaint
c.complaint_id, c.ref, c.kind, c.person_id, c.region, c.received_at, c.due_at, c.source, c.campaign, c.entered_by,
       c.recorded_at, c.erased_at,
       coalesce((SELECT n.state FROM complaint_note n WHERE n.complaint_id = c.complaint_id
                 ORDER BY n.note_id DESC LIMIT 1), 'open') AS state
FROM keys k LEFT JOIN complaint c ON c.complaint_id = k.id AND NOT k.is_cut

-- name: stops
SELECT 'epoch'::timestamptz AS at, s.suppression_id AS id,
       (%(via)s::text IS NULL OR s.via = %(via)s)
       AND s.recorded_at >= %(since)s::timestamptz AND s.recorded_at < %(until)s::timestamptz AS hit,
       row_number() OVER (ORDER BY s.suppression_id DESC) AS place
FROM suppression s WHERE s.suppression_id < %(before_id)s::bigint
ORDER BY s.suppression_id DESC LIMIT %(walk)s

-- name: stop
s.stop_id, s.person_id, s.at, s.reason, s.via, s.recorded_at
FROM keys k LEFT JOIN stop_of_person s ON s.stop_id = k.id AND NOT k.is_cut

-- name: withdrawals
SELECT 'epoch'::timestamptz AS at, r.revocation_id AS id,
       (%(via)s::text IS NULL OR r.via = %(via)s) AND (%(purpose)s::text IS NULL OR r.purpose = %(purpose)s)
       AND r.recorded_at >= %(since)s::timestamptz AND r.recorded_at < %(until)s::timestamptz AS hit,
       row_number() OVER (ORDER BY r.revocation_id DESC) AS place
FROM revocation r WHERE r.revocation_id < %(before_id)s::bigint
ORDER BY r.revocation_id DESC LIMIT %(walk)s

-- name: withdrawal
r.revocation_id AS withdrawal_id, r.person_id, r.purpose, r.at, r.reason, r.via, r.method, r.source, r.entered_by, r.recorded_at
FROM keys k LEFT JOIN revocation r ON r.revocation_id = k.id AND NOT k.is_cut

-- Those of the guard have an instant, in the order of an index.
-- name: screened_calls
SELECT g.at, g.call_id AS id,
       (%(action)s::text IS NULL OR g.action = %(action)s) AND (%(called)s::text IS NULL OR g.called = %(called)s) AS hit,
       row_number() OVER (ORDER BY g.at DESC, g.call_id DESC) AS place
FROM guard_call g
WHERE (g.at, g.call_id) < (%(before_at)s::timestamptz, %(before_id)s::text)
  AND g.at >= %(since)s::timestamptz
ORDER BY g.at DESC, g.call_id DESC LIMIT %(walk)s

-- name: screened_call
g.call_id, g.at, g.called, g.endpoint, g.action, g.decision, g.unjudged, g.challenge, g.answered, g.rang_s, g.talked_s,
       g.by_caller, g.reported_at, g.appealed_at
FROM keys k LEFT JOIN guard_call g ON g.call_id = k.id AND NOT k.is_cut
