-- Passkeys (WebAuthn): one shows who it is and that its owner unlocked it, so it signs in alone. As with passwords the console's
-- role sends what the browser sent, and the database decides: it makes the challenge, uses it up, compares the counter, and verifies the
-- signature. All of that is public, so the time that it takes tells nothing.
CREATE FUNCTION random_bytes_32() RETURNS bytea LANGUAGE sql VOLATILE AS $$
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
$$;

-- What an authenticator keeps of an account: nothing that says who it is.
ALTER TABLE account ADD COLUMN user_handle bytea NOT NULL UNIQUE DEFAULT random_bytes_32() CHECK (octet_length(user_handle) = 32);

CREATE TABLE passkey (
    passkey_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account       text NOT NULL,
    credential_id bytea NOT NULL UNIQUE CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    rp_id         text NOT NULL CHECK (rp_id ~ '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$' AND rp_id !~ '(^|[.])[0-9]+$'),
    algorithm     integer NOT NULL CHECK (algorithm IN (-7, -257)),  -- of COSE: ECDSA with P-256, RSA; both with SHA-256
    public_key    bytea NOT NULL,                     -- -7: x and y, 32 bytes each; -257: the modulus, whose exponent is 65537
    counter       bigint NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    made_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at       timestamptz,
    CHECK (CASE algorithm WHEN -7 THEN octet_length(public_key) = 64 ELSE octet_length(public_key) BETWEEN 256 AND 512 END)
);
CREATE INDEX passkey_account ON passkey (account);

-- What is to be signed, once: by the browser that asked for it, or by who is signed in.
CREATE TABLE passkey_challenge (
    challenge  text PRIMARY KEY,                      -- base64url, as the browser says it again
    purpose    text NOT NULL CHECK (purpose IN ('sign in', 'prove', 'add')),
    session_id text,                                  -- of who is signed in
    browser    bytea,                                 -- else the hash of what the browser keeps
    address    text,
    expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '5 minutes',
    CHECK ((purpose = 'sign in') = (session_id IS NULL) AND (session_id IS NULL) = (browser IS NOT NULL))
);
CREATE INDEX passkey_challenge_expires_at ON passkey_challenge (expires_at);

-- When a passkey was shown in place of password and code, for one change of what signs in.
ALTER TABLE console_session ADD COLUMN passkey_proved_at timestamptz;

CREATE FUNCTION number_of_bytes(given bytea) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    found numeric := 0;
BEGIN
    FOR i IN 0 .. octet_length(given) - 1 LOOP
        found := found * 256 + get_byte(given, i);
    END LOOP;
    RETURN found;
END $$;

-- The inverse of a number modulo a prime (extended Euclid).
CREATE FUNCTION inverse_modulo(given numeric, prime numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    a numeric := ((given % prime) + prime) % prime;
    b numeric := prime;
    u numeric := 1;
    v numeric := 0;
    q numeric;
    rest numeric;
BEGIN
    WHILE a <> 0 LOOP
        q := div(b, a);
        rest := b - q * a;
        b := a;
        a := rest;
        rest := v - q * u;
        v := u;
        u := rest;
    END LOOP;
    RETURN ((v % prime) + prime) % prime;
END $$;

-- Whether (x, y) is a point of the curve P-256 (FIPS 186-5, SP 800-186).
CREATE FUNCTION is_p256_point(x numeric, y numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT x < p AND y < p AND (y * y - x * x * x + 3 * x - b) % p = 0
    FROM (VALUES (115792089210356248762697446949407573530086143415290314195533631308867097853951,
                  41058363725152142129326129780047268409114441015993725554835256314039467401291)) curve (p, b)
$$;

-- Twice a point of P-256. Points are in Jacobian coordinates, of which z = 0 is none; numbers modulo p may be negative here.
CREATE FUNCTION p256_twice(x numeric, y numeric, z numeric, OUT x2 numeric, OUT y2 numeric, OUT z2 numeric)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
    d CONSTANT numeric := (z * z) % p;
    g CONSTANT numeric := (y * y) % p;
    b CONSTANT numeric := (x * g) % p;
    a CONSTANT numeric := (3 * (x - d) * (x + d)) % p;
BEGIN
    x2 := (a * a - 8 * b) % p;
    y2 := (a * (4 * b - x2) - 8 * g * g) % p;
    z2 := (2 * y * z) % p;
END $$;

-- A point and one whose z is 1.
CREATE FUNCTION p256_plus(x numeric, y numeric, z numeric, other_x numeric, other_y numeric,
                          OUT x2 numeric, OUT y2 numeric, OUT z2 numeric)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
    d CONSTANT numeric := (z * z) % p;
    h CONSTANT numeric := (other_x * d - x) % p;
    r CONSTANT numeric := (other_y * d * z - y) % p;
    hh CONSTANT numeric := (h * h) % p;
BEGIN
    IF z = 0 THEN
        x2 := other_x;
        y2 := other_y;
        z2 := 1;
    ELSIF h = 0 AND r = 0 THEN
        SELECT t.x2, t.y2, t.z2 INTO x2, y2, z2 FROM p256_twice(x, y, z) t;
    ELSE                                              -- h = 0 alone: opposite points, whose sum is none (z2 = 0)
        x2 := (r * r - hh * h - 2 * x * hh) % p;
        y2 := (r * (x * hh - x2) - y * hh * h) % p;
        z2 := (z * h) % p;
    END IF;
END $$;

-- Whether (r, s) is a signature of the hash by the point (x, y): ECDSA with P-256 (FIPS 186-5, 6.4.2). u1·G + u2·Q is made from the
-- highest bit down, both at once.
CREATE FUNCTION p256_fits(x numeric, y numeric, hash numeric, r numeric, s numeric) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
    n CONSTANT numeric := 115792089210356248762697446949407573529996955224135760342422259061068512044369;
    gx CONSTANT numeric := 48439561293906451759052585252797914202762949526041747995844080717082404635286;
    gy CONSTANT numeric := 36134250956749795798585127919587881956611106672985015071877198253568414405109;
    w numeric;
    u1 numeric;
    u2 numeric;
    steps integer[] := '{}';                          -- 1: the bit of u1 is set, 2: that of u2, 3: both
    px numeric := 1;
    py numeric := 1;
    pz numeric := 0;
BEGIN
    IF r < 1 OR r >= n OR s < 1 OR s >= n OR NOT is_p256_point(x, y) THEN
        RETURN false;
    END IF;
    w := inverse_modulo(s, n);
    u1 := (hash * w) % n;
    u2 := (r * w) % n;
    WHILE u1 > 0 OR u2 > 0 LOOP
        steps := steps || ((u1 % 2) + 2 * (u2 % 2))::integer;
        u1 := div(u1, 2);
        u2 := div(u2, 2);
    END LOOP;
    FOR i IN REVERSE cardinality(steps) .. 1 LOOP
        SELECT t.x2, t.y2, t.z2 INTO px, py, pz FROM p256_twice(px, py, pz) t;
        IF steps[i] & 1 = 1 THEN
            SELECT t.x2, t.y2, t.z2 INTO px, py, pz FROM p256_plus(px, py, pz, gx, gy) t;
        END IF;
        IF steps[i] & 2 = 2 THEN
            SELECT t.x2, t.y2, t.z2 INTO px, py, pz FROM p256_plus(px, py, pz, x, y) t;
        END IF;
    END LOOP;
    RETURN pz <> 0 AND ((px - r * pz * pz) % p = 0 OR (r + n < p AND (px - (r + n) * pz * pz) % p = 0));
END $$;

-- The two numbers of a signature of ECDSA in DER, and nothing before, between or after them; null: it is no such text.
CREATE FUNCTION der_numbers(given bytea) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    found numeric[] := '{}';
    at integer := 2;
    size integer;
BEGIN
    IF octet_length(given) NOT BETWEEN 8 AND 72 OR get_byte(given, 0) <> 48 OR get_byte(given, 1) <> octet_length(given) - 2 THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. 2 LOOP
        IF at + 2 > octet_length(given) OR get_byte(given, at) <> 2 THEN
            RETURN NULL;
        END IF;
        size := get_byte(given, at + 1);
        IF size NOT BETWEEN 1 AND 33 OR at + 2 + size > octet_length(given) OR get_byte(given, at + 2) > 127
           OR (size > 1 AND get_byte(given, at + 2) = 0 AND get_byte(given, at + 3) < 128) THEN
            RETURN NULL;
        END IF;
        found := found || number_of_bytes(substr(given, at + 3, size));
        at := at + 2 + size;
    END LOOP;
    RETURN CASE WHEN at = octet_length(given) THEN found END;
END $$;

-- Whether it is a signature of the hash: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2), exponent 65537.
CREATE FUNCTION rsa_fits(modulus bytea, hash bytea, signature bytea) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    n CONSTANT numeric := number_of_bytes(modulus);
    s CONSTANT numeric := number_of_bytes(signature);
    m numeric := s;
    filled CONSTANT bytea := decode(repeat('ff', octet_length(modulus) - 54), 'hex');
BEGIN
    IF octet_length(signature) <> octet_length(modulus) OR s >= n THEN
        RETURN false;
    END IF;
    FOR i IN 1 .. 16 LOOP
        m := (m * m) % n;
    END LOOP;
    m := (m * s) % n;
    RETURN m = number_of_bytes('\x0001'::bytea || filled || '\x003031300d060960864801650304020105000420'::bytea || hash);
END $$;

-- Whether a passkey has signed the message.
CREATE FUNCTION passkey_signature_fits(algorithm integer, public_key bytea, message bytea, signature bytea) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    pair CONSTANT numeric[] := der_numbers(signature);
BEGIN
    IF algorithm = -257 THEN
        RETURN coalesce(rsa_fits(public_key, sha256(message), signature), false);
    END IF;
    RETURN coalesce(p256_fits(number_of_bytes(substr(public_key, 1, 32)), number_of_bytes(substr(public_key, 33)),
                              number_of_bytes(sha256(message)), pair[1], pair[2]), false);
END $$;

-- What the browser says that it was asked (WebAuthn Level 3, 5.8.1); null: it cannot be read.
CREATE FUNCTION client_data_of(given bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN convert_from(given, 'UTF8')::jsonb;
EXCEPTION WHEN data_exception OR untranslatable_character OR character_not_in_repertoire THEN
    RETURN NULL;
END $$;

-- Whether the browser was asked for this kind of thing, on a page of this origin, which is of the passkey's name: with TLS, or of
-- this machine.
CREATE FUNCTION client_data_fits(data jsonb, kind text, origin text, rp_id text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(data ->> 'type' = kind AND data ->> 'origin' = origin AND coalesce(data ->> 'crossOrigin', 'false') = 'false'
           AND (regexp_replace(origin, ':[0-9]{1,5}$', '') = 'https://' || rp_id
                OR (rp_id = 'localhost' AND regexp_replace(origin, ':[0-9]{1,5}$', '') = 'http://localhost')), false)
$$;

-- A new challenge. An address has fifty at most: the oldest goes.
CREATE FUNCTION new_passkey_challenge(wanted text, of_session text, of_browser bytea, from_address text) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    made CONSTANT text := rtrim(translate(encode(random_bytes_32(), 'base64'), '+/', '-_'), '=');
BEGIN
    DELETE FROM passkey_challenge c WHERE c.expires_at < clock_timestamp();
    DELETE FROM passkey_challenge c WHERE c.challenge IN (
        SELECT o.challenge FROM passkey_challenge o WHERE o.address IS NOT DISTINCT FROM from_address
        ORDER BY o.expires_at DESC OFFSET 49);
    INSERT INTO passkey_challenge (challenge, purpose, session_id, browser, address)
    VALUES (made, wanted, of_session, of_browser, from_address);
    RETURN made;
END $$;

-- Use up the challenge that the browser says, whatever becomes of it; false: it is none of this purpose and of who shows it, or no longer.
CREATE FUNCTION use_passkey_challenge(wanted text, of_session text, of_browser bytea, data jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM passkey_challenge c
    WHERE c.challenge = data ->> 'challenge' AND c.purpose = wanted AND c.expires_at > clock_timestamp()
      AND c.session_id IS NOT DISTINCT FROM of_session AND c.browser IS NOT DISTINCT FROM of_browser;
    RETURN FOUND;
END $$;

-- What an assertion is worth (WebAuthn Level 3, 7.2): right | wrong | counter (all is right, but the passkey was used elsewhere since:
-- there are two of it). known: the console's library has said the same of it.
CREATE FUNCTION try_passkey(key passkey, data jsonb, client_data bytea, authenticator_data bytea, signature bytea, origin text,
                            known boolean) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    shown bigint;
BEGIN
    IF NOT coalesce(known, false) OR coalesce(octet_length(authenticator_data), 0) < 37
       OR NOT client_data_fits(data, 'webauthn.get', origin, key.rp_id)
       OR substr(authenticator_data, 1, 32) <> sha256(convert_to(key.rp_id, 'UTF8'))
       OR get_byte(authenticator_data, 32) & 5 <> 5  -- somebody was there, and it is its owner
       OR NOT passkey_signature_fits(key.algorithm, key.public_key, authenticator_data || sha256(client_data), signature) THEN
        RETURN 'wrong';
    END IF;
    shown := number_of_bytes(substr(authenticator_data, 34, 4))::bigint;
    IF shown <= key.counter AND (shown > 0 OR key.counter > 0) THEN  -- many count nothing, and always say 0
        RETURN 'counter';
    END IF;
    UPDATE passkey k SET counter = shown, used_at = clock_timestamp() WHERE k.passkey_id = key.passkey_id;
    RETURN 'right';
END $$;

-- A challenge for somebody who is not signed in; result: wait | right.
CREATE FUNCTION begin_passkey_sign_in(of_browser bytea, from_address text, OUT result text, OUT wait_s integer, OUT challenge text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    wait_s := sign_in_wait(NULL, from_address);
    result := CASE WHEN wait_s > 0 THEN 'wait' ELSE 'right' END;
    IF result = 'right' THEN
        challenge := new_passkey_challenge('sign in', NULL, of_browser, from_address);
    END IF;
END $$;

-- One try without a name. result: wait | over (the challenge) | wrong | counter | in; named: whose passkey it is, of the last two.
CREATE FUNCTION sign_in_by_passkey(shown_id bytea, handle bytea, client_data bytea, authenticator_data bytea, signature bytea, origin text,
                                   known boolean, of_browser bytea, from_address text, new_id text, new_sha256 bytea, browser text,
                                   OUT result text, OUT wait_s integer, OUT named text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    data CONSTANT jsonb := client_data_of(client_data);
    key passkey;
BEGIN
    wait_s := 0;
    IF NOT use_passkey_challenge('sign in', NULL, of_browser, data) THEN
        result := 'over';
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sign in'), hashtext(k.account)) FROM passkey k WHERE k.credential_id = shown_id;
    SELECT k.* INTO key FROM passkey k JOIN account a ON a.name = k.account AND a.enabled
    WHERE k.credential_id = shown_id AND a.user_handle = handle FOR UPDATE OF k;
    wait_s := sign_in_wait(key.account, from_address);
    IF wait_s > 0 THEN
        result := 'wait';
        RETURN;
    END IF;
    result := CASE WHEN key.account IS NULL THEN 'wrong'
                   ELSE try_passkey(key, data, client_data, authenticator_data, signature, origin, known) END;
    IF result <> 'right' THEN
        PERFORM note_wrong_try(coalesce(key.account, ''), from_address);
        named := CASE WHEN result = 'counter' THEN key.account END;
        RETURN;
    END IF;
    INSERT INTO sign_in_try (account, address, failed) VALUES (key.account, from_address, false);
    INSERT INTO console_session (session_id, account, sha256, address, browser)
    VALUES (new_id, key.account, new_sha256, from_address, left(browser, 300));
    result := 'in';
    named := key.account;
END $$;

-- A challenge for who is signed in and has a passkey for this name, to show it in place of the password; result: over | wait | none | right.
CREATE FUNCTION begin_passkey_proof(shown text, of_name text, from_address text,
                                    OUT result text, OUT wait_s integer, OUT challenge text, OUT known_ids bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner CONSTANT text := account_of_session(shown);
BEGIN
    wait_s := CASE WHEN owner IS NULL THEN 0 ELSE sign_in_wait(owner, from_address) END;
    known_ids := ARRAY(SELECT k.credential_id FROM passkey k WHERE k.account = owner AND k.rp_id = of_name ORDER BY k.passkey_id);
    result := CASE WHEN owner IS NULL THEN 'over' WHEN wait_s > 0 THEN 'wait' WHEN cardinality(known_ids) = 0 THEN 'none'
                   ELSE 'right' END;
    IF result = 'right' THEN
        challenge := new_passkey_challenge('prove', shown, NULL, from_address);
    END IF;
END $$;

-- Who is signed in shows a passkey of their own account. result: wait | over (the session, or the challenge) | wrong | counter | right.
CREATE FUNCTION prove_by_passkey(shown text, shown_id bytea, handle bytea, client_data bytea, authenticator_data bytea, signature bytea,
                                 origin text, known boolean, from_address text, OUT result text, OUT wait_s integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner CONSTANT text := account_of_session(shown);
    data CONSTANT jsonb := client_data_of(client_data);
    key passkey;
BEGIN
    wait_s := 0;
    IF owner IS NULL OR NOT use_passkey_challenge('prove', shown, NULL, data) THEN
        result := 'over';
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sign in'), hashtext(owner));
    wait_s := sign_in_wait(owner, from_address);
    IF wait_s > 0 THEN
        result := 'wait';
        RETURN;
    END IF;
    SELECT k.* INTO key FROM passkey k JOIN account a ON a.name = k.account
    WHERE k.credential_id = shown_id AND k.account = owner AND (handle IS NULL OR a.user_handle = handle) FOR UPDATE OF k;
    result := CASE WHEN key.account IS NULL THEN 'wrong'
                   ELSE try_passkey(key, data, client_data, authenticator_data, signature, origin, known) END;
    IF result = 'right' THEN
        UPDATE console_session s SET proved_at = clock_timestamp(), passkey_proved_at = clock_timestamp() WHERE s.session_id = shown;
    ELSE
        PERFORM note_wrong_try(owner, from_address);
    END IF;
END $$;

-- Who changes their passkeys has shown one within five minutes, which is good for one change; else they show the password, and a code
-- while there is a second factor. result: wait | wrong | second (totp) | code | over | right.
CREATE FUNCTION prove_for_passkeys(shown text, derived text, from_address text, code_step bigint, recovery bytea,
                                   OUT result text, OUT wait_s integer, OUT totp bytea)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    owner CONSTANT text := account_of_session(shown);
BEGIN
    IF derived IS NULL AND owner IS NOT NULL THEN
        wait_s := 0;
        PERFORM pg_advisory_xact_lock(hashtext('sign in'), hashtext(owner));
        UPDATE console_session s SET passkey_proved_at = NULL
        WHERE s.session_id = shown AND s.passkey_proved_at > clock_timestamp() - interval '5 minutes';
        result := CASE WHEN FOUND THEN 'right' ELSE 'wrong' END;
        RETURN;
    END IF;
    SELECT p.result, p.wait_s INTO result, wait_s FROM try_password(owner, derived, from_address) p;
    IF result = 'right' THEN
        result := try_second_factor(owner, from_address, code_step, recovery);
        totp := CASE WHEN result = 'second' THEN (SELECT a.totp FROM account a WHERE a.name = owner) END;
    END IF;
END $$;

-- A challenge for another passkey. result: as above, many: the account has twenty.
CREATE FUNCTION begin_passkey(shown text, derived text, from_address text, code_step bigint, recovery bytea, OUT result text,
                              OUT wait_s integer, OUT totp bytea, OUT challenge text, OUT handle bytea, OUT known_ids bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner CONSTANT text := account_of_session(shown);
BEGIN
    SELECT p.* INTO result, wait_s, totp FROM prove_for_passkeys(shown, derived, from_address, code_step, recovery) p;
    IF result <> 'right' THEN
        RETURN;
    END IF;
    known_ids := ARRAY(SELECT k.credential_id FROM passkey k WHERE k.account = owner ORDER BY k.passkey_id);
    IF cardinality(known_ids) >= 20 THEN
        result := 'many';
        RETURN;
    END IF;
    handle := (SELECT a.user_handle FROM account a WHERE a.name = owner);
    challenge := new_passkey_challenge('add', shown, NULL, from_address);
END $$;

-- Keep a passkey that was made for a challenge of this session, which is used up in any case; its sessions end. No id: the console
-- cannot read what the browser has made. result: over | wrong | taken | done.
CREATE FUNCTION add_passkey(shown text, client_data bytea, origin text, of_name text, new_credential_id bytea, new_algorithm integer,
                            new_public_key bytea, new_counter bigint, called text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner CONSTANT text := account_of_session(shown);
    data CONSTANT jsonb := client_data_of(client_data);
BEGIN
    IF owner IS NULL OR NOT use_passkey_challenge('add', shown, NULL, data) THEN
        RETURN 'over';
    END IF;
    IF new_credential_id IS NULL OR NOT client_data_fits(data, 'webauthn.create', origin, of_name) OR (new_algorithm = -7 AND NOT is_p256_point(
        number_of_bytes(substr(new_public_key, 1, 32)), number_of_bytes(substr(new_public_key, 33)))) THEN
        RETURN 'wrong';
    END IF;
    INSERT INTO passkey (account, credential_id, rp_id, algorithm, public_key, counter, name)
    VALUES (owner, new_credential_id, of_name, new_algorithm, new_public_key, new_counter, called)
    ON CONFLICT (credential_id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'taken' END;
END $$;

-- Take one away; its sessions end. result: wait | wrong | second (totp) | code | over | none | done.
CREATE FUNCTION remove_passkey(shown text, derived text, from_address text, code_step bigint, recovery bytea, which bigint,
                               OUT result text, OUT wait_s integer, OUT totp bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owner CONSTANT text := account_of_session(shown);
BEGIN
    SELECT p.* INTO result, wait_s, totp FROM prove_for_passkeys(shown, derived, from_address, code_step, recovery) p;
    IF result = 'right' THEN
        DELETE FROM passkey k WHERE k.passkey_id = which AND k.account = owner;
        result := CASE WHEN FOUND THEN 'done' ELSE 'none' END;
    END IF;
END $$;

CREATE FUNCTION end_sessions_of_passkey() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE console_session SET ended_at = clock_timestamp()
    WHERE account = CASE WHEN TG_OP = 'DELETE' THEN OLD.account ELSE NEW.account END AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions_of_passkey AFTER INSERT OR DELETE ON passkey FOR EACH ROW EXECUTE FUNCTION end_sessions_of_passkey();
