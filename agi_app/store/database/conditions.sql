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
