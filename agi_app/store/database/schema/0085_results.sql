-- Results of calls for the systems of offices: what is to be sent is written in the transaction that ends the call, and sent by
-- `agi-app exchange` (agi_app/exchange), each at least once. While there is no target the trigger looks into an empty table and
-- does no more. A row names the call; what is sent is read when it is sent, so an erasure leaves nothing here.

-- What the settings of the worker say; those that they say no longer stay, with what was sent.
CREATE TABLE result_target (
    target        text PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('folder', 'database')),
    campaigns     text[] NOT NULL,
    keep_days     integer NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at    timestamptz,
    failing_since timestamptz,                     -- nothing can be sent there since then
    fault         text,                            -- why
    told_at       timestamptz                      -- since then others' programs know of it
);

CREATE TABLE result_delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    target      text NOT NULL REFERENCES result_target,
    attempt_id  text NOT NULL,
    contact_id  bigint NOT NULL,
    version     integer NOT NULL,                  -- of the call's result, from 1; more when it was corrected
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries       integer NOT NULL DEFAULT 0,        -- that this row failed, since it was last asked for
    next_try_at timestamptz NOT NULL DEFAULT 'epoch',  -- by the sender's clock; while it is being sent: when another may
    give_up_at  timestamptz NOT NULL DEFAULT clock_timestamp() + interval '7 days',
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    file        text                               -- into which it was written
) WITH (fillfactor = 80);
CREATE INDEX result_delivery_due ON result_delivery (target, next_try_at, delivery_id) WHERE state = 'waiting';
CREATE INDEX result_delivery_order ON result_delivery (target, contact_id, delivery_id) WHERE state = 'waiting';
CREATE INDEX result_delivery_attempt ON result_delivery (attempt_id);
CREATE INDEX result_delivery_contact ON result_delivery (contact_id);
CREATE INDEX result_delivery_ended ON result_delivery (target, ended_at) WHERE state <> 'waiting';

-- What went wrong with one row; of what went wrong with a whole target, the target says the latest.
CREATE TABLE result_try (
    try_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES result_delivery ON DELETE CASCADE,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,                     -- a word for programs
    fault       text NOT NULL                      -- in words
);
CREATE INDEX result_try_delivery ON result_try (delivery_id);

CREATE FUNCTION send_result_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM result_target) THEN
        RETURN NULL;
    END IF;
    INSERT INTO result_delivery (target, attempt_id, contact_id, version)
    SELECT t.target, NEW.attempt_id, NEW.contact_id,
           CASE WHEN OLD.state <> 'ended' THEN 1
                ELSE 1 + (SELECT count(*) FROM result_delivery d WHERE d.attempt_id = NEW.attempt_id AND d.target = t.target) END
    FROM result_target t WHERE t.removed_at IS NULL AND NEW.campaign = ANY(t.campaigns);
    RETURN NULL;
END $$;
CREATE TRIGGER attempt_send_back AFTER UPDATE ON attempt FOR EACH ROW
    WHEN (NEW.state = 'ended' AND NEW.dialled
          AND (OLD.state <> 'ended' OR OLD.outcome IS DISTINCT FROM NEW.outcome
               OR OLD.disposition IS DISTINCT FROM NEW.disposition
               OR OLD.answers IS DISTINCT FROM NEW.answers AND NEW.answers <> '{}'))  -- emptied: by an erasure
    EXECUTE FUNCTION send_result_back();

-- The results that are due for a target, each with what is to be told of its call. Until `until` nobody else sends them. Of one
-- contact only the oldest that waits: what is told of a call never overtakes what is told of one before. The owner's function:
-- who sends sees nothing else of calls and contacts.
CREATE FUNCTION claim_results(of_target text, at timestamptz, until timestamptz, most integer)
RETURNS TABLE (delivery_id bigint, key text, call text, version integer, campaign text, id text, outcome text, disposition text,
               number smallint, number_kind text, started timestamptz, answered timestamptz, ended timestamptz, answers text,
               zone text, give_up_at timestamptz, tries integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
    WITH due AS (
        SELECT d.delivery_id FROM result_delivery d
        WHERE d.target = of_target AND d.state = 'waiting' AND d.next_try_at <= at
          AND NOT EXISTS (SELECT FROM result_delivery o
                          WHERE o.target = of_target AND o.contact_id = d.contact_id AND o.state = 'waiting'
                            AND o.delivery_id < d.delivery_id)
        ORDER BY d.next_try_at, d.delivery_id LIMIT most
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE result_delivery d SET next_try_at = until FROM due WHERE d.delivery_id = due.delivery_id RETURNING d.*
    )
    SELECT d.delivery_id, d.key::text, a.attempt_id, d.version, a.campaign, k.external_id, a.outcome, a.disposition, a.number_place,
           kind_of_number(k.number_ids, k.number_kinds, k.person_id, coalesce(a.number_id, a.person_id)), a.rules_at,
           a.rules_at + (a.answered_at - coalesce(a.marked_at, a.claimed_at)),
           a.rules_at + (a.ended_at - coalesce(a.marked_at, a.claimed_at)), a.answers::text,
           (SELECT c.spec ->> 'zone' FROM campaign c WHERE c.name = a.campaign), d.give_up_at, d.tries
    FROM claimed d JOIN attempt a ON a.attempt_id = d.attempt_id JOIN contact k ON k.contact_id = a.contact_id
    ORDER BY d.delivery_id
$$;

-- As the owner, for who sends may write no events.
CREATE FUNCTION webhook_result_failed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM webhook_tell('result.failed', jsonb_build_object(
        'target', NEW.target, 'attempt', NEW.attempt_id, 'contact', NEW.contact_id, 'key', NEW.key));
    RETURN NULL;
END $$;
CREATE TRIGGER result_delivery_webhook AFTER UPDATE OF state ON result_delivery FOR EACH ROW
    WHEN (NEW.state = 'failed' AND OLD.state = 'waiting') EXECUTE FUNCTION webhook_result_failed();

CREATE FUNCTION webhook_result_target() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM webhook_tell('result.failed', jsonb_build_object('target', NEW.target, 'since', NEW.failing_since));
    RETURN NULL;
END $$;
CREATE TRIGGER result_target_webhook AFTER UPDATE OF told_at ON result_target FOR EACH ROW
    WHEN (NEW.told_at IS NOT NULL AND OLD.told_at IS NULL) EXECUTE FUNCTION webhook_result_target();
