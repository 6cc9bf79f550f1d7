-- name: add
SELECT add_ask(%(kind)s::text, %(verb)s::text, %(object)s::text, %(parameters)s::jsonb, %(account)s::text,
               %(roles)s::text[], %(scopes)s::text[], %(via)s::text, %(token)s::text, %(address)s::text,
               %(reason)s::text, %(private)s::jsonb, %(sealed)s::bytea);

-- name: of_object
SELECT k.ask_id, k.kind, k.verb, k.object, k.parameters, k.account, k.reason, k.asked_at,
       coalesce(w.state, 'waiting') AS state, w.answer, w.answered_at
FROM ask k LEFT JOIN ask_answer w USING (ask_id)
WHERE k.kind = %(kind)s AND k.object = %(object)s ORDER BY k.ask_id DESC LIMIT %(most)s;

-- name: by_id
SELECT k.ask_id, k.kind, k.verb, k.object, k.parameters, k.account, k.reason, k.asked_at,
       coalesce(w.state, 'waiting') AS state, w.answer, w.answered_at
FROM ask k LEFT JOIN ask_answer w USING (ask_id) WHERE k.ask_id = %(ask_id)s;

-- The newest of one verb that was done.
-- name: newest_done
SELECT k.ask_id, k.kind, k.verb, k.object, k.parameters, k.account, k.reason, k.asked_at, w.state, w.answer, w.answered_at
FROM ask k JOIN ask_answer w USING (ask_id)
WHERE k.kind = %(kind)s AND k.object = %(object)s AND k.verb = %(verb)s AND w.state = 'done'
ORDER BY k.ask_id DESC LIMIT 1;

-- Of each object the newest of these verbs that was done, if it is the first of them.
-- name: last_is
SELECT object FROM (
  SELECT DISTINCT ON (k.object) k.object, k.verb FROM ask k JOIN ask_answer w USING (ask_id)
  WHERE k.kind = %(kind)s AND k.verb = ANY(%(verbs)s::text[]) AND w.state = 'done'
  ORDER BY k.object, k.ask_id DESC
) AS newest WHERE verb = (%(verbs)s::text[])[1] ORDER BY object;

-- name: ends
SELECT DISTINCT ON (k.object) k.object AS attempt_id, k.account, k.reason
FROM ask k JOIN ask_answer w USING (ask_id)
WHERE k.kind = 'call' AND k.verb = 'end' AND k.object = ANY(%(attempts)s::text[]) AND w.state = 'done'
ORDER BY k.object, k.ask_id;

-- A lock for this one statement only: who is at it holds it longer.
-- name: look
SELECT k.ask_id, k.kind, k.verb, k.object, k.parameters, k.account, k.scopes, k.via, k.token, k.address, k.reason,
       k.asked_at, o.private, o.sealed
FROM open_ask o JOIN ask k USING (ask_id)
WHERE o.ask_id > %(after)s AND o.private->'left' IS NULL
  AND (%(only)s::text[] IS NULL OR k.kind || ' ' || k.verb = ANY(%(only)s::text[]))
  AND NOT k.kind || ' ' || k.verb = ANY(%(but)s::text[])
ORDER BY o.ask_id LIMIT 1 FOR UPDATE OF o SKIP LOCKED;

-- name: take
SELECT ask_id FROM open_ask WHERE ask_id = %(ask_id)s AND private->'left' IS NULL FOR UPDATE SKIP LOCKED;

-- name: answer
INSERT INTO ask_answer (ask_id, state, answer, node) VALUES (%(ask_id)s, %(state)s, %(answer)s::jsonb, %(node)s);

-- An ask that is answered, and whose rest is still to be done: what of, and nothing that was private or sealed.
-- name: leave
UPDATE open_ask SET private = jsonb_build_object('left', %(left)s::jsonb), sealed = NULL WHERE ask_id = %(ask_id)s;

-- Without an answer it is not one that a worker left.
-- name: left
SELECT o.ask_id, k.kind, k.verb, o.private->'left' AS left
FROM open_ask o JOIN ask k USING (ask_id) JOIN ask_answer w USING (ask_id)
WHERE o.ask_id > %(after)s AND o.private->'left' IS NOT NULL ORDER BY o.ask_id LIMIT 1;

-- name: is_open
SELECT EXISTS (SELECT FROM open_ask WHERE ask_id = %(ask_id)s);

-- name: close
DELETE FROM open_ask WHERE ask_id = %(ask_id)s;
