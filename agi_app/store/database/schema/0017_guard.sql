-- Screening of calls that come in. Numbers of callers stand in guard_caller and guard_list only; what a call was judged
-- by (guard_call.inputs) holds none. Calls and callers go when they have been kept long enough.

CREATE TABLE guard_caller (
    caller_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number      text COLLATE "C" NOT NULL UNIQUE,  -- E.164, or the digits of a short number
    first_seen  timestamptz,                       -- its first and last call; null: it was only dialled
    last_seen   timestamptz,
    talked      boolean NOT NULL DEFAULT false,    -- a call was answered and lasted more than 30 s
    dialled_at  timestamptz,                       -- when somebody here last dialled it; campaigns' calls are in attempt
    passed_at   timestamptz,                       -- when it last passed a challenge, or appealed
    nuisance_at timestamptz                        -- when it was last found a nuisance
);
CREATE INDEX guard_caller_nuisance ON guard_caller (number) WHERE nuisance_at IS NOT NULL;
CREATE INDEX guard_caller_old ON guard_caller (last_seen) WHERE dialled_at IS NULL;

-- What somebody said of a caller; a later word of the same voter replaces it.
CREATE TABLE guard_vote (
    caller_id bigint NOT NULL REFERENCES guard_caller ON DELETE CASCADE,
    voter     text NOT NULL,
    at        timestamptz NOT NULL,
    nuisance  boolean NOT NULL,
    PRIMARY KEY (caller_id, voter)
);

CREATE TABLE guard_call (
    call_id     text PRIMARY KEY,
    caller_id   bigint REFERENCES guard_caller ON DELETE SET NULL,  -- null: withheld, or erased
    at          timestamptz NOT NULL,              -- rules time
    called      text NOT NULL,                     -- the number of ours
    endpoint    text NOT NULL,                     -- whose channel it came in on
    action      text NOT NULL CHECK (action IN ('allow', 'mark', 'challenge', 'voicemail', 'reject')),
    inputs      text,                              -- what it was judged by (agi_app/guard/replay.py); null: not judged
    decision    text,
    unjudged    text,                              -- why it was let through without a decision
    challenge   text CHECK (challenge IN ('passed', 'failed')),
    answered    boolean,                           -- by a person; null until the end is known
    rang_s      real,
    talked_s    real,
    by_caller   boolean,                           -- the caller ended it
    reported_at timestamptz,                       -- somebody who was called reported it
    appealed_at timestamptz,
    CHECK ((inputs IS NULL) = (decision IS NULL) AND (inputs IS NULL) = (unjudged IS NOT NULL))
);
CREATE INDEX guard_call_at ON guard_call (at);
CREATE INDEX guard_call_caller ON guard_call (caller_id, at) WHERE caller_id IS NOT NULL;

-- Whom to let through and whom to block. `line` '' is everybody's. A range has its ends as digits of the same length.
CREATE TABLE guard_list (
    entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line       text NOT NULL,
    shared     boolean NOT NULL DEFAULT false,     -- others' list: a hint
    allow      boolean NOT NULL,
    pattern    text COLLATE "C" NOT NULL,          -- as agi_app/guard/lists.py has them
    low        text COLLATE "C",
    high       text COLLATE "C",
    reason     text NOT NULL,
    expires_at timestamptz,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    CHECK (NOT (shared AND line <> '')),
    UNIQUE (line, pattern, shared)
);
CREATE INDEX guard_list_pattern ON guard_list (pattern);
CREATE INDEX guard_list_range ON guard_list (low, high) WHERE low IS NOT NULL;

-- What the person behind one of our numbers chose; null: as the settings say.
CREATE TABLE guard_line (
    line    text PRIMARY KEY,                      -- the number of ours, as the dialplan tells it
    enabled boolean,
    level   text CHECK (level IN ('notice', 'low', 'standard', 'strict')),
    hours   text,                                  -- JSON: agi_app/guard/settings.py, Hours
    zone    text,
    mailbox boolean
);
