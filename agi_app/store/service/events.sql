-- name: after
SELECT leaf, kind, row_id FROM audit_leaf WHERE leaf > %(after)s ORDER BY leaf LIMIT %(limit)s;

-- name: newest
SELECT coalesce(max(leaf), -1) AS leaf FROM audit_leaf;
