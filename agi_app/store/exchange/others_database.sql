-- Asked of the database of others (agi_app/exchange/others_database.py), each by the session of one exchange.

-- The time zone stays that of the role: `current_date` in a statement means what its author meant.
-- name: limits
SELECT pg_catalog.set_config('statement_timeout', %(statement_ms)s, false),
       pg_catalog.set_config('lock_timeout', %(lock_ms)s, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', %(idle_ms)s, false),
       pg_catalog.set_config('datestyle', 'ISO', false), pg_catalog.set_config('intervalstyle', 'iso_8601', false),
       pg_catalog.set_config('bytea_output', 'hex', false), pg_catalog.set_config('extra_float_digits', '1', false),
       pg_catalog.set_config('standard_conforming_strings', 'on', false), pg_catalog.set_config('jit', 'off', false);

-- name: read_only
SELECT pg_catalog.set_config('default_transaction_read_only', 'on', false);

-- What the path of the other database's role could put in front of the catalogue's own functions and operators.
-- name: plain_path
SET search_path = pg_catalog;

-- name: own_path
RESET search_path;

-- A database of agi-app, of whatever installation, restored from a dump or seen through another server.
-- name: is_ours
SELECT EXISTS (
    SELECT FROM pg_class c
    WHERE c.relname IN ('schema_version', 'attempt', 'suppression', 'audit_leaf', 'webhook_endpoint')
    GROUP BY c.relnamespace HAVING count(DISTINCT c.relname) = 5) AS found;

-- What the role, or a role that it is a member of, may do to the server: more than the data of a database.
-- name: powers
WITH mine AS (SELECT r.* FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER'))
SELECT 'superuser' AS kind, rolname::text AS role, '' AS object, 0 AS place FROM mine WHERE rolsuper
UNION ALL SELECT 'createrole', rolname, '', 1 FROM mine WHERE rolcreaterole
UNION ALL SELECT 'createdb', rolname, '', 1 FROM mine WHERE rolcreatedb
UNION ALL SELECT 'replication', rolname, '', 1 FROM mine WHERE rolreplication
UNION ALL SELECT 'bypassrls', rolname, '', 1 FROM mine WHERE rolbypassrls
UNION ALL
SELECT 'member', session_user::text, rolname, 2 FROM mine
WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_create_subscription',
                  'pg_signal_backend', 'pg_maintain')
UNION ALL
SELECT DISTINCT 'execute', m.rolname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', 3
FROM mine m CROSS JOIN pg_proc p
WHERE p.pronamespace = 'pg_catalog'::regnamespace
  AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_stat_file', 'pg_ls_dir', 'lo_import', 'lo_export')
  AND has_function_privilege(m.oid, p.oid, 'EXECUTE')
UNION ALL  -- a read-only transaction does not hold for what these do elsewhere
SELECT DISTINCT 'extension', m.rolname, e.extname, 4
FROM mine m CROSS JOIN pg_extension e
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
JOIN pg_proc p ON p.oid = d.objid
WHERE e.extname IN ('dblink', 'adminpack') AND has_function_privilege(m.oid, p.oid, 'EXECUTE')
  AND has_schema_privilege(m.oid, p.pronamespace, 'USAGE')
UNION ALL
SELECT DISTINCT 'reaches out', m.rolname, p.oid::regprocedure::text, 5
FROM mine m CROSS JOIN pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace <> 'pg_catalog'::regnamespace AND has_function_privilege(m.oid, p.oid, 'EXECUTE')
  AND has_schema_privilege(m.oid, p.pronamespace, 'USAGE')
  AND (l.lanname IN ('plpython3u', 'plperlu', 'pltclu', 'plsh') OR p.prosecdef AND p.prosrc ~* '\mdblink')
ORDER BY 4, 1, 2, 3 LIMIT 20;

-- What it may change or make in this database.
-- name: writes
WITH mine AS (SELECT r.oid, r.rolname FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER')),
own AS (SELECT n.oid, n.nspname, n.nspowner FROM pg_namespace n
        WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'),
relation AS (SELECT c.oid, c.relowner, own.nspname || '.' || c.relname AS name
             FROM pg_class c JOIN own ON own.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f'))
(SELECT 'member' AS kind, session_user::text AS role, rolname::text AS object FROM mine WHERE rolname = 'pg_write_all_data')
UNION ALL
(SELECT 'owner', m.rolname, o.name
 FROM mine m JOIN (SELECT relowner AS owner, name FROM relation
                   UNION ALL SELECT nspowner, nspname FROM own
                   UNION ALL SELECT p.proowner, p.proname FROM pg_proc p JOIN own ON own.oid = p.pronamespace
                   UNION ALL SELECT d.datdba, d.datname FROM pg_database d WHERE d.datname = current_database()) AS o
    ON o.owner = m.oid
 ORDER BY 2, 3 LIMIT 3)
UNION ALL
(SELECT lower(p.name), m.rolname, t.name
 FROM mine m CROSS JOIN relation t
 CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p (name)
 WHERE m.rolname <> 'pg_write_all_data' AND t.relowner <> m.oid
   AND CASE WHEN p.name IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(m.oid, t.oid, p.name)
            ELSE has_table_privilege(m.oid, t.oid, p.name) END
   AND NOT EXISTS (SELECT FROM mine w WHERE w.rolname = 'pg_write_all_data')
 ORDER BY t.name, p.name LIMIT 3)
UNION ALL
(SELECT 'create', m.rolname, 'SCHEMA ' || own.nspname FROM mine m CROSS JOIN own
 WHERE own.nspowner <> m.oid AND has_schema_privilege(m.oid, own.oid, 'CREATE') ORDER BY 3 LIMIT 3)
UNION ALL
(SELECT 'create', m.rolname, 'DATABASE ' || d.datname FROM mine m CROSS JOIN pg_database d
 WHERE d.datname = current_database() AND d.datdba <> m.oid AND has_database_privilege(m.oid, d.oid, 'CREATE') LIMIT 1);

-- name: explain
EXPLAIN (FORMAT JSON) {statement}
