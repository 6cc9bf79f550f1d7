-- How many new contacts a feed may bring a day (0083_unapproved_contacts.sql asks): as many as its approval names. Further ones wait.
CREATE OR REPLACE FUNCTION feed_number(of_campaign text, of_feed text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT f.most_a_day::bigint FROM feed f WHERE f.name = of_feed AND f.campaign = of_campaign
$$;

-- A feed of consents records them as `feed NAME`, which is no account's name. None is for marketing, by whatever way the row comes.
ALTER TABLE consent ADD CONSTRAINT consent_of_feed CHECK (purpose <> 'marketing' OR NOT starts_with(recorded_by, 'feed '));

-- When somebody was erased last: files of before, which the exchange has kept in the folders of feeds, go.
CREATE TABLE feed_erasure (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    at       timestamptz NOT NULL                  -- real time
);

-- The marks of 0080_feeds.sql, with the question in the statement itself: a function would be planned anew for each.
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
      AND NOT EXISTS (SELECT FROM feed f WHERE f.campaign = c.name AND f.state IN ('started', 'paused')
                      AND (f.fresh_until IS NULL OR f.fresh_until <= a.rules_at + (clock_timestamp() - a.claimed_at)))
      AND k.contact_id = a.contact_id AND k.revision = coalesce(a.revision, k.revision) AND k.faulty_row IS NULL
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
      AND NOT listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose)
    RETURNING a.attempt_id;
END $$;
