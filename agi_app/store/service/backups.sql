-- name: note
INSERT INTO meta (key, value) VALUES (%(key)s, %(at)s) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
