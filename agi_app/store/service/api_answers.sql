-- name: take
SELECT pg_try_advisory_xact_lock(hashtextextended(%(account)s || E'\n' || %(key)s, 5701)) AS taken;

-- name: kept
SELECT request, status, headers, body FROM api_answer
WHERE account = %(account)s AND key = %(key)s AND answered_at > clock_timestamp() - interval '24 hours';

-- name: keep
INSERT INTO api_answer (account, key, request, status, headers, body)
VALUES (%(account)s, %(key)s, %(request)s, %(status)s, %(headers)s, %(body)s);

-- name: forget
DELETE FROM api_answer WHERE (account, key) IN (
    SELECT account, key FROM api_answer WHERE answered_at <= clock_timestamp() - interval '24 hours'
    ORDER BY answered_at LIMIT 100 FOR UPDATE SKIP LOCKED)
    OR (account = %(account)s AND key = %(key)s AND answered_at <= clock_timestamp() - interval '24 hours');

-- name: lock_object
SELECT pg_advisory_xact_lock(hashtextextended(%(path)s, 5702));
