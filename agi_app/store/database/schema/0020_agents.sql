-- Calls that are made for waiting agents: for whom, when one took the person over, and what came of them in numbers.

ALTER TABLE attempt
    ADD COLUMN agents    text,                     -- the destination of the settings that it is made for; null: none
    ADD COLUMN agent     text,                     -- the endpoint of a list that was rung; null: a queue chose
    ADD COLUMN met_at    timestamptz,              -- real time: an agent took the person over
    ADD COLUMN parted_at timestamptz;              -- and when the agent was in no call any more
-- How many calls are under way for some agents; a claim for them counts these.
CREATE INDEX attempt_agents ON attempt (agents) WHERE agents IS NOT NULL AND state <> 'ended';

-- A campaign's calls for agents by day, so that nobody has to count a million of them before each call. The ceiling of
-- abandoned calls looks back 30 days.
CREATE TABLE agent_tally (
    campaign  text NOT NULL,
    day       date NOT NULL,                       -- of the call's rules time, UTC
    ended     bigint NOT NULL DEFAULT 0,           -- the person or the network's word on them ended it
    answered  bigint NOT NULL DEFAULT 0,           -- by a person
    abandoned bigint NOT NULL DEFAULT 0,           -- of those, who met no agent
    answer_s  double precision NOT NULL DEFAULT 0, -- from the dialling to the answer, all added up
    met       bigint NOT NULL DEFAULT 0,           -- who met an agent
    talk_s    double precision NOT NULL DEFAULT 0, -- their talks, all added up
    PRIMARY KEY (campaign, day)
) WITH (fillfactor = 50);

-- In the transaction that ends the attempt, so that neither is ever known without the other. What a trunk or a crash
-- did says nothing about people, and is not counted.
CREATE FUNCTION tally_agents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    by_person boolean := NEW.outcome IN ('human', 'answered', 'abandoned');
BEGIN
    IF NEW.outcome IN ('congestion', 'trunk_silent', 'failed', 'cancelled', 'interrupted') THEN
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
CREATE TRIGGER attempt_tally AFTER UPDATE ON attempt FOR EACH ROW
    WHEN (NEW.agents IS NOT NULL AND NEW.state = 'ended' AND NEW.dialled
          AND (OLD.state <> 'ended' OR OLD.swept AND NOT NEW.swept))
    EXECUTE FUNCTION tally_agents();

-- What each worker sees of its agents now, by its own word: destination -> free, busy, or why they are not known.
ALTER TABLE node ADD COLUMN agents jsonb NOT NULL DEFAULT '{}';
