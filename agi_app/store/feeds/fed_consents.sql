-- Of consents that a feed brings: which are recorded already, word for word, and which may not come by a feed, and why. All
-- numbers of a person count, but a wrong number only for itself.
-- name: judge
SELECT coalesce(there.is_there, false) AS there, evidence_key(i.evidence) AS evidence_key,
       CASE WHEN s.stopped THEN 'stopped' WHEN r.wrong THEN 'wrong_number' WHEN r.withdrawn THEN 'withdrawn'
            WHEN k.expired THEN 'expired' WHEN e.used THEN 'evidence' END AS why
FROM jsonb_to_recordset(%(rows)s::jsonb) AS i (place integer, number text, evidence text, content_hash text)
LEFT JOIN person p ON p.e164 = i.number
LEFT JOIN LATERAL (SELECT ARRAY(SELECT m FROM group_of(head_of(p.person_id)) AS m) AS members) AS g ON p.person_id IS NOT NULL
LEFT JOIN LATERAL (SELECT true AS is_there FROM consent c
                   WHERE c.person_id = p.person_id AND c.content_hash = decode(i.content_hash, 'hex') LIMIT 1) AS there ON true
LEFT JOIN LATERAL (SELECT bool_or(true) AS stopped FROM person m JOIN suppression u ON u.number_hash = m.number_hash
                   WHERE m.person_id = ANY(g.members)) AS s ON true
LEFT JOIN LATERAL (SELECT bool_or(v.via = 'wrong number') AS wrong, bool_or(v.via <> 'wrong number') AS withdrawn FROM revocation v
                   WHERE v.person_id = ANY(g.members) AND (v.purpose IS NULL OR v.purpose = %(purpose)s)
                     AND binds(v.via, v.person_id, p.person_id)) AS r ON true
LEFT JOIN LATERAL (SELECT bool_or(true) AS expired FROM consent c
                   WHERE c.person_id = ANY(g.members) AND c.purpose = %(purpose)s AND c.expires_at <= %(now)s) AS k ON true
LEFT JOIN LATERAL (SELECT true AS used FROM consent c WHERE evidence_key(c.evidence) = evidence_key(i.evidence) LIMIT 1) AS e ON true
ORDER BY i.place;

-- name: note_numbers
INSERT INTO feed_person AS f (feed, person_id, at)
SELECT %(feed)s, p.person_id, %(now)s::timestamptz FROM person p WHERE p.e164 = ANY(%(numbers)s::text[])
ON CONFLICT (feed, person_id) DO UPDATE SET at = excluded.at WHERE f.at < excluded.at - interval '1 day';
