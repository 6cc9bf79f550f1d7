-- By columns that every version has.
-- name: working
SELECT name FROM node WHERE seen_at > clock_timestamp() - interval '8 seconds' ORDER BY name;

-- name: sizes
SELECT c.relname AS name, pg_catalog.pg_total_relation_size(c.oid) AS bytes, greatest(c.reltuples, 0)::bigint AS rows
FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r';
