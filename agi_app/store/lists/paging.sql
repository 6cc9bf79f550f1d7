-- name: cursor_key
SELECT value FROM meta WHERE key = 'cursor_key';

-- One page of a list, the newest first. {walk}: streams of rows (at, id, hit, place), each in the order of its own index and at
-- most `walk` rows long; {detail}: what is shown of a row, from keys k. Streams that were read to that length may go on below
-- their last row; where the highest of these stands is the cut, and what lies below it is the next page's.
-- name: page
WITH walked AS MATERIALIZED (
    {walk}
), cut AS (
    SELECT at, id FROM walked WHERE place = %(walk)s ORDER BY at DESC, id DESC LIMIT 1
), hits AS (
    SELECT w.at, w.id FROM walked w
    WHERE w.hit AND NOT EXISTS (SELECT FROM cut WHERE (w.at, w.id) < (cut.at, cut.id))
    ORDER BY w.at DESC, w.id DESC LIMIT %(rows)s
), keys AS (
    SELECT at, id, false AS is_cut FROM hits UNION ALL SELECT at, id, true FROM cut
)
SELECT k.at AS key_at, k.id AS key_id, k.is_cut, {detail}
ORDER BY k.is_cut, k.at DESC, k.id DESC;

-- name: count
SELECT count(*) FILTER (WHERE hit) AS number, count(*) AS walked
FROM (SELECT hit FROM (
    {walk}
) AS w LIMIT %(walk)s) AS w;
