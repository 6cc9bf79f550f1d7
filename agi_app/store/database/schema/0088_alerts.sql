-- Alerts: what is wrong now, since when, and whom it was told to (agi_app/alerts). Nothing in them is about a person.
CREATE TABLE alert (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text NOT NULL,
    subject  text NOT NULL DEFAULT '',             -- what it is about: a node, a trunk, a number of ours, a feed
    details  jsonb NOT NULL DEFAULT '{}',
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz                           -- null: it is still so
);
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alert_ended ON alert (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE alert_notice (
    notice_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id    bigint NOT NULL REFERENCES alert ON DELETE CASCADE,
    phase       text NOT NULL CHECK (phase IN ('began', 'ended')),
    channel     text NOT NULL CHECK (channel IN ('command', 'mail')),
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    tries       integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- while it is being sent: when another process may
    give_up_at  timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 day',
    fault       text,                              -- of the last try
    ended_at    timestamptz,
    UNIQUE (alert_id, phase, channel)
);
CREATE INDEX alert_notice_due ON alert_notice (next_try_at, notice_id) WHERE state = 'waiting';

-- When a process looked last: one at a time does, and the others leave it to that one.
CREATE TABLE alert_look (
    look text PRIMARY KEY CHECK (look IN ('often', 'seldom')),
    at   timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO alert_look (look) VALUES ('often'), ('seldom');

-- The trunks through which a worker calls nobody now, and why.
ALTER TABLE node ADD COLUMN trunks jsonb NOT NULL DEFAULT '{}';

CREATE INDEX consent_ends ON consent (expires_at) WHERE expires_at IS NOT NULL AND erased_at IS NULL;
