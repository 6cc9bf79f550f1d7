-- A pause of everything: no node makes a new call. The newest row says whether one is in force; each is in the audit tree.
CREATE TABLE calling_pause (
    pause_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,              -- rules time
    paused      boolean NOT NULL,                  -- false: the end of a pause
    reason      text NOT NULL,
    entered_by  text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER calling_pause_append_only BEFORE UPDATE OR DELETE ON calling_pause
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calling_pause_no_truncate BEFORE TRUNCATE ON calling_pause EXECUTE FUNCTION refuse_change();
SELECT audit_watch('calling_pause', 'calling_pause', 'pause_id');

CREATE FUNCTION calling_paused() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT p.paused FROM calling_pause p ORDER BY p.pause_id DESC LIMIT 1), false)
$$;

-- The marks of 0048_listed_calls.sql; during a pause there are none, whatever a worker has heard of it.
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
      AND a.lease_until > clock_timestamp() AND c.name = a.campaign AND c.state = 'running' AND NOT calling_paused()
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
      AND NOT listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose)
    RETURNING a.attempt_id;
END $$;
