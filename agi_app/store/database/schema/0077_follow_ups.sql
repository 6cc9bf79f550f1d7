-- A list of contacts that was made from another campaign's: of which one, by what condition, how many it named, and who of those
-- was left out and why. A row is written with the import's own, before the first contact is stored.
CREATE TABLE follow_up (
    import_id     bigint PRIMARY KEY REFERENCES import_file,
    from_campaign text NOT NULL,
    condition     text NOT NULL,
    matched       bigint NOT NULL,                   -- contacts of that campaign that the condition names
    left_out      jsonb NOT NULL,                    -- reason -> how many of them
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER follow_up_append_only BEFORE UPDATE OR DELETE ON follow_up FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER follow_up_no_truncate BEFORE TRUNCATE ON follow_up EXECUTE FUNCTION refuse_change();
SELECT audit_watch('follow_up', 'follow_up', 'import_id');
