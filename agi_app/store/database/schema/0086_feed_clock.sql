-- The function of 0080_feeds.sql; nothing is taken of a time that is still to come, after which no other read would be taken, or
-- of one that no program can read.
CREATE OR REPLACE FUNCTION feed_hand_over(of_feed text, run_key uuid, for_run bigint, definition_is bytea, read_as_of timestamptz,
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
    IF read_as_of > clock_timestamp() + coalesce((SELECT k.start - k.anchored_at FROM sandbox_clock k), interval '0')
                    + interval '5 min' THEN
        RAISE EXCEPTION 'the clock of who reads is ahead' USING ERRCODE = 'check_violation';
    END IF;
    IF read_as_of IS NULL OR read_as_of < '1970-01-01 00:00:00+00'
       OR read_source_at NOT BETWEEN '1970-01-01 00:00:00+00' AND '9000-01-01 00:00:00+00' THEN
        RAISE EXCEPTION 'what was read has no time, or one that cannot be' USING ERRCODE = 'check_violation';
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
