-- name: request
INSERT INTO start_request (campaign, why, contacts, spec, flow_file, flow_text, sub_flows, fingerprint, asked_by, alone)
VALUES (%(campaign)s, %(why)s, %(contacts)s, %(spec)s::jsonb, %(flow_file)s, %(flow_text)s, %(sub_flows)s::jsonb,
        %(fingerprint)s, %(asked_by)s, %(alone)s)
RETURNING request_id;

-- The newest request of a campaign; an older one is not good any more.
-- name: newest
SELECT r.request_id, r.campaign, r.why, r.contacts, r.spec::text AS spec, r.flow_file, r.flow_text, r.sub_flows,
       r.fingerprint, r.asked_by, r.alone, r.asked_at, a.approved_by, a.approved_at
FROM start_request r LEFT JOIN approval a USING (request_id)
WHERE r.campaign = %(campaign)s ORDER BY r.request_id DESC LIMIT 1;

-- The same, and nobody else decides about it until the transaction ends.
-- name: lock_campaign
SELECT name FROM campaign WHERE name = %(campaign)s FOR UPDATE;

-- name: approve
INSERT INTO approval (request_id, asked_by, approved_by, roles, alone)
VALUES (%(request_id)s, %(asked_by)s, %(approved_by)s, %(roles)s, %(alone)s)
ON CONFLICT DO NOTHING RETURNING request_id;

-- name: waiting
SELECT DISTINCT ON (r.campaign) r.request_id, r.campaign, r.why, r.contacts, r.spec::text AS spec, r.flow_file, r.flow_text,
       r.sub_flows, r.fingerprint, r.asked_by, r.alone, r.asked_at, a.approved_by, a.approved_at
FROM start_request r LEFT JOIN approval a USING (request_id)
WHERE r.asked_at > clock_timestamp() - %(good_for)s
ORDER BY r.campaign, r.request_id DESC;

-- name: wrong_secrets
SELECT count(*) AS number FROM ask k JOIN ask_answer w USING (ask_id)
WHERE k.kind = 'approval' AND k.account = %(account)s AND w.answer ->> 'fault' = 'WrongSecret'
  AND w.answered_at > clock_timestamp() - %(within)s;

-- name: keep_key
INSERT INTO meta (key, value) VALUES ('approval_key', %(key)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value <> excluded.value;

-- name: key
SELECT value FROM meta WHERE key = 'approval_key';
