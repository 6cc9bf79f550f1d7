-- Every fact that a decision rests on is an entry of the audit tree, and carries the program's stamp: a keyed hash whose key
-- comes from the audit key, so that whoever has the database alone can put no consent in (docs/reference/proof-format.md).
-- Append-only tables of this file, each with an identity key: person_link, phone_proof, list_digest.

ALTER TABLE consent ADD COLUMN stamp bytea;          -- null: entered before there were stamps, or erased
ALTER TABLE caller_id_proof ADD COLUMN stamp bytea;

-- Which numbers became one person's, one row an import: the head moved[i] and all below it went to the head onto[i].
CREATE TABLE person_link (
    link_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    moved       bigint[] NOT NULL,
    onto        bigint[] NOT NULL,
    stamp       bytea,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Telephones of our staff that a call has proved; the number goes with the person when that is erased.
CREATE TABLE phone_proof (
    phone_proof_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id       bigint NOT NULL REFERENCES person,
    verification_id bigint NOT NULL REFERENCES verification_call,
    proved_until    timestamptz NOT NULL,          -- rules time
    entered_by      text NOT NULL,
    stamp           bytea,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX phone_proof_person ON phone_proof (person_id);
DROP INDEX verification_call_phone;
COMMENT ON COLUMN verification_call.proved_until IS 'not read any more: phone_proof says it';

-- The entries of an import of a do-not-call list, as one hash.
CREATE TABLE list_digest (
    digest_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list_id     bigint NOT NULL UNIQUE REFERENCES external_list,
    digest      bytea NOT NULL,                    -- SHA-256 of all keyed hashes in their order
    stamp       bytea,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TRIGGER person_link_append_only BEFORE UPDATE OR DELETE ON person_link
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_link_no_truncate BEFORE TRUNCATE ON person_link EXECUTE FUNCTION refuse_change();
CREATE TRIGGER phone_proof_append_only BEFORE UPDATE OR DELETE ON phone_proof
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER phone_proof_no_truncate BEFORE TRUNCATE ON phone_proof EXECUTE FUNCTION refuse_change();
CREATE TRIGGER list_digest_append_only BEFORE UPDATE OR DELETE ON list_digest
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER list_digest_no_truncate BEFORE TRUNCATE ON list_digest EXECUTE FUNCTION refuse_change();
SELECT audit_watch('person_link', 'person_link', 'link_id'),
       audit_watch('phone_proof', 'phone_proof', 'phone_proof_id'),
       audit_watch('list_digest', 'list_digest', 'digest_id');

-- What was there before, as it stands. Up to these numbers a row without a stamp is as old as this, and `audit verify`
-- counts it; later it was put in by hand.
INSERT INTO person_link (moved, onto)
SELECT array_agg(person_id ORDER BY person_id), array_agg(same_as ORDER BY person_id)
FROM person WHERE same_as IS NOT NULL HAVING count(*) > 0;
INSERT INTO phone_proof (person_id, verification_id, proved_until, entered_by)
SELECT person_id, verification_id, proved_until, entered_by FROM verification_call
WHERE proves = 'rehearsal' AND proved_until IS NOT NULL ORDER BY verification_id;
INSERT INTO database_fact (name, value)
SELECT 'stamps_begin', jsonb_build_object(
    'consent', (SELECT coalesce(max(consent_id), 0) FROM consent),
    'caller_id_proof', (SELECT coalesce(max(proof_id), 0) FROM caller_id_proof),
    'external_list', (SELECT coalesce(max(list_id), 0) FROM external_list),
    'person_link', (SELECT coalesce(max(link_id), 0) FROM person_link),
    'phone_proof', (SELECT coalesce(max(phone_proof_id), 0) FROM phone_proof))::text;
