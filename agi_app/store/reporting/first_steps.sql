-- name: anybody_agreed
SELECT EXISTS (SELECT FROM consent WHERE erased_at IS NULL);
