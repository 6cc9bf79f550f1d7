-- In these, {source} is a temporary table with the columns e164 and person_key.

-- name: any_key
SELECT EXISTS (SELECT FROM {source} WHERE person_key IS NOT NULL) AS given;

-- Two imports that give the same new key must not pass each other. Waiting is for another import, which may be long.
-- name: wait_for_turn
SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(hashtextextended('agi-app link persons', 0));

-- The heads that one key joins, for each key that joins more than one.
-- name: to_join
WITH given AS (
    SELECT DISTINCT person_key, e164 FROM {source} WHERE person_key IS NOT NULL
), pair AS (
    SELECT g.person_key, coalesce(p.same_as, p.person_id) AS head
    FROM given g JOIN person p ON p.e164 = g.e164
    UNION
    SELECT k.person_key, coalesce(p.same_as, p.person_id)
    FROM person_key k JOIN person p ON p.person_id = k.person_id
    WHERE k.person_key IN (SELECT person_key FROM given)
)
SELECT array_agg(head ORDER BY head) AS heads FROM pair GROUP BY person_key HAVING count(*) > 1;

-- name: lock_heads
SELECT person_id FROM person WHERE person_id = ANY(%(heads)s) ORDER BY person_id FOR NO KEY UPDATE;

-- The new head takes over the number of ours that the person saw, unless it has one.
-- name: inherit_seen
UPDATE person h SET caller_id_seen = old.caller_id_seen
FROM unnest(%(moved)s::bigint[], %(onto)s::bigint[]) AS t (moved, onto)
JOIN person old ON old.person_id = t.moved
WHERE h.person_id = t.onto AND h.caller_id_seen IS NULL AND old.caller_id_seen IS NOT NULL;

-- name: move_groups
UPDATE person SET same_as = t.onto
FROM unnest(%(moved)s::bigint[], %(onto)s::bigint[]) AS t (moved, onto)
WHERE person.person_id = t.moved OR person.same_as = t.moved;

-- name: add_link
INSERT INTO person_link (moved, onto, stamp) VALUES (%(moved)s, %(onto)s, %(stamp)s);

-- name: remember_keys
INSERT INTO person_key (person_key, person_id)
SELECT DISTINCT ON (s.person_key) s.person_key, p.person_id
FROM {source} s JOIN person p ON p.e164 = s.e164
WHERE s.person_key IS NOT NULL
ORDER BY s.person_key, p.person_id
ON CONFLICT DO NOTHING;

-- name: show_keys
UPDATE person p SET person_key = s.person_key
FROM (SELECT e164, min(person_key) AS person_key FROM {source} WHERE person_key IS NOT NULL GROUP BY e164) s
WHERE p.e164 = s.e164 AND p.person_key IS NULL;

-- Of these heads, those with a number that is suppressed while one of the group is being called.
-- name: stopped_in_call
SELECT h.head AS person_id FROM unnest(%(heads)s::bigint[]) AS h (head)
WHERE EXISTS (SELECT FROM person p JOIN suppression s USING (number_hash) WHERE p.person_id IN (SELECT group_of(h.head)))
  AND EXISTS (SELECT FROM attempt a WHERE a.person_id IN (SELECT group_of(h.head)) AND a.state <> 'ended');
