-- name: save
INSERT INTO campaign (name, spec, flow_file, flow_text, sub_flows)
VALUES (%(name)s, %(spec)s::jsonb, %(flow_file)s, %(flow_text)s, %(sub_flows)s::jsonb)
ON CONFLICT (name) DO UPDATE
SET spec = excluded.spec, flow_file = excluded.flow_file, flow_text = excluded.flow_text,
    sub_flows = excluded.sub_flows, saved_at = clock_timestamp();

-- name: load
SELECT spec::text AS spec, state, state_reason, flow_file, flow_text, sub_flows, changed_at
FROM campaign
WHERE (%(names)s::text[] IS NULL OR name = ANY(%(names)s)) AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
ORDER BY name;

-- name: set_state
UPDATE campaign SET state = %(state)s, state_reason = %(reason)s, changed_at = clock_timestamp()
WHERE name = %(name)s
RETURNING name;

-- name: claimed_attempts
SELECT attempt_id FROM attempt WHERE campaign = %(name)s AND state = 'claimed';

-- name: wake_parked
UPDATE contact SET due_at = %(now)s
WHERE campaign = %(campaign)s AND state = 'pending' AND due_at = 'infinity';

-- Refusals by rules of another version are decided again.
-- name: wake_old_rules
UPDATE contact SET due_at = %(now)s
FROM decision d, campaign c
WHERE contact.state = 'pending' AND contact.due_at = 'infinity' AND d.decision_id = contact.last_decision_id
  AND d.ruleset_version <> %(version)s AND c.name = contact.campaign AND c.state = 'running';
