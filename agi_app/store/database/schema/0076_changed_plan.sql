-- A campaign that is started with other times in its file: contacts that wait for a point of time are looked at for where it is
-- now, by the next claim, which knows the rules. A retry and a call-back keep their time. Who expired because the campaign was
-- over is called after all when it ends later.
CREATE FUNCTION replan_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contact SET replan = true, due_at = 'epoch'
    WHERE campaign = NEW.name AND state = 'pending' AND event_at IS NOT NULL AND due_at < 'infinity'
      AND NOT retries_used ?| '{no_answer,busy,congestion,trunk_silent,failed,machine}'::text[]
      AND disposition IS DISTINCT FROM 'call_back';
    UPDATE contact SET state = 'pending', replan = event_at IS NOT NULL, due_at = 'epoch'
    WHERE campaign = NEW.name AND state = 'expired' AND refused_by && '{campaign_over}'
      AND NEW.spec -> 'ends' IS DISTINCT FROM OLD.spec -> 'ends';
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_replan AFTER UPDATE OF spec ON campaign FOR EACH ROW
    WHEN ((OLD.spec -> 'due') IS DISTINCT FROM (NEW.spec -> 'due')
          OR (OLD.spec -> 'starts') IS DISTINCT FROM (NEW.spec -> 'starts')
          OR (OLD.spec -> 'ends') IS DISTINCT FROM (NEW.spec -> 'ends'))
    EXECUTE FUNCTION replan_contacts();
