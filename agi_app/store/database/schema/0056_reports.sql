-- Who imported which file, and when: a row before the first of its rows is stored, and rows that say what was. Both are in the
-- audit tree, so that it can be told of each consent which file it came from, also when the import broke off.
CREATE TABLE import_file (
    import_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('contacts', 'consents', 'stops', 'do_not_call', 'complaints', 'guard')),
    name        text NOT NULL,                     -- of the file, without its folder
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
    rows        bigint NOT NULL,                   -- without titles
    rejected    bigint NOT NULL,
    about       text,                              -- the campaign of contacts, the list of do-not-call numbers
    account     text NOT NULL,
    os_user     text,                              -- null: not from the command line
    at          timestamptz NOT NULL,              -- rules time
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX import_file_at ON import_file (at);

CREATE TABLE import_stored (
    stored_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_id   bigint NOT NULL REFERENCES import_file,
    added       bigint NOT NULL,
    updated     bigint NOT NULL,
    unchanged   bigint NOT NULL,
    consents    int8multirange,                    -- ids of the consents that were added
    finished    boolean NOT NULL,                  -- the last row of an import that came to its end
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX import_stored_of ON import_stored (import_id);
CREATE INDEX import_stored_consents ON import_stored USING gist (consents) WHERE consents IS NOT NULL;

CREATE TRIGGER import_file_append_only BEFORE UPDATE OR DELETE ON import_file FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER import_file_no_truncate BEFORE TRUNCATE ON import_file EXECUTE FUNCTION refuse_change();
CREATE TRIGGER import_stored_append_only BEFORE UPDATE OR DELETE ON import_stored FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER import_stored_no_truncate BEFORE TRUNCATE ON import_stored EXECUTE FUNCTION refuse_change();
SELECT audit_watch('import_file', 'import_file', 'import_id'),
       audit_watch('import_stored', 'import_stored', 'stored_id');

-- Reports as jobs, and those that a command wrote itself (done, without a file). Times are real. Deleting one, or its end
-- after some days, takes its file away; who asked for it stays in the actions.
CREATE TABLE job (
    job_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    parameters  jsonb NOT NULL,
    format      text NOT NULL,                     -- csv | xlsx | jsonl
    asked_by    text NOT NULL,                     -- account; its roles are looked up when the job is done
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    run         uuid,                              -- the attempt at it that may end it
    tries       integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    rows        bigint,
    sha256      bytea,                             -- of the file
    file        text,                              -- in the folder of reports; null: a command has it
    ended_at    timestamptz,
    expires_at  timestamptz,
    error       text
);
CREATE INDEX job_open ON job (job_id) WHERE state IN ('waiting', 'running');

-- An index over time that costs a call next to nothing: both tables grow in its order.
CREATE INDEX attempt_time ON attempt USING brin (rules_at) WITH (autosummarize = on);
CREATE INDEX decision_time ON decision USING brin (decided_at) WITH (autosummarize = on);
