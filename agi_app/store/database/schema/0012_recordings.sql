-- What a person said in a call and what is kept of it: the file is named by its hash. `erased_at`: it is gone.
CREATE TABLE recording (
    recording_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt_id   text NOT NULL REFERENCES attempt,
    name         text NOT NULL,       -- what the flow saved it as
    kind         text NOT NULL CHECK (kind IN ('message', 'answer')),
    sha256       bytea CHECK (octet_length(sha256) = 32),
    seconds      real NOT NULL,
    erased_at    timestamptz,
    CHECK ((sha256 IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX recording_attempt ON recording (attempt_id);
CREATE INDEX recording_sha256 ON recording (sha256);
