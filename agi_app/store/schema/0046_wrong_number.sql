-- A refusal with via = 'wrong number' is no stop of a person: whoever answers that number is not the one who agreed. It
-- ends the consents for this very number alone; the person may have others, and a consent given later counts.
CREATE FUNCTION binds(via text, refused_number bigint, number bigint) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN via <> 'wrong number' OR refused_number = number;

-- As in 0024_together.sql, but for refusals that bind one number.
CREATE OR REPLACE FUNCTION mark_attempts(wanted text[], by_node text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
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
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at
                        AND binds(r.via, r.person_id, coalesce(a.number_id, a.person_id)))
    RETURNING a.attempt_id;
END $$;
