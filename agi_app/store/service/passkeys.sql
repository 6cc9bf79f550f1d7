-- name: of_account
SELECT passkey_id, name, rp_id, made_at, used_at FROM passkey WHERE account = %(account)s ORDER BY passkey_id;

-- name: key_of
SELECT algorithm, public_key FROM passkey WHERE credential_id = %(credential_id)s;

-- name: has_one
SELECT EXISTS (SELECT FROM passkey WHERE account = %(account)s AND rp_id = %(rp_id)s);

-- name: begin_sign_in
SELECT result, wait_s, challenge FROM begin_passkey_sign_in(%(browser)s, %(address)s);

-- name: sign_in
SELECT result, wait_s, named
FROM sign_in_by_passkey(%(credential_id)s, %(handle)s, %(client_data)s, %(authenticator_data)s, %(signature)s, %(origin)s, %(known)s,
                        %(browser)s, %(address)s, %(session_id)s, %(sha256)s, %(browser_name)s);

-- name: begin_proof
SELECT result, wait_s, challenge, known_ids FROM begin_passkey_proof(%(session_id)s, %(rp_id)s, %(address)s);

-- name: prove
SELECT result, wait_s
FROM prove_by_passkey(%(session_id)s, %(credential_id)s, %(handle)s, %(client_data)s, %(authenticator_data)s, %(signature)s, %(origin)s,
                      %(known)s, %(address)s);

-- name: begin
SELECT result, wait_s, totp, challenge, handle, known_ids
FROM begin_passkey(%(session_id)s, %(derived)s, %(address)s, %(code_step)s, %(recovery)s);

-- name: add
SELECT add_passkey(%(session_id)s, %(client_data)s, %(origin)s, %(rp_id)s, %(credential_id)s, %(algorithm)s, %(public_key)s,
                   %(counter)s, %(name)s);

-- name: remove
SELECT result, wait_s, totp
FROM remove_passkey(%(session_id)s, %(derived)s, %(address)s, %(code_step)s, %(recovery)s, %(passkey_id)s);
