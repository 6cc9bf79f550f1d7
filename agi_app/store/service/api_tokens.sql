-- name: add
INSERT INTO api_token (token_id, account, name, sha256, scopes, expires_at)
VALUES (%(token_id)s, %(account)s, %(name)s, %(sha256)s, %(scopes)s, clock_timestamp() + make_interval(days => %(days)s))
RETURNING token_id, account, name, scopes, made_at, expires_at, ended_at, last_used_at, false AS expired;

-- name: listed
SELECT token_id, account, name, scopes, made_at, expires_at, ended_at, last_used_at,
       expires_at <= clock_timestamp() AS expired
FROM api_token
WHERE (%(account)s::text IS NULL OR account = %(account)s)
ORDER BY made_at, token_id;

-- name: good
SELECT token_id, account, scopes, sha256
FROM api_token
WHERE token_id = %(token_id)s AND ended_at IS NULL AND expires_at > clock_timestamp();

-- name: used
UPDATE api_token SET last_used_at = clock_timestamp() WHERE token_id = %(token_id)s;

-- name: end
UPDATE api_token SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE token_id = %(token_id)s;
