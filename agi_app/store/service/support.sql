-- name: server
SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes,
       pg_catalog.current_setting('max_connections') AS max_connections,
       (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()) AS connections,
       (SELECT max(number) FROM schema_version) AS migration,
       (SELECT max(applied_at) FROM schema_version) AS migrated_at;

-- name: tables
SELECT c.relname AS name, pg_catalog.pg_total_relation_size(c.oid) AS bytes, greatest(c.reltuples, 0)::bigint AS rows
FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 2 DESC, 1;

-- name: states
SELECT state, count(*) AS number FROM campaign GROUP BY state ORDER BY state;

-- Words that may be of somebody, in any case; what is of digits or signs alone is short or hidden as it is.
-- name: personal
SELECT DISTINCT word FROM (
    SELECT pg_catalog.regexp_split_to_table(f.value, '[[:space:]]+') AS word
    FROM contact, pg_catalog.jsonb_each_text(fields) AS f (key, value)
    UNION ALL SELECT name FROM account UNION ALL SELECT os_user FROM account) AS w
WHERE word ~ '[A-Za-z]' OR word ~ '[^\x01-\x7F]' OR word ~ '[0-9]{4}' LIMIT %(most)s;
