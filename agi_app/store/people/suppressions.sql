-- name: own_list
SELECT count(*) AS entries, max(recorded_at) AS newest FROM suppression;
