-- The same with what the person said of it: how, by which way, and of which purpose alone.
CREATE FUNCTION enter_stop_of(person bigint, purpose text, at timestamptz, reason text, method text, source text,
                              evidence text, actor text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT enter_stop(p.e164, enter_stop_of.purpose, enter_stop_of.at, enter_stop_of.reason, enter_stop_of.method,
                      enter_stop_of.source, enter_stop_of.evidence, enter_stop_of.actor)
    FROM person p WHERE p.person_id = enter_stop_of.person AND p.e164 LIKE '+%'
$$;
