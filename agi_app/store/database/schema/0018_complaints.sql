-- Complaints: cases about our calls (ours), and about calls of others that plague somebody of ours (received). A case is one
-- row that never changes; what comes of it are notes. Texts go with an erasure of the person.
CREATE TABLE complaint (
    complaint_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref             text NOT NULL UNIQUE,          -- of who entered it, so that it is entered once
    kind            text NOT NULL CHECK (kind IN ('ours', 'received')),
    person_id       bigint NOT NULL REFERENCES person,  -- who complains
    region          text NOT NULL,
    received_at     timestamptz NOT NULL,          -- rules time
    due_at          timestamptz,                   -- when it must be answered; null: received, nobody waits for us
    ruleset_version text,                          -- of the rules that the due date is by
    source          text NOT NULL,                 -- line, letter, authority …
    campaign        text,
    text            text NOT NULL,
    details         jsonb NOT NULL DEFAULT '{}',   -- received: caller, times, category, name
    evidence_sha256 bytea CHECK (octet_length(evidence_sha256) = 32),
    evidence_file   text,
    entered_by      text NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at       timestamptz
);
CREATE INDEX complaint_person ON complaint (person_id);
CREATE INDEX complaint_evidence ON complaint (evidence_sha256) WHERE evidence_sha256 IS NOT NULL;

CREATE TABLE complaint_note (
    note_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    complaint_id bigint NOT NULL REFERENCES complaint,
    at           timestamptz NOT NULL,             -- rules time
    state        text NOT NULL CHECK (state IN ('open', 'answered', 'closed')),  -- from here on
    text         text NOT NULL,
    entered_by   text NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at    timestamptz
);
CREATE INDEX complaint_note_of ON complaint_note (complaint_id, note_id);

CREATE TRIGGER complaint_append_only BEFORE UPDATE OR DELETE ON complaint
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER complaint_no_truncate BEFORE TRUNCATE ON complaint EXECUTE FUNCTION refuse_change();
CREATE TRIGGER complaint_note_append_only BEFORE UPDATE OR DELETE ON complaint_note
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER complaint_note_no_truncate BEFORE TRUNCATE ON complaint_note EXECUTE FUNCTION refuse_change();
SELECT audit_watch('complaint', 'complaint', 'complaint_id', 'erased_at'),
       audit_watch('complaint_note', 'complaint_note', 'note_id', 'erased_at');
