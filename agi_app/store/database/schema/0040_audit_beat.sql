-- The sequencer's sign of life, signed with the audit key: up to then every row that was queued has its leaf, and is signed.
-- A node whose own sequencer stands by dials nobody without a fresh one.
CREATE TABLE audit_beat (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    at        timestamptz NOT NULL,                -- real time
    size      bigint NOT NULL,                     -- of the tree
    signature bytea NOT NULL
) WITH (fillfactor = 50);
