-- Reads the facts that decisions rest on, to compare them with what was stamped; nothing is judged here. Times that no
-- program can read (infinity) become others, which fit no stamp.

-- name: database_facts
SELECT f.fact_id, f.name, f.value, l.leaf
FROM database_fact f LEFT JOIN audit_leaf l ON l.kind = 'database_fact' AND l.row_id = f.fact_id
ORDER BY f.fact_id;

-- name: consents
SELECT c.consent_id AS id, c.erased_at IS NOT NULL AND c.stamp IS NULL AS erased, c.stamp, c.content_hash, p.number_hash, c.purpose, w.text AS wording,
       w.erased_at IS NOT NULL AS emptied, c.method, c.source, c.language, c.evidence, c.entered_by, c.seller,
       greatest('0002-01-01', least(c.given_at, '9998-01-01')) AS given_at,
       CASE WHEN c.expires_at IS NOT NULL THEN greatest('0002-01-01', least(c.expires_at, '9998-01-01')) END AS expires_at,
       c.evidence_sha256, c.evidence_file, l.leaf
FROM consent c
JOIN person p USING (person_id)
JOIN wording w USING (wording_id)
LEFT JOIN audit_leaf l ON l.kind = 'consent' AND l.row_id = c.consent_id
WHERE c.consent_id > %(after)s ORDER BY c.consent_id LIMIT %(limit)s;

-- name: caller_id_proofs
SELECT k.proof_id AS id, k.e164, k.kind, k.evidence_file, k.sha256, k.entered_by, k.stamp, l.leaf,
       greatest('0002-01-01', least(k.proved_at, '9998-01-01')) AS proved_at,
       greatest('0002-01-01', least(k.expires_at, '9998-01-01')) AS expires_at
FROM caller_id_proof k LEFT JOIN audit_leaf l ON l.kind = 'caller_id_proof' AND l.row_id = k.proof_id
ORDER BY k.proof_id;

-- name: phones
SELECT f.phone_proof_id AS id, f.person_id, p.number_hash, f.entered_by, f.stamp,
       greatest('0002-01-01', least(f.proved_until, '9998-01-01')) AS proved_until
FROM phone_proof f JOIN person p USING (person_id) ORDER BY f.phone_proof_id;

-- name: links
SELECT link_id AS id, moved, onto, stamp FROM person_link ORDER BY link_id;

-- name: linked
SELECT person_id, same_as FROM person WHERE same_as IS NOT NULL;

-- name: lists_in_force
SELECT DISTINCT ON (x.name) x.list_id AS id, x.name, x.region, x."by",
       greatest('0002-01-01', least(x.as_of, '9998-01-01')) AS as_of, x.sha256, x.entries, x.purposes,
       d.digest, d.stamp
FROM external_list x LEFT JOIN list_digest d ON d.list_id = x.list_id
ORDER BY x.name, x.list_id DESC;

-- name: stray_entries
SELECT e.list_id, count(*) AS entries FROM external_list_entry e
WHERE e.list_id <> ALL(%(lists)s) GROUP BY e.list_id ORDER BY e.list_id LIMIT 20;
