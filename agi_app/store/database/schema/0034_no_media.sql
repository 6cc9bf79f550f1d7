-- A call that was answered and brought no sound says as little about people as one that a trunk did not carry.

CREATE OR REPLACE FUNCTION tally_agents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    by_person boolean := NEW.outcome IN ('human', 'answered', 'abandoned');
BEGIN
    IF NEW.outcome IN ('congestion', 'trunk_silent', 'failed', 'no_media', 'cancelled', 'interrupted') THEN
        RETURN NULL;
    END IF;
    INSERT INTO agent_tally AS t (campaign, day, ended, answered, abandoned, answer_s, met, talk_s)
    VALUES (NEW.campaign, (NEW.rules_at AT TIME ZONE 'UTC')::date, 1, by_person::integer,
            (NEW.outcome = 'abandoned')::integer,
            CASE WHEN by_person THEN coalesce(extract(epoch FROM NEW.answered_at - NEW.marked_at), 0) ELSE 0 END,
            (NEW.met_at IS NOT NULL)::integer,
            coalesce(extract(epoch FROM coalesce(NEW.parted_at, NEW.ended_at) - NEW.met_at), 0))
    ON CONFLICT (campaign, day) DO UPDATE
    SET ended = t.ended + 1, answered = t.answered + excluded.answered, abandoned = t.abandoned + excluded.abandoned,
        answer_s = t.answer_s + excluded.answer_s, met = t.met + excluded.met, talk_s = t.talk_s + excluded.talk_s;
    RETURN NULL;
END $$;
