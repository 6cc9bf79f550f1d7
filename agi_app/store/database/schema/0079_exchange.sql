-- Which processes `agi-app exchange` run, when each last said so, and what keeps a part of its work from being done.
CREATE TABLE exchange_process (
    process text PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    faults  jsonb NOT NULL  -- the work -> what is wrong with it, in words
);
