-- The workers, one an Asterisk, and the sandbox's clock.

CREATE TABLE node (
    entityid         text PRIMARY KEY,
    name             text NOT NULL,
    started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    journal_position bigint NOT NULL DEFAULT 0,    -- bytes of the local journal known to be in this database
    flushed_at       timestamptz,                  -- when the whole journal last was
    holding          text                          -- why this worker dials nobody now; null: it dials
);

-- Rules time = start + (real now - anchored_at), the same in every process.
CREATE TABLE sandbox_clock (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    start       timestamptz NOT NULL,
    anchored_at timestamptz NOT NULL
);

-- Tells this database from every other one; a restored copy keeps it.
INSERT INTO meta (key, value) VALUES ('database_id', gen_random_uuid()::text);
