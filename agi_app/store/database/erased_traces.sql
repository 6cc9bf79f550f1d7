-- Every table that an erasure empties rows of: old versions of them go, and the planner's samples are taken anew.
-- name: vacuum
VACUUM (ANALYZE) person, person_key, contact, consent, revocation, wording, attempt, result, recording, complaint,
    complaint_note, line_call, line_stop, open_line_call, guard_call, guard_caller, guard_list, guard_script,
    guard_transcript, guard_vote, guard_change, decision, verification_call, rehearsal_call, suppression,
    entered_stop, open_ask;

-- name: vacuum_samples
VACUUM pg_catalog.pg_statistic;

-- Writes the tables and their indexes anew, so that nothing of old versions is left in their files.
-- name: rewrite
VACUUM (FULL, ANALYZE) person, person_key, contact, consent, revocation, wording, attempt, result, recording, complaint,
    complaint_note, line_call, line_stop, open_line_call, guard_call, guard_caller, guard_list, guard_script,
    guard_transcript, guard_vote, guard_change, decision, verification_call, rehearsal_call, suppression,
    entered_stop, open_ask;

-- name: rewrite_samples
VACUUM FULL pg_catalog.pg_statistic;

-- name: checkpoint
CHECKPOINT;

-- name: wal_segments
SELECT count(*) AS count FROM pg_ls_waldir();

-- A switch fills the rest of the segment with zeros.
-- name: fill_segment
SELECT pg_logical_emit_message(false, 'agi-app', ''), pg_switch_wal();

-- name: archive
SELECT current_setting('archive_mode') AS mode;
