-- The mark as one trip: every call waits for it. In a volatile function each statement takes a snapshot of
-- its own, so the update sees everything that was committed while the first one waited for the lock.

CREATE FUNCTION mark_attempt(wanted text, by_node text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM person
    WHERE person_id = (SELECT person_id FROM attempt WHERE attempt_id = wanted)
    FOR NO KEY UPDATE;

    UPDATE attempt a
    SET state = 'dialling', dialled = true, marked_at = clock_timestamp(),
        rules_at = a.rules_at + (clock_timestamp() - a.claimed_at)
    WHERE a.attempt_id = wanted AND a.node = by_node AND a.state = 'claimed'
      AND a.lease_until > clock_timestamp()
      AND EXISTS (SELECT FROM campaign c WHERE c.name = a.campaign AND c.state = 'running')
      AND NOT EXISTS (SELECT FROM person p JOIN suppression s ON s.number_hash = p.number_hash
                      WHERE p.person_id = a.person_id)
      AND NOT EXISTS (SELECT FROM revocation r JOIN campaign c ON c.name = a.campaign
                      WHERE r.person_id = a.person_id AND (r.purpose IS NULL OR r.purpose = c.purpose)
                        AND r.recorded_at >= a.claimed_at);
    RETURN FOUND;
END $$;
