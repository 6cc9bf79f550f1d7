-- A campaign's figures, kept in the transactions of the rows that they count, so that nobody counts ten million contacts
-- to show them. Each change is a new row: no transaction waits for another one's figures. Workers fold the changes into
-- campaign_tally (store/calling/tallies.sql); a figure is always the sum of both tables.

ALTER TABLE contact ADD COLUMN refused_by text[];  -- the rules of the latest decision; null: none, or it allowed the call
UPDATE contact SET refused_by = d.rules
FROM decision d WHERE d.decision_id = contact.last_decision_id AND cardinality(d.rules) > 0;

CREATE TABLE campaign_tally (
    campaign text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('contact', 'refused', 'held', 'outcome', 'disposition')),
    name     text NOT NULL,
    number   bigint NOT NULL,
    PRIMARY KEY (campaign, kind, name)
) WITH (fillfactor = 50);

CREATE TABLE campaign_tally_change (
    campaign text NOT NULL,
    kind     text NOT NULL,
    name     text NOT NULL,
    number   bigint NOT NULL
);

-- What one contact is counted as: its state (`parked`: pending, and never due unless somebody fixes the reason), each rule
-- of its latest decision, and each rule that holds it back while it is pending.
CREATE FUNCTION contact_counts_as(state text, due_at timestamptz, refused_by text[])
RETURNS TABLE (kind text, name text) LANGUAGE sql IMMUTABLE AS $$
    SELECT 'contact', CASE WHEN state = 'pending' AND due_at = 'infinity' THEN 'parked' ELSE state END
    UNION ALL SELECT 'refused', r FROM unnest(refused_by) AS r
    UNION ALL SELECT 'held', r FROM unnest(refused_by) AS r WHERE state = 'pending'
$$;

CREATE FUNCTION tally_whole_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_tally_change (campaign, kind, name, number)
    SELECT c.campaign, k.kind, k.name, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
    FROM contacts c CROSS JOIN LATERAL contact_counts_as(c.state, c.due_at, c.refused_by) AS k
    GROUP BY c.campaign, k.kind, k.name;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_tally_added AFTER INSERT ON contact REFERENCING NEW TABLE AS contacts
    FOR EACH STATEMENT EXECUTE FUNCTION tally_whole_contacts();
CREATE TRIGGER contact_tally_deleted AFTER DELETE ON contact REFERENCING OLD TABLE AS contacts
    FOR EACH STATEMENT EXECUTE FUNCTION tally_whole_contacts();

CREATE FUNCTION tally_changed_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_tally_change (campaign, kind, name, number)
    SELECT c.campaign, k.kind, k.name, sum(c.n)
    FROM (SELECT campaign, state, due_at, refused_by, 1 AS n FROM after_it
          UNION ALL SELECT campaign, state, due_at, refused_by, -1 FROM before_it) AS c
    CROSS JOIN LATERAL contact_counts_as(c.state, c.due_at, c.refused_by) AS k
    GROUP BY c.campaign, k.kind, k.name HAVING sum(c.n) <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_tally_changed AFTER UPDATE ON contact REFERENCING OLD TABLE AS before_it NEW TABLE AS after_it
    FOR EACH STATEMENT EXECUTE FUNCTION tally_changed_contacts();

-- Calls are counted once they have ended; the few that go on are counted when somebody asks.
CREATE FUNCTION tally_ended_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'ended' AND OLD.dialled THEN
        INSERT INTO campaign_tally_change (campaign, kind, name, number)
        SELECT OLD.campaign, k.kind, k.name, -1
        FROM (VALUES ('outcome', OLD.outcome), ('disposition', OLD.disposition)) AS k (kind, name)
        WHERE k.name IS NOT NULL;
    END IF;
    IF NEW.state = 'ended' AND NEW.dialled THEN
        INSERT INTO campaign_tally_change (campaign, kind, name, number)
        SELECT NEW.campaign, k.kind, k.name, 1
        FROM (VALUES ('outcome', NEW.outcome), ('disposition', NEW.disposition)) AS k (kind, name)
        WHERE k.name IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attempt_tally_ended AFTER UPDATE ON attempt FOR EACH ROW
    WHEN ((OLD.state = 'ended' OR NEW.state = 'ended')
          AND (OLD.state <> NEW.state OR OLD.dialled <> NEW.dialled OR OLD.outcome IS DISTINCT FROM NEW.outcome
               OR OLD.disposition IS DISTINCT FROM NEW.disposition))
    EXECUTE FUNCTION tally_ended_attempt();
CREATE TRIGGER attempt_tally_added AFTER INSERT ON attempt FOR EACH ROW
    WHEN (NEW.state = 'ended' AND NEW.dialled) EXECUTE FUNCTION tally_ended_attempt();

-- The figures counted anew, as `agi-app doctor` and the daily recount compare them: refusals by the decisions themselves.
CREATE VIEW campaign_recount AS
SELECT c.campaign, k.kind, k.name, count(*) AS number
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id
CROSS JOIN LATERAL contact_counts_as(c.state, c.due_at, d.rules) AS k
GROUP BY c.campaign, k.kind, k.name
UNION ALL
SELECT a.campaign, k.kind, k.name, count(*)
FROM attempt a CROSS JOIN LATERAL (VALUES ('outcome', a.outcome), ('disposition', a.disposition)) AS k (kind, name)
WHERE a.state = 'ended' AND a.dialled AND k.name IS NOT NULL
GROUP BY a.campaign, k.kind, k.name;

INSERT INTO campaign_tally (campaign, kind, name, number) SELECT campaign, kind, name, number FROM campaign_recount;
