-- Asked twice a second by every worker, so it takes no lock.
-- name: waiting
SELECT EXISTS (SELECT FROM verification_call
               WHERE state = 'waiting' AND requested_at > clock_timestamp() - interval '1 minute') AS verification,
       EXISTS (SELECT FROM call_back_check
               WHERE state = 'waiting' AND requested_at > clock_timestamp() - interval '1 minute') AS call_back,
       EXISTS (SELECT FROM rehearsal_call
               WHERE state = 'waiting' AND requested_at > clock_timestamp() - interval '1 minute') AS rehearsal,
       EXISTS (SELECT FROM agent_call
               WHERE state = 'waiting' AND requested_at > clock_timestamp() - interval '1 minute') AS agent;
