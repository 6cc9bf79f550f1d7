-- name: add
INSERT INTO access_log (os_user, entered_by, command, reason, person_ids, numbers)
VALUES (%(os_user)s, %(entered_by)s, %(command)s, %(reason)s, %(person_ids)s, %(numbers)s);
