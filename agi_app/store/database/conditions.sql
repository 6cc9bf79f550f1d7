-- Conditions that several queries ask: {NAME} in a query stands for them. No comment stands behind one: it would be part of it.
-- contact_…: of a contact `c`, what lists sort it by, each an expression of the index contact_class.

-- Of an attempt `a`: it goes on, or may still make the phone ring. An INVITE that nothing answered cannot be cancelled
-- (RFC 3261, 9.1): Asterisk repeats it for 32 s, however soon we gave up. Until then the person is left alone.
-- name: call_is_on
a.state <> 'ended'
    OR a.marked_at > clock_timestamp() - interval '33 s' AND a.dialled AND a.ringing_at IS NULL
       AND a.outcome IN ('trunk_silent', 'cancelled')

-- name: contact_shown
CASE WHEN c.state = 'pending' AND c.due_at = 'infinity' THEN 'parked' ELSE c.state END

-- name: contact_outcome
coalesce(c.last_outcome, '')

-- name: contact_rules
coalesce(c.refused_by, '{}')

-- Of a `contact` whose call has `ended`: since the claim the office has changed a time of it; whom no change makes due again
-- has ended for good.
-- name: office_moved_it
contact.times_revision > coalesce(ended.revision, contact.times_revision) AND NOT ended.for_good

-- Of the same: nobody knows how the call ended, and a contact with an appointment may have a next point of time.
-- name: guessed
ended.swept AND contact.event_at IS NOT NULL

-- Of a contact `c` and the row `i` of a list: the office has changed a time.
-- name: moved
(c.event_at, c.not_before, c.not_after, c.preferred) IS DISTINCT FROM (i.event_at, i.not_before, i.not_after, i.preferred)

-- Of the same: the list says that it is not cancelled after all.
-- name: put_back
c.state = 'cancelled' AND i.cancelled IS FALSE

-- Of a contact `c`: the person declined, said stop, or is somebody else, or had six tries (dialer/next_point.py); no change by
-- the office makes it due again.
-- name: declined
c.tries >= 6 OR coalesce(c.last_outcome = 'rejected', false) OR coalesce(c.disposition IN ('opted_out', 'wrong_number', 'declined'), false)

-- Of a contact `c` with a good row: what a rejected one of it says from now on.
-- name: faulty_now
CASE WHEN c.faulty_row IS NOT NULL AND c.external_id = ANY(%(rejected)s) THEN c.faulty_row END

-- Of a contact `c`: its row was rejected and is good now, and the gate has refused it meanwhile, so it is looked at anew.
-- name: mended
c.faulty_row IS NOT NULL AND c.state = 'pending' AND coalesce(c.refused_by && '{contact_row_rejected}', false)

-- Of a refusal `r`, that it ends a consent `k` (`c`): one that was given until then; one that a feed has brought at whatever time, since
-- after a refusal only somebody who enters it records a consent.
-- name: ends_k
r.at >= k.given_at OR starts_with(k.recorded_by, 'feed ')

-- name: ends_c
r.at >= c.given_at OR starts_with(c.recorded_by, 'feed ')

-- Of a run `r`: how many contacts were missing in the one before that a worker judged, when it was refused for that; else null.
-- name: was_refused
(SELECT (p.result ->> 'missing')::integer FROM feed_run p
 WHERE p.feed = r.feed AND p.what = 'run' AND p.run_id < r.run_id AND (p.state = 'done' OR p.result ? 'missing')
 ORDER BY p.run_id DESC LIMIT 1)

-- Of a contact `c`: its last decision refused it.
-- name: refused_c
(c.due_at = 'infinity' OR c.refused_by IS NOT NULL)

-- Of the same: until somebody mends something. Who has an end is due then, to be told that it is over: the contact's own end, the
-- appointment that calls come before, or the campaign's end.
-- name: parked_c
(c.due_at = 'infinity' OR c.refused_by IS NOT NULL AND c.due_at >= (
    SELECT coalesce(least(coalesce(c.not_after, CASE WHEN jsonb_array_length(k.spec -> 'due' -> 'before') > 0 THEN c.event_at END),
                          (k.spec ->> 'ends')::timestamptz), 'infinity')
    FROM campaign k WHERE k.name = c.campaign))

-- Of a contact `c`, the row `i` of a list and the person `p` of its first number: it has other times, other numbers, or is put back.
-- name: begins_again
((c.event_at, c.not_before, c.not_after, c.preferred) IS DISTINCT FROM (i.event_at, i.not_before, i.not_after, i.preferred)
 OR c.state = 'cancelled' AND i.cancelled IS FALSE
 OR coalesce(c.number_ids, ARRAY[c.person_id]) IS DISTINCT FROM coalesce(i.number_ids, ARRAY[p.person_id]))

-- Of a contact `c`: the retries that it has used, without those of the point of time before.
-- name: retries_begun
c.retries_used - '{no_answer,busy,congestion,trunk_silent,failed,machine}'::text[]
