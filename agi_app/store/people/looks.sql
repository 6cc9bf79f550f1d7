-- name: note_look
SELECT note_look(%(person_id)s::bigint, %(actor)s::text, %(reason)s::text);

-- name: note_search
SELECT note_search(%(number)s::text, %(actor)s::text, %(reason)s::text);

-- name: looked_at
SELECT person_id, e164 FROM looked_at(%(look)s::bigint);
