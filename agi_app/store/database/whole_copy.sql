-- Everything in the copy is of one moment, which this transaction holds still for pg_dump.
-- name: begin
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL statement_timeout = 0;

-- name: snapshot
SELECT pg_catalog.pg_export_snapshot() AS snapshot;

-- name: told
SELECT (SELECT value FROM meta WHERE key = 'project_id') AS project,
       (SELECT value FROM meta WHERE key = 'suppression_key_check') AS suppression_key,
       (SELECT coalesce(max(number), 0) FROM schema_version) AS schema,
       (SELECT coalesce(max(decision_id), 0) FROM decision)::bigint AS decisions,
       (SELECT coalesce(max(leaf) + 1, 0) FROM audit_leaf)::bigint AS entries,
       (SELECT note FROM audit_checkpoint ORDER BY size DESC, note DESC LIMIT 1) AS checkpoint,
       (SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM campaign WHERE state = 'running') AS running,
       (SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM node) AS nodes;

-- What anybody has made in the database, apart from the system's own.
-- name: objects
SELECT count(*) AS objects FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%%'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f');
