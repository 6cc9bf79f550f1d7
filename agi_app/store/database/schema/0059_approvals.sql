-- The two-person rule: a start that needs a second person is a request until another account has approved exactly that: these
-- texts and so many contacts. Both tables are append-only and in the audit tree. Only a worker writes an approval, once it has
-- verified the second person's secret.
ALTER TABLE campaign ADD COLUMN most_contacts bigint;  -- it may have so many while it runs; null: no limit

CREATE TABLE start_request (
    request_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign    text NOT NULL REFERENCES campaign,
    why         text[] NOT NULL,                    -- many, marketing, changed
    contacts    bigint NOT NULL,
    spec        jsonb NOT NULL,                     -- what is to run, as campaign has it
    flow_file   text NOT NULL,
    flow_text   text NOT NULL,
    sub_flows   jsonb NOT NULL,
    fingerprint bytea NOT NULL,                     -- SHA-256 of these texts and of contacts
    asked_by    text NOT NULL,
    alone       boolean NOT NULL,                   -- the rule approval = "alone" held: nobody else was asked
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX start_request_campaign ON start_request (campaign, request_id);

CREATE TABLE approval (
    request_id  bigint PRIMARY KEY REFERENCES start_request,
    asked_by    text NOT NULL,
    approved_by text NOT NULL,
    roles       text[] NOT NULL,
    alone       boolean NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (alone OR approved_by <> asked_by)
);
CREATE TRIGGER start_request_append_only BEFORE UPDATE OR DELETE ON start_request
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER start_request_no_truncate BEFORE TRUNCATE ON start_request EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE ON approval FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_no_truncate BEFORE TRUNCATE ON approval EXECUTE FUNCTION refuse_change();
SELECT audit_watch('start_request', 'start_request', 'request_id'), audit_watch('approval', 'approval', 'request_id');

-- Whoever imports more contacts into a running campaign than its start was good for has paused it, in the same transaction.
CREATE FUNCTION pause_above_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paused text;
BEGIN
    FOR paused IN
        UPDATE campaign c
        SET state = 'paused', state_reason = 'it has more contacts than its start was approved for',
            changed_at = clock_timestamp()
        WHERE c.state = 'running' AND c.name IN (SELECT DISTINCT added.campaign FROM added)
          AND c.most_contacts < (SELECT sum(t.number) FROM (
                  SELECT k.number FROM campaign_tally k WHERE k.campaign = c.name AND k.kind = 'contact'
                  UNION ALL
                  SELECT k.number FROM campaign_tally_change k WHERE k.campaign = c.name AND k.kind = 'contact') t)
        RETURNING c.name
    LOOP
        PERFORM pg_notify('agi_app_control', json_build_object('campaign', paused, 'state', 'paused')::text);
    END LOOP;
    RETURN NULL;
END $$;
-- Fires after contact_tally_added, by its name.
CREATE TRIGGER contact_within_approved AFTER INSERT ON contact REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION pause_above_approved();
