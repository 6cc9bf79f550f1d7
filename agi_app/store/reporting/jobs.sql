-- name: ask
INSERT INTO job (kind, parameters, format, asked_by)
VALUES (%(kind)s, %(parameters)s::jsonb, %(format)s, %(asked_by)s) RETURNING job_id;

-- By the service: it may not write into the table, and who asks is who shows the token.
-- name: ask_by_service
SELECT ask_job(%(kind)s, %(parameters)s::jsonb, %(format)s, %(asked_by)s, %(sealed)s);

-- A report that a command wrote itself: it has the file.
-- name: add_done
INSERT INTO job (kind, parameters, format, asked_by, state, rows, sha256, ended_at)
VALUES (%(kind)s, %(parameters)s::jsonb, %(format)s, %(asked_by)s, 'done', %(rows)s, %(sha256)s, clock_timestamp());

-- The oldest that nobody does; one whose process ended before its end is done again, a few times.
-- name: take
UPDATE job SET state = 'running', run = gen_random_uuid(), tries = tries + 1, lease_until = clock_timestamp() + %(lease)s::interval
WHERE job_id = (
    SELECT job_id FROM job
    WHERE state = 'waiting' OR (state = 'running' AND lease_until < clock_timestamp() AND tries < %(tries)s)
    ORDER BY job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING job_id, kind, parameters::text AS parameters, format, asked_by, run::text AS run, by_service, sealed;

-- name: give_up
UPDATE job SET state = 'failed', error = 'its process ended before its end, each time', ended_at = clock_timestamp(),
    sealed = NULL
WHERE state = 'running' AND lease_until < clock_timestamp() AND tries >= %(tries)s;

-- name: hold
UPDATE job SET lease_until = clock_timestamp() + %(lease)s::interval
WHERE job_id = %(job_id)s AND run::text = %(run)s AND state = 'running';

-- name: finish
UPDATE job SET state = 'done', rows = %(rows)s, sha256 = %(sha256)s, file = %(file)s, ended_at = clock_timestamp(),
    expires_at = clock_timestamp() + %(kept)s::interval, sealed = NULL
WHERE job_id = %(job_id)s AND run::text = %(run)s AND state = 'running';

-- name: fail
UPDATE job SET state = 'failed', error = %(error)s, ended_at = clock_timestamp(), sealed = NULL
WHERE job_id = %(job_id)s AND run::text = %(run)s AND state = 'running';

-- name: listed
SELECT job_id, kind, parameters::text AS parameters, format, asked_by, asked_at, state, rows, encode(sha256, 'hex') AS sha256,
       file, ended_at, expires_at, error
FROM job WHERE job_id < %(before)s AND (%(asked_by)s::text IS NULL OR asked_by = %(asked_by)s)
  AND (%(job_id)s::bigint IS NULL OR job_id = %(job_id)s)
ORDER BY job_id DESC LIMIT %(limit)s;

-- name: delete
DELETE FROM job WHERE job_id = %(job_id)s;

-- name: forget
SELECT forget_job(%(job_id)s);

-- name: expire
UPDATE job SET file = NULL WHERE file IS NOT NULL AND expires_at <= clock_timestamp();

-- name: kept
SELECT job_id FROM job WHERE file IS NOT NULL OR state IN ('waiting', 'running');
