-- Several calls in one trip: at a million calls a day a flushed trip for each mark and each result was half of what
-- PostgreSQL did. The settings of the functions: a claim, a mark and a result touch few rows by index, however big the
-- tables are, and making a plan for each took longer than running it.

ALTER FUNCTION lock_head(bigint) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION lock_head(bigint) SET enable_seqscan = off;

-- Locks the heads of the persons of these attempts, in the order in which everybody locks several.
CREATE FUNCTION lock_heads(wanted text[]) RETURNS void LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM lock_head(known.head)
    FROM (SELECT coalesce(p.same_as, p.person_id) AS head
          FROM attempt a JOIN person p ON p.person_id = a.person_id
          WHERE a.attempt_id = ANY(wanted) ORDER BY 1 OFFSET 0) AS known;
END $$;

-- The marks of 0005_person_rules.sql, of several calls: returns those that may be dialled now. In a volatile function
-- each statement takes a snapshot of its own, so the update sees all that was committed while the first one waited.
CREATE FUNCTION mark_attempts(wanted text[], by_node text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM lock_heads(wanted);
    RETURN QUERY
    UPDATE attempt a
    SET state = 'dialling', dialled = true, marked_at = clock_timestamp(),
        rules_at = a.rules_at + (clock_timestamp() - a.claimed_at)
    WHERE a.attempt_id = ANY(wanted) AND a.node = by_node AND a.state = 'claimed'
      AND a.lease_until > clock_timestamp()
      AND EXISTS (SELECT FROM campaign c WHERE c.name = a.campaign AND c.state = 'running')
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      JOIN campaign c ON c.name = a.campaign
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
    RETURNING a.attempt_id;
END $$;
DROP FUNCTION mark_attempt(text, text);
