-- For statements which read some rows along an index: a wrong guess of how many there are must not make the planner read all
-- of them in another way.
-- name: along_indexes
SELECT set_config(name, value, true)
FROM (VALUES ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'),
             ('plan_cache_mode', 'force_custom_plan')) AS s (name, value);
