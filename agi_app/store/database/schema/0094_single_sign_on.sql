-- Single sign-on. Who somebody is at an issuer (issuer and subject, never a mail address) is bound to one account. A worker alone
-- binds, makes accounts and makes such sessions: it has asked the issuer itself. The console's role can write none of these.
CREATE TABLE account_identity (
    issuer  text NOT NULL,
    subject text NOT NULL,
    account text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (issuer, subject),
    UNIQUE (account, issuer)
);

-- A sign-in that has begun and whose browser is at the issuer: known by the hash of what that browser's cookie holds, good once
-- and for ten minutes.
CREATE TABLE sign_on_flow (
    sha256     bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    session_id text,                                -- whose proof is wanted; null: nobody is signed in yet
    onward     text NOT NULL,                       -- the page to which it leads
    begun_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sign_on_flow_begun ON sign_on_flow (begun_at);
