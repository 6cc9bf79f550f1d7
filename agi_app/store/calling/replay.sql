-- name: remember_ruleset
INSERT INTO ruleset (version, files) VALUES (%(version)s, %(files)s) ON CONFLICT DO NOTHING;

-- name: rulesets
SELECT version, files FROM ruleset;

-- name: campaign_versions
SELECT version, spec FROM campaign_version;

-- Decisions in their order; those about verification calls and those made before 0005 have no campaign version.
-- name: decisions
SELECT decision_id, contact_id, person_id, campaign, reasons::text AS reasons, inputs::text AS inputs, allowed, rules,
       ruleset_version, campaign_version, decided_at
FROM decision
WHERE decision_id > %(after)s AND (%(campaign)s::text IS NULL OR campaign = %(campaign)s)
ORDER BY decision_id LIMIT %(limit)s;
