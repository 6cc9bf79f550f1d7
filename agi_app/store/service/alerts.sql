-- name: is_due
SELECT at <= clock_timestamp() - %(every)s::interval AS due FROM alert_look WHERE look = %(look)s;

-- A row: we look now, and another process leaves it to us.
-- name: take_look
UPDATE alert_look SET at = clock_timestamp()
WHERE look = (SELECT look FROM alert_look WHERE look = %(look)s AND at <= clock_timestamp() - %(every)s::interval
              FOR UPDATE SKIP LOCKED)
RETURNING look;

-- name: begin
INSERT INTO alert (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT (kind, subject) WHERE ended_at IS NULL DO NOTHING
RETURNING alert_id, kind, subject, ended_at;

-- name: end
UPDATE alert SET ended_at = clock_timestamp()
WHERE ended_at IS NULL AND kind = ANY(%(kinds)s)
  AND (kind, subject) NOT IN (SELECT * FROM unnest(%(standing_kinds)s::text[], %(standing_subjects)s::text[]))
RETURNING alert_id, kind, subject, ended_at;

-- name: tell
INSERT INTO alert_notice (alert_id, phase, channel)
SELECT a, %(phase)s, c FROM unnest(%(alerts)s::bigint[]) AS a, unnest(%(by)s::text[]) AS c
ON CONFLICT DO NOTHING;

-- That it ended is told only where it was told that it began, and after that.
-- name: take_notice
UPDATE alert_notice n SET tries = n.tries + 1, next_try_at = clock_timestamp() + %(lease)s::interval
FROM alert a
WHERE a.alert_id = n.alert_id AND n.notice_id = (
    SELECT d.notice_id FROM alert_notice d
    WHERE d.state = 'waiting' AND d.next_try_at <= clock_timestamp() AND d.channel = ANY(%(by)s)
      AND NOT EXISTS (SELECT FROM alert_notice e WHERE e.alert_id = d.alert_id AND e.channel = d.channel
                      AND e.notice_id < d.notice_id AND e.state = 'waiting')
    ORDER BY d.next_try_at, d.notice_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING n.notice_id, n.channel, n.phase, n.tries, a.alert_id, a.kind, a.subject, a.details, a.began_at, a.ended_at;

-- name: sent
UPDATE alert_notice SET state = 'sent', ended_at = clock_timestamp(), fault = NULL WHERE notice_id = %(notice_id)s;

-- name: not_sent
UPDATE alert_notice
SET fault = %(fault)s, next_try_at = clock_timestamp() + %(pause)s::interval,
    state = CASE WHEN clock_timestamp() + %(pause)s::interval > give_up_at THEN 'failed' ELSE 'waiting' END,
    ended_at = CASE WHEN clock_timestamp() + %(pause)s::interval > give_up_at THEN clock_timestamp() END
WHERE notice_id = %(notice_id)s
RETURNING state;

-- name: forget
DELETE FROM alert WHERE ended_at < clock_timestamp() - interval '90 days';

-- name: shown
SELECT a.alert_id, a.kind, a.subject, a.details, a.began_at, a.ended_at,
       coalesce((SELECT jsonb_agg(jsonb_build_object('channel', n.channel, 'phase', n.phase, 'state', n.state, 'fault', n.fault)
                                  ORDER BY n.notice_id)
                 FROM alert_notice n WHERE n.alert_id = a.alert_id), '[]') AS notices
FROM alert a
WHERE a.ended_at IS NULL OR a.ended_at > clock_timestamp() - interval '7 days'
ORDER BY a.ended_at IS NOT NULL, a.began_at DESC LIMIT 200;

-- name: lost_nodes
SELECT entityid, name, seen_at,
       EXISTS (SELECT FROM alert a WHERE a.kind = 'node_lost' AND a.subject = n.entityid AND a.ended_at IS NULL) AS is_told
FROM node n WHERE seen_at < clock_timestamp() - %(lost)s::interval ORDER BY name;

-- name: paused_trunks
SELECT n.name AS node, t.key AS trunk, t.value ->> 'text' AS reason, t.value -> 'by' AS by
FROM node n CROSS JOIN LATERAL jsonb_each(n.trunks) AS t
WHERE n.seen_at > clock_timestamp() - %(lost)s::interval ORDER BY n.name, t.key;

-- Nobody paused them: they did so themselves, because their prompts were not heard.
-- name: paused_campaigns
SELECT name FROM campaign WHERE state = 'paused' AND coalesce(state_reason, '') NOT IN ('', 'by command') ORDER BY name;

-- Of the numbers that campaigns show which run or may run: the proof that holds longest.
-- name: ending_caller_ids
SELECT DISTINCT ON (p.e164) p.e164, p.expires_at
FROM caller_id_proof p
WHERE p.kind IN ('letter', 'call')
  AND EXISTS (SELECT FROM campaign c WHERE c.state IN ('running', 'paused')
              AND (c.spec ->> 'caller_id' = p.e164
                   OR EXISTS (SELECT FROM jsonb_array_elements(c.spec -> 'local_caller_ids') l WHERE l ->> 1 = p.e164)))
ORDER BY p.e164, p.expires_at DESC;

-- Consents in force that end by then, by the words that people agreed to.
-- name: ending_consents
SELECT w.wording_id, coalesce(w.name || '/' || w.version, '#' || w.wording_id) AS wording, count(*) AS consents,
       min(k.expires_at) AS first_at
FROM consent k JOIN wording w USING (wording_id)
WHERE k.expires_at BETWEEN %(now)s AND %(by)s AND k.erased_at IS NULL
GROUP BY w.wording_id, w.name, w.version ORDER BY w.wording_id;

-- name: failed_feeds
SELECT f.name AS feed, r.state, r.result ->> 'why' AS why
FROM feed f
CROSS JOIN LATERAL (SELECT n.state, n.result FROM feed_run n
                    WHERE n.feed = f.name AND n.what = 'run' AND n.ended_at IS NOT NULL
                    ORDER BY n.run_id DESC LIMIT 1) AS r
WHERE f.state = 'started' AND r.state IN ('refused', 'failed')
ORDER BY f.name;

-- name: consents_until
SELECT count(*) AS number FROM consent WHERE expires_at BETWEEN %(now)s AND %(by)s AND erased_at IS NULL;

-- When a backup was made last, and when one failed last: `agi-app backup` notes it.
-- name: backups
SELECT (max(value) FILTER (WHERE key = 'backup_made_at'))::timestamptz AS made_at,
       (max(value) FILTER (WHERE key = 'backup_failed_at'))::timestamptz AS failed_at
FROM meta WHERE key IN ('backup_made_at', 'backup_failed_at');
