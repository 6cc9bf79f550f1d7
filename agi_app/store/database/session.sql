-- Settings of every connection. First where names are looked for: pg_catalog (by itself), then public, so that nothing
-- stands in front of either, whatever is set for the role or the database; then what else could give a statement another
-- meaning. By the tcp_ settings the server notices that our host is gone and lets go of what a transaction had locked; a
-- process that dies it notices at once. Through a Unix socket they mean nothing. What was committed is on disk, also on a
-- server that was told not to wait for it; a server without fsync has no disk to wait for.
-- name: configure
SET search_path = public, pg_temp;
SET row_security = off;
SET transform_null_equals = off;
SET standard_conforming_strings = on;
SET default_transaction_isolation = 'read committed';
SET default_transaction_deferrable = off;
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SELECT set_config('timezone', 'UTC', false),
       set_config('jit', 'off', false),
       set_config('application_name', 'agi-app', false),
       set_config('statement_timeout', '30s', false),
       set_config('lock_timeout', '10s', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '3', false);
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off' AND current_setting('fsync') = 'on';

-- name: durability
SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit;

-- name: database_now
SELECT clock_timestamp() AS now;

-- The lock of a host that is gone must be free soon: the others take its work over then.
-- name: lock_worker
SELECT set_config('tcp_keepalives_idle', '2', false), set_config('tcp_keepalives_interval', '1', false),
       set_config('tcp_user_timeout', '5s', false),
       pg_try_advisory_lock(hashtextextended('agi-app worker ' || %(entityid)s, 0)) AS got;

-- name: still_alive
SELECT 1;

-- name: notify
SELECT pg_notify(%(channel)s, %(payload)s);

-- The first use of a start instant anchors it; another start anchors anew.
-- name: anchor_sandbox_clock
INSERT INTO sandbox_clock AS old (start, anchored_at) VALUES (%(start)s, clock_timestamp())
ON CONFLICT (only_row) DO UPDATE SET start = excluded.start, anchored_at = excluded.anchored_at
WHERE old.start <> excluded.start;

-- name: sandbox_offset
SELECT extract(epoch FROM start - anchored_at)::float8 AS seconds FROM sandbox_clock;

-- name: remember_meta
INSERT INTO meta (key, value) VALUES (%(key)s, %(value)s) ON CONFLICT (key) DO NOTHING;

-- name: read_meta
SELECT value FROM meta WHERE key = %(key)s;

-- name: database_exists
SELECT FROM pg_database WHERE datname = %(name)s;

-- Which clock the times in this database are by; null: not told. What was written before it was told is by the real one.
-- name: clock
SELECT (SELECT value FROM database_fact WHERE name = 'clock') AS bound,
       EXISTS (SELECT FROM consent) OR EXISTS (SELECT FROM revocation) OR EXISTS (SELECT FROM suppression)
       OR EXISTS (SELECT FROM caller_id_proof) OR EXISTS (SELECT FROM external_list) OR EXISTS (SELECT FROM decision)
       OR EXISTS (SELECT FROM contact) AS used;

-- name: bound_clock
SELECT value FROM database_fact WHERE name = 'clock';

-- name: bind_clock
INSERT INTO database_fact (name, value) VALUES ('clock', %(clock)s) ON CONFLICT DO NOTHING;

-- name: read_rules_of_access
SELECT pg_reload_conf();

-- name: socket_folders
SELECT current_setting('unix_socket_directories');
