-- Everything that a call is judged by, in one trip. patterns: the number itself and each beginning of it with a star.
-- name: facts
SELECT c.first_seen, c.last_seen, coalesce(c.talked, false) AS talked, c.passed_at,
       greatest(c.dialled_at, (
           SELECT max(a.rules_at) FROM person p JOIN attempt a ON a.person_id = coalesce(p.same_as, p.person_id)
           WHERE p.e164 = %(number)s AND coalesce(a.number_id, a.person_id) = p.person_id AND a.dialled)) AS dialled_at,
       (SELECT jsonb_agg(jsonb_build_object('voter', v.voter, 'at', v.at, 'nuisance', v.nuisance))
        FROM (SELECT * FROM guard_vote WHERE caller_id = c.caller_id ORDER BY at DESC LIMIT 50) v) AS votes,
       (SELECT jsonb_agg(jsonb_build_array(n.number, n.nuisance_at))
        FROM (SELECT number, nuisance_at FROM guard_caller
              WHERE nuisance_at IS NOT NULL AND number >= %(hundred)s AND number < %(hundred)s || ':'
                AND length(number) = length(%(number)s)
              LIMIT 100) n) AS near,
       (SELECT jsonb_agg(jsonb_build_object(
                'entry_id', l.entry_id, 'allow', l.allow, 'pattern', l.pattern,
                'owner', CASE WHEN l.shared THEN 'shared' WHEN l.line = '' THEN 'site' ELSE 'own' END,
                'reason', l.reason, 'expires_at', l.expires_at))
        FROM (SELECT * FROM guard_list
              WHERE pattern = ANY(%(patterns)s)
              UNION ALL
              SELECT * FROM guard_list
              WHERE low <= %(digits)s AND high >= %(digits)s AND length(low) = length(%(digits)s)) l
        WHERE l.line IN ('', %(line)s) AND (l.expires_at IS NULL OR l.expires_at > %(now)s)) AS lists,
       (SELECT jsonb_build_object('script', s.name, 'at', t.at, 'words', t.words, 'share', t.share)
        FROM guard_transcript t JOIN guard_script s USING (script_id)
        WHERE t.caller_id = c.caller_id ORDER BY t.at DESC LIMIT 1) AS script,
       (SELECT jsonb_build_object('enabled', s.enabled, 'level', s.level, 'hours', coalesce(s.hours, '[]')::jsonb,
                'zone', s.zone, 'mailbox', s.mailbox)
        FROM guard_line s WHERE s.line = %(line)s) AS line
FROM (SELECT 1) one LEFT JOIN guard_caller c ON c.number = %(number)s;

-- Numbers that called; a call of a while ago that is written late changes no later time.
-- name: see_callers
INSERT INTO guard_caller AS c (number, first_seen, last_seen)
SELECT number, min(at), max(at) FROM unnest(%(numbers)s::text[], %(times)s::timestamptz[]) AS t (number, at)
GROUP BY number ORDER BY number
ON CONFLICT (number) DO UPDATE
SET first_seen = least(c.first_seen, excluded.first_seen), last_seen = greatest(c.last_seen, excluded.last_seen);

-- name: find_nuisances
UPDATE guard_caller c SET nuisance_at = greatest(c.nuisance_at, t.at)
FROM (SELECT number, max(at) AS at FROM unnest(%(numbers)s::text[], %(times)s::timestamptz[]) AS t (number, at)
      GROUP BY number) t
WHERE c.number = t.number;

-- name: add_calls
INSERT INTO guard_call (call_id, caller_id, at, called, endpoint, action, inputs, decision, unjudged)
SELECT t.call_id, c.caller_id, t.at, t.called, t.endpoint, t.action, t.inputs, t.decision, t.unjudged
FROM unnest(%(ids)s::text[], %(numbers)s::text[], %(times)s::timestamptz[], %(called)s::text[], %(endpoints)s::text[],
            %(actions)s::text[], %(inputs)s::text[], %(decisions)s::text[], %(unjudged)s::text[])
     AS t (call_id, number, at, called, endpoint, action, inputs, decision, unjudged)
LEFT JOIN guard_caller c ON c.number = t.number
ON CONFLICT DO NOTHING;

-- name: end_calls
WITH told AS (
    SELECT * FROM unnest(%(ids)s::text[], %(answered)s::boolean[], %(rang)s::real[], %(talked)s::real[],
                         %(by_caller)s::boolean[]) AS t (call_id, answered, rang_s, talked_s, by_caller)
), ended AS (
    UPDATE guard_call g
    SET answered = t.answered, rang_s = t.rang_s, talked_s = t.talked_s, by_caller = t.by_caller
    FROM told t WHERE g.call_id = t.call_id AND g.answered IS NULL
    RETURNING g.caller_id, t.talked_s
)
UPDATE guard_caller c SET talked = true
WHERE NOT c.talked AND c.caller_id IN (SELECT caller_id FROM ended WHERE talked_s > %(talk)s);

-- name: challenged
WITH told AS (
    UPDATE guard_call SET challenge = %(result)s WHERE call_id = %(call_id)s AND challenge IS NULL
    RETURNING caller_id
)
UPDATE guard_caller c
SET passed_at = CASE WHEN %(result)s = 'passed' THEN %(at)s ELSE passed_at END,
    nuisance_at = CASE WHEN %(result)s = 'failed' THEN %(at)s ELSE nuisance_at END
WHERE c.caller_id IN (SELECT caller_id FROM told);

-- name: dialled
INSERT INTO guard_caller AS c (number, dialled_at) VALUES (%(number)s, %(at)s)
ON CONFLICT (number) DO UPDATE SET dialled_at = greatest(c.dialled_at, excluded.dialled_at);

-- name: day
SELECT g.call_id, c.number, g.at, g.called, g.answered, g.rang_s, g.by_caller, g.challenge,
       (c.dialled_at IS NULL AND NOT coalesce(c.talked, false)) AS stranger
FROM guard_call g LEFT JOIN guard_caller c USING (caller_id)
WHERE g.at > %(since)s ORDER BY g.at;

-- name: erase_entries
DELETE FROM guard_list WHERE pattern = %(number)s;

-- name: erase_scripts
DELETE FROM guard_script WHERE learned AND caller_id = (SELECT caller_id FROM guard_caller WHERE number = %(number)s);

-- name: erase_caller
DELETE FROM guard_caller WHERE number = %(number)s;

-- name: purge_calls
WITH old AS (SELECT call_id FROM guard_call WHERE at < %(before)s ORDER BY at LIMIT %(limit)s)
DELETE FROM guard_call g USING old WHERE g.call_id = old.call_id;

-- A number that was dialled stays: it is let through.
-- name: purge_callers
WITH old AS (
    SELECT caller_id FROM guard_caller WHERE dialled_at IS NULL AND last_seen < %(before)s LIMIT %(limit)s
)
DELETE FROM guard_caller c USING old WHERE c.caller_id = old.caller_id;

-- name: purge_lists
DELETE FROM guard_list WHERE expires_at < %(before)s;

-- name: purge_transcripts
WITH old AS (SELECT transcript_id FROM guard_transcript WHERE at < %(before)s ORDER BY at LIMIT %(limit)s)
DELETE FROM guard_transcript t USING old WHERE t.transcript_id = old.transcript_id;

-- name: purge_scripts
DELETE FROM guard_script WHERE learned AND heard_at < %(before)s;

-- name: count_old
SELECT (SELECT count(*) FROM guard_call WHERE at < %(before)s) AS calls,
       (SELECT count(*) FROM guard_caller WHERE dialled_at IS NULL AND last_seen < %(before)s) AS callers,
       (SELECT count(*) FROM guard_transcript WHERE at < %(before)s) AS transcripts,
       (SELECT count(*) FROM guard_script WHERE learned AND heard_at < %(before)s) AS scripts,
       (SELECT count(*) FROM guard_list WHERE expires_at < %(before)s) AS lists;
