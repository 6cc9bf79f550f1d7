-- Calls that an agent asks for: the agent's telephone rings first, then the person's. The person's leg is an attempt
-- like any other; this is the agent's leg, and what was told to the one who asked.

CREATE TABLE agent_call (
    agent_call_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign      text NOT NULL REFERENCES campaign,
    contact_id    bigint NOT NULL REFERENCES contact,
    destination   text NOT NULL,                   -- who is the agent: a name in the settings
    entered_by    text NOT NULL,
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ringing', 'ended')),
    result        text,                            -- refused, expired, agent_busy, …, or the outcome of the person's leg
    note          text,
    lines         jsonb NOT NULL DEFAULT '[]',     -- what has happened so far, without numbers
    node          text,
    attempt_id    text REFERENCES attempt,         -- the person's leg; null: the person was not called
    rang_at       timestamptz,                     -- of the agent's leg, real time
    answered_at   timestamptz,
    ended_at      timestamptz,
    requested_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX agent_call_waiting ON agent_call (requested_at) WHERE state = 'waiting';
CREATE INDEX agent_call_campaign ON agent_call (campaign, agent_call_id);
CREATE INDEX agent_call_open ON agent_call (node) WHERE state = 'ringing';
