-- What else the service (`agi-app console`) may cause, by functions of the owner as in 0058_service.sql.

-- A report that the service asks for is made for the account whose token is kept beside it. The process that makes it
-- verifies the token: the service can neither make one up nor read one here.
ALTER TABLE job ADD COLUMN by_service boolean NOT NULL DEFAULT false,
                ADD COLUMN sealed bytea;              -- the token; forgotten at the job's end
UPDATE job SET by_service = true WHERE state IN ('waiting', 'running');  -- nobody knows who wrote them: to be asked for again

CREATE FUNCTION ask_job(kind text, parameters jsonb, format text, account text, sealed bytea) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO job (kind, parameters, format, asked_by, by_service, sealed)
    VALUES (kind, parameters, format, account, true, sealed) RETURNING job_id
$$;

-- Only what was asked for in this way: a service that was taken over cannot take away what a command asked for or wrote.
CREATE FUNCTION forget_job(job bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM job j WHERE j.job_id = forget_job.job AND j.by_service RETURNING 1)
    SELECT EXISTS (SELECT FROM gone)
$$;

-- A pause of everything harms nobody, so it waits for no worker. Its end is an ask, with a token.
CREATE FUNCTION pause_everything(at timestamptz, reason text, actor text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    added bigint;
BEGIN
    INSERT INTO calling_pause (at, paused, reason, entered_by) VALUES (at, true, reason, actor) RETURNING pause_id INTO added;
    PERFORM pg_notify('agi_app_control', '{"everything": "paused"}');
    RETURN added;
END $$;

-- The guard's lists without the numbers of people; the rights keep all else of the table away.
CREATE VIEW guard_list_masked AS
SELECT entry_id, line, shared, allow, reason, expires_at, entered_by, entered_at,
       CASE WHEN length(pattern) >= 9 THEN left(pattern, least(6, length(pattern) - 7)) || '…' || right(pattern, 2)
            ELSE pattern END AS pattern
FROM guard_list;
