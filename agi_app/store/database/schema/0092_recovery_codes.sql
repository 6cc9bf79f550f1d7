-- Codes for who has lost the telephone with the authenticator app, each good once, known by their hashes alone. A second factor is
-- changed or removed by who shows the password and a code. What throttles the sign-in says for how long everywhere.
CREATE TABLE recovery_code (
    sha256  bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    account text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at timestamptz
);
CREATE INDEX recovery_code_account ON recovery_code (account);

ALTER TABLE account ADD COLUMN has_second_factor boolean NOT NULL GENERATED ALWAYS AS (totp IS NOT NULL) STORED;

DROP FUNCTION sign_in(text, text, text, bigint, text, bytea, text);
DROP FUNCTION change_sign_in(text, text, text, text, bytea, bigint);
DROP FUNCTION prove_session(text, text, text);

-- Whose session this is, while it is good.
CREATE FUNCTION account_of_session(shown text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT s.account FROM console_session s JOIN account a ON a.name = s.account AND a.enabled
    WHERE s.session_id = shown AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
$$;

CREATE FUNCTION note_wrong_try(named text, from_address text) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO sign_in_try (account, address, failed) VALUES (left(named, 100), from_address, true)
$$;

-- One try of a password. result: wait (for wait_s seconds) | wrong | right; over: there is no account.
CREATE FUNCTION try_password(named text, derived text, from_address text, OUT result text, OUT wait_s integer)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    wait_s := 0;
    IF named IS NULL THEN
        result := 'over';
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sign in'), hashtext(named));  -- tries at once are tries one after another
    wait_s := sign_in_wait(named, from_address);
    IF wait_s > 0 THEN
        result := 'wait';
    ELSIF sign_in_fits(named, derived) THEN
        result := 'right';
    ELSE
        PERFORM note_wrong_try(named, from_address);
        result := 'wrong';
    END IF;
END $$;

-- One try of a second factor, of who has shown the password: a code of a later step than the newest one, or a recovery code that
-- was not used. Both are used up by it. second: none was typed; code: it was wrong, and counts; right: so it was, or none is wanted.
CREATE FUNCTION try_second_factor(named text, from_address text, code_step bigint, recovery bytea) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM account a WHERE a.name = named AND a.totp IS NOT NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'right';
    ELSIF code_step IS NOT NULL THEN
        UPDATE account a SET totp_step = code_step WHERE a.name = named AND a.totp_step < code_step;
    ELSIF recovery IS NOT NULL THEN
        UPDATE recovery_code r SET used_at = clock_timestamp()
        WHERE r.sha256 = recovery AND r.account = named AND r.used_at IS NULL;
    ELSE
        RETURN 'second';
    END IF;
    IF FOUND THEN
        RETURN 'right';
    END IF;
    PERFORM note_wrong_try(named, from_address);
    RETURN 'code';
END $$;

-- One try. result: wait | wrong | second (the password is right, and a code is wanted: totp is the secret) | in.
-- code_step: the step of time whose code was typed; 0: a wrong one; null: none was typed. recovery: the hash of a recovery code.
CREATE FUNCTION sign_in(named text, derived text, from_address text, code_step bigint, recovery bytea, new_id text, new_sha256 bytea,
                        browser text, OUT result text, OUT wait_s integer, OUT totp bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT p.result, p.wait_s INTO result, wait_s FROM try_password(named, derived, from_address) p;
    DELETE FROM sign_in_try t WHERE t.at < clock_timestamp() - interval '1 day';
    DELETE FROM sign_in_link l WHERE l.expires_at < clock_timestamp() - interval '1 day';
    DELETE FROM console_session s WHERE coalesce(s.ended_at, s.expires_at) < clock_timestamp() - interval '30 days';
    IF result <> 'right' THEN
        RETURN;
    END IF;
    result := try_second_factor(named, from_address, code_step, recovery);
    IF result = 'second' THEN
        totp := (SELECT a.totp FROM account a WHERE a.name = named);
    ELSIF result = 'code' THEN
        result := 'wrong';  -- which of both it was is not told
    ELSE
        INSERT INTO sign_in_try (account, address, failed) VALUES (named, from_address, false);
        INSERT INTO console_session (session_id, account, sha256, address, browser)
        VALUES (new_id, named, new_sha256, from_address, left(browser, 300));
        result := 'in';
    END IF;
END $$;

-- Another password of who shows a session and knows the one until now. result: wait | wrong | over | done.
CREATE FUNCTION change_password(shown text, derived text, from_address text, new_credential text,
                                OUT result text, OUT wait_s integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner text := account_of_session(shown);
BEGIN
    PERFORM is_credential(new_credential);
    SELECT p.result, p.wait_s INTO result, wait_s FROM try_password(owner, derived, from_address) p;
    IF result = 'right' THEN
        UPDATE account a SET credential = new_credential WHERE a.name = owner;
        result := 'done';
    END IF;
END $$;

-- Another second factor with its recovery codes, none (new_totp and codes null), or other recovery codes alone (new_totp null), of
-- who shows a session, the password, and a code while there is a factor. result: wait | wrong | second (totp) | code | none | over | done.
CREATE FUNCTION change_second_factor(shown text, derived text, from_address text, code_step bigint, recovery bytea,
                                     new_totp bytea, new_step bigint, codes bytea[],
                                     OUT result text, OUT wait_s integer, OUT totp bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner text := account_of_session(shown);
    until_now bytea;
BEGIN
    SELECT p.result, p.wait_s INTO result, wait_s FROM try_password(owner, derived, from_address) p;
    IF result <> 'right' THEN
        RETURN;
    END IF;
    result := try_second_factor(owner, from_address, code_step, recovery);
    until_now := (SELECT a.totp FROM account a WHERE a.name = owner);
    IF result = 'second' THEN
        totp := until_now;
    ELSIF result = 'right' AND until_now IS NULL AND new_totp IS NULL THEN
        result := 'none';
    END IF;
    IF result <> 'right' THEN
        RETURN;
    END IF;
    DELETE FROM recovery_code r WHERE r.account = owner;
    INSERT INTO recovery_code (sha256, account) SELECT one, owner FROM unnest(codes) one;
    IF new_totp IS NOT NULL OR codes IS NULL THEN
        UPDATE account a SET totp = new_totp, totp_step = coalesce(new_step, 0) WHERE a.name = owner;
    END IF;
    result := 'done';
END $$;

-- Whether what was derived from a password is that of the account of this session; wrong ones count as tries of the sign-in.
-- result: wait | wrong | over | right.
CREATE FUNCTION prove_session(shown text, derived text, from_address text, OUT result text, OUT wait_s integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT p.result, p.wait_s INTO result, wait_s FROM try_password(account_of_session(shown), derived, from_address) p;
    IF result = 'right' THEN
        UPDATE console_session s SET proved_at = clock_timestamp() WHERE s.session_id = shown;
    END IF;
END $$;
