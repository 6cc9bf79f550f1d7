-- Persons and what they agreed to or refused. Telephone numbers stand in person and caller_id_proof only.

CREATE TABLE person (
    person_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    e164           text NOT NULL UNIQUE,
    number_hash    bytea NOT NULL UNIQUE,          -- keyed hash, matches suppression.number_hash
    region         text NOT NULL,
    zones          text[] NOT NULL,
    caller_id_seen text,                           -- the number of ours that this person saw first
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TABLE consent (
    consent_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    bigint NOT NULL REFERENCES person,
    purpose      text NOT NULL,
    wording      text NOT NULL,                    -- the exact text the person agreed to
    method       text NOT NULL,
    given_at     timestamptz NOT NULL,
    source       text NOT NULL,
    language     text,
    evidence     text,
    expires_at   timestamptz,
    entered_by   text,
    content_hash bytea NOT NULL,                   -- of all the above; the same row twice is one consent
    recorded_by  text NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (person_id, content_hash)
);
CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON consent
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_no_truncate BEFORE TRUNCATE ON consent EXECUTE FUNCTION refuse_change();

CREATE TABLE revocation (
    revocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id     bigint NOT NULL REFERENCES person,
    purpose       text,                            -- null: all purposes
    at            timestamptz NOT NULL,            -- when the person said so
    reason        text NOT NULL,
    via           text NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()  -- real time
);
CREATE INDEX revocation_person ON revocation (person_id);
CREATE TRIGGER revocation_append_only BEFORE UPDATE OR DELETE ON revocation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER revocation_no_truncate BEFORE TRUNCATE ON revocation EXECUTE FUNCTION refuse_change();

-- Numbers never to be called again, for ever, known or unknown to us: keyed hashes only.
CREATE TABLE suppression (
    number_hash bytea PRIMARY KEY,
    at          timestamptz NOT NULL,
    reason      text NOT NULL,
    via         text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER suppression_append_only BEFORE UPDATE OR DELETE ON suppression
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER suppression_no_truncate BEFORE TRUNCATE ON suppression EXECUTE FUNCTION refuse_change();

CREATE TABLE caller_id_proof (
    proof_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    e164          text NOT NULL,
    kind          text NOT NULL,                   -- letter | call
    evidence_file text,
    sha256        text,
    entered_by    text NOT NULL,
    proved_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX caller_id_proof_number ON caller_id_proof (e164, expires_at DESC);

CREATE TABLE meta (
    key   text PRIMARY KEY,
    value text NOT NULL
);
