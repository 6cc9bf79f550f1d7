-- Calls that came in to our lines, and the stops said in them. Numbers of callers are keyed hashes, as in the
-- suppression list; an erasure takes them off.
CREATE TABLE line_call (
    line_call_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id      text NOT NULL UNIQUE,
    line         text NOT NULL,                    -- its name in the settings
    called       text NOT NULL,                    -- its number
    caller_hash  bytea CHECK (octet_length(caller_hash) = 32),  -- null: none was shown, or it was erased
    node         text NOT NULL,
    result       text NOT NULL CHECK (result IN ('answered', 'given_back')),
    note         text,                             -- why it was given back, or what was wrong
    language     text,
    disposition  text,
    began_at     timestamptz NOT NULL,             -- rules time
    answered_at  timestamptz,                      -- real time
    ended_at     timestamptz NOT NULL,             -- real time
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at    timestamptz
);
CREATE INDEX line_call_began ON line_call (began_at);
CREATE INDEX line_call_caller ON line_call (caller_hash) WHERE caller_hash IS NOT NULL;

CREATE TABLE line_stop (
    line_stop_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id      text NOT NULL REFERENCES line_call (call_id),
    number_hash  bytea CHECK (octet_length(number_hash) = 32),  -- null: erased
    how          text NOT NULL CHECK (how IN ('key', 'speech', 'step', 'keyed')),  -- keyed: for another number
    at           timestamptz NOT NULL,             -- real time, when it was on disk
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at    timestamptz
);
CREATE INDEX line_stop_call ON line_stop (call_id);
CREATE INDEX line_stop_number ON line_stop (number_hash) WHERE number_hash IS NOT NULL;

CREATE TRIGGER line_call_append_only BEFORE UPDATE OR DELETE ON line_call
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER line_call_no_truncate BEFORE TRUNCATE ON line_call EXECUTE FUNCTION refuse_change();
CREATE TRIGGER line_stop_append_only BEFORE UPDATE OR DELETE ON line_stop
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER line_stop_no_truncate BEFORE TRUNCATE ON line_stop EXECUTE FUNCTION refuse_change();
SELECT audit_watch('line_call', 'line_call', 'line_call_id', 'erased_at'),
       audit_watch('line_stop', 'line_stop', 'line_stop_id', 'erased_at');
