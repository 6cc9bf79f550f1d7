-- What the approval of a start covers: so many contacts as it named (campaign.most_contacts), by whatever way they come. The others
-- are stored and wait, and nobody calls them, until a second person has approved more. The campaign goes on meanwhile.
ALTER TABLE contact ADD COLUMN unapproved boolean NOT NULL DEFAULT false;
CREATE INDEX contact_unapproved ON contact (campaign, contact_id) WHERE unapproved;

-- How many contacts of a campaign were let in, those with another person's number now counted again. Its row is locked by everything
-- that lets one in, and by what sets the number, so that the number is exact whoever does both at once.
CREATE TABLE campaign_room (
    campaign text PRIMARY KEY REFERENCES campaign,
    let_in   bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- The same of a feed with a number a day, by the day of rules time in the campaign's zone.
CREATE TABLE feed_room (
    campaign text NOT NULL REFERENCES campaign,
    feed     text NOT NULL,
    day      date NOT NULL,
    let_in   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign, feed, day)
);

CREATE FUNCTION lock_room(of_campaign text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    INSERT INTO campaign_room (campaign) SELECT c.name FROM campaign c WHERE c.name = of_campaign ON CONFLICT DO NOTHING;
    SELECT r.let_in INTO found FROM campaign_room r WHERE r.campaign = of_campaign FOR UPDATE;
    RETURN found;
END $$;

-- How many contacts a feed may bring into a campaign on one day, as a second person has approved it; null: it is not that feed's
-- campaign, so that they count as those of a list do.
CREATE FUNCTION feed_number(of_campaign text, of_feed text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT f.most_a_day FROM feed f WHERE f.name = of_feed AND f.campaign = of_campaign AND f.state IN ('started', 'paused')
$$;

CREATE FUNCTION rules_day(of_campaign text) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT ((clock_timestamp() + coalesce((SELECT k.start - k.anchored_at FROM sandbox_clock k), interval '0'))
            AT TIME ZONE coalesce(c.spec ->> 'zone', 'UTC'))::date
    FROM campaign c WHERE c.name = of_campaign
$$;

-- How many of so many that arrive are let in.
CREATE FUNCTION let_in(of_campaign text, by_feed text, arriving bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    used  bigint := lock_room(of_campaign);
    most  bigint;
    taken bigint;
    today date;
BEGIN
    IF by_feed IS NOT NULL THEN
        most := feed_number(of_campaign, by_feed);
    END IF;
    IF most IS NULL THEN
        SELECT c.most_contacts INTO most FROM campaign c WHERE c.name = of_campaign;
        taken := CASE WHEN most IS NULL THEN arriving ELSE least(arriving, greatest(most - used, 0)) END;
        UPDATE campaign_room r SET let_in = r.let_in + taken WHERE r.campaign = of_campaign AND taken > 0;
        RETURN taken;
    END IF;
    today := rules_day(of_campaign);
    SELECT r.let_in INTO used FROM feed_room r WHERE r.campaign = of_campaign AND r.feed = by_feed AND r.day = today;
    taken := least(arriving, greatest(most - coalesce(used, 0), 0));
    DELETE FROM feed_room r WHERE r.campaign = of_campaign AND r.feed = by_feed AND r.day < today;
    INSERT INTO feed_room AS r (campaign, feed, day, let_in) VALUES (of_campaign, by_feed, today, taken)
    ON CONFLICT (campaign, feed, day) DO UPDATE SET let_in = r.let_in + excluded.let_in;
    RETURN taken;
END $$;

-- Instead of pausing the campaign (0059_approvals.sql). Fires after contact_tally_added, by its name.
DROP TRIGGER contact_within_approved ON contact;
DROP FUNCTION pause_above_approved();
CREATE FUNCTION hold_above_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    arrived record;
    taken   bigint;
BEGIN
    FOR arrived IN SELECT a.campaign, a.feed, count(*) AS number FROM added a GROUP BY a.campaign, a.feed ORDER BY 1, 2 LOOP
        taken := let_in(arrived.campaign, arrived.feed, arrived.number);
        IF taken < arrived.number THEN
            UPDATE contact c SET unapproved = true
            WHERE c.contact_id IN (SELECT a.contact_id FROM added a
                                   WHERE a.campaign = arrived.campaign AND a.feed IS NOT DISTINCT FROM arrived.feed
                                   ORDER BY a.contact_id OFFSET taken);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_within_approved AFTER INSERT ON contact REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION hold_above_approved();

-- A contact that gets the number of somebody else, or comes from another campaign, arrives anew: else one that was approved would be
-- any number of people, one after another.
CREATE FUNCTION hold_exchanged_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF let_in(NEW.campaign, NEW.feed, 1) = 0 THEN
        NEW.unapproved := true;
        NEW.revision := OLD.revision + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contact_exchanged BEFORE UPDATE OF person_id, number_ids, campaign ON contact FOR EACH ROW
    WHEN ((NEW.person_id <> OLD.person_id OR NEW.number_ids IS DISTINCT FROM OLD.number_ids OR NEW.campaign <> OLD.campaign)
          AND NOT NEW.unapproved
          AND (NEW.campaign <> OLD.campaign
               OR NOT coalesce(NEW.number_ids, '{}') || NEW.person_id <@ (coalesce(OLD.number_ids, '{}') || OLD.person_id)))
    EXECUTE FUNCTION hold_exchanged_contact();

-- A start that is good for so many contacts (null: any number) lets those in that wait, the oldest first. Of a campaign that got
-- more while the start was asked for, the newest wait.
CREATE FUNCTION approve_contacts(of_campaign text, most bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    total  bigint;
    waits  bigint;
    change bigint;
BEGIN
    PERFORM lock_room(of_campaign);
    UPDATE campaign SET most_contacts = most WHERE name = of_campaign;
    SELECT coalesce(sum(t.number), 0) INTO total
    FROM (SELECT k.number FROM campaign_tally k WHERE k.campaign = of_campaign AND k.kind = 'contact'
          UNION ALL
          SELECT k.number FROM campaign_tally_change k WHERE k.campaign = of_campaign AND k.kind = 'contact') AS t;
    SELECT count(*) INTO waits FROM contact c WHERE c.campaign = of_campaign AND c.unapproved;
    change := CASE WHEN most IS NULL THEN waits ELSE least(waits, most - (total - waits)) END;
    IF change > 0 THEN
        UPDATE contact c
        SET unapproved = false,
            due_at = CASE WHEN c.state = 'pending' AND c.refused_by && '{contact_not_approved}' THEN 'epoch' ELSE c.due_at END,
            replan = c.replan OR coalesce(c.state = 'pending' AND c.refused_by && '{contact_not_approved}', false)
                                 AND c.event_at IS NOT NULL
        WHERE c.contact_id IN (SELECT k.contact_id FROM contact k WHERE k.campaign = of_campaign AND k.unapproved
                               ORDER BY k.contact_id LIMIT change);
    ELSIF change < 0 THEN
        UPDATE contact c SET unapproved = true, revision = c.revision + 1
        WHERE c.contact_id IN (SELECT k.contact_id FROM contact k WHERE k.campaign = of_campaign AND NOT k.unapproved
                               ORDER BY k.contact_id DESC LIMIT -change);
    END IF;
    UPDATE campaign_room r SET let_in = total - waits + change WHERE r.campaign = of_campaign;
END $$;

-- What there is. A campaign that the old trigger paused has more than it may: the newest of them wait, and it may be resumed.
DO $$
DECLARE
    found campaign;
BEGIN
    FOR found IN SELECT * FROM campaign LOOP
        PERFORM approve_contacts(found.name, found.most_contacts);
    END LOOP;
END $$;
