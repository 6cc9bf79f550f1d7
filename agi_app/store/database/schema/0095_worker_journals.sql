-- How far the refusal journal of each worker was when this database last had all of it. It outlives the worker's row in node, so
-- that a journal that is gone with all its files is missed.
CREATE TABLE worker_journal (
    entityid    text PRIMARY KEY,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),  -- a worker has kept it from then on, also without a stop in it
    bytes       bigint NOT NULL CHECK (bytes >= 0),              -- so long it was; all of it was on disk
    last_line   bytea NOT NULL,                                  -- SHA-256 of the line that ended there, or of how it was begun; empty: accepted
    place       text NOT NULL,                                   -- the host and the data folder where it was whole
    missed_at   text,                                            -- the same of a worker that has not found it so
    accepted_at timestamptz                                      -- when an admin last said that he knows what may be gone
);
