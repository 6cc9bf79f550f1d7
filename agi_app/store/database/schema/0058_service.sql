-- What the service (`agi-app console`) may cause. It has a database role of its own, agi_app_console, whose rights are those
-- of service_rights.txt; `migrate` grants them. Beside reading there are these functions, which run as the owner: they note a
-- look at a number, take a stop, and keep an ask for a worker. What they tell or do is told or done in a later transaction
-- than what they note, so that no rollback takes the note away.

-- People without their numbers: of a number what messages show. The rights keep all else of the table away.
CREATE VIEW person_masked AS
SELECT person_id, region, zones, same_as, created_at,
       CASE WHEN left(e164, 1) = '+'
            THEN CASE WHEN length(e164) >= 9 THEN left(e164, least(6, length(e164) - 7)) ELSE '' END
                 || '…' || CASE WHEN length(e164) >= 7 THEN right(e164, 2) ELSE '' END
       END AS number                               -- null: erased
FROM person;

-- Looks of the last hour; each is in access_log, too, for ever.
CREATE TABLE number_look (
    look_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint REFERENCES person,            -- null: nobody here has the number that was searched for
    actor     text NOT NULL,
    noted_in  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    noted_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX number_look_time ON number_look (noted_at);

-- Null: this actor, or all together, looked too often in this hour.
CREATE FUNCTION note_look(person bigint, actor text, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    noted bigint;
BEGIN
    IF coalesce(btrim(actor), '') = '' OR coalesce(btrim(why), '') = '' THEN
        RAISE EXCEPTION 'a look at a number needs somebody who looks and a reason' USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM number_look WHERE noted_at < clock_timestamp() - interval '1 hour';
    IF (SELECT count(*) >= 300 OR count(*) FILTER (WHERE l.actor = note_look.actor) >= 30 FROM number_look l) THEN
        RETURN NULL;
    END IF;
    INSERT INTO access_log (os_user, entered_by, command, reason, person_ids, numbers)
    VALUES (session_user, actor, 'console', why, array_remove(ARRAY[person], NULL), 1);
    INSERT INTO number_look (person_id, actor) VALUES (person, actor) RETURNING look_id INTO noted;
    RETURN noted;
END $$;

CREATE FUNCTION note_search(number text, actor text, why text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT note_look((SELECT p.person_id FROM person p WHERE p.e164 = number), actor, why)
$$;

-- Whom a noted look is at; no row: the look is older than a minute, or found nobody.
CREATE FUNCTION looked_at(look bigint) RETURNS TABLE (person_id bigint, e164 text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM number_look l WHERE l.look_id = look AND l.noted_in = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'a look must be committed before the number is shown' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN QUERY SELECT p.person_id, p.e164 FROM number_look l JOIN person p USING (person_id)
                 WHERE l.look_id = look AND l.noted_at > clock_timestamp() - interval '1 minute';
END $$;

-- Stops that were entered by the service and that no worker has kept yet. The service has not the key of the suppression
-- list: a worker puts the keyed hash into its journal and the list, and deletes the row. The person, if there is one here, is
-- stopped without waiting for that.
CREATE TABLE entered_stop (
    entered_stop_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    e164              text NOT NULL CHECK (e164 ~ '^\+[1-9][0-9]{4,14}$'),
    purpose           text,                        -- null: whatever they are called about
    at                timestamptz NOT NULL,        -- rules time, when the person said so
    reason            text NOT NULL,
    method            text,
    source            text,
    evidence          text,
    entered_by        text NOT NULL,
    entered_in        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    entered_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    person_stopped_at timestamptz                  -- null: nobody here has the number, as far as we looked
);

CREATE FUNCTION enter_stop(number text, purpose text, at timestamptz, reason text, method text, source text,
                           evidence text, actor text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entered bigint;
BEGIN
    INSERT INTO entered_stop (e164, purpose, at, reason, method, source, evidence, entered_by)
    VALUES (number, purpose, at, reason, method, source, evidence, actor) RETURNING entered_stop_id INTO entered;
    PERFORM pg_notify('agi_app_ask', 'stop');
    RETURN entered;
END $$;

-- The oldest of them whose person is here and not yet stopped: after this no attempt at any of their numbers is marked, and
-- every worker hears of it. Null: there is none. One at a time, so that two at once cannot wait for each other's persons.
CREATE FUNCTION entered_stop_takes_effect() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_stop entered_stop;
    who        person;
    head       bigint;
BEGIN
    SELECT e.* INTO found_stop FROM entered_stop e JOIN person p ON p.e164 = e.e164
    WHERE e.person_stopped_at IS NULL AND e.entered_in <> pg_current_xact_id()
    ORDER BY e.entered_stop_id LIMIT 1 FOR UPDATE OF e SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT p.* INTO who FROM person p WHERE p.e164 = found_stop.e164;
    head := lock_head(who.person_id);
    IF found_stop.purpose IS NULL THEN
        INSERT INTO suppression (number_hash, at, reason, via)
        VALUES (who.number_hash, found_stop.at, 'entered by hand', 'console') ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO revocation (person_id, purpose, at, reason, via, method, source, evidence, entered_by)
    VALUES (who.person_id, found_stop.purpose, found_stop.at, found_stop.reason, 'console', found_stop.method,
            found_stop.source, found_stop.evidence, found_stop.entered_by);
    UPDATE entered_stop SET person_stopped_at = clock_timestamp() WHERE entered_stop_id = found_stop.entered_stop_id;
    PERFORM pg_notify('agi_app_stop', m::text) FROM group_of(head) AS m;
    RETURN found_stop.entered_stop_id;
END $$;

-- What somebody asks of a worker by the service: a change of a campaign, a consent to be stamped. Asks and their answers are
-- never changed; open_ask has those that wait, with what must be forgotten once they are answered.
CREATE TABLE ask (
    ask_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,                      -- campaign, consent
    verb       text NOT NULL,                      -- start, pause, resume, stop; add
    object     text NOT NULL,                      -- the campaign's name; empty: none
    parameters jsonb NOT NULL,
    account    text NOT NULL,                      -- who asks
    roles      text[] NOT NULL,                    -- what they were when they asked; the worker looks itself
    scopes     text[],                             -- of the token; null: all that the roles may
    via        text NOT NULL,
    token      text,                               -- its id
    address    text,
    reason     text NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ask_object ON ask (kind, object, ask_id);
CREATE TABLE open_ask (
    ask_id  bigint PRIMARY KEY REFERENCES ask,
    private jsonb,                                 -- the person's data of a consent
    sealed  bytea                                  -- a credential that only the worker can read
);
CREATE TABLE ask_answer (
    ask_id      bigint PRIMARY KEY REFERENCES ask,
    state       text NOT NULL CHECK (state IN ('done', 'refused')),
    answer      jsonb NOT NULL,                    -- done: what came of it; refused: text, and what kind of fault
    node        text NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER ask_append_only BEFORE UPDATE OR DELETE ON ask FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ask_no_truncate BEFORE TRUNCATE ON ask EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ask_answer_append_only BEFORE UPDATE OR DELETE ON ask_answer
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ask_answer_no_truncate BEFORE TRUNCATE ON ask_answer EXECUTE FUNCTION refuse_change();

CREATE FUNCTION add_ask(kind text, verb text, object text, parameters jsonb, account text, roles text[], scopes text[],
                        via text, token text, address text, reason text, private jsonb, sealed bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    added bigint;
BEGIN
    INSERT INTO ask (kind, verb, object, parameters, account, roles, scopes, via, token, address, reason)
    VALUES (kind, verb, object, parameters, account, roles, scopes, via, token, address, reason)
    RETURNING ask_id INTO added;
    INSERT INTO open_ask (ask_id, private, sealed) VALUES (added, private, sealed);
    PERFORM pg_notify('agi_app_ask', 'ask');
    RETURN added;
END $$;

-- Lets a role that may add rows to an audited table do so without a right on the queue. Also for later migrations.
CREATE FUNCTION audit_queue_as_owner(kind text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER FUNCTION %I() SECURITY DEFINER', 'audit_queue_' || kind);
    EXECUTE format('ALTER FUNCTION %I() SET search_path = public, pg_temp', 'audit_queue_' || kind);
END $$;
SELECT audit_queue_as_owner(substr(proname, 13)) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proname IN ('audit_queue_access', 'audit_queue_action', 'audit_queue_action_end');

-- Whether there is a credential, without showing it.
ALTER TABLE account ADD COLUMN has_credential boolean NOT NULL GENERATED ALWAYS AS (credential IS NOT NULL) STORED;
