-- name: person
SELECT person_id FROM person WHERE e164 = %(number)s;

-- name: add
INSERT INTO complaint (ref, kind, person_id, region, received_at, due_at, ruleset_version, source, campaign, text, details,
                       evidence_sha256, evidence_file, entered_by)
VALUES (%(ref)s, %(kind)s, %(person_id)s, %(region)s, %(received_at)s, %(due_at)s, %(ruleset_version)s, %(source)s,
        %(campaign)s, %(text)s, %(details)s::jsonb, %(evidence_sha256)s, %(evidence_file)s, %(entered_by)s)
ON CONFLICT (ref) DO NOTHING;

-- name: id_of
SELECT complaint_id FROM complaint WHERE ref = %(ref)s;

-- name: lock
SELECT complaint_id FROM complaint WHERE complaint_id = %(complaint_id)s FOR NO KEY UPDATE;

-- name: add_note
INSERT INTO complaint_note (complaint_id, at, state, text, entered_by)
VALUES (%(complaint_id)s, %(at)s, coalesce(%(state)s, (
            SELECT state FROM complaint_note WHERE complaint_id = %(complaint_id)s ORDER BY note_id DESC LIMIT 1), 'open'),
        %(text)s, %(entered_by)s)
RETURNING state;

-- The number is masked, and null when the person was erased.
-- name: cases
SELECT c.complaint_id, c.kind, c.person_id, p.number, c.region, c.received_at, c.due_at, c.source, c.campaign, c.text, c.details,
       c.evidence_sha256, c.evidence_file, c.entered_by, c.recorded_at, c.erased_at, c.ruleset_version,
       coalesce(last.state, 'open') AS state
FROM complaint c JOIN person_masked p USING (person_id)
LEFT JOIN LATERAL (SELECT state FROM complaint_note WHERE complaint_id = c.complaint_id
                   ORDER BY note_id DESC LIMIT 1) last ON true
WHERE (%(complaint_id)s::bigint IS NULL OR c.complaint_id = %(complaint_id)s)
  AND (%(state)s::text IS NULL OR coalesce(last.state, 'open') = %(state)s)
ORDER BY c.due_at NULLS LAST, c.complaint_id;

-- name: number_of
SELECT e164 FROM person WHERE person_id = %(person_id)s;

-- name: notes_of
SELECT at, state, text, entered_by, recorded_at FROM complaint_note
WHERE complaint_id = %(complaint_id)s ORDER BY note_id;

-- name: recordings_of
SELECT r.recording_id, r.attempt_id, a.person_id, ct.external_id, r.name, r.kind, r.seconds, r.sha256, a.ended_at
FROM recording r JOIN attempt a USING (attempt_id) JOIN contact ct USING (contact_id)
JOIN person p ON p.e164 = %(number)s
WHERE a.person_id IN (SELECT group_of(head_of(p.person_id)))
ORDER BY a.ended_at, r.recording_id;

-- name: erase_case
UPDATE complaint SET text = '', details = '{}', evidence_sha256 = NULL, evidence_file = NULL, erased_at = clock_timestamp()
WHERE person_id = %(person_id)s AND erased_at IS NULL
RETURNING complaint_id AS id;

-- name: erase_note
UPDATE complaint_note SET text = '', erased_at = clock_timestamp()
WHERE complaint_id IN (SELECT complaint_id FROM complaint WHERE person_id = %(person_id)s) AND erased_at IS NULL
RETURNING note_id AS id;
