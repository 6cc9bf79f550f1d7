-- Verification calls: we ring a number of ours, and whoever answers keys the code that the command line shows.
-- A request is a row with a state; what was decided about it is a decision row, what it proved a caller_id_proof row.

CREATE TABLE verification_call (
    verification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id       bigint NOT NULL REFERENCES person,  -- whose number is rung: numbers themselves stand in person
    shown           text,                          -- a proved number of ours; null: the rung number itself
    trunk           text NOT NULL,
    code_hash       bytea,                         -- salt and scrypt hash of the code; null once the call is over
    entered_by      text NOT NULL,
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dialling', 'ended')),
    result          text,                          -- proved, refused, wrong_code, no_code, an outcome, expired
    note            text,
    node            text,
    decision_id     bigint,
    proof_id        bigint UNIQUE REFERENCES caller_id_proof,  -- what the right code brought
    dialled_at      timestamptz,                   -- rules time; null: surely not dialled
    requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at        timestamptz
);
CREATE INDEX verification_call_waiting ON verification_call (requested_at) WHERE state = 'waiting';
CREATE INDEX verification_call_dialled ON verification_call (dialled_at);

COMMENT ON COLUMN decision.contact_id IS '0: no contact; the decision is about a verification call';

-- `agi-app doctor` asks whether a call to a number of ours would reach us; a worker tries it inside its Asterisk.
CREATE TABLE call_back_check (
    check_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    proof_id     bigint NOT NULL REFERENCES caller_id_proof,  -- of the number
    trunk        text NOT NULL,
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'ended')),
    fault        text,                             -- why it would not reach us; null when it does
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz
);
CREATE INDEX call_back_check_waiting ON call_back_check (requested_at) WHERE state = 'waiting';

ALTER TABLE caller_id_proof ADD CONSTRAINT caller_id_proof_kind CHECK (kind IN ('letter', 'call', 'rehearsal'));
CREATE OR REPLACE TRIGGER caller_id_proof_append_only BEFORE UPDATE OR DELETE ON caller_id_proof
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER caller_id_proof_no_truncate BEFORE TRUNCATE ON caller_id_proof EXECUTE FUNCTION refuse_change();
