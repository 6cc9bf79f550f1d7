-- Events that time alone makes: nobody writes a row when they begin. Each has a `notice`, by which it is told once.

-- A worker that ends well takes its row away.
-- name: node_lost
SELECT webhook_tell('node.lost', jsonb_build_object('node', entityid), NULL, NULL,
                    'node.lost/' || entityid || '/' || extract(epoch FROM seen_at))
FROM node WHERE seen_at < clock_timestamp() - interval '30 seconds';

-- Again when it has grown meanwhile.
-- name: campaign_finished
SELECT webhook_tell('campaign.finished', jsonb_build_object('campaign', f.campaign, 'done', f.done, 'parked', f.parked),
                    NULL, NULL, 'campaign.finished/' || f.campaign || '/' || f.done || '/' || f.parked)
FROM (SELECT t.campaign, sum(number) FILTER (WHERE t.name IN ('pending', 'claimed')) AS left_to_call,
             coalesce(sum(number) FILTER (WHERE t.name = 'done'), 0) AS done,
             coalesce(sum(number) FILTER (WHERE t.name = 'parked'), 0) AS parked
      FROM (SELECT campaign, kind, name, number FROM campaign_tally
            UNION ALL SELECT campaign, kind, name, number FROM campaign_tally_change) AS t
      JOIN campaign c ON c.name = t.campaign AND c.state = 'running'
      WHERE t.kind = 'contact' GROUP BY t.campaign) AS f
WHERE coalesce(f.left_to_call, 0) = 0 AND f.done + f.parked > 0;

-- name: complaint_due
SELECT webhook_tell('complaint.due', jsonb_build_object('complaint', c.complaint_id, 'person', c.person_id, 'due_at', c.due_at),
                    'complaint', c.complaint_id, 'complaint.due/' || c.complaint_id)
FROM complaint c
WHERE c.due_at < %(now)s::timestamptz + interval '3 days' AND c.erased_at IS NULL
  AND coalesce((SELECT n.state FROM complaint_note n WHERE n.complaint_id = c.complaint_id
                ORDER BY n.note_id DESC LIMIT 1), 'open') = 'open';

-- Of each number the proof that holds longest.
-- name: caller_id_expiring
SELECT webhook_tell('caller_id.expiring', jsonb_build_object('proof', p.proof_id, 'expires_at', p.expires_at),
                    'caller_id_proof', p.proof_id, 'caller_id.expiring/' || p.proof_id)
FROM (SELECT DISTINCT ON (e164) proof_id, expires_at FROM caller_id_proof WHERE kind IN ('letter', 'call')
      ORDER BY e164, expires_at DESC) AS p
WHERE p.expires_at BETWEEN %(now)s AND %(now)s::timestamptz + interval '30 days';

-- name: audit_checkpoint_late
SELECT webhook_tell('audit.checkpoint_late', jsonb_build_object('since', b.at), NULL, NULL,
                    'audit.checkpoint_late/' || extract(epoch FROM b.at))
FROM audit_beat b
WHERE b.at < clock_timestamp() - interval '60 seconds'
  AND EXISTS (SELECT FROM node WHERE seen_at > clock_timestamp() - interval '8 seconds');

-- Once for each time that the facts become too old; `started_at` while there was no good run yet.
-- name: feed_late
SELECT webhook_tell('feed.late', jsonb_build_object('feed', f.name, 'campaign', f.campaign, 'since', coalesce(f.fresh_until, f.started_at)),
                    NULL, NULL, 'feed.late/' || f.name || '/' || extract(epoch FROM coalesce(f.fresh_until, f.started_at)))
FROM feed f JOIN campaign c ON c.name = f.campaign
WHERE f.state IN ('started', 'paused') AND c.state = 'running' AND (f.fresh_until IS NULL OR f.fresh_until <= %(now)s);

-- Looks at every consent.
-- name: consent_expiring
SELECT webhook_tell('consent.expiring', jsonb_build_object(
                        'consent', k.consent_id, 'person', k.person_id, 'purpose', k.purpose, 'expires_at', k.expires_at),
                    'consent', k.consent_id, 'consent.expiring/' || k.consent_id)
FROM consent k
WHERE k.expires_at BETWEEN %(now)s AND %(now)s::timestamptz + interval '30 days' AND k.erased_at IS NULL
  AND NOT EXISTS (SELECT FROM revocation r WHERE r.person_id = k.person_id AND r.at >= k.given_at
                  AND (r.purpose IS NULL OR r.purpose = k.purpose))
  AND NOT EXISTS (SELECT FROM webhook_event v WHERE v.notice = 'consent.expiring/' || k.consent_id);

-- name: no_time_limit
SET LOCAL statement_timeout = 0;
