-- The line of a gateway that carries the call, by its number; null for trunks without lines.
ALTER TABLE attempt ADD COLUMN line text;
CREATE INDEX attempt_line ON attempt (line, rules_at) WHERE line IS NOT NULL;
