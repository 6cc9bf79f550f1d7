-- What the tree holds of a row. Each of these lists its columns: a column that is added later must not change what a
-- leaf was made of. Functions are named with their schema, so that nobody who can write to the database puts
-- others of the same name in front of them. The queries further down take one of these in the place of {rows}.
-- name: rows_person
SELECT 'person' AS entry, person_id AS id, e164 AS number, pg_catalog.encode(number_hash, 'hex') AS number_hash,
       created_at AS recorded_at
FROM person

-- name: rows_wording
SELECT 'wording' AS entry, wording_id AS id, name, version, language, text, pg_catalog.encode(sha256, 'hex') AS sha256,
       entered_by, recorded_at
FROM wording

-- name: rows_consent
SELECT 'consent' AS entry, consent_id AS id, person_id, purpose, wording_id, seller, method, given_at, source, language,
       evidence, pg_catalog.encode(evidence_sha256, 'hex') AS evidence_sha256, evidence_file, expires_at, entered_by,
       recorded_by, recorded_at
FROM consent

-- name: rows_revocation
SELECT 'revocation' AS entry, revocation_id AS id, person_id, purpose, at, reason, via, method, source, evidence,
       pg_catalog.encode(evidence_sha256, 'hex') AS evidence_sha256, evidence_file, entered_by, recorded_at
FROM revocation

-- name: rows_suppression
SELECT 'suppression' AS entry, suppression_id AS id, pg_catalog.encode(number_hash, 'hex') AS number_hash, at, reason,
       via, recorded_at
FROM suppression

-- name: rows_caller_id_proof
SELECT 'caller_id_proof' AS entry, proof_id AS id, e164 AS number, kind, evidence_file, sha256, entered_by, proved_at,
       expires_at, recorded_at
FROM caller_id_proof

-- name: rows_decision
SELECT 'decision' AS entry, decision_id AS id, contact_id, person_id, campaign, allowed, rules, reasons, inputs,
       ruleset_version, campaign_version, decided_at, clock, recorded_at
FROM decision

-- name: rows_result
SELECT 'result' AS entry, result_id AS id, attempt_id, person_id, record, recorded_at
FROM result

-- name: rows_erasure
SELECT 'erasure' AS entry, erasure_id AS id, at, kind, person_id, erased, reason, entered_by,
       pg_catalog.encode(signature, 'hex') AS signature, at AS recorded_at
FROM erasure

-- name: rows_access
SELECT 'access' AS entry, access_id AS id, at, os_user, entered_by, command, reason, person_ids, numbers,
       at AS recorded_at
FROM access_log

-- name: rows_external_list
SELECT 'external_list' AS entry, list_id AS id, name, region, as_of, "by", sha256, entries, imported_at AS recorded_at
FROM external_list

-- name: rows_ruleset
SELECT 'ruleset' AS entry, ruleset_id AS id, version, files, first_used_at AS recorded_at
FROM ruleset

-- name: rows_campaign_version
SELECT 'campaign_version' AS entry, campaign_version_id AS id, version, campaign, spec, first_used_at AS recorded_at
FROM campaign_version

-- name: rows_line_call
SELECT 'line_call' AS entry, line_call_id AS id, call_id, line, called,
       pg_catalog.encode(caller_hash, 'hex') AS caller_hash, node, result, note, language, disposition, began_at,
       answered_at, ended_at, recorded_at
FROM line_call

-- name: rows_line_stop
SELECT 'line_stop' AS entry, line_stop_id AS id, call_id, pg_catalog.encode(number_hash, 'hex') AS number_hash, how, at,
       recorded_at
FROM line_stop

-- name: rows_complaint
SELECT 'complaint' AS entry, complaint_id AS id, kind, person_id, region, received_at, due_at, ruleset_version, source,
       campaign, text, details, pg_catalog.encode(evidence_sha256, 'hex') AS evidence_sha256, evidence_file, entered_by,
       recorded_at
FROM complaint

-- name: rows_complaint_note
SELECT 'complaint_note' AS entry, note_id AS id, complaint_id, at, state, text, entered_by, recorded_at
FROM complaint_note

-- name: rows_guard_change
SELECT 'guard_change' AS entry, change_id AS id, at, what, pg_catalog.encode(number_hash, 'hex') AS number_hash, pattern,
       details, entered_by, recorded_at
FROM guard_change

-- name: rows_database_fact
SELECT 'database_fact' AS entry, fact_id AS id, name, value, recorded_at
FROM database_fact

-- name: rows_person_link
SELECT 'person_link' AS entry, link_id AS id, moved, onto, recorded_at
FROM person_link

-- name: rows_phone_proof
SELECT 'phone_proof' AS entry, phone_proof_id AS id, person_id, verification_id, proved_until, entered_by, recorded_at
FROM phone_proof

-- name: rows_list_digest
SELECT 'list_digest' AS entry, digest_id AS id, list_id, pg_catalog.encode(digest, 'hex') AS digest, recorded_at
FROM list_digest

-- name: rows_calling_pause
SELECT 'calling_pause' AS entry, pause_id AS id, at, paused, reason, entered_by, recorded_at
FROM calling_pause

-- name: rows_import_file
SELECT 'import_file' AS entry, import_id AS id, kind, name, pg_catalog.encode(sha256, 'hex') AS sha256, rows, rejected, about,
       account, os_user, at, recorded_at
FROM import_file

-- name: rows_import_stored
SELECT 'import_stored' AS entry, stored_id AS id, import_id, added, updated, unchanged, consents::text AS consents, finished,
       recorded_at
FROM import_stored

-- name: rows_follow_up
SELECT 'follow_up' AS entry, import_id AS id, from_campaign, condition, matched, left_out, recorded_at
FROM follow_up

-- name: rows_start_request
SELECT 'start_request' AS entry, request_id AS id, campaign, why, contacts, pg_catalog.encode(fingerprint, 'hex') AS fingerprint,
       asked_by, alone, asked_at AS recorded_at
FROM start_request

-- name: rows_approval
SELECT 'approval' AS entry, request_id AS id, asked_by, approved_by, roles, alone, approved_at AS recorded_at
FROM approval

-- name: rows_feed_request
SELECT 'feed_request' AS entry, request_id AS id, feed, definition, pg_catalog.encode(fingerprint, 'hex') AS fingerprint, asked_by, alone,
       asked_at AS recorded_at
FROM feed_request

-- name: rows_feed_approval
SELECT 'feed_approval' AS entry, request_id AS id, asked_by, approved_by, roles, alone, approved_at AS recorded_at
FROM feed_approval

-- name: rows_ask
SELECT 'ask' AS entry, ask_id AS id, kind, verb, object, account, roles, scopes, via, token, address, reason,
       asked_at AS recorded_at
FROM ask

-- name: rows_ask_answer
SELECT 'ask_answer' AS entry, ask_id AS id, state, node, answered_at AS recorded_at
FROM ask_answer

-- name: rows_action
SELECT 'action' AS entry, action_id AS id, account, roles, via, os_user, address, token, verb, object,
       pg_catalog.encode(before, 'hex') AS before, reason, recorded_at
FROM action

-- name: rows_action_end
SELECT 'action_end' AS entry, action_id AS id, done, fault, pg_catalog.encode(after, 'hex') AS after, recorded_at
FROM action_end

-- name: lock_sequencer
SELECT pg_try_advisory_lock(hashtextextended('agi-app audit sequencer', 0)) AS got;

-- Some queued rows, the oldest first: as many as make up about %(most)s ids. Rows of a kind that we do not know stay.
-- name: take_queued
WITH oldest AS (
    SELECT queue_id, sum(cardinality(ids)) OVER (ORDER BY queue_id) - cardinality(ids) AS before
    FROM (SELECT queue_id, ids FROM audit_queue WHERE kind = ANY(%(kinds)s) ORDER BY queue_id LIMIT %(most)s) q
), taken AS (
    DELETE FROM audit_queue USING oldest
    WHERE audit_queue.queue_id = oldest.queue_id AND oldest.before < %(most)s
    RETURNING kind, ids
)
SELECT kind, array_agg(id ORDER BY id) AS ids FROM taken, unnest(ids) AS id GROUP BY kind ORDER BY kind;

-- What nobody takes from the queue.
-- name: set_aside
SELECT kind, sum(cardinality(ids))::bigint AS rows, min(ids[1]) AS one FROM audit_queue
WHERE kind <> ALL(%(kinds)s) GROUP BY kind ORDER BY kind LIMIT 5;

-- Queued rows that are not there any more: nothing of ours takes a row away, so they stay in the queue by this name.
-- name: keep_gone
INSERT INTO audit_queue (kind, ids)
SELECT %(gone)s, array_agg(w.id) FROM unnest(%(ids)s::bigint[]) AS w (id)
WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.kind = %(kind)s AND l.row_id = w.id) HAVING count(*) > 0;

-- A lost sign of life is only an older one, so nobody waits for the disk.
-- name: beat
WITH soon AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO audit_beat AS b (at, size, signature) SELECT %(at)s, %(size)s, %(signature)s FROM soon
ON CONFLICT (only_row) DO UPDATE SET at = excluded.at, size = excluded.size, signature = excluded.signature;

-- name: last_beat
SELECT at, size, signature FROM audit_beat;

-- Nonces: 16 random bytes a row, one after another.
-- name: seal
WITH chosen AS (
    SELECT x.id, row_number() OVER (ORDER BY x.id) AS place,
           pg_catalog.convert_to(pg_catalog.to_jsonb(x)::text, 'UTF8') AS payload
    FROM ({rows}) x WHERE x.id = ANY(%(ids)s)
), salted AS (
    SELECT id, place, payload, substring(%(nonces)s::bytea FROM (place * 16 - 15)::integer FOR 16) AS nonce FROM chosen
), leaves AS (
    INSERT INTO audit_leaf (leaf, kind, row_id, nonce, hash)
    SELECT %(first)s + place - 1, %(kind)s, id, nonce, pg_catalog.sha256('\x00'::bytea || nonce || payload)
    FROM salted
    RETURNING leaf, hash
)
SELECT coalesce(string_agg(hash, ''::bytea ORDER BY leaf), ''::bytea) AS hashes FROM leaves;

-- name: add_nodes
INSERT INTO audit_node (level, n, hash)
SELECT * FROM unnest(%(levels)s::smallint[], %(ns)s::bigint[], %(hashes)s::bytea[]);

-- name: add_checkpoint
INSERT INTO audit_checkpoint (size, note) VALUES (%(size)s, %(note)s) ON CONFLICT (size) DO NOTHING;

-- name: checkpoints
SELECT note FROM audit_checkpoint ORDER BY size;

-- name: last_checkpoint
SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1;

-- name: size
SELECT coalesce(max(leaf) + 1, 0) AS leaves,
       (SELECT coalesce(sum(cardinality(ids)), 0)::bigint FROM audit_queue) AS queued
FROM audit_leaf;

-- name: leaf_of
SELECT leaf, hash FROM audit_leaf WHERE kind = %(kind)s AND row_id = %(row_id)s;

-- name: leaf_hashes
SELECT coalesce(string_agg(hash, ''::bytea ORDER BY leaf), ''::bytea) AS hashes, count(*) AS found
FROM audit_leaf WHERE leaf >= %(start)s AND leaf < %(end)s;

-- name: node_hashes
SELECT coalesce(string_agg(hash, ''::bytea ORDER BY n), ''::bytea) AS hashes, count(*) AS found
FROM audit_node WHERE level = %(level)s AND n >= %(start)s AND n < %(end)s;

-- name: missing_leaves
SELECT g.leaf FROM generate_series(%(start)s::bigint, %(end)s::bigint - 1) AS g (leaf)
WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.leaf = g.leaf)
ORDER BY g.leaf LIMIT 20;

-- name: leaves_of
SELECT leaf, kind, row_id FROM audit_leaf WHERE leaf >= %(start)s AND leaf < %(end)s ORDER BY leaf;

-- Everything is looked at in one snapshot, however long it takes.
-- name: begin_verify
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0;

-- Leaves with the rows that they were made of; whether these fit is not judged here. A time that no program can read
-- (infinity) is told as another one.
-- name: leaves_with_rows
SELECT l.leaf, l.row_id, l.nonce, l.hash, greatest('0002-01-01', least(x.recorded_at, '9998-01-01')) AS recorded_at,
       pg_catalog.to_jsonb(x)::text AS payload
FROM audit_leaf l LEFT JOIN ({rows}) x ON x.id = l.row_id
WHERE l.kind = %(kind)s AND l.leaf >= %(start)s AND l.leaf < %(end)s
ORDER BY l.leaf;

-- Rows without a leaf that nobody queued.
-- name: unsealed
SELECT x.id FROM ({rows}) x
WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.kind = %(kind)s AND l.row_id = x.id)
  AND x.id NOT IN (SELECT unnest(ids) FROM audit_queue WHERE kind = %(kind)s)
ORDER BY x.id LIMIT 20;

-- Attempts that do not say what their last result says.
-- name: false_attempts
WITH last AS MATERIALIZED (
    SELECT DISTINCT ON (attempt_id) attempt_id, result_id, record FROM result ORDER BY attempt_id, result_id DESC
)
SELECT coalesce(a.attempt_id, r.attempt_id) AS attempt_id, r.result_id, l.leaf
FROM (SELECT * FROM attempt WHERE state = 'ended') a
FULL JOIN last r ON r.attempt_id = a.attempt_id
LEFT JOIN audit_leaf l ON l.kind = 'result' AND l.row_id = r.result_id
WHERE a.attempt_id IS NULL OR r.attempt_id IS NULL
   OR NOT pg_catalog.to_jsonb(a) @> r.record OR a.answers <> r.record -> 'answers'
ORDER BY 1 LIMIT 20;

-- name: erasures
SELECT erasure_id, greatest('0002-01-01', least(at, '9998-01-01')) AS at, kind, person_id, erased, reason, entered_by, signature FROM erasure ORDER BY erasure_id;

-- What rows say now, also those without a leaf.
-- name: payloads
SELECT x.id, pg_catalog.to_jsonb(x)::text AS payload FROM ({rows}) x WHERE x.id = ANY(%(ids)s);

-- name: entries
SELECT l.leaf, l.kind, l.row_id, l.nonce, pg_catalog.to_jsonb(x)::text AS payload
FROM audit_leaf l JOIN ({rows}) x ON x.id = l.row_id
WHERE l.kind = %(kind)s AND l.row_id = ANY(%(ids)s) AND l.nonce IS NOT NULL AND l.leaf < %(size)s
ORDER BY l.leaf;

-- name: kinds_of
SELECT DISTINCT kind FROM audit_leaf WHERE leaf >= %(start)s AND leaf < %(end)s ORDER BY kind;

-- Every number of the person whose number this is.
-- name: persons_of
SELECT person_id FROM person WHERE coalesce(same_as, person_id) = (SELECT coalesce(same_as, person_id) FROM person WHERE e164 = %(number)s)
ORDER BY person_id;

-- Which rows of each kind are about these persons.
-- name: of_person
SELECT person_id AS id FROM person WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_wording
SELECT DISTINCT wording_id AS id FROM consent WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_consent
SELECT consent_id AS id FROM consent WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_revocation
SELECT revocation_id AS id FROM revocation WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_suppression
SELECT s.suppression_id AS id FROM suppression s JOIN person p USING (number_hash)
WHERE p.person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_line_call
SELECT c.line_call_id AS id FROM line_call c JOIN person p ON p.number_hash = c.caller_hash
WHERE p.person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_line_stop
SELECT s.line_stop_id AS id FROM line_stop s JOIN person p USING (number_hash)
WHERE p.person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_complaint
SELECT complaint_id AS id FROM complaint WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_complaint_note
SELECT note_id AS id FROM complaint_note JOIN complaint USING (complaint_id)
WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_decision
SELECT decision_id AS id FROM decision WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- name: of_result
SELECT result_id AS id FROM result WHERE person_id = ANY(%(persons)s) ORDER BY id;

-- The campaign's people, with all numbers of each; it takes the place of {people} in the conditions that follow, which
-- say what rows of each kind an export of one campaign has.
-- name: people_of_campaign
SELECT p.person_id FROM person p
WHERE coalesce(p.same_as, p.person_id) IN (
    SELECT coalesce(own.same_as, own.person_id) FROM contact c JOIN person own USING (person_id)
    WHERE c.campaign = %(campaign)s)

-- name: campaign_person
x.id IN ({people})

-- name: campaign_wording
x.id IN (SELECT wording_id FROM consent WHERE person_id IN ({people}))

-- name: campaign_consent
x.person_id IN ({people})

-- name: campaign_revocation
x.person_id IN ({people})

-- name: campaign_suppression
x.number_hash IN (SELECT pg_catalog.encode(number_hash, 'hex') FROM person WHERE person_id IN ({people}))

-- name: campaign_line_call
x.caller_hash IN (SELECT pg_catalog.encode(number_hash, 'hex') FROM person WHERE person_id IN ({people}))

-- name: campaign_line_stop
x.number_hash IN (SELECT pg_catalog.encode(number_hash, 'hex') FROM person WHERE person_id IN ({people}))

-- name: campaign_complaint
x.person_id IN ({people})

-- name: campaign_complaint_note
x.complaint_id IN (SELECT complaint_id FROM complaint WHERE person_id IN ({people}))

-- name: campaign_decision
x.campaign = %(campaign)s

-- name: campaign_result
x.record ->> 'campaign' = %(campaign)s

-- name: campaign_campaign_version
x.campaign = %(campaign)s

-- name: export
SELECT l.leaf, l.kind, l.row_id, l.nonce, pg_catalog.to_jsonb(x)::text AS payload
FROM audit_leaf l JOIN ({rows}) x ON x.id = l.row_id
WHERE l.kind = %(kind)s AND l.leaf > %(after)s AND l.leaf < %(size)s AND l.nonce IS NOT NULL
  AND x.recorded_at >= %(since)s AND x.recorded_at < %(until)s AND ({whose})
ORDER BY l.leaf LIMIT %(limit)s;

-- name: count_export
SELECT count(*) AS count, (SELECT count(*) FROM audit_leaf WHERE nonce IS NULL AND leaf < %(size)s) AS erased
FROM audit_leaf l JOIN ({rows}) x ON x.id = l.row_id
WHERE l.kind = %(kind)s AND l.leaf < %(size)s AND l.nonce IS NOT NULL
  AND x.recorded_at >= %(since)s AND x.recorded_at < %(until)s AND ({whose});
