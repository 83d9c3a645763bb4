-- What waits between the database and the workers, by product, for `lumi doctor`: rows of the outbox, and the jobs of
-- the queue where it is in PostgreSQL. A job is stalled when its worker's lock has ended and nobody has taken it.
CREATE OR REPLACE FUNCTION queue_state(OUT product text, OUT outbox int, OUT outbox_age_s int, OUT waiting int,
  OUT waiting_age_s int, OUT active int, OUT stalled int, OUT failed int) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  PERFORM require_product(NULL);
  FOREACH product IN ARRAY ARRAY['domains', 'vps', 'proxy'] LOOP
    SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0) INTO outbox, outbox_age_s
      FROM platform.outbox o WHERE o.product = queue_state.product;
    SELECT 0, 0, 0, 0, 0 INTO waiting, waiting_age_s, active, stalled, failed;
    IF to_regclass('queue.job') IS NOT NULL THEN
      SELECT count(*) FILTER (WHERE state::text = 'waiting'),
        coalesce(max(now_ms - added_at_ms) FILTER (WHERE state::text = 'waiting'), 0) / 1000,
        count(*) FILTER (WHERE state::text = 'active'),
        count(*) FILTER (WHERE state::text = 'active' AND locked_until_ms < now_ms - 15000),
        count(*) FILTER (WHERE state::text = 'failed')
      INTO waiting, waiting_age_s, active, stalled, failed
      FROM queue.job j WHERE j.queue = 'jobs-' || queue_state.product;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION queue_state FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue_state TO lumi_admin;
