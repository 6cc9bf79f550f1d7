-- name: parameters
SELECT sign_in_parameters(%(name)s);

-- name: sign_in
SELECT result, wait_s, totp
FROM sign_in(%(name)s, %(derived)s, %(address)s, %(code_step)s, %(recovery)s, %(session_id)s, %(sha256)s, %(browser)s);

-- name: good
SELECT s.session_id, s.account, s.sha256, s.seen_at, a.roles, a.language,
       clock_timestamp() - s.seen_at AS idle, clock_timestamp() - s.proved_at AS since_proof
FROM console_session s JOIN account a ON a.name = s.account AND a.enabled
WHERE s.session_id = %(session_id)s AND s.ended_at IS NULL AND s.expires_at > clock_timestamp();

-- name: good_ones
SELECT s.session_id, a.roles, clock_timestamp() - s.seen_at AS idle
FROM console_session s JOIN account a ON a.name = s.account AND a.enabled
WHERE s.session_id = ANY(%(session_ids)s) AND s.ended_at IS NULL AND s.expires_at > clock_timestamp();

-- name: seen
UPDATE console_session SET seen_at = clock_timestamp() WHERE session_id = %(session_id)s;

-- name: of_account
SELECT session_id, address, browser, made_at, seen_at
FROM console_session
WHERE account = %(account)s AND ended_at IS NULL AND expires_at > clock_timestamp()
ORDER BY made_at DESC LIMIT 50;

-- name: open_ones
SELECT count(*) FROM console_session WHERE ended_at IS NULL AND expires_at > clock_timestamp();

-- name: change_password
SELECT result, wait_s, NULL::bytea AS totp FROM change_password(%(session_id)s, %(derived)s, %(address)s, %(credential)s);

-- name: change_second_factor
SELECT result, wait_s, totp
FROM change_second_factor(%(session_id)s, %(derived)s, %(address)s, %(code_step)s, %(recovery)s, %(totp)s, %(new_step)s, %(codes)s);

-- name: second_factor
SELECT a.has_second_factor AS there,
       (SELECT count(*) FROM recovery_code r WHERE r.account = a.name AND r.used_at IS NULL)::integer AS codes_left
FROM account a WHERE a.name = %(account)s;

-- name: prove
SELECT result, wait_s, NULL::bytea AS totp FROM prove_session(%(session_id)s, %(derived)s, %(address)s);

-- name: end
SELECT end_console_session(%(session_id)s);

-- name: add_link
INSERT INTO sign_in_link (sha256, account, expires_at)
SELECT %(sha256)s, name, clock_timestamp() + %(good_for)s FROM account WHERE name = %(account)s AND enabled
RETURNING expires_at;

-- name: link_owner
SELECT sign_in_link_owner(%(sha256)s);

-- name: use_link
SELECT use_sign_in_link(%(sha256)s, %(credential)s);
