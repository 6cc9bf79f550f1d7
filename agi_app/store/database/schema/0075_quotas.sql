-- Quotas: a campaign's groups close when each has its number of completed contacts. What is counted of a group is kept beside
-- the other figures (0053_campaign_tallies.sql), in the transactions of the contacts: `group_waiting` (pending, and due some
-- time), `group_calling` (in a call), `group_disposition` (named DISPOSITION/GROUP). Contacts of campaigns without a quota have
-- no group, and their triggers say so without a look.
ALTER TABLE contact ADD COLUMN quota_group text;  -- what stands in the quota's column, empty if nothing does; null: no quota
CREATE INDEX contact_group ON contact (campaign, quota_group, due_at, contact_id)
    WHERE state = 'pending' AND quota_group IS NOT NULL;

ALTER TABLE campaign_tally DROP CONSTRAINT campaign_tally_kind_check;
ALTER TABLE campaign_tally ADD CONSTRAINT campaign_tally_kind_check CHECK (kind IN (
    'contact', 'refused', 'held', 'outcome', 'disposition', 'group_waiting', 'group_calling', 'group_disposition'));

CREATE FUNCTION quota_column(spec jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT spec #>> '{quota,column}' $$;

CREATE FUNCTION quota_group_in(quota_column text, fields jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(btrim(fields ->> quota_column), '')
$$;

-- What one contact is counted as in its group. Its disposition counts whatever its state: it is the last that it had.
CREATE FUNCTION group_counts_as(quota_group text, state text, due_at timestamptz, disposition text)
RETURNS TABLE (kind text, name text) LANGUAGE sql IMMUTABLE AS $$
    SELECT 'group_waiting', quota_group WHERE quota_group IS NOT NULL AND state = 'pending' AND due_at < 'infinity'
    UNION ALL SELECT 'group_calling', quota_group WHERE quota_group IS NOT NULL AND state = 'claimed'
    UNION ALL SELECT 'group_disposition', disposition || '/' || quota_group
              WHERE quota_group IS NOT NULL AND disposition IS NOT NULL
$$;

-- New contacts get their group in the statement that adds them, whatever adds them.
CREATE FUNCTION group_added_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM (SELECT DISTINCT a.campaign FROM added a) a JOIN campaign k ON k.name = a.campaign
                   WHERE quota_column(k.spec) IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    WITH grouped AS (
        UPDATE contact c SET quota_group = quota_group_in(quota_column(k.spec), c.fields)
        FROM added a JOIN campaign k ON k.name = a.campaign
        WHERE c.contact_id = a.contact_id AND quota_column(k.spec) IS NOT NULL
        RETURNING c.campaign, c.quota_group, c.state, c.due_at, c.disposition
    )
    INSERT INTO campaign_tally_change (campaign, kind, name, number)
    SELECT g.campaign, k.kind, k.name, count(*)
    FROM grouped g CROSS JOIN LATERAL group_counts_as(g.quota_group, g.state, g.due_at, g.disposition) AS k
    GROUP BY g.campaign, k.kind, k.name;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_group_added AFTER INSERT ON contact REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION group_added_contacts();

-- An import that changes a column may move a contact to another group.
CREATE FUNCTION group_changed_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT quota_group_in(quota_column(k.spec), NEW.fields) INTO NEW.quota_group
    FROM campaign k WHERE k.name = NEW.campaign AND quota_column(k.spec) IS NOT NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER contact_group_changed BEFORE UPDATE OF fields ON contact FOR EACH ROW
    WHEN (NEW.quota_group IS NOT NULL AND OLD.fields IS DISTINCT FROM NEW.fields)
    EXECUTE FUNCTION group_changed_contact();

CREATE FUNCTION tally_contact_group() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_tally_change (campaign, kind, name, number)
    SELECT OLD.campaign, k.kind, k.name, sum(k.n)
    FROM (SELECT kind, name, -1 AS n FROM group_counts_as(OLD.quota_group, OLD.state, OLD.due_at, OLD.disposition)
          UNION ALL
          SELECT kind, name, 1 FROM group_counts_as(NEW.quota_group, NEW.state, NEW.due_at, NEW.disposition)
          WHERE TG_OP = 'UPDATE') AS k
    GROUP BY k.kind, k.name HAVING sum(k.n) <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_group_tally AFTER UPDATE OF state, due_at, disposition, fields ON contact FOR EACH ROW
    WHEN (OLD.quota_group IS NOT NULL OR NEW.quota_group IS NOT NULL) EXECUTE FUNCTION tally_contact_group();
CREATE TRIGGER contact_group_deleted AFTER DELETE ON contact FOR EACH ROW
    WHEN (OLD.quota_group IS NOT NULL) EXECUTE FUNCTION tally_contact_group();

-- Gives the contacts of a campaign the groups of its quota as it is now. Erased ones have none, and count for none.
CREATE FUNCTION regroup_contacts(of_campaign text) RETURNS void LANGUAGE sql AS $$
    WITH meant AS (
        SELECT c.contact_id, c.quota_group AS before,
               CASE WHEN c.external_id NOT LIKE 'erased:%' THEN quota_group_in(quota_column(k.spec), c.fields) END AS after
        FROM contact c JOIN campaign k ON k.name = c.campaign
        WHERE c.campaign = of_campaign AND quota_column(k.spec) IS NOT NULL
    ), moved AS (
        UPDATE contact c SET quota_group = m.after
        FROM meant m
        WHERE c.contact_id = m.contact_id AND m.before IS DISTINCT FROM m.after
          AND c.quota_group IS NOT DISTINCT FROM m.before
        RETURNING m.before, m.after, c.state, c.due_at, c.disposition
    )
    INSERT INTO campaign_tally_change (campaign, kind, name, number)
    SELECT of_campaign, k.kind, k.name, sum(b.n)
    FROM (SELECT before AS quota_group, state, due_at, disposition, -1 AS n FROM moved
          UNION ALL SELECT after, state, due_at, disposition, 1 FROM moved) AS b
    CROSS JOIN LATERAL group_counts_as(b.quota_group, b.state, b.due_at, b.disposition) AS k
    GROUP BY k.kind, k.name HAVING sum(b.n) <> 0
$$;

-- A campaign that got a quota, or one by another column: at once with its text.
CREATE FUNCTION regroup_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM regroup_contacts(NEW.name);
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_regroup AFTER UPDATE OF spec ON campaign FOR EACH ROW
    WHEN (quota_column(NEW.spec) IS NOT NULL AND quota_column(OLD.spec) IS DISTINCT FROM quota_column(NEW.spec))
    EXECUTE FUNCTION regroup_campaign();

CREATE OR REPLACE VIEW campaign_recount AS
SELECT c.campaign, k.kind, k.name, count(*) AS number
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id
CROSS JOIN LATERAL contact_counts_as(c.state, c.due_at, d.rules) AS k
GROUP BY c.campaign, k.kind, k.name
UNION ALL
SELECT a.campaign, k.kind, k.name, count(*)
FROM attempt a CROSS JOIN LATERAL (VALUES ('outcome', a.outcome), ('disposition', a.disposition)) AS k (kind, name)
WHERE a.state = 'ended' AND a.dialled AND k.name IS NOT NULL
GROUP BY a.campaign, k.kind, k.name
UNION ALL
SELECT c.campaign, k.kind, k.name, count(*)
FROM contact c CROSS JOIN LATERAL group_counts_as(c.quota_group, c.state, c.due_at, c.disposition) AS k
WHERE c.quota_group IS NOT NULL
GROUP BY c.campaign, k.kind, k.name;
