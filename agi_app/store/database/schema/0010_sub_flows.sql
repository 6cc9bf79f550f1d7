-- The flows that a campaign's flow calls, as they were when it was saved: file -> text.
ALTER TABLE campaign ADD COLUMN sub_flows jsonb NOT NULL DEFAULT '{}';
