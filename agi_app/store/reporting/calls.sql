-- Calls of campaigns that were dialled, and decisions that refused one, of a span of rules time; {rows} are one or both of
-- the two queries that follow. A campaign's purpose and trunk are those that were judged by.
-- name: in_order
WITH version AS MATERIALIZED (
    SELECT version, spec::jsonb ->> 'purpose' AS purpose, spec::jsonb ->> 'trunk' AS trunk FROM campaign_version
)
SELECT * FROM ({rows}) AS r ORDER BY at, decision_id, attempt_id;

-- name: trunks
SELECT spec::jsonb ->> 'trunk' AS trunk FROM campaign_version UNION SELECT spec ->> 'trunk' FROM campaign ORDER BY 1;

-- name: made
SELECT a.rules_at AS at, a.campaign, c.external_id, p.person_id, p.e164, p.region, a.trunk, a.caller_id, a.outcome,
       a.disposition, a.answered_at, a.ended_at, a.attempt_id, a.decision_id, NULL AS reasons, d.ruleset_version,
       (d.inputs -> 'consents')::text AS consents, v.purpose, a.number_place,
       kind_of_number(c.number_ids, c.number_kinds, c.person_id, p.person_id) AS number_kind
FROM (SELECT * FROM attempt
      WHERE dialled AND rules_at >= %(since)s AND rules_at < %(until)s
      ORDER BY rules_at, decision_id, attempt_id OFFSET 0) AS a
JOIN contact c ON c.contact_id = a.contact_id
JOIN person p ON p.person_id = coalesce(a.number_id, a.person_id)
LEFT JOIN decision d ON d.decision_id = a.decision_id
LEFT JOIN version v ON v.version = d.campaign_version
WHERE (%(campaigns)s::text[] IS NULL OR a.campaign = ANY(%(campaigns)s))
  AND (%(trunks)s::text[] IS NULL OR a.trunk = ANY(%(trunks)s))
  AND (%(outcomes)s::text[] IS NULL OR a.outcome = ANY(%(outcomes)s))
  AND (%(jurisdictions)s::text[] IS NULL
       OR p.region = ANY(%(jurisdictions)s)
       OR EXISTS (SELECT FROM jsonb_array_elements_text(d.inputs -> 'place' -> 'parts') AS part
                  WHERE p.region || '-' || part = ANY(%(jurisdictions)s)))

-- name: counted
-- How many rows `made` has without further conditions, counted to a limit.
SELECT count(*)::integer FROM (
    SELECT FROM attempt WHERE dialled AND rules_at >= %(since)s AND rules_at < %(until)s LIMIT %(most)s) AS few;

-- name: refused
-- The number is that of the contact, unless the contact has become another person's since.
SELECT d.decided_at AS at, d.campaign, c.external_id, p.person_id, p.e164, p.region, v.trunk, d.inputs ->> 'caller_id' AS caller_id,
       NULL AS outcome, NULL AS disposition, NULL::timestamptz AS answered_at, NULL::timestamptz AS ended_at,
       NULL AS attempt_id, d.decision_id, d.reasons::text AS reasons, d.ruleset_version, NULL AS consents, v.purpose,
       NULL::smallint AS number_place, kind_of_number(c.number_ids, c.number_kinds, c.person_id, p.person_id) AS number_kind
FROM (SELECT * FROM decision
      WHERE NOT allowed AND decided_at >= %(since)s AND decided_at < %(until)s
      ORDER BY decided_at, decision_id OFFSET 0) AS d
LEFT JOIN contact c ON c.contact_id = d.contact_id
LEFT JOIN person p ON p.person_id = CASE WHEN head_of(c.person_id) = head_of(d.person_id) THEN c.person_id ELSE d.person_id END
LEFT JOIN version v ON v.version = d.campaign_version
WHERE (%(campaigns)s::text[] IS NULL OR d.campaign = ANY(%(campaigns)s))
  AND (%(trunks)s::text[] IS NULL OR v.trunk = ANY(%(trunks)s))
  AND (%(rules)s::text[] IS NULL OR d.rules && %(rules)s)
  AND (%(jurisdictions)s::text[] IS NULL
       OR p.region = ANY(%(jurisdictions)s)
       OR EXISTS (SELECT FROM jsonb_array_elements_text(d.inputs -> 'place' -> 'parts') AS part
                  WHERE p.region || '-' || part = ANY(%(jurisdictions)s)))

-- name: read_all
-- All rows are read. The rows of a span are sorted first, while they are narrow, and what belongs to each is looked up by its key as
-- they are fetched: hash and merge joins read ten million contacts and persons before the first row, for a report of one day, too.
SET LOCAL cursor_tuple_fraction = 1.0; SET LOCAL work_mem = '64MB';
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL max_parallel_workers_per_gather = 0;

-- What is left of a consent that was erased is that it was there.
-- name: consents
SELECT c.consent_id, c.given_at, c.method, c.source, w.text AS wording, c.erased_at IS NOT NULL AS erased
FROM consent c JOIN wording w USING (wording_id) WHERE c.consent_id = ANY(%(ids)s);
