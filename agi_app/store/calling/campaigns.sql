-- name: no_time_limit
SET LOCAL statement_timeout = 0;

-- name: save
INSERT INTO campaign (name, spec, flow_file, flow_text, sub_flows)
VALUES (%(name)s, %(spec)s::jsonb, %(flow_file)s, %(flow_text)s, %(sub_flows)s::jsonb)
ON CONFLICT (name) DO UPDATE
SET spec = excluded.spec, flow_file = excluded.flow_file, flow_text = excluded.flow_text,
    sub_flows = excluded.sub_flows, saved_at = clock_timestamp();

-- name: load
SELECT spec::text AS spec, state, state_reason, flow_file, flow_text, sub_flows, most_contacts
FROM campaign
WHERE (%(names)s::text[] IS NULL OR name = ANY(%(names)s)) AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
ORDER BY name;

-- The running campaigns that a worker has something to do for: somebody is due by then, an agent has asked for a call, or it
-- is one for agents, who are watched. A campaign that runs and is empty costs an index look-up. `contacts` are counted where points
-- of time may move, by the kept figures: a few rows of this campaign.
-- name: load_busy
SELECT spec::text AS spec, state, state_reason, flow_file, flow_text, sub_flows, most_contacts,
       CASE WHEN jsonb_typeof(spec -> 'due') = 'object' THEN (
           SELECT coalesce(sum(t.number), 0)::bigint
           FROM (SELECT number FROM campaign_tally WHERE campaign = c.name AND kind = 'contact'
                 UNION ALL SELECT number FROM campaign_tally_change WHERE campaign = c.name AND kind = 'contact') AS t)
       ELSE 0 END AS contacts
FROM campaign c
WHERE state = 'running'
  AND (EXISTS (SELECT FROM contact k WHERE k.campaign = c.name AND k.state = 'pending' AND k.due_at <= %(by)s)
       OR spec @> '{"by_agents": true}' OR jsonb_typeof(spec -> 'agents') = 'object'
       OR EXISTS (SELECT FROM agent_call a WHERE a.campaign = c.name AND a.ended_at IS NULL))
ORDER BY name;

-- name: set_state
UPDATE campaign
SET state = %(state)s, state_reason = %(reason)s, changed_at = clock_timestamp()
WHERE name = %(name)s
RETURNING name;

-- name: approve_contacts
SELECT approve_contacts(%(name)s, %(most_contacts)s);

-- Contacts that are to be called and wait for an approval.
-- name: unapproved
SELECT count(*) AS number FROM contact WHERE campaign = %(name)s AND unapproved AND state IN ('pending', 'claimed');

-- name: claimed_attempts
SELECT attempt_id FROM attempt WHERE campaign = %(name)s AND state = 'claimed';

-- name: wake_parked
-- Those who were refused until somebody mends something: for good, or until their time is over.
UPDATE contact c SET due_at = %(now)s, replan = c.replan OR c.event_at IS NOT NULL
WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND c.due_at > %(now)s AND {parked_c};

-- Refusals by rules of another version are decided again.
-- name: wake_old_rules
UPDATE contact SET due_at = %(now)s, replan = contact.replan OR contact.event_at IS NOT NULL
FROM decision d, campaign c
WHERE contact.state = 'pending' AND contact.due_at > %(now)s AND NOT d.allowed AND d.decision_id = contact.last_decision_id
  AND d.ruleset_version <> %(version)s AND c.name = contact.campaign AND c.state = 'running';

-- Who did this to a campaign last, and why, when the service was asked for it.
-- name: changed_by
SELECT a.account, a.recorded_at AS at,
       (SELECT k.reason FROM ask k JOIN ask_answer w USING (ask_id)
        WHERE k.kind = 'campaign' AND k.object = a.object AND k.verb = %(verb)s AND k.account = a.account AND w.state = 'done'
          AND k.asked_at <= a.recorded_at AND w.answered_at >= a.recorded_at
        ORDER BY k.ask_id DESC LIMIT 1) AS reason
FROM action a JOIN action_end e USING (action_id)
WHERE a.object = %(name)s AND a.verb = 'campaign ' || %(verb)s AND e.done
ORDER BY a.action_id DESC LIMIT 1;
