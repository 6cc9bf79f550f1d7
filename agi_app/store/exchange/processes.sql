-- name: beat
INSERT INTO exchange_process (process, seen_at, faults) VALUES (%(process)s, clock_timestamp(), %(faults)s::jsonb)
ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at, faults = excluded.faults;

-- name: sign_off
DELETE FROM exchange_process WHERE process = %(process)s OR seen_at < clock_timestamp() - interval '1 day';

-- name: alive
SELECT process, seen_at, faults FROM exchange_process WHERE seen_at > clock_timestamp() - %(alive)s::interval
ORDER BY process;
