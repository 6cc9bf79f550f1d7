-- Whoever comes onto a do-not-call list of others while a call to them is on its way is treated as if they had said stop.

-- Which calls the list binds, by the rules in force when it was imported; null: all, as for a list that no rule names.
ALTER TABLE external_list ADD COLUMN purposes text[];

-- Whether a list that was put in force after this attempt was claimed binds it: the claim could not know. A minute more,
-- for an import stamps itself a moment before its commit; an attempt that the gate allowed with the list in force is not bound.
CREATE FUNCTION listed_since_claim(number bigint, claimed_at timestamptz, purpose text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM person p JOIN external_list_entry e ON e.number_hash = p.number_hash
                   JOIN external_list l ON l.list_id = e.list_id
                   WHERE p.person_id = $1 AND l.imported_at > $2 - interval '1 minute'
                     AND (l.purposes IS NULL OR $3 = ANY(l.purposes)))
$$;

CREATE OR REPLACE FUNCTION mark_attempts(wanted text[], by_node text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM lock_heads(wanted);
    RETURN QUERY
    UPDATE attempt a
    SET state = 'dialling', dialled = true, marked_at = clock_timestamp(),
        rules_at = a.rules_at + (clock_timestamp() - a.claimed_at)
    FROM campaign c
    WHERE a.attempt_id = ANY(wanted) AND a.node = by_node AND a.state = 'claimed'
      AND a.lease_until > clock_timestamp() AND c.name = a.campaign AND c.state = 'running'
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
      AND NOT listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose)
    RETURNING a.attempt_id;
END $$;
