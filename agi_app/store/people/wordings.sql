-- name: add
INSERT INTO wording (name, version, language, text, sha256, entered_by)
VALUES (%(name)s, %(version)s, %(language)s, %(text)s, %(sha256)s, %(entered_by)s)
ON CONFLICT DO NOTHING;

-- name: one
SELECT wording_id, sha256 FROM wording
WHERE name = %(name)s AND version = %(version)s AND language IS NOT DISTINCT FROM %(language)s::text;

-- name: registered
SELECT w.wording_id, w.name, w.version, w.language, w.text, w.sha256, w.entered_by, w.recorded_at,
       (SELECT count(*)::integer FROM consent c WHERE c.wording_id = w.wording_id) AS consents
FROM wording w WHERE w.name IS NOT NULL ORDER BY w.name, w.version, w.language;
