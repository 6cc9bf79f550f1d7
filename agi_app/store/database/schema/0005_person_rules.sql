-- What the gate reads: persons with several numbers, do-not-call lists of others, and all that is needed to make
-- a decision a second time.
-- Append-only tables of this file, each with an identity key: external_list, ruleset, campaign_version.

-- A row of person is one number. Numbers of the same person share a head: the row whose same_as is null. The
-- head's row is what is locked; caps, gaps and stops hold for all rows of the group.
ALTER TABLE person
    ADD COLUMN same_as    bigint REFERENCES person CHECK (same_as <> person_id),  -- the head, never a row below it
    ADD COLUMN person_key text;                    -- the operator's own id of the person
CREATE INDEX person_group ON person (same_as) WHERE same_as IS NOT NULL;

-- Every id that the operator gave, also a second one for a number; any row of the group. Two ids at one number
-- make one person of both.
CREATE TABLE person_key (
    person_key text PRIMARY KEY,
    person_id  bigint NOT NULL REFERENCES person
);
CREATE INDEX person_key_person ON person_key (person_id);

CREATE FUNCTION head_of(wanted bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(same_as, person_id) FROM person WHERE person_id = wanted
$$;

-- The head and every other row of its group.
CREATE FUNCTION group_of(head bigint) RETURNS SETOF bigint LANGUAGE sql STABLE ROWS 2 AS $$
    SELECT head UNION ALL SELECT person_id FROM person WHERE same_as = head
$$;

-- person_id is the head as it was at the claim: attempts of a group are those of any of its rows.
ALTER TABLE attempt ADD COLUMN number_id bigint REFERENCES person;  -- the row that was dialled; null: person_id

-- One row an import of a list that others keep (a national register): the newest of a name is in force.
CREATE TABLE external_list (
    list_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    region      text NOT NULL,
    as_of       date NOT NULL,                     -- the day of the list itself
    "by"        text NOT NULL,
    sha256      text NOT NULL,                     -- of the file, in hex
    entries     bigint NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX external_list_name ON external_list (name, list_id DESC);
CREATE TRIGGER external_list_append_only BEFORE UPDATE OR DELETE ON external_list
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER external_list_no_truncate BEFORE TRUNCATE ON external_list EXECUTE FUNCTION refuse_change();

-- Entries of the lists in force only: an import takes the place of the one before.
CREATE TABLE external_list_entry (
    number_hash bytea NOT NULL,                    -- keyed, as in person and suppression
    list_id     bigint NOT NULL,
    PRIMARY KEY (number_hash, list_id)
);

-- The text of the rules and campaigns that decisions were made by.
CREATE TABLE ruleset (
    ruleset_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version       text NOT NULL UNIQUE,
    files         jsonb NOT NULL,                  -- name -> text
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER ruleset_append_only BEFORE UPDATE OR DELETE ON ruleset
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ruleset_no_truncate BEFORE TRUNCATE ON ruleset EXECUTE FUNCTION refuse_change();

CREATE TABLE campaign_version (
    campaign_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version             text NOT NULL UNIQUE,
    campaign            text NOT NULL,
    spec                text NOT NULL,             -- as it was judged by, to the byte
    first_used_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER campaign_version_append_only BEFORE UPDATE OR DELETE ON campaign_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER campaign_version_no_truncate BEFORE TRUNCATE ON campaign_version EXECUTE FUNCTION refuse_change();

-- Null: made before this migration, or about a verification call; such a decision cannot be made again.
ALTER TABLE decision ADD COLUMN campaign_version text;

-- Locks the head of a person (a row of any of its numbers) and returns it; null: there is no such person. Two
-- persons may be joined between the look at the head and its lock, so it looks until what it locked is a head.
CREATE FUNCTION lock_head(wanted bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head bigint;
BEGIN
    LOOP
        SELECT h.person_id INTO head
        FROM person p JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
        WHERE p.person_id = wanted AND h.same_as IS NULL
        FOR NO KEY UPDATE OF h;
        EXIT WHEN FOUND OR NOT EXISTS (SELECT FROM person WHERE person_id = wanted);
    END LOOP;
    RETURN head;
END $$;

-- The function of 0004_mark.sql, for persons with several numbers.
CREATE OR REPLACE FUNCTION mark_attempt(wanted text, by_node text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head    bigint := lock_head((SELECT person_id FROM attempt WHERE attempt_id = wanted));
    members bigint[] := ARRAY(SELECT m FROM group_of(head) AS m);
BEGIN
    UPDATE attempt a
    SET state = 'dialling', dialled = true, marked_at = clock_timestamp(),
        rules_at = a.rules_at + (clock_timestamp() - a.claimed_at)
    WHERE a.attempt_id = wanted AND a.node = by_node AND a.state = 'claimed'
      AND a.lease_until > clock_timestamp()
      AND EXISTS (SELECT FROM campaign c WHERE c.name = a.campaign AND c.state = 'running')
      AND NOT EXISTS (SELECT FROM person p JOIN suppression s ON s.number_hash = p.number_hash
                      WHERE p.person_id = ANY(members))
      AND NOT EXISTS (SELECT FROM revocation r JOIN campaign c ON c.name = a.campaign
                      WHERE r.person_id = ANY(members) AND (r.purpose IS NULL OR r.purpose = c.purpose)
                        AND r.recorded_at >= a.claimed_at);
    RETURN FOUND;
END $$;
