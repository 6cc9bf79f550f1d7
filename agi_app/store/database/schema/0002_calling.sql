-- Campaigns, their contacts, what the gate decided and what became of each call.

CREATE TABLE campaign (
    name         text PRIMARY KEY,
    spec         jsonb NOT NULL,                   -- the Campaign of agi_app/model/campaign.py
    purpose      text NOT NULL GENERATED ALWAYS AS (spec ->> 'purpose') STORED,
    caller_id    text NOT NULL GENERATED ALWAYS AS (spec ->> 'caller_id') STORED,
    flow_file    text NOT NULL,
    flow_text    text NOT NULL,
    state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'paused', 'stopped')),
    state_reason text,
    saved_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE decision (
    decision_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id      bigint NOT NULL,
    person_id       bigint NOT NULL,
    campaign        text NOT NULL,
    allowed         boolean NOT NULL,
    rules           text[] NOT NULL,               -- ids of the rules that refused
    reasons         jsonb NOT NULL,                -- [{rule, text, try_again_at}]
    inputs          jsonb NOT NULL,                -- the facts judged by, without the number
    ruleset_version text NOT NULL,
    decided_at      timestamptz NOT NULL,          -- rules time
    clock           text NOT NULL,                 -- system | sandbox
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp()  -- real time
);
CREATE INDEX decision_campaign ON decision (campaign, contact_id);
CREATE INDEX decision_person ON decision (person_id);
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON decision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON decision EXECUTE FUNCTION refuse_change();

CREATE TABLE contact (
    contact_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign         text NOT NULL REFERENCES campaign,
    external_id      text NOT NULL,
    person_id        bigint NOT NULL REFERENCES person,
    language         text,
    fields           jsonb NOT NULL,
    due_at           timestamptz NOT NULL,         -- rules time; infinity: a person must mend something first
    state            text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'claimed', 'done')),
    attempts_made    integer NOT NULL DEFAULT 0,
    retries_used     jsonb NOT NULL DEFAULT '{}',  -- outcome -> how often it ended an attempt
    last_decision_id bigint,
    last_outcome     text,
    disposition      text,
    UNIQUE (campaign, external_id)
) WITH (fillfactor = 80);
-- The claim walks this one: the oldest due contact first.
CREATE INDEX contact_due ON contact (campaign, due_at, contact_id) WHERE state = 'pending';
CREATE INDEX contact_person ON contact (person_id);

CREATE TABLE attempt (
    attempt_id  text PRIMARY KEY,
    contact_id  bigint NOT NULL REFERENCES contact,
    person_id   bigint NOT NULL REFERENCES person,
    campaign    text NOT NULL,
    decision_id bigint NOT NULL,
    node        text NOT NULL,
    trunk       text NOT NULL,
    caller_id   text NOT NULL,                     -- a number of ours
    state       text NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'dialling', 'ended')),
    lease_until timestamptz NOT NULL,              -- real time
    claimed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    marked_at   timestamptz,
    rules_at    timestamptz NOT NULL,              -- rules time of the claim, then of the mark: what caps count
    dialled     boolean NOT NULL DEFAULT false,    -- marked, and not given back as surely not dialled
    counts      boolean NOT NULL DEFAULT false,    -- against the person's cap
    swept       boolean NOT NULL DEFAULT false,    -- ended by a sweep, not by its own worker
    ringing_at  timestamptz,
    answered_at timestamptz,
    ended_at    timestamptz,
    outcome     text,
    cause       integer,
    tech_cause  integer,
    disposition text,
    answers     jsonb NOT NULL DEFAULT '{}',
    note        text
) WITH (fillfactor = 70);
-- A person is never called twice at the same time, whatever else goes wrong.
CREATE UNIQUE INDEX attempt_one_open ON attempt (person_id) WHERE state <> 'ended';
CREATE INDEX attempt_caps ON attempt (person_id, rules_at);
CREATE INDEX attempt_campaign ON attempt (campaign, claimed_at);
CREATE INDEX attempt_open ON attempt (node, lease_until) WHERE state <> 'ended';
CREATE INDEX attempt_contact ON attempt (contact_id);

-- One row is one allowed simultaneous call of a trunk ('trunk:x') or a campaign ('campaign:x').
-- A slot is held by its attempt and freed in the transaction that ends the attempt.
CREATE TABLE slot (
    scope      text NOT NULL,
    n          integer NOT NULL,
    attempt_id text REFERENCES attempt,
    PRIMARY KEY (scope, n)
) WITH (fillfactor = 50);
CREATE INDEX slot_attempt ON slot (attempt_id) WHERE attempt_id IS NOT NULL;
