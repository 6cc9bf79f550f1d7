-- What the service (`agi-app console`) writes about people at work is of accounts that there are, and of the API.

-- A look needs an account that is enabled and has one of these roles: the service gives the name, and no other shows a number.
CREATE FUNCTION keep_look(person bigint, actor text, why text, able text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    noted bigint;
BEGIN
    IF coalesce(btrim(actor), '') = '' OR coalesce(btrim(why), '') = '' THEN
        RAISE EXCEPTION 'a look at a number needs somebody who looks and a reason' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM account a WHERE a.name = actor AND a.enabled AND a.roles && able) THEN
        RAISE EXCEPTION 'no account of this name may look at numbers' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM number_look WHERE noted_at < clock_timestamp() - interval '1 hour';
    IF (SELECT count(*) >= 300 OR count(*) FILTER (WHERE l.actor = keep_look.actor) >= 30 FROM number_look l) THEN
        RETURN NULL;
    END IF;
    INSERT INTO access_log (os_user, entered_by, command, reason, person_ids, numbers)
    VALUES (session_user, actor, 'console', why, array_remove(ARRAY[person], NULL), 1);
    INSERT INTO number_look (person_id, actor) VALUES (person, actor) RETURNING look_id INTO noted;
    RETURN noted;
END $$;

-- Of a number that who looks does not know: those who may see whole numbers.
CREATE OR REPLACE FUNCTION note_look(person bigint, actor text, why text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT keep_look(person, actor, why, ARRAY['compliance'])
$$;

-- Of a number that they give: all staff.
CREATE OR REPLACE FUNCTION note_search(number text, actor text, why text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT keep_look((SELECT p.person_id FROM person p WHERE p.e164 = number), actor, why,
                     ARRAY['viewer', 'operator', 'supervisor', 'compliance', 'admin'])
$$;

-- A note by the service says so, and it ends no action that was begun elsewhere.
CREATE FUNCTION action_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'agi_app_console' AND NEW.via <> 'api' THEN
        RAISE EXCEPTION 'the service notes what came by the API alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER action_of_service BEFORE INSERT ON action FOR EACH ROW EXECUTE FUNCTION action_of_service();

CREATE FUNCTION action_end_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'agi_app_console'
       AND NOT EXISTS (SELECT FROM action a WHERE a.action_id = NEW.action_id AND a.via = 'api') THEN
        RAISE EXCEPTION 'the service ends what came by the API alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER action_end_of_service BEFORE INSERT ON action_end FOR EACH ROW EXECUTE FUNCTION action_end_of_service();

CREATE FUNCTION access_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'agi_app_console' THEN
        NEW.os_user := session_user;  -- as `note_look` has it; what the service says of its user counts for nothing
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_of_service BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION access_of_service();
