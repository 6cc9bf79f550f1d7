-- Who is meant by what the agent wrote: a contact's own id, else a number.
-- name: find
SELECT c.contact_id, c.external_id
FROM contact c JOIN person p USING (person_id)
WHERE c.campaign = %(campaign)s AND (c.external_id = %(wanted)s OR p.e164 = %(e164)s)
ORDER BY c.external_id <> %(wanted)s, c.contact_id
LIMIT 3;

-- name: is_of
SELECT EXISTS (SELECT FROM contact WHERE contact_id = %(contact_id)s AND campaign = %(campaign)s);

-- name: request
INSERT INTO agent_call (campaign, contact_id, destination, entered_by)
VALUES (%(campaign)s, %(contact_id)s, %(destination)s, %(entered_by)s)
RETURNING agent_call_id;

-- One worker gets it; who cannot ring that agent, or does not dial that campaign, leaves it to the others.
-- name: take
UPDATE agent_call SET state = 'ringing', node = %(node)s
WHERE agent_call_id = (SELECT agent_call_id FROM agent_call
                       WHERE state = 'waiting' AND requested_at > clock_timestamp() - %(patience)s::interval
                         AND destination = ANY(%(destinations)s) AND campaign = ANY(%(campaigns)s)
                       ORDER BY agent_call_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING agent_call_id, campaign, contact_id, destination;

-- name: tell
UPDATE agent_call SET progress = %(progress)s::jsonb, rang_at = %(rang_at)s, answered_at = %(answered_at)s,
    attempt_id = coalesce((SELECT attempt_id FROM attempt WHERE attempt_id = %(attempt_id)s), agent_call.attempt_id)
WHERE agent_call_id = %(agent_call_id)s AND state = 'ringing';

-- name: finish
UPDATE agent_call
SET state = 'ended', result = %(result)s, note = %(note)s, progress = %(progress)s::jsonb, rang_at = %(rang_at)s,
    answered_at = %(answered_at)s, ended_at = clock_timestamp(),
    attempt_id = coalesce((SELECT attempt_id FROM attempt WHERE attempt_id = %(attempt_id)s), agent_call.attempt_id)
WHERE agent_call_id = %(agent_call_id)s AND state <> 'ended';

-- A worker that starts ends what its dead self had on, whose calls it has hung up already, and what another one left.
-- name: end_left
UPDATE agent_call SET state = 'ended', result = 'interrupted', note = 'its worker ended', ended_at = clock_timestamp()
WHERE state = 'ringing' AND (node = %(node)s OR requested_at < clock_timestamp() - interval '6 hours');

-- name: give_up
UPDATE agent_call SET state = 'ended', result = 'expired', ended_at = clock_timestamp()
WHERE agent_call_id = %(request_id)s AND state = 'waiting';

-- name: status
SELECT state, result, note, progress FROM agent_call WHERE agent_call_id = %(request_id)s;

-- name: of_campaign
SELECT k.agent_call_id, c.external_id, k.destination, k.entered_by, k.requested_at, k.rang_at, k.answered_at, k.ended_at,
       k.result, k.note, k.attempt_id
FROM agent_call k JOIN contact c USING (contact_id)
WHERE k.campaign = %(campaign)s
ORDER BY k.agent_call_id;

-- Locks one contact with the head of its person, whatever it is due for; nobody when a call to that person is on, or
-- may still ring somewhere, or somebody else has the lock.
-- name: lock_one
SELECT c.contact_id, h.person_id AS head, c.state
FROM contact c JOIN person p ON p.person_id = c.person_id
JOIN person h ON h.person_id = coalesce(p.same_as, p.person_id)
WHERE c.contact_id = %(contact_id)s AND c.campaign = %(campaign)s AND c.state <> 'claimed' AND h.same_as IS NULL
  AND NOT EXISTS (SELECT FROM group_of(h.person_id) AS m JOIN attempt a ON a.person_id = m
                  WHERE {call_is_on})
FOR NO KEY UPDATE OF c, h SKIP LOCKED;

-- Facts are read of waiting contacts only; what is settled then says what it becomes.
-- name: set_state
UPDATE contact SET state = %(state)s WHERE contact_id = %(contact_id)s AND state <> %(state)s;
