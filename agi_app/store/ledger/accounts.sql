-- name: of_os_user
SELECT name, os_user, roles, enabled, language, has_credential, has_second_factor, created_at,
       (SELECT count(*) FROM passkey k WHERE k.account = account.name)::integer AS passkeys
FROM account WHERE os_user = %(os_user)s;

-- name: of_name
SELECT name, os_user, roles, enabled, language, has_credential, has_second_factor, created_at,
       (SELECT count(*) FROM passkey k WHERE k.account = account.name)::integer AS passkeys
FROM account WHERE name = %(name)s;

-- name: all_accounts
SELECT name, os_user, roles, enabled, language, has_credential, has_second_factor, created_at,
       (SELECT count(*) FROM passkey k WHERE k.account = account.name)::integer AS passkeys
FROM account ORDER BY name;

-- The first of all; of two who come at once one is.
-- name: add_first
INSERT INTO account (name, os_user, roles)
SELECT %(name)s, %(os_user)s, %(roles)s WHERE NOT EXISTS (SELECT FROM account)
ON CONFLICT DO NOTHING;

-- name: add
INSERT INTO account (name, os_user, roles, language)
VALUES (%(name)s, %(os_user)s, %(roles)s, %(language)s)
ON CONFLICT DO NOTHING RETURNING name;

-- name: change
UPDATE account SET os_user = %(os_user)s, roles = %(roles)s, enabled = %(enabled)s, language = %(language)s
WHERE name = %(name)s RETURNING name;

-- name: lock_admins
SELECT name FROM account WHERE enabled AND 'admin' = ANY(roles) AND os_user IS NOT NULL ORDER BY name FOR UPDATE;

-- name: set_credential
UPDATE account SET credential = %(credential)s WHERE name = %(name)s RETURNING name;

-- name: remove_second_factor
WITH codes AS (DELETE FROM recovery_code WHERE account = %(name)s),
     keys AS (DELETE FROM passkey WHERE account = %(name)s RETURNING account),
     factor AS (UPDATE account SET totp = NULL, totp_step = 0 WHERE name = %(name)s AND totp IS NOT NULL RETURNING name)
SELECT name FROM factor UNION SELECT account FROM keys;

-- name: credential
SELECT credential FROM account WHERE name = %(name)s AND enabled;

-- name: enabled
SELECT name FROM account WHERE enabled ORDER BY name;
