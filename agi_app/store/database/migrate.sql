-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('agi-app migrate', 0));

-- name: create
CREATE TABLE IF NOT EXISTS schema_version (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: exists
SELECT to_regclass('schema_version') IS NOT NULL AS exists;

-- name: applied
SELECT number, name, sha256 FROM schema_version ORDER BY number;

-- name: record
INSERT INTO schema_version (number, name, sha256) VALUES (%(number)s, %(name)s, %(sha256)s);

-- Of a new column PostgreSQL knows nothing until it looks by itself, which at ten million contacts may be weeks later.
-- name: analyze
ANALYZE;
