-- Events of approvals, imports and exports (0055_webhooks.sql has the others).

SELECT webhook_watch('campaign.approval_wanted', 'start_request',
           $$SELECT 'start_request', request_id, jsonb_build_object(
                 'request', request_id, 'campaign', campaign, 'why', why, 'contacts', contacts)
             FROM written WHERE NOT alone ORDER BY request_id$$),
       webhook_watch('campaign.approved', 'approval',
           $$SELECT 'approval', a.request_id, jsonb_build_object('request', a.request_id, 'campaign', r.campaign)
             FROM written a JOIN start_request r USING (request_id) WHERE NOT a.alone ORDER BY a.request_id$$),
       webhook_watch('import.finished', 'import_stored',
           $$SELECT 'import_stored', s.stored_id, jsonb_build_object(
                 'import', s.import_id, 'kind', f.kind, 'about', f.about, 'rows', f.rows, 'rejected', f.rejected)
             FROM written s JOIN import_file f USING (import_id) WHERE s.finished ORDER BY s.stored_id$$);

-- Of imports of contacts alone.
DROP TRIGGER contact_import_webhook ON contact_import;
DROP FUNCTION webhook_import();

CREATE FUNCTION webhook_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_tell('export.finished', jsonb_build_object(
        'job', NEW.job_id, 'kind', NEW.kind, 'state', NEW.state, 'rows', NEW.rows));
    RETURN NULL;
END $$;
CREATE TRIGGER job_webhook AFTER INSERT OR UPDATE OF state ON job FOR EACH ROW WHEN (NEW.state IN ('done', 'failed'))
    EXECUTE FUNCTION webhook_job();
