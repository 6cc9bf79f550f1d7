-- name: add
INSERT INTO calling_pause (at, paused, reason, entered_by) VALUES (%(at)s, %(paused)s, %(reason)s, %(entered_by)s);

-- By the service, which may not write into the table: a pause only, never its end.
-- name: pause_by_service
SELECT pause_everything(%(at)s, %(reason)s, %(entered_by)s);

-- name: newest
SELECT at, paused, reason, entered_by, recorded_at FROM calling_pause ORDER BY pause_id DESC LIMIT 1;
