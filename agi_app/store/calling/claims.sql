-- What is the same for all contacts of one claim. The settings hold until the transaction ends: a claim touches few
-- rows by index, however big the tables are and whatever the planner knows of them yet; and one plan serves
-- all claims, since making a plan of `facts` takes longer than running it.
-- name: begin
SELECT CASE WHEN c.state = 'running' AND calling_paused() THEN 'paused' ELSE c.state END AS state,
       clock_timestamp() + %(offset)s::interval AS now, 
       EXISTS (SELECT FROM feed f WHERE f.campaign = c.name AND f.state IN ('started', 'paused')
               AND (f.fresh_until IS NULL OR f.fresh_until <= clock_timestamp() + %(offset)s::interval)) AS feed_late,
       set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       (SELECT jsonb_agg(p) FROM (SELECT DISTINCT ON (e164) e164 AS number, kind, expires_at FROM caller_id_proof
                                  WHERE e164 = ANY(%(shown)s) AND kind IN ('letter', 'call')
                                    AND expires_at <= clock_timestamp() + %(offset)s::interval + interval '366 days'
                                  ORDER BY e164, expires_at DESC) p)::text AS proofs,
       (SELECT jsonb_agg(l) FROM (SELECT DISTINCT ON (name) name, region, as_of FROM external_list
                                  ORDER BY name, list_id DESC) l)::text AS lists,
       (SELECT jsonb_build_object('answered', sum(answered), 'abandoned', sum(abandoned)) FROM agent_tally t
        WHERE t.campaign = c.name AND t.day > ((clock_timestamp() + %(offset)s::interval) AT TIME ZONE 'UTC')::date - 30
        HAVING count(*) > 0)::text AS abandoned,
       ARRAY(WITH RECURSIVE level AS (
                 SELECT max(k.urgency) AS urgency FROM contact k
                 WHERE k.campaign = %(campaign)s AND k.state = 'pending' AND k.urgency > 0
                 UNION ALL
                 SELECT (SELECT max(k.urgency) FROM contact k
                         WHERE k.campaign = %(campaign)s AND k.state = 'pending' AND k.urgency > 0
                           AND k.urgency < level.urgency)
                 FROM level WHERE level.urgency IS NOT NULL)
             SELECT urgency FROM level WHERE urgency IS NOT NULL) AS urgencies
FROM campaign c
WHERE c.name = %(campaign)s;

-- Statement 1: lock the contacts that are due and the heads of their persons. Facts must not be read here: a
-- statement sees the database as it was before it waited for, or passed over, a lock. Whose turn it is, by
-- urgency, the module says; most campaigns have nobody with any.
-- name: lock
SELECT c.contact_id, h.person_id AS head
FROM contact c JOIN person p ON p.person_id = c.person_id
JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND {turn} AND c.due_at <= %(now)s AND h.same_as IS NULL
  AND NOT EXISTS (SELECT FROM group_of(h.person_id) AS m JOIN attempt a ON a.person_id = m
                  WHERE {call_is_on})
ORDER BY c.due_at, c.contact_id
LIMIT %(limit)s
FOR NO KEY UPDATE OF c, h SKIP LOCKED;

-- The same for a trunk with ports: only people whom a free port may call, as far as SQL can tell (gate/caller_id_rules.py
-- says it for good): those who have seen its number, or no number of ours and whose own fits it. Who has seen a number
-- that the campaign does not show is looked at too: the gate refuses them.
-- name: lock_for_ports
SELECT c.contact_id, h.person_id AS head
FROM contact c JOIN person p ON p.person_id = c.person_id
JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
CROSS JOIN LATERAL (SELECT coalesce(p.caller_id_seen, h.caller_id_seen) AS number) AS seen
WHERE c.campaign = %(campaign)s AND c.state = 'pending' AND {turn} AND c.due_at <= %(now)s AND h.same_as IS NULL
  AND NOT EXISTS (SELECT FROM group_of(h.person_id) AS m JOIN attempt a ON a.person_id = m
                  WHERE {call_is_on})
  AND CASE WHEN seen.number = ANY(%(numbers)s) THEN seen.number = ANY(%(free)s)
           ELSE seen.number IS NOT NULL
                OR (SELECT l.number FROM unnest(%(prefixes)s::text[], %(numbers)s::text[]) AS l (prefix, number)
                    WHERE starts_with(p.e164, l.prefix) ORDER BY length(l.prefix) DESC LIMIT 1) = ANY(%(free)s) END
ORDER BY c.due_at, c.contact_id
LIMIT %(limit)s
FOR NO KEY UPDATE OF c, h SKIP LOCKED;

-- Statement 2: the facts, seen after the locks were got. A person who was joined to another one meanwhile is
-- not the one that was locked, and is passed over.
-- name: facts
SELECT c.contact_id, w.head, p.person_id AS number_id, p.e164,
       coalesce(p.caller_id_seen, h.caller_id_seen) AS caller_id_seen,
       c.language, c.fields::text AS fields, c.attempts_made, c.retries_used::text AS retries_used,
       c.event_at, c.not_before, c.not_after, c.preferred::text AS preferred, c.point, c.tries, c.priority, c.revision,
       c.replan, c.held, c.faulty_row, c.unapproved, c.round_outcome, c.number_place, coalesce(cardinality(c.number_ids), 1) AS numbers,
       (SELECT min((SELECT s.at FROM suppression s WHERE s.number_hash = m.number_hash))
        FROM person m WHERE m.person_id = ANY(g.members)) AS suppressed_at,
       (SELECT jsonb_agg(jsonb_build_object(
                   'consent_id', k.consent_id, 'purpose', k.purpose, 'given_at', k.given_at, 'expires_at', k.expires_at,
                   'revoked_at', ended.at, 'wrong_number', coalesce(ended.via = 'wrong number', false))
               ORDER BY k.consent_id)
        FROM consent k LEFT JOIN LATERAL (
            SELECT r.at, r.via FROM revocation r
            WHERE r.person_id = ANY(g.members) AND (r.purpose IS NULL OR r.purpose = k.purpose)
              AND {ends_k} AND binds(r.via, r.person_id, k.person_id)
            ORDER BY r.at, r.revocation_id LIMIT 1) AS ended ON true
        WHERE k.person_id = p.person_id AND k.erased_at IS NULL)::text AS consents,
       past.counted_calls,
       ARRAY(SELECT DISTINCT l.name FROM external_list_entry e JOIN external_list l ON l.list_id = e.list_id
             WHERE e.number_hash = p.number_hash ORDER BY l.name) AS list_hits,
       d.reasons::text AS last_reasons, d.ruleset_version AS last_version
FROM unnest(%(contacts)s::bigint[], %(heads)s::bigint[]) WITH ORDINALITY AS w (contact_id, head, place)
JOIN contact c ON c.contact_id = w.contact_id
JOIN person p ON p.person_id = c.person_id AND coalesce(p.same_as, p.person_id) = w.head
JOIN person h ON h.person_id = w.head
CROSS JOIN LATERAL (SELECT ARRAY(SELECT m FROM group_of(w.head) AS m) AS members OFFSET 0) AS g
CROSS JOIN LATERAL (
    SELECT bool_or({call_is_on}) AS busy,
           (jsonb_agg(jsonb_build_object('at', a.rules_at, 'outcome', a.outcome) ORDER BY a.rules_at, a.attempt_id)
            FILTER (WHERE a.counts AND a.rules_at > %(now)s - interval '31 days'))::text AS counted_calls
    FROM attempt a WHERE a.person_id = ANY(g.members)) AS past
LEFT JOIN decision d ON d.decision_id = c.last_decision_id
WHERE c.state = 'pending' AND past.busy IS NOT TRUE
ORDER BY w.place;

-- All that a claim writes, in one trip: decisions that are news, attempts with their slots, and what becomes
-- of each contact. Who is claimed stays due as before: given back, they are among the first again.
-- name: settle
WITH given AS MATERIALIZED (
    SELECT *, CASE WHEN news THEN nextval('decision_decision_id_seq') END AS decision_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r
        (contact_id bigint, person_id bigint, number_id bigint, state text, due_at timestamptz, news boolean,
         rules text[], reasons jsonb, inputs jsonb, ruleset_version text, decided_at timestamptz,
         attempt_id text, caller_id text, port text, port_scope text, trunk_slot integer, campaign_slot integer,
         revision integer, point smallint, urgency smallint, number_place smallint, used text, called_place smallint)
), kept AS (
    INSERT INTO campaign_version (version, campaign, spec)
    SELECT %(campaign_version)s, %(campaign)s, %(spec)s
    WHERE NOT EXISTS (SELECT FROM campaign_version WHERE version = %(campaign_version)s)
    ON CONFLICT DO NOTHING
), decided AS (
    INSERT INTO decision (decision_id, contact_id, person_id, campaign, allowed, rules, reasons, inputs, ruleset_version,
                          campaign_version, decided_at, clock) OVERRIDING SYSTEM VALUE
    SELECT decision_id, contact_id, person_id, %(campaign)s, cardinality(rules) = 0, rules, reasons, inputs,
           ruleset_version, %(campaign_version)s, decided_at, %(clock)s
    FROM given WHERE news
), opened AS (
    INSERT INTO attempt (attempt_id, contact_id, person_id, number_id, campaign, decision_id, node, trunk, caller_id,
                         line, agents, rules_at, lease_until, revision, number_place)
    SELECT attempt_id, contact_id, person_id, number_id, %(campaign)s, decision_id, %(node)s, %(trunk)s,
           caller_id, port, %(agents)s, %(now)s, clock_timestamp() + %(lease)s::interval, revision, called_place
    FROM given WHERE attempt_id IS NOT NULL
), occupied AS (
    UPDATE slot SET attempt_id = g.attempt_id
    FROM given g CROSS JOIN LATERAL (
        VALUES (%(trunk_scope)s, g.trunk_slot), (%(campaign_scope)s, g.campaign_slot), (g.port_scope, 1)
    ) AS taken (scope, n)
    WHERE g.attempt_id IS NOT NULL AND slot.scope = taken.scope AND slot.n = taken.n
), settled AS (
    UPDATE contact c
    SET state = g.state, due_at = coalesce(g.due_at, c.due_at), last_decision_id = coalesce(g.decision_id, c.last_decision_id),
        refused_by = CASE WHEN g.news THEN nullif(g.rules, '{}') ELSE c.refused_by END,
        point = coalesce(g.point, c.point), urgency = coalesce(g.urgency, c.urgency),
        person_id = CASE WHEN g.number_place IS NULL THEN c.person_id ELSE c.number_ids[g.number_place] END,
        number_place = coalesce(g.number_place, c.number_place), replan = false,
        round_outcome = CASE WHEN g.number_place = 1 THEN NULL ELSE c.round_outcome END,
        retries_used = CASE
            WHEN g.point <> c.point THEN {retries_begun}
            WHEN g.used IS NULL THEN c.retries_used ELSE c.retries_used || jsonb_build_object(
            g.used, coalesce((c.retries_used ->> g.used)::integer, 0) + 1) END
    FROM given g WHERE c.contact_id = g.contact_id
)
SELECT contact_id, decision_id FROM given WHERE attempt_id IS NOT NULL;
