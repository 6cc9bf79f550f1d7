-- name: begin
INSERT INTO import_file (kind, name, sha256, rows, rejected, about, account, os_user, at)
VALUES (%(kind)s, %(name)s, %(sha256)s, %(rows)s, %(rejected)s, %(about)s, %(account)s, %(os_user)s, %(at)s)
RETURNING import_id;

-- The same, with where a list comes from that was made from another campaign's.
-- name: begin_follow_up
WITH begun AS (
    INSERT INTO import_file (kind, name, sha256, rows, rejected, about, account, os_user, at)
    VALUES (%(kind)s, %(name)s, %(sha256)s, %(rows)s, %(rejected)s, %(about)s, %(account)s, %(os_user)s, %(at)s)
    RETURNING import_id
)
INSERT INTO follow_up (import_id, from_campaign, condition, matched, left_out)
SELECT import_id, %(from_campaign)s, %(condition)s, %(matched)s, %(left_out)s::jsonb FROM begun
RETURNING import_id;

-- name: stored
INSERT INTO import_stored (import_id, added, updated, unchanged, consents, finished)
VALUES (%(import_id)s, %(added)s, %(updated)s, %(unchanged)s, %(consents)s::int8multirange, %(finished)s);

-- name: listed
SELECT f.import_id, f.kind, f.name, encode(f.sha256, 'hex') AS sha256, f.about, f.at, f.account, f.os_user, f.rows,
       f.rejected, coalesce(sum(s.added), 0)::bigint AS added, coalesce(sum(s.updated), 0)::bigint AS updated,
       coalesce(sum(s.unchanged), 0)::bigint AS unchanged, coalesce(bool_or(s.finished), false) AS finished,
       u.from_campaign, u.condition
FROM import_file f LEFT JOIN import_stored s USING (import_id) LEFT JOIN follow_up u USING (import_id)
WHERE f.import_id > %(after)s AND f.at >= %(since)s AND f.at < %(until)s
  AND (%(kinds)s::text[] IS NULL OR f.kind = ANY(%(kinds)s))
GROUP BY f.import_id, u.import_id ORDER BY f.import_id LIMIT %(limit)s;
