-- The consent ledger in full: versioned wordings, who entered what from which evidence, who read whole
-- numbers, and what was erased.
-- Append-only tables of this file, each with an identity key: wording, access_log, erasure.

-- A row that is never changed, except that an erasure may empty it, once. The tree of the audit keeps its
-- leaf; the signed row in `erasure` says why the row does not fit it any more.
CREATE FUNCTION refuse_change_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('agi_app.erasing', true) = 'on'
       AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: rows are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- The exact words shown. Texts that a consent file brings along have no name; registered ones have a name
-- and a version (`signup-form/2`), one text a language.
CREATE TABLE wording (
    wording_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text,
    version     text,
    language    text,
    text        text NOT NULL,
    sha256      bytea NOT NULL,                    -- of the text in UTF-8
    entered_by  text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at   timestamptz,
    CHECK ((name IS NULL) = (version IS NULL))
);
CREATE UNIQUE INDEX wording_text ON wording (sha256, coalesce(language, '')) WHERE name IS NULL;
CREATE UNIQUE INDEX wording_label ON wording (name, version, coalesce(language, '')) WHERE name IS NOT NULL;
CREATE INDEX wording_sha256 ON wording (sha256);

INSERT INTO wording (language, text, sha256, entered_by)
SELECT language, wording, sha256(convert_to(wording, 'UTF8')), min(recorded_by)
FROM consent GROUP BY language, wording ORDER BY min(consent_id);

ALTER TABLE consent DISABLE TRIGGER consent_append_only;
ALTER TABLE consent
    ADD COLUMN wording_id      bigint REFERENCES wording,
    ADD COLUMN seller          text,               -- on whose behalf the calls are; null: whoever runs this installation
    ADD COLUMN evidence_sha256 bytea,              -- of the evidence file in clear, which the data folder keeps encrypted
    ADD COLUMN evidence_file   text,               -- its name when it was handed in
    ADD COLUMN erased_at       timestamptz;
UPDATE consent c SET wording_id = w.wording_id FROM wording w
WHERE w.text = c.wording AND w.language IS NOT DISTINCT FROM c.language;
ALTER TABLE consent ALTER COLUMN wording_id SET NOT NULL, DROP COLUMN wording;
DROP TRIGGER consent_append_only ON consent;
CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON consent
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE INDEX consent_evidence ON consent (evidence_sha256) WHERE evidence_sha256 IS NOT NULL;
CREATE INDEX consent_wording ON consent (wording_id);

ALTER TABLE revocation
    ADD COLUMN method          text,               -- how it was said: call, letter, e-mail, in person …
    ADD COLUMN source          text,               -- the system or list that it comes from
    ADD COLUMN evidence        text,               -- reference of the proof
    ADD COLUMN evidence_sha256 bytea,
    ADD COLUMN evidence_file   text,
    ADD COLUMN entered_by      text,               -- null: the person's own key press or word in a call
    ADD COLUMN erased_at       timestamptz;
DROP TRIGGER revocation_append_only ON revocation;
CREATE TRIGGER revocation_append_only BEFORE UPDATE OR DELETE ON revocation
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE INDEX revocation_evidence ON revocation (evidence_sha256) WHERE evidence_sha256 IS NOT NULL;

CREATE TRIGGER wording_append_only BEFORE UPDATE OR DELETE ON wording
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER wording_no_truncate BEFORE TRUNCATE ON wording EXECUTE FUNCTION refuse_change();

-- Who saw whole numbers, with what command and what for. Holds no number itself.
CREATE TABLE access_log (
    access_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),  -- real time
    os_user    text NOT NULL,
    entered_by text,                               -- the name given with --entered-by
    command    text NOT NULL,
    reason     text,
    person_ids bigint[] NOT NULL DEFAULT '{}',     -- when they are few
    numbers    bigint NOT NULL                     -- how many whole numbers were shown
);
CREATE INDEX access_log_person ON access_log USING gin (person_ids);
CREATE TRIGGER access_log_append_only BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log EXECUTE FUNCTION refuse_change();

-- What was erased, and why. `erased` names the rows: {"consent": [12, 13], "revocation": [4], "wording": [7],
-- "attempt": ["…"], "contact": [3], "person": [5], "evidence": ["sha256 in hex", …]}; the leaves of these
-- rows stay in the tree though the rows no longer fit them. Signed with the audit key, so that nobody who
-- has the database alone can excuse a deletion.
CREATE TABLE erasure (
    erasure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),  -- real time
    kind       text NOT NULL CHECK (kind IN ('person', 'retention')),
    person_id  bigint REFERENCES person,           -- null: retention, of many persons
    erased     jsonb NOT NULL,
    reason     text NOT NULL,
    entered_by text NOT NULL,
    signature  bytea NOT NULL
);
CREATE INDEX erasure_person ON erasure (person_id) WHERE person_id IS NOT NULL;
CREATE TRIGGER erasure_append_only BEFORE UPDATE OR DELETE ON erasure
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasure_no_truncate BEFORE TRUNCATE ON erasure EXECUTE FUNCTION refuse_change();
