-- The do-not-call lists of others that a person's number is on, without its hash.
CREATE VIEW list_of_person AS
SELECT p.person_id, l.name, l.region, l.as_of
FROM person p JOIN external_list_entry e USING (number_hash) JOIN external_list l USING (list_id);
