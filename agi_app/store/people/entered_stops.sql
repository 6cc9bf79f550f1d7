-- name: enter
SELECT enter_stop(%(number)s::text, %(purpose)s::text, %(at)s::timestamptz, %(reason)s::text, %(method)s::text,
                  %(source)s::text, %(evidence)s::text, %(entered_by)s::text);

-- name: enter_of
SELECT enter_stop_of(%(person_id)s::bigint, %(at)s::timestamptz, %(reason)s::text, %(entered_by)s::text);

-- name: enter_refusal_of
SELECT enter_stop_of(%(person_id)s::bigint, %(purpose)s::text, %(at)s::timestamptz, %(reason)s::text, %(method)s::text,
                     %(source)s::text, %(evidence)s::text, %(entered_by)s::text);

-- name: take_effect
SELECT entered_stop_takes_effect();

-- Each by one worker; one that dies while it keeps a stop leaves it to the next.
-- name: next
SELECT entered_stop_id, e164, purpose, at, reason, method, source, evidence, entered_by,
       person_stopped_at IS NOT NULL AS person_stopped
FROM entered_stop ORDER BY entered_stop_id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: kept
DELETE FROM entered_stop WHERE entered_stop_id = %(entered_stop_id)s;
