-- A refusal with via = 'wrong number' is no stop of a person: whoever answers that number is not the one who agreed. It
-- ends the consents for this very number alone; the person may have others, and a consent given later counts.
-- (`mark_attempts` asks no such thing: a claim that any refusal of the person overtook is judged again.)
CREATE FUNCTION binds(via text, refused_number bigint, number bigint) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN via <> 'wrong number' OR refused_number = number;
