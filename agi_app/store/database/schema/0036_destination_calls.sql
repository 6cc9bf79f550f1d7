-- Legs to destinations that leave by a trunk: calls to telephones of our own staff, each with a decision of its own and
-- marked here before it leaves. A refused one is a decision row alone.

CREATE TABLE destination_call (
    destination_call_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    leg_id      text NOT NULL,                     -- as in the id of its channel: the call that it is for, and which leg
    person_id   bigint NOT NULL REFERENCES person, -- whose number is rung: numbers themselves stand in person
    destination text NOT NULL,                     -- a name in the settings
    shown       text NOT NULL,                     -- the number of ours that it shows
    trunk       text NOT NULL,
    node        text NOT NULL,
    decision_id bigint NOT NULL,
    dialled_at  timestamptz,                       -- rules time; null: surely not dialled
    marked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    answered    boolean,                           -- null: it goes on
    ended_at    timestamptz,
    result      text                               -- answered, no_answer, failed, interrupted
);
CREATE INDEX destination_call_person ON destination_call (person_id);
CREATE INDEX destination_call_open ON destination_call (node) WHERE ended_at IS NULL;

COMMENT ON COLUMN decision.contact_id IS
    '0: no contact; the decision is about a verification call, a rehearsal or a leg to a destination';
