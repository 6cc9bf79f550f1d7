-- Which of a contact's numbers each call rang, and a campaign's figures by number beside its others (0053_campaign_tallies.sql):
-- `rang` (named by the number's place: its telephone rang, or it was answered at once) and `number` (PLACE/OUTCOME, of calls to
-- second and third numbers; the first one has the rest of the outcomes, so that campaigns with one number a contact write nothing).
ALTER TABLE attempt ADD COLUMN number_place smallint NOT NULL DEFAULT 1;  -- of the number that is called, among the contact's
UPDATE attempt a SET number_place = array_position(c.number_ids, a.number_id)
FROM contact c WHERE c.contact_id = a.contact_id AND array_position(c.number_ids, a.number_id) > 1;

-- What the list says of the kind of a number; null: nothing, or the contact does not have it any longer.
CREATE FUNCTION kind_of_number(number_ids bigint[], kinds text[], first bigint, number_id bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(kinds[coalesce(array_position(number_ids, number_id), CASE WHEN first = number_id THEN 1 END)], '')
$$;

ALTER TABLE campaign_tally DROP CONSTRAINT campaign_tally_kind_check;
ALTER TABLE campaign_tally ADD CONSTRAINT campaign_tally_kind_check CHECK (kind IN (
    'contact', 'refused', 'held', 'outcome', 'disposition', 'group_waiting', 'group_calling', 'group_disposition', 'rang',
    'number'));

-- What one call that has ended is counted as.
CREATE FUNCTION attempt_counts_as(outcome text, disposition text, number_place smallint, rang boolean)
RETURNS TABLE (kind text, name text) LANGUAGE sql IMMUTABLE AS $$
    SELECT 'outcome', outcome WHERE outcome IS NOT NULL
    UNION ALL SELECT 'disposition', disposition WHERE disposition IS NOT NULL
    UNION ALL SELECT 'number', number_place || '/' || outcome WHERE number_place > 1 AND outcome IS NOT NULL
    UNION ALL SELECT 'rang', number_place::text WHERE rang
$$;

CREATE FUNCTION has_rung(ringing_at timestamptz, answered_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT ringing_at IS NOT NULL OR answered_at IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION tally_ended_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'ended' AND OLD.dialled THEN
        INSERT INTO campaign_tally_change (campaign, kind, name, number)
        SELECT OLD.campaign, k.kind, k.name, -1
        FROM attempt_counts_as(OLD.outcome, OLD.disposition, OLD.number_place, has_rung(OLD.ringing_at, OLD.answered_at)) AS k;
    END IF;
    IF NEW.state = 'ended' AND NEW.dialled THEN
        INSERT INTO campaign_tally_change (campaign, kind, name, number)
        SELECT NEW.campaign, k.kind, k.name, 1
        FROM attempt_counts_as(NEW.outcome, NEW.disposition, NEW.number_place, has_rung(NEW.ringing_at, NEW.answered_at)) AS k;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER attempt_tally_ended ON attempt;
CREATE TRIGGER attempt_tally_ended AFTER UPDATE ON attempt FOR EACH ROW
    WHEN ((OLD.state = 'ended' OR NEW.state = 'ended')
          AND (OLD.state <> NEW.state OR OLD.dialled <> NEW.dialled OR OLD.outcome IS DISTINCT FROM NEW.outcome
               OR OLD.disposition IS DISTINCT FROM NEW.disposition
               OR has_rung(OLD.ringing_at, OLD.answered_at) <> has_rung(NEW.ringing_at, NEW.answered_at)))
    EXECUTE FUNCTION tally_ended_attempt();

CREATE OR REPLACE VIEW campaign_recount AS
SELECT c.campaign, k.kind, k.name, count(*) AS number
FROM contact c LEFT JOIN decision d ON d.decision_id = c.last_decision_id
CROSS JOIN LATERAL contact_counts_as(c.state, c.due_at, d.rules) AS k
GROUP BY c.campaign, k.kind, k.name
UNION ALL
SELECT a.campaign, k.kind, k.name, count(*)
FROM attempt a
CROSS JOIN LATERAL attempt_counts_as(a.outcome, a.disposition, a.number_place, has_rung(a.ringing_at, a.answered_at)) AS k
WHERE a.state = 'ended' AND a.dialled
GROUP BY a.campaign, k.kind, k.name
UNION ALL
SELECT c.campaign, k.kind, k.name, count(*)
FROM contact c CROSS JOIN LATERAL group_counts_as(c.quota_group, c.state, c.due_at, c.disposition) AS k
WHERE c.quota_group IS NOT NULL
GROUP BY c.campaign, k.kind, k.name;

-- The figures of before: those of the new kinds.
INSERT INTO campaign_tally (campaign, kind, name, number)
SELECT campaign, kind, name, number FROM campaign_recount WHERE kind IN ('rang', 'number');
