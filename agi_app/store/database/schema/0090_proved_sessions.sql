-- Who is signed in shows the password again before what cannot be taken back: proved_at is when it was right last.
ALTER TABLE console_session ADD COLUMN proved_at timestamptz NOT NULL DEFAULT clock_timestamp();

-- Whether what was derived from a password is that of the account of this session; wrong ones count as tries of the sign-in.
CREATE FUNCTION prove_session(shown text, derived text, from_address text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
    UPDATE console_session s SET proved_at = clock_timestamp() WHERE s.session_id = shown;
    RETURN true;
END $$;
