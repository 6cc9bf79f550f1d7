-- Calls on our lines that are on now. If their worker dies the next one writes them down as given back, which they are.
CREATE TABLE open_line_call (
    call_id     text PRIMARY KEY,
    line        text NOT NULL,
    called      text NOT NULL,
    caller_hash bytea CHECK (octet_length(caller_hash) = 32),
    node        text NOT NULL,
    began_at    timestamptz NOT NULL,              -- rules time
    answered_at timestamptz NOT NULL               -- real time
);
CREATE INDEX open_line_call_node ON open_line_call (node);
