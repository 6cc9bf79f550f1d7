-- What is older is forgotten first; with too many that are open, none begins.
-- name: begin
WITH gone AS (DELETE FROM sign_on_flow WHERE begun_at < clock_timestamp() - %(good_for)s)
INSERT INTO sign_on_flow (sha256, session_id, onward)
SELECT %(sha256)s, %(session_id)s, %(onward)s
WHERE (SELECT count(*) FROM sign_on_flow WHERE begun_at >= clock_timestamp() - %(good_for)s) < %(most)s
RETURNING begun_at;

-- name: take
DELETE FROM sign_on_flow WHERE sha256 = %(sha256)s RETURNING session_id, onward, begun_at, clock_timestamp() - begun_at AS age;

-- name: account_of
SELECT account FROM account_identity WHERE issuer = %(issuer)s AND subject = %(subject)s;

-- name: bind
INSERT INTO account_identity (issuer, subject, account) VALUES (%(issuer)s, %(subject)s, %(account)s)
ON CONFLICT DO NOTHING RETURNING account;

-- name: unbind
DELETE FROM account_identity WHERE issuer = %(issuer)s AND account = %(account)s RETURNING subject;

-- name: subject_of
SELECT subject FROM account_identity WHERE issuer = %(issuer)s AND account = %(account)s;

-- Old sessions go with each sign-in, as with those by a password.
-- name: add_session
WITH gone AS (
    DELETE FROM console_session WHERE coalesce(ended_at, expires_at) < clock_timestamp() - interval '30 days'
)
INSERT INTO console_session (session_id, account, sha256, address, browser, proved_at)
VALUES (%(session_id)s, %(account)s, %(sha256)s, %(address)s, left(%(browser)s, 300), to_timestamp(%(proved)s));

-- name: prove
UPDATE console_session SET proved_at = to_timestamp(%(proved)s) WHERE session_id = %(session_id)s AND account = %(account)s
RETURNING session_id;

-- name: end_sessions
UPDATE console_session SET ended_at = clock_timestamp() WHERE account = %(account)s AND ended_at IS NULL;
