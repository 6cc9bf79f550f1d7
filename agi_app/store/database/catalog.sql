-- What the schema public is made of, and whatever else could make a query of ours mean something else. Each query gives
-- kind, name and definition; the text must be the same in every version of PostgreSQL, after a dump and its load, and
-- whoever the owner is. Names of functions and catalogs are whole: nothing in public may stand in front of them.

-- Not relhasrules: that stays set when a rule is gone.
-- name: relations
SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                      WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' WHEN 'S' THEN 'sequence'
                      WHEN 'c' THEN 'type' ELSE 'relation' END AS kind,
       c.relname AS name,
       pg_catalog.concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
                            c.relispartition, c.reloftype, am.amname, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
                            s.seqtypid::regtype) AS definition
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('i', 'I', 't')

-- name: columns
SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
       pg_catalog.concat_ws(' ', pg_catalog.rank() OVER (PARTITION BY c.oid ORDER BY a.attnum), n.nspname, t.typname,
                            a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated, l.collname,
                            pg_catalog.pg_get_expr(d.adbin, d.adrelid)) AS definition
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped

-- Those of version 18 for columns that are not null are told with the columns.
-- name: constraints
SELECT 'constraint' AS kind, coalesce(c.relname, t.typname, '') || '.' || k.conname AS name,
       pg_catalog.concat_ws(' ', k.contype, k.convalidated, k.condeferrable, k.condeferred,
                            pg_catalog.pg_get_constraintdef(k.oid)) AS definition
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
WHERE k.connamespace = 'public'::regnamespace AND k.contype NOT IN ('n', 't')

-- name: indexes
SELECT 'index' AS kind, t.relname || '.' || i.relname AS name,
       pg_catalog.concat_ws(' ', x.indisvalid, x.indisready, x.indislive, x.indisunique, x.indisprimary, x.indimmediate,
                            pg_catalog.pg_get_indexdef(x.indexrelid)) AS definition
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace

-- Also those that enforce foreign keys: they can be disabled, and their own names are numbers of this database.
-- name: triggers
SELECT 'trigger' AS kind,
       c.relname || '.' || CASE WHEN g.tgisinternal THEN coalesce(k.conname, '') || ' ' || p.proname
                                ELSE g.tgname END AS name,
       pg_catalog.concat_ws(' ', n.nspname, p.proname, g.tgtype, g.tgenabled, g.tgdeferrable, g.tginitdeferred, g.tgisinternal,
                            CASE WHEN NOT g.tgisinternal THEN pg_catalog.pg_get_triggerdef(g.oid) END) AS definition
FROM pg_catalog.pg_trigger g
JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
WHERE c.relnamespace = 'public'::regnamespace

-- A server older than 16 names the table before each column also where there is only one, but for the OLD and NEW of a view.
-- name: rules
SELECT 'rule' AS kind, c.relname || '.' || r.rulename AS name,
       CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN pg_catalog.pg_get_ruledef(r.oid)
            ELSE pg_catalog.regexp_replace(pg_catalog.pg_get_ruledef(r.oid), CASE c.relname WHEN 'person_masked' THEN '\mperson\.'
                                           WHEN 'guard_list_masked' THEN '\mguard_list\.' ELSE '\m\M.' END, '', 'g')
       END AS definition
FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = 'public'::regnamespace

-- name: policies
SELECT 'row security policy' AS kind, c.relname || '.' || p.polname AS name, '' AS definition
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = 'public'::regnamespace

-- A table of any schema that inherits from one of ours adds its rows to it.
-- name: children
SELECT 'inheritance' AS kind, i.inhrelid::regclass || ' of ' || i.inhparent::regclass AS name, '' AS definition
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhparent JOIN pg_catalog.pg_class h ON h.oid = i.inhrelid
WHERE (c.relnamespace = 'public'::regnamespace OR h.relnamespace = 'public'::regnamespace) AND c.relkind IN ('r', 'p')

-- name: functions
SELECT CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' ELSE 'aggregate' END AS kind,
       CASE WHEN p.pronamespace = 'pg_catalog'::regnamespace THEN 'pg_catalog.' ELSE '' END || p.proname
       || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
       pg_catalog.concat_ws(' ', l.lanname, p.prokind, p.provolatile, p.prosecdef, p.proisstrict, p.proretset,
                            p.proleakproof, p.proparallel, p.procost, p.prorows, p.prosupport,
                            pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
                            p.proconfig, p.probin, pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) AS definition
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace
   OR p.pronamespace = 'pg_catalog'::regnamespace AND p.oid >= 16384
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype = 'e')

-- name: operators
SELECT 'operator' AS kind, o.oprname || '(' || o.oprleft::regtype || ',' || o.oprright::regtype || ')' AS name,
       '' AS definition
FROM pg_catalog.pg_operator o
WHERE o.oprnamespace = 'public'::regnamespace OR o.oprnamespace = 'pg_catalog'::regnamespace AND o.oid >= 16384

-- Those of tables and arrays come and go with what they are of.
-- name: types
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END AS kind,
       CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN 'pg_catalog.' ELSE '' END || t.typname AS name,
       t.typtype::text AS definition
FROM pg_catalog.pg_type t
WHERE (t.typnamespace = 'public'::regnamespace OR t.typnamespace = 'pg_catalog'::regnamespace AND t.oid >= 16384)
  AND t.typrelid = 0 AND t.typcategory <> 'A'

-- name: casts
SELECT 'cast' AS kind, k.castsource::regtype || ' to ' || k.casttarget::regtype AS name, '' AS definition
FROM pg_catalog.pg_cast k
JOIN pg_catalog.pg_type s ON s.oid = k.castsource JOIN pg_catalog.pg_type t ON t.oid = k.casttarget
WHERE k.oid >= 16384
  AND s.typnamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace)
  AND t.typnamespace IN ('public'::regnamespace, 'pg_catalog'::regnamespace)

-- name: event_triggers
SELECT 'event trigger' AS kind, e.evtname::text AS name, '' AS definition
FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled <> 'D'

-- name: operator_classes
SELECT 'operator class' AS kind, o.opcname::text AS name, '' AS definition
FROM pg_catalog.pg_opclass o
WHERE o.opcnamespace = 'public'::regnamespace OR o.opcnamespace = 'pg_catalog'::regnamespace AND o.oid >= 16384
UNION ALL
SELECT 'operator family', f.opfname, ''
FROM pg_catalog.pg_opfamily f
WHERE f.opfnamespace = 'public'::regnamespace OR f.opfnamespace = 'pg_catalog'::regnamespace AND f.oid >= 16384
UNION ALL
SELECT 'operator of a family', f.opfname || ' ' || a.amopopr::regoperator, ''
FROM pg_catalog.pg_amop a JOIN pg_catalog.pg_opfamily f ON f.oid = a.amopfamily
WHERE a.oid >= 16384 AND f.oid < 16384
UNION ALL
SELECT 'function of a family', f.opfname || ' ' || a.amproc::regprocedure, ''
FROM pg_catalog.pg_amproc a JOIN pg_catalog.pg_opfamily f ON f.oid = a.amprocfamily
WHERE a.oid >= 16384 AND f.oid < 16384

-- Whatever else is in the schema, of any kind: collations, conversions, statistics, text search, extensions.
-- name: others
SELECT o.type AS kind, pg_catalog.regexp_replace(o.identity, '^public[.]', '') AS name, '' AS definition
FROM pg_catalog.pg_depend d, pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS o
WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = 'public'::regnamespace AND d.deptype = 'n'
  AND d.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_type'::regclass,
                        'pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_opclass'::regclass,
                        'pg_catalog.pg_opfamily'::regclass)

-- What a database, a role or a configuration file sets for our sessions: without triggers no row is queued for the tree.
-- name: settings
SELECT 'setting' AS kind, s.name, s.setting AS definition
FROM pg_catalog.pg_settings s
WHERE s.name = 'session_replication_role' AND s.setting <> 'origin'
