-- Rows are taken as they are: no trigger queues them, and they may come in any order.
-- name: begin
SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;

-- Our tables and the columns of each that a row can give.
-- name: tables
SELECT c.relname AS table, array_agg(a.attname::text) AS columns
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_version'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname;

-- name: empty
TRUNCATE {};

-- name: take
COPY {} ({}) FROM STDIN;
