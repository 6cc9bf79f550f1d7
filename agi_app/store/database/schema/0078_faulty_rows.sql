-- A contact whose row in a newer file was rejected: what is stored of it may be old, so nobody calls it until a row of it is good
-- again. `list`: its row in a list of contacts, `times`: in a file of new times, which a list mends as well.
ALTER TABLE contact ADD COLUMN faulty_row text CHECK (faulty_row IN ('list', 'times'));  -- null: nothing is known against it
CREATE INDEX contact_faulty ON contact (campaign) WHERE faulty_row IS NOT NULL;
ALTER TABLE contact_import ADD COLUMN held bigint NOT NULL DEFAULT 0;  -- contacts that its rejected rows hold

-- The marks of 0070_due.sql; none of a contact that is held.
CREATE OR REPLACE FUNCTION mark_attempts(wanted text[], by_node text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM lock_heads(wanted);
    RETURN QUERY
    UPDATE attempt a
    SET state = 'dialling', dialled = true, marked_at = clock_timestamp(),
        rules_at = a.rules_at + (clock_timestamp() - a.claimed_at)
    FROM campaign c, contact k
    WHERE a.attempt_id = ANY(wanted) AND a.node = by_node AND a.state = 'claimed'
      AND a.lease_until > clock_timestamp() AND c.name = a.campaign AND c.state = 'running' AND NOT calling_paused()
      AND k.contact_id = a.contact_id AND k.revision = coalesce(a.revision, k.revision) AND k.faulty_row IS NULL
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
      AND NOT listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose)
    RETURNING a.attempt_id;
END $$;
