-- Imports of big files: how far one has come, and whose evidence is whose.

-- The unfinished import of a campaign, if any. The same file, read in the same way, goes on after rows_done.
CREATE TABLE contact_import (
    campaign    text PRIMARY KEY REFERENCES campaign,
    fingerprint bytea NOT NULL,                    -- of the file and of what it is read with
    run         uuid NOT NULL,                     -- the process that may move it on
    rows_done   bigint NOT NULL DEFAULT 0,         -- rows of the file, rejected ones too
    added       bigint NOT NULL DEFAULT 0,
    updated     bigint NOT NULL DEFAULT 0,
    unchanged   bigint NOT NULL DEFAULT 0,
    began_at    timestamptz NOT NULL DEFAULT clock_timestamp()  -- real time
);

-- Whether another number uses the same reference; a hash index, because references may be long.
CREATE INDEX consent_reference ON consent USING hash (evidence) WHERE evidence IS NOT NULL;
