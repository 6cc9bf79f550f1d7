-- Events for others' programs: written in the transactions of the rows that they tell of, delivered by `agi-app deliver`
-- (agi_app/webhooks). An event holds ids and words of ours, never a number or a name. While nobody asks for a type, a
-- trigger looks into webhook_endpoint, which then is empty or tiny, and does no more.

CREATE TABLE webhook_endpoint (
    endpoint_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url           text NOT NULL,
    types         text[] NOT NULL CHECK (cardinality(types) > 0),  -- '*': all, also those to come
    with_values   boolean NOT NULL DEFAULT false,  -- whether it gets what people answered
    enabled       boolean NOT NULL DEFAULT true,
    disabled_why  text CHECK (disabled_why IN ('by hand', 'failed', 'gone')),
    failing_since timestamptz,                     -- of its first failed try after the last one that did well
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (enabled = (disabled_why IS NULL))
);

-- In clear: who delivers signs with them. A table of its own, so that a role may be kept from reading it.
CREATE TABLE webhook_secret (
    secret_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id bigint NOT NULL REFERENCES webhook_endpoint ON DELETE CASCADE,
    secret      bytea NOT NULL CHECK (octet_length(secret) BETWEEN 24 AND 64),
    good_until  timestamptz,                       -- null: the newest; else it was rotated out
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhook_secret_endpoint ON webhook_secret (endpoint_id);

CREATE TABLE webhook_event (
    event_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,  -- webhook-id: the same in every try, and in no other database
    type        text NOT NULL,
    urgent      boolean NOT NULL GENERATED ALWAYS AS (type = 'person.stopped') STORED,
    data        jsonb NOT NULL,
    entry       text,                              -- kind and id of its row in the audit tree
    entry_id    bigint,
    endpoint_id bigint,                            -- null: for all that ask for the type
    notice      text,                              -- of what time alone makes true: told once
    spread      boolean NOT NULL DEFAULT false,    -- its deliveries are there
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhook_event_new ON webhook_event (urgent DESC, event_id) WHERE NOT spread;
CREATE UNIQUE INDEX webhook_event_notice ON webhook_event (notice) WHERE notice IS NOT NULL;
CREATE INDEX webhook_event_recorded ON webhook_event (recorded_at);

CREATE TABLE webhook_delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    bigint NOT NULL REFERENCES webhook_event ON DELETE CASCADE,
    endpoint_id bigint NOT NULL REFERENCES webhook_endpoint ON DELETE CASCADE,
    urgent      boolean NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries       integer NOT NULL DEFAULT 0,        -- since it was last asked for
    next_try_at timestamptz NOT NULL,              -- by the sender's clock; while it is being sent: when another may
    ended_at    timestamptz,
    UNIQUE (endpoint_id, event_id)
) WITH (fillfactor = 80);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, urgent, next_try_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_event ON webhook_delivery (event_id);

CREATE TABLE webhook_try (
    try_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES webhook_delivery ON DELETE CASCADE,
    at          timestamptz NOT NULL,
    seconds     real NOT NULL,
    status      integer,                           -- null: no answer
    text        text NOT NULL                      -- the beginning of the answer, or why there was none
);
CREATE INDEX webhook_try_delivery ON webhook_try (delivery_id);

-- Who delivers, and when it last said so.
CREATE TABLE webhook_sender (
    sender  text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- One event; for triggers of later migrations, too. Where a row is written for every call, ask whether the type is wanted
-- before the data is put together, as below.
CREATE FUNCTION webhook_tell(of_type text, told jsonb, entry text DEFAULT NULL, entry_id bigint DEFAULT NULL,
                             notice text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM webhook_endpoint WHERE types && ARRAY['*', of_type]) THEN
        INSERT INTO webhook_event (type, data, entry, entry_id, notice)
        VALUES (of_type, told, entry, entry_id, notice) ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- An event for each row that `query` makes of what one INSERT wrote (`written`): its entry in the audit tree, and the data.
CREATE FUNCTION webhook_watch(of_type text, source text, query text) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    name text := 'webhook_' || replace(of_type, '.', '_');
BEGIN
    EXECUTE format(
        'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $t$ BEGIN '
        'IF EXISTS (SELECT FROM webhook_endpoint WHERE types && %L::text[]) THEN '
        'INSERT INTO webhook_event (type, entry, entry_id, data) SELECT %L, w.* FROM (%s) AS w; END IF; RETURN NULL; '
        'END $t$', name, ARRAY['*', of_type], of_type, query);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION %I()',
        name, source, name);
END $body$;

SELECT webhook_watch('person.stopped', 'suppression',
           $$SELECT 'suppression', s.suppression_id, jsonb_build_object('person', p.person_id, 'via', s.via)
             FROM written s LEFT JOIN person p USING (number_hash) ORDER BY s.suppression_id$$),
       webhook_watch('consent.recorded', 'consent',
           $$SELECT 'consent', consent_id, jsonb_build_object('consent', consent_id, 'person', person_id, 'purpose', purpose)
             FROM written ORDER BY consent_id$$),
       webhook_watch('consent.withdrawn', 'revocation',
           $$SELECT 'revocation', revocation_id, jsonb_build_object('person', person_id, 'purpose', purpose, 'via', via)
             FROM written ORDER BY revocation_id$$),
       webhook_watch('complaint.received', 'complaint',
           $$SELECT 'complaint', complaint_id, jsonb_build_object(
                 'complaint', complaint_id, 'person', person_id, 'kind', kind, 'due_at', due_at)
             FROM written ORDER BY complaint_id$$),
       webhook_watch('contact.refused', 'decision',
           $$SELECT 'decision', decision_id, jsonb_build_object(
                 'contact', contact_id, 'person', person_id, 'campaign', campaign, 'rules', rules)
             FROM written WHERE NOT allowed AND contact_id <> 0 ORDER BY decision_id$$),
       webhook_watch('guard.appealed', 'guard_change',
           $$SELECT 'guard_change', change_id, jsonb_build_object('change', change_id)
             FROM written WHERE what = 'appealed' ORDER BY change_id$$);

-- A call that ended, or whose true end became known late. `attempt_result`, whose name comes first, has written its row.
CREATE FUNCTION webhook_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    result_is bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoint WHERE types && '{*,attempt.ended,answer.saved}'::text[]) THEN
        RETURN NULL;
    END IF;
    result_is := (SELECT max(result_id) FROM result WHERE attempt_id = NEW.attempt_id);
    PERFORM webhook_tell('attempt.ended', jsonb_build_object(
        'attempt', NEW.attempt_id, 'contact', NEW.contact_id, 'person', NEW.person_id, 'campaign', NEW.campaign,
        'outcome', NEW.outcome), 'result', result_is);
    IF NEW.disposition IS NOT NULL OR NEW.answers <> '{}' THEN
        PERFORM webhook_tell('answer.saved', jsonb_build_object(
            'attempt', NEW.attempt_id, 'contact', NEW.contact_id, 'person', NEW.person_id, 'campaign', NEW.campaign,
            'disposition', NEW.disposition, 'answers', ARRAY(SELECT jsonb_object_keys(NEW.answers) ORDER BY 1)),
            'result', result_is);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attempt_webhook AFTER UPDATE ON attempt FOR EACH ROW
    WHEN (NEW.state = 'ended' AND NEW.dialled AND (OLD.state <> 'ended' OR OLD.outcome IS DISTINCT FROM NEW.outcome))
    EXECUTE FUNCTION webhook_attempt();

CREATE FUNCTION webhook_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM webhook_endpoint WHERE types && '{*,contact.done}'::text[]) THEN
        PERFORM webhook_tell('contact.done', jsonb_build_object(
            'contact', NEW.contact_id, 'person', NEW.person_id, 'campaign', NEW.campaign, 'outcome', NEW.last_outcome));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_webhook AFTER UPDATE ON contact FOR EACH ROW WHEN (NEW.state = 'done' AND OLD.state <> 'done')
    EXECUTE FUNCTION webhook_contact();

CREATE FUNCTION webhook_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(
        CASE WHEN NEW.state = 'running' AND OLD.state = 'paused' THEN 'campaign.resumed'
             WHEN NEW.state = 'running' THEN 'campaign.started' ELSE 'campaign.' || NEW.state END,
        jsonb_build_object('campaign', NEW.name));
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_webhook AFTER UPDATE OF state ON campaign FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.state IN ('running', 'paused', 'stopped')) EXECUTE FUNCTION webhook_campaign();

CREATE FUNCTION webhook_pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(CASE WHEN NEW.paused THEN 'calling.paused' ELSE 'calling.resumed' END, '{}',
                         'calling_pause', NEW.pause_id);
    RETURN NULL;
END $$;
CREATE TRIGGER calling_pause_webhook AFTER INSERT ON calling_pause FOR EACH ROW EXECUTE FUNCTION webhook_pause();

-- A worker says every two seconds what keeps it, and each campaign, from being dialled: what began and what ended.
CREATE FUNCTION webhook_node() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoint
                   WHERE types && '{*,node.holds,campaign.held_back,trunk.paused,trunk.resumed}'::text[]) THEN
        RETURN NULL;
    END IF;
    IF NEW.waiting_reason IS NOT NULL AND OLD.waiting_reason IS NULL THEN
        PERFORM webhook_tell('node.holds', jsonb_build_object('node', NEW.entityid));
    END IF;
    FOR found IN
        SELECT n.key AS campaign, n.value ->> 'by' AS held_by FROM jsonb_each(NEW.campaign_waiting_reasons) AS n
        WHERE n.value ->> 'by' IN ('breaker', 'unusable')
          AND n.value ->> 'by' IS DISTINCT FROM OLD.campaign_waiting_reasons -> n.key ->> 'by' ORDER BY 1
    LOOP
        PERFORM webhook_tell('campaign.held_back', jsonb_build_object(
            'campaign', found.campaign, 'node', NEW.entityid, 'by', found.held_by));
    END LOOP;
    FOR found IN
        SELECT trunk, min(side) AS side
        FROM (SELECT DISTINCT c.spec ->> 'trunk' AS trunk, s.side
              FROM (VALUES ('before', OLD.campaign_waiting_reasons), ('now', NEW.campaign_waiting_reasons)) AS s (side, reasons)
              CROSS JOIN LATERAL jsonb_each(s.reasons) AS n JOIN campaign c ON c.name = n.key
              WHERE n.value ->> 'by' = 'breaker') AS t
        GROUP BY trunk HAVING count(*) = 1 ORDER BY trunk
    LOOP
        PERFORM webhook_tell(CASE found.side WHEN 'now' THEN 'trunk.paused' ELSE 'trunk.resumed' END,
                             jsonb_build_object('trunk', found.trunk, 'node', NEW.entityid));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER node_webhook AFTER UPDATE ON node FOR EACH ROW
    WHEN (OLD.waiting_reason IS DISTINCT FROM NEW.waiting_reason
          OR OLD.campaign_waiting_reasons IS DISTINCT FROM NEW.campaign_waiting_reasons)
    EXECUTE FUNCTION webhook_node();

CREATE FUNCTION webhook_guard_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell('guard.rejected', jsonb_build_object('call', NEW.call_id));
    RETURN NULL;
END $$;
CREATE TRIGGER guard_call_webhook AFTER INSERT ON guard_call FOR EACH ROW WHEN (NEW.action = 'reject')
    EXECUTE FUNCTION webhook_guard_call();

-- A number of ours whose proof by a call failed, or that does not reach us when it is called back.
CREATE FUNCTION webhook_verification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell('caller_id.failed', jsonb_build_object(
        'verification', NEW.verification_id, 'result', NEW.result));
    RETURN NULL;
END $$;
CREATE TRIGGER verification_call_webhook AFTER UPDATE ON verification_call FOR EACH ROW
    WHEN (NEW.state = 'ended' AND OLD.state <> 'ended' AND NEW.result <> 'proved') EXECUTE FUNCTION webhook_verification();

CREATE FUNCTION webhook_call_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell('caller_id.failed', jsonb_build_object('proof', NEW.proof_id, 'result', 'call_back'),
                         'caller_id_proof', NEW.proof_id);
    RETURN NULL;
END $$;
CREATE TRIGGER call_back_check_webhook AFTER UPDATE ON call_back_check FOR EACH ROW
    WHEN (NEW.state = 'ended' AND OLD.state <> 'ended' AND NEW.fault IS NOT NULL) EXECUTE FUNCTION webhook_call_back();

-- An import of contacts whose last row is stored; an unfinished one keeps its row.
CREATE FUNCTION webhook_import() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell('import.finished', jsonb_build_object(
        'campaign', OLD.campaign, 'rows', OLD.rows_done, 'added', OLD.added, 'updated', OLD.updated));
    RETURN NULL;
END $$;
CREATE TRIGGER contact_import_webhook AFTER DELETE ON contact_import FOR EACH ROW EXECUTE FUNCTION webhook_import();
