-- Rehearsals: somebody of our own staff hears a flow on a telephone that was proved by a verification call. Such a
-- proof stays with the call: it makes no caller ID, and the number goes with the person when that is erased.

ALTER TABLE verification_call
    ADD COLUMN proves text NOT NULL DEFAULT 'call' CHECK (proves IN ('call', 'rehearsal')),
    ADD COLUMN proved_until timestamptz;           -- rules time; of a telephone of our staff
CREATE INDEX verification_call_phone ON verification_call (person_id) WHERE proved_until IS NOT NULL;

CREATE TABLE rehearsal_call (
    rehearsal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    bigint NOT NULL REFERENCES person,  -- whose number is rung: numbers themselves stand in person
    shown        text,                             -- a proved number of ours; null: the rung number itself
    trunk        text NOT NULL,
    script       jsonb,                            -- flow, contact columns, language; null once the call is over
    entered_by   text NOT NULL,
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dialling', 'ended')),
    result       text,                             -- refused, expired, or an outcome
    note         text,
    lines        jsonb NOT NULL DEFAULT '[]',      -- what has happened in the call so far, until it was read or an hour
    said         jsonb,                            -- disposition and answers, as long as ``lines``
    node         text,
    decision_id  bigint,
    dialled_at   timestamptz,                      -- rules time; null: surely not dialled
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz
);
CREATE INDEX rehearsal_call_waiting ON rehearsal_call (requested_at) WHERE state = 'waiting';
CREATE INDEX rehearsal_call_dialled ON rehearsal_call (person_id, dialled_at);

COMMENT ON COLUMN decision.contact_id IS '0: no contact; the decision is about a verification call or a rehearsal';
