-- name: add_call
INSERT INTO line_call (call_id, line, called, caller_hash, node, result, note, language, disposition, began_at,
                       answered_at, ended_at)
VALUES (%(call_id)s, %(line)s, %(called)s, %(caller_hash)s, %(node)s, %(result)s, %(note)s, %(language)s,
        %(disposition)s, %(began_at)s, %(answered_at)s, %(ended_at)s)
ON CONFLICT (call_id) DO NOTHING
RETURNING line_call_id;

-- name: open_call
INSERT INTO open_line_call (call_id, line, called, caller_hash, node, began_at, answered_at)
VALUES (%(call_id)s, %(line)s, %(called)s, %(caller_hash)s, %(node)s, %(began_at)s, %(answered_at)s)
ON CONFLICT (call_id) DO NOTHING;

-- name: close_call
DELETE FROM open_line_call WHERE call_id = %(call_id)s;

-- name: broken_off
-- When they ended nobody knows: their length is 0.
WITH gone AS (DELETE FROM open_line_call WHERE node = ANY(%(nodes)s) RETURNING *)
INSERT INTO line_call (call_id, line, called, caller_hash, node, result, note, began_at, answered_at, ended_at)
SELECT call_id, line, called, caller_hash, node, 'given_back', %(note)s, began_at, answered_at, answered_at FROM gone
ON CONFLICT (call_id) DO NOTHING;

-- name: add_stop
INSERT INTO line_stop (call_id, number_hash, how, at) VALUES (%(call_id)s, %(number_hash)s, %(how)s, %(at)s);

-- name: totals
SELECT c.line, c.called, count(*) AS calls,
       count(*) FILTER (WHERE c.result = 'answered') AS answered,
       count(*) FILTER (WHERE c.result = 'given_back') AS given_back,
       count(*) FILTER (WHERE c.result = 'answered' AND c.caller_hash IS NULL AND c.erased_at IS NULL) AS nameless,
       coalesce(sum(s.stops), 0)::bigint AS stops, coalesce(sum(s.keyed), 0)::bigint AS stops_keyed
FROM line_call c
LEFT JOIN LATERAL (SELECT count(*) AS stops, count(*) FILTER (WHERE how = 'keyed') AS keyed
                   FROM line_stop WHERE call_id = c.call_id) s ON true
WHERE c.began_at >= %(since)s AND c.began_at < %(until)s AND (%(line)s::text IS NULL OR c.line = %(line)s)
GROUP BY c.line, c.called ORDER BY c.line, c.called;

-- name: calls
SELECT c.began_at, c.line, c.result, c.note, c.language, c.disposition,
       extract(epoch FROM c.ended_at - c.answered_at)::float8 AS seconds,
       CASE WHEN c.erased_at IS NOT NULL THEN 'erased' WHEN c.caller_hash IS NULL THEN 'none'
            ELSE encode(substring(c.caller_hash FROM 1 FOR 4), 'hex') END AS caller,
       ARRAY(SELECT how FROM line_stop WHERE call_id = c.call_id ORDER BY line_stop_id) AS stops
FROM line_call c
WHERE c.began_at >= %(since)s AND c.began_at < %(until)s AND (%(line)s::text IS NULL OR c.line = %(line)s)
ORDER BY c.line_call_id DESC LIMIT %(limit)s;

-- name: erase_call
UPDATE line_call SET caller_hash = NULL, erased_at = clock_timestamp()
WHERE caller_hash = (SELECT number_hash FROM person WHERE person_id = %(person_id)s) AND erased_at IS NULL
RETURNING line_call_id AS id;

-- name: erase_open
UPDATE open_line_call SET caller_hash = NULL
WHERE caller_hash = (SELECT number_hash FROM person WHERE person_id = %(person_id)s);

-- name: erase_stop
UPDATE line_stop SET number_hash = NULL, erased_at = clock_timestamp()
WHERE number_hash = (SELECT number_hash FROM person WHERE person_id = %(person_id)s) AND erased_at IS NULL
RETURNING line_stop_id AS id;
