-- A stop that the service enters for a person whom it knows by id, without reading the number. Null: there is none.
CREATE FUNCTION enter_stop_of(person bigint, at timestamptz, reason text, actor text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT enter_stop(p.e164, NULL, enter_stop_of.at, enter_stop_of.reason, NULL, NULL, NULL, enter_stop_of.actor)
    FROM person p WHERE p.person_id = enter_stop_of.person AND p.e164 LIKE '+%'
$$;
