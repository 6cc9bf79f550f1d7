-- What is true of the database once and for ever, an entry of the audit tree each: which clock its times are by.
CREATE TABLE database_fact (
    fact_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    value       text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER database_fact_append_only BEFORE UPDATE OR DELETE ON database_fact
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER database_fact_no_truncate BEFORE TRUNCATE ON database_fact EXECUTE FUNCTION refuse_change();
SELECT audit_watch('database_fact', 'database_fact', 'fact_id');

-- A database that ever decided by the real clock is bound to it, whatever else was tried on it.
INSERT INTO database_fact (name, value)
SELECT 'clock', CASE WHEN EXISTS (SELECT FROM decision WHERE clock = 'system') THEN 'system' ELSE 'sandbox' END
WHERE EXISTS (SELECT FROM decision) OR EXISTS (SELECT FROM sandbox_clock);
