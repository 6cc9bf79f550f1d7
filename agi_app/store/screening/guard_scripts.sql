-- name: put
INSERT INTO guard_script (name, text, learned, heard_at, entered_by)
VALUES (%(name)s, %(text)s, false, %(at)s, %(entered_by)s)
ON CONFLICT (name) DO UPDATE
SET text = excluded.text, learned = false, heard_at = excluded.heard_at, entered_by = excluded.entered_by
RETURNING script_id;

-- A script that was learned is named after the transcript that it is of.
-- name: learn
INSERT INTO guard_script (name, text, learned, caller_id, heard_at, entered_by)
SELECT 'heard-' || transcript_id, text, true, caller_id, at, %(entered_by)s
FROM guard_transcript WHERE transcript_id = %(transcript_id)s AND script_id IS NULL
ON CONFLICT DO NOTHING
RETURNING script_id, name, text;

-- name: remove
DELETE FROM guard_script WHERE name = %(name)s;

-- name: scripts
SELECT s.script_id, s.name, s.text, s.learned, s.heard_at, s.entered_by,
       (SELECT count(*) FROM guard_transcript t WHERE t.script_id = s.script_id) AS calls,
       (SELECT count(DISTINCT t.caller_id) FROM guard_transcript t WHERE t.script_id = s.script_id) AS callers
FROM guard_script s ORDER BY s.name;

-- name: book
SELECT script_id, name, text FROM guard_script ORDER BY script_id;

-- name: see_caller
INSERT INTO guard_caller AS c (number, first_seen, last_seen) VALUES (%(number)s, %(at)s, %(at)s)
ON CONFLICT (number) DO UPDATE
SET first_seen = least(c.first_seen, excluded.first_seen), last_seen = greatest(c.last_seen, excluded.last_seen)
RETURNING caller_id;

-- name: keep
INSERT INTO guard_transcript (caller_id, call_id, at, source, text)
VALUES (%(caller_id)s, %(call_id)s, %(at)s, %(source)s, %(text)s)
ON CONFLICT DO NOTHING
RETURNING transcript_id;

-- name: caller_of
SELECT caller_id FROM guard_call WHERE call_id = %(call_id)s;

-- Its caller counts as one who was found a nuisance, for the sake of the numbers beside it; who passed a challenge or
-- appealed after it was said does not.
-- name: match
WITH told AS (
    UPDATE guard_transcript SET script_id = %(script_id)s, words = %(words)s, share = %(share)s
    WHERE transcript_id = %(transcript_id)s AND script_id IS NULL
    RETURNING caller_id, at
), heard AS (
    UPDATE guard_script s SET heard_at = greatest(s.heard_at, t.at) FROM told t WHERE s.script_id = %(script_id)s
)
UPDATE guard_caller c SET nuisance_at = greatest(c.nuisance_at, t.at)
FROM told t WHERE c.caller_id = t.caller_id AND (c.passed_at IS NULL OR c.passed_at < t.at);

-- What was said and is of no known script; the newest first.
-- name: unknown
SELECT transcript_id, text FROM guard_transcript WHERE script_id IS NULL ORDER BY at DESC LIMIT %(limit)s;

-- What people reported and nobody knows yet: the call itself was reported, a complaint is about it, or enough different
-- people reported its caller and the caller did not appeal since.
-- name: reported
SELECT t.transcript_id
FROM guard_transcript t LEFT JOIN guard_call g USING (call_id) LEFT JOIN guard_caller c ON c.caller_id = t.caller_id
WHERE t.script_id IS NULL
  AND (t.transcript_id = %(transcript_id)s OR g.call_id = %(call_id)s
       OR t.caller_id = (SELECT caller_id FROM guard_call WHERE call_id = %(call_id)s))
  AND (c.passed_at IS NULL OR c.passed_at < t.at
       OR greatest(g.reported_at, (SELECT max(v.at) FROM guard_vote v WHERE v.caller_id = c.caller_id AND v.nuisance)) > c.passed_at)
  AND (t.source = 'complaint' OR (g.reported_at IS NOT NULL AND g.appealed_at IS NULL)
       OR (SELECT count(*) FROM guard_vote v WHERE v.caller_id = t.caller_id AND v.nuisance
             AND (c.passed_at IS NULL OR v.at > c.passed_at)) >= %(voters)s)
ORDER BY t.at;

-- An appeal: what was learned from this caller is no script.
-- name: forget
DELETE FROM guard_script
WHERE learned AND caller_id = (SELECT caller_id FROM guard_call WHERE call_id = %(call_id)s);

-- name: spoken
SELECT t.transcript_id, c.number, t.call_id, t.at, t.source, t.text, s.name AS script, t.words, t.share
FROM guard_transcript t LEFT JOIN guard_caller c USING (caller_id) LEFT JOIN guard_script s USING (script_id)
WHERE t.at >= %(since)s AND (%(number)s::text IS NULL OR c.number = %(number)s)
ORDER BY t.at DESC LIMIT %(limit)s;
