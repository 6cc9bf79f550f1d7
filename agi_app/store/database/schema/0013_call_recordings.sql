-- The call itself, both sides of it, is kept like what a person said.
ALTER TABLE recording DROP CONSTRAINT recording_kind_check;
ALTER TABLE recording ADD CONSTRAINT recording_kind_check CHECK (kind IN ('message', 'answer', 'call'));
