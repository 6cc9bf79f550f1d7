-- What lists stand on (store/lists). Each page of a list is a range of an index, wherever in the list it is.

-- Contacts of a campaign in the order of the file, by any filters at once: the few combinations of state, outcome and rules
-- that there are are found by leaps through the index, and each has its contacts in order. `parked`: pending, and never due
-- unless somebody fixes the reason. The expressions are those of database/conditions.sql.
CREATE INDEX contact_class ON contact (
    campaign,
    (CASE WHEN state = 'pending' AND due_at = 'infinity' THEN 'parked' ELSE state END),
    (coalesce(last_outcome, '')),
    (coalesce(refused_by, '{}')),
    contact_id);

-- Decisions, the newest first. What filters ask is in the index, so that looking past what does not fit reads no rows.
CREATE INDEX decision_recorded ON decision (campaign, recorded_at, decision_id) INCLUDE (allowed, rules);

-- Stops with the person whom we know by the number, without its hash.
CREATE VIEW stop_of_person AS
SELECT s.suppression_id AS stop_id, p.person_id, s.at, s.reason, s.via, s.recorded_at
FROM suppression s LEFT JOIN person p USING (number_hash);

-- Tells cursors that this installation gave from others; no secret to who reads the database.
INSERT INTO meta (key, value) VALUES ('cursor_key', gen_random_uuid()::text || gen_random_uuid()::text);
