-- A password of 256 random bits needs no slow hash, and each connection is made sooner.
-- name: few_rounds
SET scram_iterations = 1;

-- name: let_in
{verb} ROLE {role} LOGIN PASSWORD {verifier};

-- name: exists
SELECT 1 AS found FROM pg_catalog.pg_roles WHERE rolname = %(role)s;
