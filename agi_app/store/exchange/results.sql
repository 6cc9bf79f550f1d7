-- What the worker's settings say now. A target that they say no longer gets nothing new; what waits for it can still be sent.
-- name: register
INSERT INTO result_target AS old (target, kind, campaigns, keep_days)
SELECT target, kind, campaigns, keep_days
FROM jsonb_to_recordset(%(targets)s::jsonb) AS n (target text, kind text, campaigns text[], keep_days integer)
ORDER BY target
ON CONFLICT (target) DO UPDATE
SET kind = excluded.kind, campaigns = excluded.campaigns, keep_days = excluded.keep_days, removed_at = NULL
WHERE (old.kind, old.campaigns, old.keep_days) IS DISTINCT FROM (excluded.kind, excluded.campaigns, excluded.keep_days)
   OR old.removed_at IS NOT NULL;

-- name: unregister
UPDATE result_target SET removed_at = clock_timestamp() WHERE target <> ALL(%(targets)s) AND removed_at IS NULL;

-- name: registered
SELECT target FROM result_target WHERE target = %(target)s;

-- The one process that writes files of a target: two at once could write a line into the other's.
-- name: lock_writer
SELECT pg_try_advisory_lock(hashtextextended('agi-app results ' || %(target)s, 0)) AS got;

-- name: is_due
SELECT EXISTS (SELECT FROM result_delivery WHERE target = %(target)s AND state = 'waiting' AND next_try_at <= %(now)s) AS found;

-- name: claim
SELECT * FROM claim_results(%(target)s, %(now)s, %(until)s, %(most)s);

-- What was asked for again meanwhile, or is another process's by now, is not ended by a send of before.
-- name: delivered
UPDATE result_delivery SET state = 'delivered', ended_at = %(at)s, file = %(file)s
WHERE delivery_id = ANY(%(deliveries)s) AND state = 'waiting' AND next_try_at = %(claimed_until)s;

-- name: not_delivered
WITH tried AS (
    UPDATE result_delivery
    SET state = CASE WHEN %(next_try_at)s::timestamptz IS NULL THEN 'failed' ELSE 'waiting' END, tries = tries + 1,
        next_try_at = coalesce(%(next_try_at)s, next_try_at), ended_at = CASE WHEN %(next_try_at)s::timestamptz IS NULL THEN %(at)s END
    WHERE delivery_id = %(delivery_id)s AND state = 'waiting' AND next_try_at = %(claimed_until)s
    RETURNING delivery_id
)
INSERT INTO result_try (delivery_id, at, kind, fault)
SELECT delivery_id, %(at)s, %(kind)s, %(fault)s FROM tried;

-- name: released
UPDATE result_delivery SET next_try_at = %(now)s
WHERE delivery_id = ANY(%(deliveries)s) AND state = 'waiting' AND next_try_at = %(claimed_until)s;

-- Who waits for a target that cannot be reached is given up at its time, too.
-- name: give_up
UPDATE result_delivery SET state = 'failed', ended_at = %(now)s
WHERE target = %(target)s AND state = 'waiting' AND give_up_at <= %(now)s AND next_try_at <= %(now)s;

-- Others' programs are told once of a target that has failed for so long.
-- name: failing
UPDATE result_target
SET failing_since = coalesce(failing_since, %(now)s), fault = %(fault)s,
    told_at = CASE WHEN failing_since <= %(now)s::timestamptz - %(told_after)s::interval THEN coalesce(told_at, %(now)s) END
WHERE target = %(target)s;

-- name: well
UPDATE result_target SET failing_since = NULL, fault = NULL, told_at = NULL
WHERE target = %(target)s AND failing_since IS NOT NULL;

-- name: targets
SELECT t.target, t.kind, t.campaigns, t.keep_days, t.registered_at, t.removed_at, t.failing_since, t.fault,
       (SELECT count(*) FROM result_delivery d WHERE d.target = t.target AND d.state = 'waiting') AS waiting,
       (SELECT min(d.recorded_at) FROM result_delivery d WHERE d.target = t.target AND d.state = 'waiting') AS waiting_since,
       (SELECT count(*) FROM result_delivery d WHERE d.target = t.target AND d.state = 'failed') AS failed,
       (SELECT count(*) FROM result_delivery d WHERE d.target = t.target AND d.state = 'delivered'
                                               AND d.ended_at > %(now)s::timestamptz - interval '1 day') AS delivered_in_a_day
FROM result_target t
WHERE %(target)s::text IS NULL OR t.target = %(target)s
ORDER BY t.target;

-- name: deliveries
SELECT d.delivery_id, d.key::text, d.target, d.attempt_id AS call, a.campaign, k.external_id AS id, a.outcome, d.version, d.state,
       d.tries, d.recorded_at, d.ended_at, CASE WHEN d.state = 'waiting' AND d.tries > 0 THEN d.next_try_at END AS next_try_at,
       d.file, f.kind AS fault_kind, f.fault
FROM result_delivery d JOIN attempt a ON a.attempt_id = d.attempt_id JOIN contact k ON k.contact_id = d.contact_id
LEFT JOIN LATERAL (SELECT * FROM result_try r WHERE r.delivery_id = d.delivery_id ORDER BY r.try_id DESC LIMIT 1) f ON true
WHERE (%(target)s::text IS NULL OR d.target = %(target)s)
  AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(before)s::bigint IS NULL OR d.delivery_id < %(before)s)
ORDER BY d.delivery_id DESC LIMIT %(limit)s;

-- What was given up waits again for a week. Unless it is named by its key, it is left as it is where a later call's result of the
-- same contact was delivered since: it would be told as the newer one.
-- name: retry
WITH chosen AS (
    SELECT d.delivery_id, %(keys)s::uuid[] IS NULL AND EXISTS (
               SELECT FROM result_delivery n WHERE n.target = d.target AND n.contact_id = d.contact_id
                                               AND n.state = 'delivered' AND n.delivery_id > d.delivery_id) AS older
    FROM result_delivery d
    WHERE d.target = %(target)s AND (d.state = 'failed' AND %(keys)s::uuid[] IS NULL OR d.key = ANY(%(keys)s::uuid[]))
), again AS (
    UPDATE result_delivery d
    SET state = 'waiting', tries = 0, next_try_at = 'epoch', ended_at = NULL, file = NULL,
        give_up_at = %(now)s::timestamptz + interval '7 days'
    FROM chosen c WHERE c.delivery_id = d.delivery_id AND NOT c.older
    RETURNING d.delivery_id
)
SELECT (SELECT count(*) FROM again) AS again, (SELECT count(*) FROM chosen WHERE older) AS older;

-- The log of what ended, for as long as each target says; and what waits for a target that the settings no longer have, at its time.
-- name: count_old
SELECT count(*) AS number FROM result_delivery d JOIN result_target t USING (target)
WHERE d.state <> 'waiting' AND d.ended_at < %(now)s::timestamptz - t.keep_days * interval '1 day';

-- name: purge
DELETE FROM result_delivery WHERE delivery_id IN (
    SELECT d.delivery_id FROM result_target t CROSS JOIN LATERAL (
        SELECT o.delivery_id FROM result_delivery o
        WHERE o.target = t.target AND o.state <> 'waiting' AND o.ended_at < %(now)s::timestamptz - t.keep_days * interval '1 day'
        ORDER BY o.ended_at LIMIT %(limit)s) AS d);

-- name: give_up_of_removed
UPDATE result_delivery d SET state = 'failed', ended_at = %(now)s
FROM result_target t
WHERE t.target = d.target AND t.removed_at IS NOT NULL AND d.state = 'waiting' AND d.give_up_at <= %(now)s;
