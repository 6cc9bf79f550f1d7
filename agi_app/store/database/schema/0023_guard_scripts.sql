-- What callers said in their opening words, and the scripts that are known. Both hold words of callers, so both go when they
-- were kept long enough, and with an erasure.
CREATE TABLE guard_script (
    script_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    text       text NOT NULL,
    learned    boolean NOT NULL,                   -- from a caller who was reported; the others were entered by hand and stay
    caller_id  bigint REFERENCES guard_caller ON DELETE SET NULL,  -- learned: from whom
    heard_at   timestamptz NOT NULL,               -- rules time: when it was entered, or last heard
    entered_by text NOT NULL
);
CREATE INDEX guard_script_caller ON guard_script (caller_id) WHERE caller_id IS NOT NULL;

CREATE TABLE guard_transcript (
    transcript_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    caller_id bigint REFERENCES guard_caller ON DELETE CASCADE,  -- null: withheld
    call_id   text UNIQUE REFERENCES guard_call ON DELETE CASCADE,  -- null: not of a screened call
    at        timestamptz NOT NULL,                -- rules time, when it was said
    source    text NOT NULL CHECK (source IN ('challenge', 'voicemail', 'complaint')),
    text      text NOT NULL,
    script_id bigint REFERENCES guard_script ON DELETE SET NULL,  -- the known script that it is of
    words     integer,                             -- how many were compared, and the part of them that agrees
    share     double precision
);
CREATE INDEX guard_transcript_caller ON guard_transcript (caller_id, at) WHERE caller_id IS NOT NULL;
CREATE INDEX guard_transcript_script ON guard_transcript (script_id) WHERE script_id IS NOT NULL;
CREATE INDEX guard_transcript_at ON guard_transcript (at);
