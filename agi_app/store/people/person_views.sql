-- name: by_id
SELECT p.person_id, p.number, p.region, p.zones, s.at AS stopped_at,
       ARRAY(SELECT o.person_id FROM person_masked o
             WHERE o.person_id IN (SELECT group_of(head_of(p.person_id))) AND o.person_id <> p.person_id
               AND o.number IS NOT NULL
             ORDER BY o.person_id) AS others,
       p.created_at
FROM person_masked p LEFT JOIN stop_of_person s USING (person_id) WHERE p.person_id = %(person_id)s;
