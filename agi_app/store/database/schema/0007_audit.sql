-- The audit: a Merkle tree (RFC 9162) over every append-only row. The rows are unordered in their own transactions;
-- the sequencer alone gives leaf numbers. docs/explanation/proof.md tells why, docs/reference/proof-format.md how.

-- Rows that have no leaf yet, some ids a row. Written by triggers in the transaction that writes the rows, so it is
-- seen exactly when they are, however late that commits; the sequencer takes it away when it gives them leaves.
CREATE TABLE audit_queue (
    queue_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text NOT NULL,
    ids      bigint[] NOT NULL
);

CREATE TABLE audit_leaf (
    leaf   bigint PRIMARY KEY,                     -- 0, 1, 2 … without a gap
    kind   text NOT NULL,
    row_id bigint NOT NULL,
    nonce  bytea,                                  -- 16 random bytes; null once the row was erased
    hash   bytea NOT NULL,                         -- sha256(0x00, nonce, the row's payload)
    UNIQUE (kind, row_id)
);
CREATE FUNCTION refuse_leaf_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.nonce IS NULL
       AND (NEW.leaf, NEW.kind, NEW.row_id, NEW.hash) = (OLD.leaf, OLD.kind, OLD.row_id, OLD.hash) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit_leaf is append-only: leaves are never changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_leaf_append_only BEFORE UPDATE OR DELETE ON audit_leaf
    FOR EACH ROW EXECUTE FUNCTION refuse_leaf_change();
CREATE TRIGGER audit_leaf_no_truncate BEFORE TRUNCATE ON audit_leaf EXECUTE FUNCTION refuse_change();

-- Hashes of whole subtrees of 2^level leaves (level 8, 16, 24 …), so that a proof need not read all leaves.
CREATE TABLE audit_node (
    level smallint NOT NULL,
    n     bigint NOT NULL,                         -- covers the leaves [n * 2^level, (n + 1) * 2^level)
    hash  bytea NOT NULL,
    PRIMARY KEY (level, n)
);

-- A copy of some of the signed checkpoints; the files outside the database are what counts.
CREATE TABLE audit_checkpoint (
    size bigint PRIMARY KEY,
    note text NOT NULL
);

-- An attempt's row changes until the attempt has ended; this is how it ended, and how again when its true result
-- came late.
CREATE TABLE result (
    result_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt_id  text NOT NULL REFERENCES attempt,
    person_id   bigint NOT NULL REFERENCES person,
    record      jsonb NOT NULL,                    -- the attempt's row, without lease_until and state
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at   timestamptz
);
CREATE INDEX result_attempt ON result (attempt_id);
CREATE INDEX result_person ON result (person_id);
CREATE TRIGGER result_append_only BEFORE UPDATE OR DELETE ON result
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER result_no_truncate BEFORE TRUNCATE ON result EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_result() RETURNS trigger LANGUAGE plpgsql SET timezone TO 'UTC' AS $$
DECLARE
    found jsonb := to_jsonb(NEW) - '{state,lease_until}'::text[];
BEGIN
    IF current_setting('agi_app.erasing', true) = 'on' THEN
        UPDATE result SET record = found, erased_at = clock_timestamp()
        WHERE attempt_id = NEW.attempt_id AND erased_at IS NULL;
    ELSE
        INSERT INTO result (attempt_id, person_id, record) VALUES (NEW.attempt_id, NEW.person_id, found);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attempt_result AFTER UPDATE ON attempt FOR EACH ROW
    WHEN (NEW.state = 'ended' AND (OLD.* IS DISTINCT FROM NEW.*)) EXECUTE FUNCTION keep_result();

-- One forgotten row: its leaf stays, the nonce goes, so that nobody can guess the row's content from the leaf.
CREATE FUNCTION audit_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_leaf SET nonce = NULL
    WHERE kind = TG_ARGV[0] AND row_id = (to_jsonb(NEW) ->> TG_ARGV[1])::bigint AND nonce IS NOT NULL;
    RETURN NULL;
END $$;

-- Puts a table under audit: the rows that it has and gets are queued. Also for later migrations.
CREATE FUNCTION audit_watch(kind text, source text, id_column text, erased_by text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
    ids text := format(
        'SELECT %1$L, array_agg(id) FROM (SELECT %2$I AS id, (row_number() OVER () - 1) / 1000 AS part '
        'FROM %%I) w GROUP BY part ORDER BY part', kind, id_column);
BEGIN
    EXECUTE format('INSERT INTO audit_queue (kind, ids) ' || ids, source);
    EXECUTE format(
        'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $t$ BEGIN INSERT INTO audit_queue (kind, ids) %s; '
        'RETURN NULL; END $t$', 'audit_queue_' || kind, format(ids, 'written'));
    EXECUTE format(
        'CREATE TRIGGER audit_queued AFTER INSERT ON %I REFERENCING NEW TABLE AS written '
        'FOR EACH STATEMENT EXECUTE FUNCTION %I()', source, 'audit_queue_' || kind);
    IF erased_by IS NOT NULL THEN
        EXECUTE format(
            'CREATE TRIGGER audit_forgotten AFTER UPDATE OF %1$I ON %2$I FOR EACH ROW '
            'WHEN (OLD.%1$I IS DISTINCT FROM NEW.%1$I) EXECUTE FUNCTION audit_forget(%3$L, %4$L)',
            erased_by, source, kind, id_column);
    END IF;
END $body$;

ALTER TABLE suppression ADD COLUMN suppression_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
INSERT INTO result (attempt_id, person_id, record)
SELECT attempt_id, person_id, to_jsonb(a) - '{state,lease_until}'::text[] FROM attempt a
WHERE state = 'ended' ORDER BY ended_at;

SELECT audit_watch('person', 'person', 'person_id', 'e164'),
       audit_watch('wording', 'wording', 'wording_id', 'erased_at'),
       audit_watch('consent', 'consent', 'consent_id', 'erased_at'),
       audit_watch('revocation', 'revocation', 'revocation_id', 'erased_at'),
       audit_watch('suppression', 'suppression', 'suppression_id'),
       audit_watch('caller_id_proof', 'caller_id_proof', 'proof_id'),
       audit_watch('decision', 'decision', 'decision_id'),
       audit_watch('result', 'result', 'result_id', 'erased_at'),
       audit_watch('erasure', 'erasure', 'erasure_id'),
       audit_watch('access', 'access_log', 'access_id'),
       audit_watch('external_list', 'external_list', 'list_id'),
       audit_watch('ruleset', 'ruleset', 'ruleset_id'),
       audit_watch('campaign_version', 'campaign_version', 'campaign_version_id');
