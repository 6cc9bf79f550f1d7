-- Who may do what, and who did what. An account is a person or a program of the operator; each change, export and look
-- at whole numbers, and that it ended, is a row of its own, which is in the audit tree.
CREATE TABLE account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name ~ '^[[:alnum:]][[:alnum:]._@-]{0,63}$'),
    os_user    text UNIQUE,                       -- who acts on the command line as this account
    roles      text[] NOT NULL CHECK (cardinality(roles) > 0
               AND roles <@ ARRAY['viewer', 'operator', 'supervisor', 'compliance', 'admin', 'agent']),
    enabled    boolean NOT NULL DEFAULT true,
    language   text CHECK (language IN ('en', 'zh')),  -- null: that of the command line or the browser
    credential text,                              -- Argon2id; null: it can approve nothing and sign in nowhere
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE action (
    action_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account     text NOT NULL,
    roles       text[] NOT NULL,                  -- those of that time
    via         text NOT NULL CHECK (via IN ('cli', 'api', 'worker')),
    os_user     text,
    address     text,                             -- the client's
    token       text,                             -- id of the API token
    verb        text NOT NULL,
    object      text NOT NULL,                    -- a telephone number is its keyed hash
    before      bytea,                            -- SHA-256 of the object as it was; null: there is no one state of it
    reason      text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX action_object ON action (object, action_id);
CREATE INDEX action_account ON action (account, action_id);

CREATE TABLE action_end (
    action_id   bigint PRIMARY KEY REFERENCES action,
    done        boolean NOT NULL,                 -- false: it was refused or failed
    fault       text,                             -- the kind of fault, never its text
    after       bytea,                            -- SHA-256 of the object as it is now
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TRIGGER action_append_only BEFORE UPDATE OR DELETE ON action FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER action_no_truncate BEFORE TRUNCATE ON action EXECUTE FUNCTION refuse_change();
CREATE TRIGGER action_end_append_only BEFORE UPDATE OR DELETE ON action_end FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER action_end_no_truncate BEFORE TRUNCATE ON action_end EXECUTE FUNCTION refuse_change();
SELECT audit_watch('action', 'action', 'action_id'), audit_watch('action_end', 'action_end', 'action_id');
