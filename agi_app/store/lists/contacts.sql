-- Contacts of a campaign in the order in which they came. The classes are the combinations of state, outcome and rules that
-- there are: each is found by one leap through the index contact_class, and has its contacts in order. The conditions are
-- rows of all columns of that index, so that no other index can serve them.

-- name: classes
WITH RECURSIVE class AS (
    (SELECT c.campaign, {contact_shown} AS shown, {contact_outcome} AS outcome, {contact_rules} AS rules
     FROM contact c WHERE c.campaign = %(campaign)s ORDER BY 1, 2, 3, 4 LIMIT 1)
    UNION ALL
    SELECT n.* FROM class p CROSS JOIN LATERAL (
        SELECT c.campaign, {contact_shown} AS shown, {contact_outcome} AS outcome, {contact_rules} AS rules
        FROM contact c
        WHERE c.campaign = p.campaign
          AND ({contact_shown}, {contact_outcome}, {contact_rules}) > (p.shown, p.outcome, p.rules)
        ORDER BY 1, 2, 3, 4 LIMIT 1) AS n
), wanted AS (
    SELECT * FROM class
    WHERE (%(state)s::text IS NULL OR shown = %(state)s) AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
      AND (%(rule)s::text IS NULL OR %(rule)s = ANY(rules))
)

-- name: columns
c.contact_id, c.campaign, c.external_id, c.person_id,
       (SELECT m.number FROM person_masked m WHERE m.person_id = c.person_id) AS number, c.language, {contact_shown} AS state, c.attempts_made, c.last_outcome,
       c.disposition, nullif(c.due_at, 'infinity') AS due_at, {contact_rules} AS rules, c.last_decision_id

-- name: page
{classes}, keys AS (
    SELECT s.contact_id FROM wanted w CROSS JOIN LATERAL (
        SELECT c.contact_id FROM contact c
        WHERE (c.campaign, {contact_shown}, {contact_outcome}, {contact_rules}, c.contact_id)
              > (w.campaign, w.shown, w.outcome, w.rules, %(after)s::bigint)
          AND (c.campaign, {contact_shown}, {contact_outcome}, {contact_rules}) <= (w.campaign, w.shown, w.outcome, w.rules)
        ORDER BY c.campaign, {contact_shown}, {contact_outcome}, {contact_rules}, c.contact_id LIMIT %(rows)s) AS s
    ORDER BY s.contact_id LIMIT %(rows)s
)
SELECT {columns}
FROM keys JOIN contact c USING (contact_id) ORDER BY c.contact_id;

-- name: count
{classes}
SELECT count(*) AS number FROM (
    SELECT FROM wanted w CROSS JOIN LATERAL (
        SELECT FROM contact c
        WHERE c.campaign = w.campaign AND {contact_shown} = w.shown AND {contact_outcome} = w.outcome
          AND {contact_rules} = w.rules LIMIT %(rows)s) AS s
    LIMIT %(rows)s) AS s;

-- name: one
SELECT {columns} FROM contact c WHERE c.campaign = %(campaign)s AND c.external_id = %(external_id)s;

-- name: by_external_id
SELECT {columns}
FROM contact c WHERE c.campaign IN (SELECT name FROM campaign) AND c.external_id = %(external_id)s
ORDER BY c.campaign LIMIT %(rows)s;

-- Of all numbers of a person.
-- name: of_person
SELECT {columns} FROM contact c WHERE c.person_id IN (SELECT group_of(head_of(%(person_id)s)))
ORDER BY c.contact_id LIMIT %(rows)s;

-- name: by_ids
SELECT {columns} FROM contact c WHERE c.contact_id = ANY(%(contacts)s::bigint[]) ORDER BY c.contact_id;
