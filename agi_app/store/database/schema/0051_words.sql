-- Words that meant something else, too (docs/decisions/0088-words-that-users-have.md). Calls that are on keep their slots.
ALTER TABLE node RENAME COLUMN holding TO waiting_reason;                -- nobody is put on hold
ALTER TABLE node RENAME COLUMN holds TO campaign_waiting_reasons;
UPDATE slot SET scope = 'port:' || substr(scope, 6) WHERE starts_with(scope, 'line:');  -- attempt.line is sealed
ALTER TABLE agent_call RENAME COLUMN lines TO progress;                  -- of text
ALTER TABLE rehearsal_call RENAME COLUMN lines TO progress;
