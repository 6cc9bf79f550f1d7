-- When a contact is due: its times, for which of its points it waits, and what the office changed while it waits or is called.

ALTER TABLE contact
    ADD COLUMN event_at       timestamptz,                     -- what the campaign's `due` names: the appointment, or when to call
    ADD COLUMN not_before     timestamptz,
    ADD COLUMN not_after      timestamptz,
    ADD COLUMN preferred      jsonb,                           -- hours that the person prefers; null: any
    ADD COLUMN point          smallint NOT NULL DEFAULT 0,     -- of its points of time the one that it is due for, from 0
    ADD COLUMN tries          smallint NOT NULL DEFAULT 0,     -- calls that rang or were answered
    ADD COLUMN priority       smallint NOT NULL DEFAULT 0,     -- 9: before all others that are due
    ADD COLUMN urgency        smallint NOT NULL DEFAULT 0,     -- by it those who are due are called: priority, then the point
    ADD COLUMN revision       integer  NOT NULL DEFAULT 0,     -- one more with each change by the office
    ADD COLUMN times_revision integer  NOT NULL DEFAULT 0,     -- the latest revision that changed a time, or cancelled it
    ADD COLUMN replan         boolean  NOT NULL DEFAULT false, -- its next point is to be found when it is looked at
    DROP CONSTRAINT contact_state_check,
    ADD CONSTRAINT contact_state_check CHECK (state IN ('pending', 'claimed', 'done', 'expired', 'cancelled'));
-- expired: its time was over before it was reached; cancelled: by the office

-- Who goes before the others of a campaign, among those who are due; most campaigns have nobody in it.
CREATE INDEX contact_urgent ON contact (campaign, urgency DESC, due_at, contact_id) WHERE state = 'pending' AND urgency > 0;

ALTER TABLE attempt ADD COLUMN revision integer;  -- of the contact when it was claimed; null: from before this migration

-- The marks of 0049_no_mark_during_a_pause.sql; none on facts that the office has changed since the claim.
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
      AND k.contact_id = a.contact_id AND k.revision = coalesce(a.revision, k.revision)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
      AND NOT listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose)
    RETURNING a.attempt_id;
END $$;
