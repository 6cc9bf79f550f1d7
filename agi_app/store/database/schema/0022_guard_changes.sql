-- What people said of callers: list entries, reports and appeals, what a line chose. Rows of the audit tree. No caller's
-- number stands in them but its keyed hash, as in the suppression list; an erasure takes it off.
CREATE TABLE guard_change (
    change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,              -- rules time
    what        text NOT NULL CHECK (what IN ('listed', 'unlisted', 'reported', 'appealed', 'line')),
    number_hash bytea CHECK (octet_length(number_hash) = 32),  -- of a number; null: of none, or erased
    pattern     text,                              -- a prefix, a range, withheld numbers, a short number
    details     jsonb NOT NULL,                    -- agi_app/store/guard_changes.py
    entered_by  text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at   timestamptz
);
CREATE INDEX guard_change_number ON guard_change (number_hash) WHERE number_hash IS NOT NULL;
CREATE TRIGGER guard_change_append_only BEFORE UPDATE OR DELETE ON guard_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
CREATE TRIGGER guard_change_no_truncate BEFORE TRUNCATE ON guard_change EXECUTE FUNCTION refuse_change();
SELECT audit_watch('guard_change', 'guard_change', 'change_id', 'erased_at');

-- What is in force names the change that made it so. What was there before is taken over as it stands, without a hash.
ALTER TABLE guard_list ADD COLUMN change_id bigint REFERENCES guard_change;
ALTER TABLE guard_vote ADD COLUMN change_id bigint REFERENCES guard_change;
DO $$
DECLARE
    found record;
    told  bigint;
BEGIN
    PERFORM set_config('timezone', 'UTC', true);
    FOR found IN SELECT * FROM guard_list ORDER BY entry_id LOOP
        INSERT INTO guard_change (at, what, pattern, details, entered_by)
        VALUES (found.entered_at, 'listed',
                CASE WHEN found.low IS NOT NULL OR found.pattern ~ '\*$' OR found.pattern = 'withheld' THEN found.pattern END,
                jsonb_build_object('allow', found.allow, 'line', found.line, 'shared', found.shared, 'reason', found.reason,
                                   'expires_at', found.expires_at, 'taken_over', true), found.entered_by)
        RETURNING change_id INTO told;
        UPDATE guard_list SET change_id = told WHERE entry_id = found.entry_id;
    END LOOP;
    FOR found IN SELECT * FROM guard_vote ORDER BY at LOOP
        INSERT INTO guard_change (at, what, details, entered_by)
        VALUES (found.at, CASE WHEN found.nuisance THEN 'reported' ELSE 'appealed' END,
                jsonb_build_object('line', found.voter, 'call', NULL, 'taken_over', true), 'line ' || found.voter)
        RETURNING change_id INTO told;
        UPDATE guard_vote SET change_id = told WHERE (caller_id, voter) = (found.caller_id, found.voter);
    END LOOP;
END $$;
ALTER TABLE guard_list ALTER COLUMN change_id SET NOT NULL;
ALTER TABLE guard_vote ALTER COLUMN change_id SET NOT NULL;
