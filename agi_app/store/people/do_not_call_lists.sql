-- Two imports of one list must not both take the other's entries for the old ones.
-- name: wait_for_turn
SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true),
       pg_advisory_xact_lock(hashtextextended('agi-app external list ' || %(name)s, 0));

-- name: next_id
SELECT nextval(pg_get_serial_sequence('external_list', 'list_id')) AS list_id;

-- name: make_table
CREATE TEMPORARY TABLE import_list (number_hash bytea NOT NULL) ON COMMIT DROP;

-- name: copy
COPY import_list (number_hash) FROM STDIN (FORMAT BINARY);

-- name: drop_old
DELETE FROM external_list_entry e USING external_list l WHERE l.list_id = e.list_id AND l.name = %(name)s;

-- name: add_entries
INSERT INTO external_list_entry (number_hash, list_id) SELECT DISTINCT number_hash, %(list_id)s::bigint FROM import_list;

-- In this form, and in this order, the bytes are the same in every version of PostgreSQL.
-- name: copy_entries
COPY (SELECT number_hash FROM external_list_entry WHERE list_id = {list_id} ORDER BY number_hash)
TO STDOUT (FORMAT BINARY);

-- name: add_digest
INSERT INTO list_digest (list_id, digest, stamp) VALUES (%(list_id)s, %(digest)s, %(stamp)s);

-- name: add_list
INSERT INTO external_list (list_id, name, region, as_of, "by", sha256, entries, purposes) OVERRIDING SYSTEM VALUE
VALUES (%(list_id)s, %(name)s, %(region)s, %(as_of)s, %(by)s, %(sha256)s, %(entries)s, %(purposes)s);

-- In the order of the heads, so that two at once cannot wait for each other.
-- name: lock_listed_persons
SELECT lock_head(called.head) AS head
FROM (SELECT DISTINCT coalesce(p.same_as, p.person_id) AS head
      FROM attempt a JOIN campaign c ON c.name = a.campaign
      JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
      JOIN external_list_entry e ON e.number_hash = p.number_hash
      WHERE a.state <> 'ended' AND e.list_id = %(list_id)s
        AND (%(purposes)s::text[] IS NULL OR c.purpose = ANY(%(purposes)s::text[]))
      ORDER BY head) AS called;

-- Contacts that were refused because of a list are decided again.
-- name: wake
UPDATE contact c SET due_at = %(now)s, replan = c.replan OR c.event_at IS NOT NULL
FROM decision d
WHERE c.state = 'pending' AND c.due_at > %(now)s AND d.decision_id = c.last_decision_id
  AND d.rules && ARRAY['external_list', 'external_list_stale'];

-- name: lists
SELECT DISTINCT ON (name) name, region, as_of, entries FROM external_list
ORDER BY name, list_id DESC;
