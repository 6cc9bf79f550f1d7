-- Sign-in to the pages of the console. Its role reads no credential: it gets what to derive from a password, and shows what it
-- derived; whether that is right, and how often somebody may try, is decided here. So nobody who runs code in the console can
-- make a session of another account, or guess passwords faster than by the page.
CREATE TABLE console_session (
    session_id text PRIMARY KEY CHECK (session_id ~ '^[0-9A-Za-z]{8}$'),
    account    text NOT NULL,
    sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
    address    text,                                -- of the browser at the sign-in
    browser    text,                                -- what it calls itself
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '12 hours',
    ended_at   timestamptz
);
CREATE INDEX console_session_account ON console_session (account);

CREATE TABLE sign_in_try (
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    account text NOT NULL,                          -- as it was typed
    address text,
    failed  boolean NOT NULL
);
CREATE INDEX sign_in_try_at ON sign_in_try (at);

-- A link with which one account sets its password, once.
CREATE TABLE sign_in_link (
    sha256     bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    account    text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

-- What is told of a name that is no account, always the same for the same name: so nobody learns which names there are.
CREATE TABLE sign_in_decoy (secret bytea NOT NULL);
INSERT INTO sign_in_decoy SELECT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));

ALTER TABLE account ADD COLUMN totp bytea CHECK (octet_length(totp) >= 16),  -- secret of the second factor; null: there is none
                    ADD COLUMN totp_step bigint NOT NULL DEFAULT 0;          -- the newest code that was taken: each is good once

-- Algorithm, costs and salt of a credential, without its hash (PHC text, up to the last $).
CREATE FUNCTION sign_in_parameters(named text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(
        (SELECT regexp_replace(a.credential, '\$[^$]*$', '') FROM account a WHERE a.name = named AND a.enabled),
        '$argon2id$v=19$m=19456,t=2,p=1$' || (
            SELECT rtrim(encode(substr(sha256(d.secret || convert_to(named, 'UTF8')), 1, 16), 'base64'), '=')
            FROM sign_in_decoy d))
$$;

-- Whether what was derived from a password is right. Compared by hashes, so that the time tells nothing.
CREATE FUNCTION sign_in_fits(named text, derived text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT sha256(convert_to(a.credential, 'UTF8')) = sha256(convert_to(derived, 'UTF8'))
         FROM account a WHERE a.name = named AND a.enabled), false)
$$;

-- Seconds until somebody may try again; 0: now. Five wrong ones of a name from one address, thirty of a name, sixty of an
-- address within a quarter of an hour are enough.
CREATE FUNCTION sign_in_wait(named text, from_address text) RETURNS integer
LANGUAGE sql VOLATILE AS $$
    WITH wrong AS (
        SELECT t.at, t.account = named AS of_name, t.address IS NOT DISTINCT FROM from_address AS of_address
        FROM sign_in_try t
        WHERE t.failed AND t.at > clock_timestamp() - interval '15 minutes'
    ), allowed (most, at) AS (
        SELECT 5, array_agg(at ORDER BY at DESC) FROM wrong WHERE of_name AND of_address
        UNION ALL SELECT 30, array_agg(at ORDER BY at DESC) FROM wrong WHERE of_name
        UNION ALL SELECT 60, array_agg(at ORDER BY at DESC) FROM wrong WHERE of_address
    )
    SELECT coalesce(max(ceil(extract(epoch FROM at[most] + interval '15 minutes' - clock_timestamp()))), 0)::integer
    FROM allowed WHERE cardinality(at) >= most
$$;

-- One try. result: wait | wrong | second (the password is right, and a code is wanted: totp is the secret) | in.
-- code_step: the step of time whose code was typed; 0: a wrong one; null: none was typed.
CREATE FUNCTION sign_in(named text, derived text, from_address text, code_step bigint, new_id text, new_sha256 bytea,
                        browser text, OUT result text, OUT wait_s integer, OUT totp bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted account;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('sign in'), hashtext(named));  -- tries at once are tries one after another
    DELETE FROM sign_in_try t WHERE t.at < clock_timestamp() - interval '1 day';
    DELETE FROM sign_in_link l WHERE l.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM console_session s WHERE coalesce(s.ended_at, s.expires_at) < clock_timestamp() - interval '30 days';
    wait_s := sign_in_wait(named, from_address);
    IF wait_s > 0 THEN
        result := 'wait';
        RETURN;
    END IF;
    IF NOT sign_in_fits(named, derived) THEN
        INSERT INTO sign_in_try (account, address, failed) VALUES (left(named, 100), from_address, true);
        result := 'wrong';
        RETURN;
    END IF;
    SELECT * INTO wanted FROM account a WHERE a.name = named FOR UPDATE;
    IF wanted.totp IS NOT NULL AND code_step IS NULL THEN
        result := 'second';
        totp := wanted.totp;
        RETURN;
    END IF;
    IF wanted.totp IS NOT NULL AND code_step <= wanted.totp_step THEN
        INSERT INTO sign_in_try (account, address, failed) VALUES (left(named, 100), from_address, true);
        result := 'wrong';
        RETURN;
    END IF;
    UPDATE account a SET totp_step = greatest(a.totp_step, coalesce(code_step, 0)) WHERE a.name = named;
    INSERT INTO sign_in_try (account, address, failed) VALUES (named, from_address, false);
    INSERT INTO console_session (session_id, account, sha256, address, browser)
    VALUES (new_id, named, new_sha256, from_address, left(browser, 300));
    result := 'in';
END $$;

-- Another password or second factor (null: none) of who shows a session and knows the password; whether it was the right one.
CREATE FUNCTION change_sign_in(shown text, derived text, from_address text, new_credential text, new_totp bytea, code_step bigint)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner text;
BEGIN
    SELECT s.account INTO owner FROM console_session s JOIN account a ON a.name = s.account AND a.enabled
    WHERE s.session_id = shown AND s.ended_at IS NULL AND s.expires_at > clock_timestamp();
    PERFORM pg_advisory_xact_lock(hashtext('sign in'), hashtext(owner));
    IF owner IS NULL OR sign_in_wait(owner, from_address) > 0 THEN
        RETURN false;
    END IF;
    IF NOT sign_in_fits(owner, derived) THEN
        INSERT INTO sign_in_try (account, address, failed) VALUES (owner, from_address, true);
        RETURN false;
    END IF;
    IF new_credential IS NULL THEN
        UPDATE account a SET totp = new_totp, totp_step = coalesce(code_step, 0) WHERE a.name = owner;
    ELSE
        PERFORM is_credential(new_credential);
        UPDATE account a SET credential = new_credential WHERE a.name = owner;
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION end_console_session(ended text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE console_session SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE session_id = ended
$$;

-- Refuses what is no PHC text of Argon2id.
CREATE FUNCTION is_credential(given text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF given !~ '^\$argon2id\$v=19\$m=[0-9]{5,7},t=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{22,64}\$[A-Za-z0-9+/]{43,86}$' THEN
        RAISE EXCEPTION 'this is no credential' USING ERRCODE = 'check_violation';
    END IF;
END $$;

-- Whose link this is, once its password is set; null when it is no good link.
CREATE FUNCTION use_sign_in_link(shown bytea, new_credential text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner text;
BEGIN
    PERFORM is_credential(new_credential);
    UPDATE sign_in_link l SET used_at = clock_timestamp()
    FROM account a
    WHERE l.sha256 = shown AND l.used_at IS NULL AND l.expires_at > clock_timestamp()
      AND a.name = l.account AND a.enabled
    RETURNING l.account INTO owner;
    UPDATE account a SET credential = new_credential WHERE a.name = owner;
    RETURN owner;
END $$;

CREATE FUNCTION sign_in_link_owner(shown bytea) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l.account FROM sign_in_link l JOIN account a ON a.name = l.account AND a.enabled
    WHERE l.sha256 = shown AND l.used_at IS NULL AND l.expires_at > clock_timestamp()
$$;

-- Another password, another role, or an account that is disabled: its sessions have ended.
CREATE FUNCTION end_sessions_of_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE console_session SET ended_at = clock_timestamp() WHERE account = NEW.name AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions_of_account AFTER UPDATE ON account FOR EACH ROW
    WHEN (OLD.credential IS DISTINCT FROM NEW.credential OR OLD.roles <> NEW.roles OR OLD.enabled <> NEW.enabled
          OR OLD.totp IS DISTINCT FROM NEW.totp)
    EXECUTE FUNCTION end_sessions_of_account();

-- What is done by a page says so.
ALTER TABLE action DROP CONSTRAINT action_via_check,
                   ADD CONSTRAINT action_via_check CHECK (via IN ('cli', 'api', 'console', 'worker'));

CREATE OR REPLACE FUNCTION action_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'agi_app_console' AND NEW.via NOT IN ('api', 'console') THEN
        RAISE EXCEPTION 'the service notes what came by the API or by a page alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION action_end_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'agi_app_console'
       AND NOT EXISTS (SELECT FROM action a WHERE a.action_id = NEW.action_id AND a.via IN ('api', 'console')) THEN
        RAISE EXCEPTION 'the service ends what came by the API or by a page alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
