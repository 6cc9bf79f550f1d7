-- name: make_import_table
CREATE TEMPORARY TABLE import_consent (
    e164 text NOT NULL, number_hash bytea NOT NULL, region text NOT NULL, zones text[] NOT NULL, person_key text,
    purpose text NOT NULL, wording text NOT NULL, wording_sha256 bytea NOT NULL, method text NOT NULL,
    given_at timestamptz NOT NULL, source text NOT NULL, language text, evidence text, expires_at timestamptz,
    entered_by text, seller text, evidence_sha256 bytea, evidence_file text, content_hash bytea NOT NULL,
    stamp bytea NOT NULL
) ON COMMIT DROP;

-- name: copy_rows
COPY import_consent (e164, number_hash, region, zones, person_key, purpose, wording, wording_sha256, method, given_at,
                     source, language, evidence, expires_at, entered_by, seller, evidence_sha256, evidence_file,
                     content_hash, stamp) FROM STDIN (FORMAT BINARY);

-- name: add_persons
INSERT INTO person (e164, number_hash, region, zones)
SELECT DISTINCT ON (e164) e164, number_hash, region, zones FROM import_consent ORDER BY e164
ON CONFLICT DO NOTHING;

-- In the order of the hashes, so that two imports at once cannot wait for each other.
-- name: add_wordings
INSERT INTO wording (language, text, sha256, entered_by)
SELECT language, min(wording), wording_sha256, %(recorded_by)s FROM import_consent i
WHERE NOT EXISTS (SELECT FROM wording w
                  WHERE w.sha256 = i.wording_sha256 AND w.language IS NOT DISTINCT FROM i.language)
GROUP BY language, wording_sha256 ORDER BY wording_sha256, language
ON CONFLICT DO NOTHING;

-- A text that was registered is pointed to by its name, whether the file gave the name or the text.
-- name: add_consents
WITH said AS (
    SELECT DISTINCT ON (sha256, language) sha256, language, wording_id FROM wording
    WHERE sha256 IN (SELECT wording_sha256 FROM import_consent)
    ORDER BY sha256, language, name IS NULL, wording_id
), added AS (
    INSERT INTO consent (person_id, purpose, wording_id, method, given_at, source, language, evidence, expires_at,
                         entered_by, seller, evidence_sha256, evidence_file, content_hash, stamp, recorded_by)
    SELECT p.person_id, i.purpose, s.wording_id, i.method, i.given_at, i.source, i.language, i.evidence, i.expires_at,
           i.entered_by, i.seller, i.evidence_sha256, i.evidence_file, i.content_hash, i.stamp,
           %(recorded_by)s
    FROM import_consent i
    JOIN person p ON p.e164 = i.e164
    JOIN said s ON s.sha256 = i.wording_sha256 AND s.language IS NOT DISTINCT FROM i.language
    ON CONFLICT (person_id, content_hash) DO NOTHING
    RETURNING consent_id
)
SELECT count(*) AS added, range_agg(int8range(consent_id, consent_id, '[]'))::text AS ids FROM added;

-- Contacts that were refused until somebody mends something: this may have been it. One of several numbers may be another
-- number of the person.
-- name: wake_persons
WITH given AS MATERIALIZED (
    SELECT p.person_id, p.same_as FROM import_consent i JOIN person p ON p.e164 = i.e164
)
UPDATE contact c SET due_at = %(now)s, replan = c.replan OR c.event_at IS NOT NULL
WHERE c.state = 'pending' AND {refused_c} AND c.due_at > %(now)s
  AND c.person_id IN (SELECT person_id FROM given UNION SELECT same_as FROM given WHERE same_as IS NOT NULL
                      UNION SELECT o.person_id FROM given g JOIN person o ON o.same_as = coalesce(g.same_as, g.person_id));
