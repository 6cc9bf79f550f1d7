-- Asked of the database of others.
-- name: now
SELECT pg_catalog.clock_timestamp();
