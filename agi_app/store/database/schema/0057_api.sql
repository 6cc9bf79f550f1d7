-- The REST API: who may ask (tokens, of which only the hash is kept), and what was answered to requests that may come
-- again.

CREATE TABLE api_token (
    token_id     text PRIMARY KEY,                 -- the 8 characters behind agia_
    account      text NOT NULL,                    -- whose it is; it never may more than its owner
    name         text NOT NULL,                    -- what it is for
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    scopes       text[] NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,             -- real time, as all others here
    ended_at     timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_token_account ON api_token (account);

-- An answer, kept in the transaction of its effect: who sends the same Idempotency-Key again gets it, and nothing is
-- done twice. It goes after a day.
CREATE TABLE api_answer (
    account      text NOT NULL,
    key          text NOT NULL,
    request      bytea NOT NULL,                   -- SHA-256 of method, path and body
    status       smallint NOT NULL,
    headers      jsonb NOT NULL,
    body         bytea NOT NULL,
    answered_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, key)
);
CREATE INDEX api_answer_at ON api_answer (answered_at);
