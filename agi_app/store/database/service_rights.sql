-- name: role_exists
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}') AS found;

-- name: make_role
CREATE ROLE {role} NOLOGIN;

-- name: revoke_all
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {role};
REVOKE ALL ON SCHEMA public FROM {role};
GRANT USAGE ON SCHEMA public TO {role};

-- Also what it holds as one of all users, or as a member of another role.
-- name: held_relations
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'relation' END || ' ' || c.relname AS object,
       lower(p.name) AS may, pg_catalog.has_table_privilege('{role}', c.oid, p.name) AS whole,
       CASE WHEN p.name IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') THEN ARRAY(
           SELECT a.attname::text FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND pg_catalog.has_column_privilege('{role}', c.oid, a.attnum, p.name)
           ORDER BY a.attname) END AS columns
FROM pg_catalog.pg_class c
CROSS JOIN pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
    WITH ORDINALITY AS p (name, place)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
ORDER BY c.relname, p.place;

-- name: held_functions
SELECT 'function ' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS object,
       CASE WHEN p.prorettype = 'trigger'::regtype  -- who may execute one can put it on a temporary table of their own
            THEN CASE WHEN pg_catalog.has_function_privilege('{role}', p.oid, 'EXECUTE') THEN 'trigger of its own'
                      ELSE 'trigger' END
            WHEN NOT pg_catalog.has_function_privilege('{role}', p.oid, 'EXECUTE') THEN '-'
            WHEN p.prosecdef THEN 'execute' ELSE 'caller' END AS may
FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'public'::regnamespace;

-- What would make all the grants worthless.
-- name: powers
SELECT r.rolsuper AS superuser, r.rolcreaterole AS createrole, r.rolcreatedb AS createdb, r.rolreplication AS replication,
       r.rolbypassrls AS bypassrls, pg_catalog.has_schema_privilege(r.oid, 'public', 'CREATE') AS "create in public",
       EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid) AS "membership in another role",
       EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relowner = r.oid)
       OR EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proowner = r.oid) AS "ownership"
FROM pg_catalog.pg_roles r WHERE r.rolname = '{role}';
