-- Feeds: contacts or consents that come from a system of the office by themselves. `agi-app exchange` reads there and hands over
-- what it read; a worker compares it with what was approved, and imports it. A feed brings nothing before a second person has
-- approved its definition: where it reads, what, how it is taken, and how much of it.
CREATE TABLE feed (
    name        text PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('contacts', 'consents')),
    campaign    text,                              -- of contacts; before the first start it may not be stored yet
    state       text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'started', 'paused', 'ended')),
    definition  jsonb,                             -- as it was approved
    fingerprint bytea,                             -- its SHA-256
    most_a_day  integer,                           -- of the approved one: new contacts a day
    max_age     interval,                          -- of the approved one
    started_at  timestamptz,
    as_of       timestamptz,                       -- rules time at which the last good run was read
    source_at   timestamptz,                       -- the same by the clock of the other system
    fresh_until timestamptz,                       -- rules time: the campaign holds from then on; null: no good run yet
    compared_at timestamptz,                       -- rules time of the last comparison of all ids
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (kind = 'consents' OR state IN ('new', 'ended') OR campaign IS NOT NULL),
    CHECK (state = 'new' OR fingerprint IS NOT NULL AND max_age IS NOT NULL)
);
CREATE UNIQUE INDEX feed_campaign ON feed (campaign) WHERE state IN ('started', 'paused') AND campaign IS NOT NULL;

CREATE TABLE feed_request (
    request_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed        text NOT NULL REFERENCES feed,
    definition  jsonb NOT NULL,
    fingerprint bytea NOT NULL,
    asked_by    text NOT NULL,
    alone       boolean NOT NULL,                  -- the rule approval = "alone" held: nobody else was asked
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX feed_request_feed ON feed_request (feed, request_id);

CREATE TABLE feed_approval (
    request_id  bigint PRIMARY KEY REFERENCES feed_request,
    asked_by    text NOT NULL,
    approved_by text NOT NULL,
    roles       text[] NOT NULL,
    alone       boolean NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (alone OR approved_by <> asked_by)
);
CREATE TRIGGER feed_request_append_only BEFORE UPDATE OR DELETE ON feed_request FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER feed_request_no_truncate BEFORE TRUNCATE ON feed_request EXECUTE FUNCTION refuse_change();
CREATE TRIGGER feed_approval_append_only BEFORE UPDATE OR DELETE ON feed_approval FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER feed_approval_no_truncate BEFORE TRUNCATE ON feed_approval EXECUTE FUNCTION refuse_change();
SELECT audit_watch('feed_request', 'feed_request', 'request_id'), audit_watch('feed_approval', 'feed_approval', 'request_id');

-- One read of the other system and what followed from it.
CREATE TABLE feed_run (
    run_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,  -- what is handed over twice is one run
    feed        text NOT NULL REFERENCES feed,
    what        text NOT NULL DEFAULT 'run' CHECK (what IN ('run', 'check')),  -- a check changes nothing
    confirmed   boolean NOT NULL DEFAULT false,    -- somebody has said that many may go
    asked_by    text,                              -- null: by itself
    state       text NOT NULL CHECK (state IN ('wanted', 'waiting', 'done', 'refused', 'failed')),
    fingerprint bytea,                             -- of the definition by which it was read
    as_of       timestamptz,                       -- rules time when the read began
    source_at   timestamptz,                       -- the same by the clock of the other system
    file        text,                              -- of a folder
    sha256      bytea,
    rows        integer,
    whole_ids   boolean NOT NULL DEFAULT false,    -- all ids came with it
    reader      text,
    result      jsonb,                             -- counts and faults without whole numbers
    times       integer NOT NULL DEFAULT 1,        -- the same failure, one after another
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at     timestamptz,
    ended_at    timestamptz,
    node        text
);
CREATE INDEX feed_run_feed ON feed_run (feed, run_id);
CREATE INDEX feed_run_open ON feed_run (run_id) WHERE state IN ('wanted', 'waiting');
CREATE UNIQUE INDEX feed_run_one_waits ON feed_run (feed, what) WHERE state = 'waiting';

-- What was read, until it is imported: data of people. Only a worker reads it.
CREATE TABLE feed_content (
    run_id  bigint PRIMARY KEY REFERENCES feed_run ON DELETE CASCADE,
    content bytea NOT NULL,                        -- a table with our columns, as CSV; a workbook of a folder as it is
    ids     bytea                                  -- all ids, one a line
);

-- Who reads a feed, and when it last said so.
CREATE TABLE feed_reader (
    feed    text PRIMARY KEY,                      -- also of one that nobody has asked for yet
    reader  text NOT NULL,
    seen_at timestamptz NOT NULL
);

CREATE FUNCTION feed_looked(of_feed text, by_reader text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO feed_reader AS r (feed, reader, seen_at) VALUES (of_feed, by_reader, clock_timestamp())
    ON CONFLICT (feed) DO UPDATE SET reader = excluded.reader, seen_at = excluded.seen_at
$$;

-- What was read, for a worker; null: an earlier run still waits, or a later one was handed over already. Handed over again by the
-- same key it is the same run. `for_run`: somebody asked for this one.
CREATE FUNCTION feed_hand_over(of_feed text, run_key uuid, for_run bigint, definition_is bytea, read_as_of timestamptz,
                               read_source_at timestamptz, from_file text, row_count integer, was_read bytea, all_ids bytea,
                               by_reader text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_feed feed;
    wanted     feed_run;
    made       bigint;
BEGIN
    SELECT r.run_id INTO made FROM feed_run r WHERE r.key = run_key AND r.feed = of_feed;
    IF FOUND THEN
        RETURN made;
    END IF;
    SELECT * INTO found_feed FROM feed f WHERE f.name = of_feed;
    IF NOT FOUND OR octet_length(was_read) > 67108864 OR octet_length(all_ids) > 67108864 THEN
        RAISE EXCEPTION 'no such feed, or too much was read' USING ERRCODE = 'check_violation';
    END IF;
    IF for_run IS NOT NULL THEN
        SELECT * INTO wanted FROM feed_run r WHERE r.run_id = for_run AND r.feed = of_feed AND r.state = 'wanted' FOR UPDATE;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    IF coalesce(wanted.what, 'run') = 'run' AND (found_feed.state <> 'started' OR found_feed.fingerprint <> definition_is) THEN
        RAISE EXCEPTION 'this definition of the feed is not approved, or it is paused' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM feed_run r WHERE r.feed = of_feed AND r.what = coalesce(wanted.what, 'run') AND r.state = 'waiting')
       OR coalesce(wanted.what, 'run') = 'run'
          AND EXISTS (SELECT FROM feed_run r WHERE r.feed = of_feed AND r.what = 'run' AND r.as_of > read_as_of
                      AND r.state IN ('waiting', 'done', 'refused')) THEN
        RETURN NULL;
    END IF;
    IF for_run IS NULL THEN
        INSERT INTO feed_run (feed, state) VALUES (of_feed, 'wanted') RETURNING * INTO wanted;
    END IF;
    UPDATE feed_run r
    SET key = run_key, state = 'waiting', fingerprint = definition_is, as_of = read_as_of, source_at = read_source_at,
        file = from_file, sha256 = sha256(was_read), rows = row_count, whole_ids = all_ids IS NOT NULL, reader = by_reader,
        read_at = clock_timestamp()
    WHERE r.run_id = wanted.run_id;
    INSERT INTO feed_content (run_id, content, ids) VALUES (wanted.run_id, was_read, all_ids);
    PERFORM pg_notify('agi_app_feed', of_feed);
    RETURN wanted.run_id;
END $$;

-- Nothing could be read, or it may not be read so. The same again is counted, not written anew.
CREATE FUNCTION feed_failed(of_feed text, for_run bigint, definition_is bytea, why jsonb, by_reader text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last feed_run;
    made bigint;
BEGIN
    IF for_run IS NOT NULL THEN
        UPDATE feed_run r SET state = 'failed', fingerprint = definition_is, result = why, reader = by_reader, ended_at = clock_timestamp()
        WHERE r.run_id = for_run AND r.feed = of_feed AND r.state = 'wanted' RETURNING r.run_id INTO made;
        RETURN made;
    END IF;
    SELECT * INTO last FROM feed_run r WHERE r.feed = of_feed AND r.what = 'run' AND r.state <> 'wanted' ORDER BY r.run_id DESC LIMIT 1;
    IF last.state = 'failed' AND last.result = why AND last.fingerprint IS NOT DISTINCT FROM definition_is THEN
        UPDATE feed_run r SET times = r.times + 1, ended_at = clock_timestamp() WHERE r.run_id = last.run_id;
        RETURN last.run_id;
    END IF;
    INSERT INTO feed_run (feed, state, fingerprint, result, reader, ended_at)
    SELECT f.name, 'failed', definition_is, why, by_reader, clock_timestamp() FROM feed f WHERE f.name = of_feed
    RETURNING run_id INTO made;
    RETURN made;
END $$;

SELECT webhook_watch('feed.approval_wanted', 'feed_request',
           $$SELECT 'feed_request', request_id, jsonb_build_object('request', request_id, 'feed', feed)
             FROM written WHERE NOT alone ORDER BY request_id$$),
       webhook_watch('feed.approved', 'feed_approval',
           $$SELECT 'feed_approval', a.request_id, jsonb_build_object('request', a.request_id, 'feed', r.feed)
             FROM written a JOIN feed_request r USING (request_id) WHERE NOT a.alone ORDER BY a.request_id$$);

CREATE FUNCTION webhook_feed_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell(CASE NEW.state WHEN 'refused' THEN 'feed.refused' ELSE 'feed.failed' END, jsonb_build_object(
        'feed', NEW.feed, 'run', NEW.run_id, 'campaign', (SELECT f.campaign FROM feed f WHERE f.name = NEW.feed),
        'why', NEW.result -> 'why'));
    RETURN NULL;
END $$;
CREATE TRIGGER feed_run_webhook AFTER INSERT OR UPDATE OF state ON feed_run FOR EACH ROW
    WHEN (NEW.what = 'run' AND NEW.state IN ('refused', 'failed')) EXECUTE FUNCTION webhook_feed_run();

-- Which contacts a feed brings: a whole list of it cancels those alone, and puts back those alone that it has cancelled.
ALTER TABLE contact ADD COLUMN feed text,                                   -- null: of a list
                    ADD COLUMN feed_cancelled boolean NOT NULL DEFAULT false;  -- the feed said so, or no longer had it

-- Whose numbers a feed has brought, for the checks of all that came in 30 days: a contact may have another number each day.
CREATE TABLE feed_person (
    feed      text NOT NULL REFERENCES feed,
    person_id bigint NOT NULL REFERENCES person,
    at        timestamptz NOT NULL,                -- rules time, to the day
    PRIMARY KEY (feed, person_id)
);
CREATE INDEX feed_person_person ON feed_person (person_id);

-- Whether a campaign's facts are too old to call by at `now` (rules time): its feed had no good run for longer than was approved.
CREATE FUNCTION feed_late(of_campaign text, now timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM feed f WHERE f.campaign = of_campaign AND f.state IN ('started', 'paused')
                   AND (f.fresh_until IS NULL OR f.fresh_until <= now))
$$;

-- The marks of 0078_faulty_rows.sql; none while the facts are too old.
CREATE OR REPLACE FUNCTION mark_attempts(wanted text[], by_node text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    PERFORM lock_heads(wanted);
    RETURN QUERY
    UPDATE attempt a
    SET state = 'dialling', dialled = true, marked_at = clock_timestamp(),
        rules_at = a.rules_at + (clock_timestamp() - a.claimed_at)
    FROM campaign c, contact k
    WHERE a.attempt_id = ANY(wanted) AND a.node = by_node AND a.state = 'claimed'
      AND a.lease_until > clock_timestamp() AND c.name = a.campaign AND c.state = 'running' AND NOT calling_paused()
      AND NOT feed_late(c.name, a.rules_at + (clock_timestamp() - a.claimed_at))
      AND k.contact_id = a.contact_id AND k.revision = coalesce(a.revision, k.revision) AND k.faulty_row IS NULL
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN person p ON p.person_id = m
                      JOIN suppression s ON s.number_hash = p.number_hash)
      AND NOT EXISTS (SELECT FROM group_of(head_of(a.person_id)) AS m JOIN revocation r ON r.person_id = m
                      WHERE (r.purpose IS NULL OR r.purpose = c.purpose) AND r.recorded_at >= a.claimed_at)
      AND NOT listed_since_claim(coalesce(a.number_id, a.person_id), a.claimed_at, c.purpose)
    RETURNING a.attempt_id;
END $$;
