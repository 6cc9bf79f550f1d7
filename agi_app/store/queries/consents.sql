-- name: make_import_table
CREATE TEMPORARY TABLE import_consent (
    e164 text NOT NULL, number_hash bytea NOT NULL, region text NOT NULL, zones text[] NOT NULL,
    purpose text NOT NULL, wording text NOT NULL, method text NOT NULL, given_at timestamptz NOT NULL,
    source text NOT NULL, language text, evidence text, expires_at timestamptz, entered_by text,
    content_hash bytea NOT NULL
) ON COMMIT DROP;

-- name: copy_rows
COPY import_consent (e164, number_hash, region, zones, purpose, wording, method, given_at, source, language,
                     evidence, expires_at, entered_by, content_hash) FROM STDIN (FORMAT BINARY);

-- name: add_persons
INSERT INTO person (e164, number_hash, region, zones)
SELECT DISTINCT ON (e164) e164, number_hash, region, zones FROM import_consent ORDER BY e164
ON CONFLICT DO NOTHING;

-- name: add_consents
INSERT INTO consent (person_id, purpose, wording, method, given_at, source, language, evidence, expires_at,
                     entered_by, content_hash, recorded_by)
SELECT p.person_id, i.purpose, i.wording, i.method, i.given_at, i.source, i.language, i.evidence, i.expires_at,
       i.entered_by, i.content_hash, %(recorded_by)s
FROM import_consent i JOIN person p ON p.e164 = i.e164
ON CONFLICT (person_id, content_hash) DO NOTHING;

-- Contacts that were refused until somebody mends something: this may have been it.
-- name: wake_persons
UPDATE contact c SET due_at = %(now)s
WHERE c.state = 'pending' AND c.due_at = 'infinity'
  AND c.person_id IN (SELECT p.person_id FROM import_consent i JOIN person p ON p.e164 = i.e164);

-- name: person
SELECT person_id, e164 AS number, region, caller_id_seen, number_hash FROM person WHERE e164 = %(number)s;

-- name: consents_of
SELECT c.consent_id, c.purpose, c.wording, c.method, c.given_at, c.source, c.language, c.evidence, c.expires_at,
       c.entered_by, c.recorded_by, c.recorded_at,
       (SELECT min(r.at) FROM revocation r
        WHERE r.person_id = c.person_id AND (r.purpose IS NULL OR r.purpose = c.purpose)
          AND r.at >= c.given_at) AS revoked_at
FROM consent c WHERE c.person_id = %(person_id)s ORDER BY c.given_at, c.consent_id;

-- name: revocations_of
SELECT purpose, at, reason, via, recorded_at FROM revocation WHERE person_id = %(person_id)s
ORDER BY at, revocation_id;

-- name: suppression_of
SELECT at, reason, via, recorded_at FROM suppression WHERE number_hash = %(number_hash)s;

-- name: calls_of
SELECT a.attempt_id, a.campaign, a.rules_at, a.outcome, a.disposition, a.state FROM attempt a
WHERE a.person_id = %(person_id)s AND a.dialled ORDER BY a.rules_at;

-- name: contacts_of_person
SELECT campaign, external_id, state, last_outcome, disposition FROM contact
WHERE person_id = %(person_id)s ORDER BY campaign, external_id;
