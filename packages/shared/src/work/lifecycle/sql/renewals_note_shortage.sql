-- Writes `balance.insufficient_for_renewals` for at most p_limit accounts whose balance does not cover what renews
-- itself within 30 days of p_now, over all products: once a UTC day for each. Returns how many.
CREATE OR REPLACE FUNCTION renewals_note_shortage(p_now timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_day date := (p_now AT TIME ZONE 'UTC')::date;
  v_short record;
  v_count integer := 0;
BEGIN
  FOR v_short IN
    SELECT w.account_id, s.due, w.posted - w.held AS available FROM wallet w
      JOIN (SELECT l.account_id, sum(l.price)::bigint AS due FROM lifecycle l
        WHERE l.auto_renew AND l.parked_at IS NULL AND l.term < p_now + interval '30 days'
        GROUP BY l.account_id) s ON s.account_id = w.account_id
      WHERE s.due > w.posted - w.held AND w.renewals_told IS DISTINCT FROM v_day
      ORDER BY w.account_id LIMIT p_limit FOR NO KEY UPDATE OF w SKIP LOCKED
  LOOP
    UPDATE wallet w SET renewals_told = v_day WHERE w.account_id = v_short.account_id;
    PERFORM account_event(v_short.account_id, 'balance.insufficient_for_renewals', v_short.account_id,
      jsonb_build_object('days', 30, 'due_usd', usd(v_short.due), 'available_usd', usd(v_short.available),
        'shortfall_usd', usd(v_short.due - v_short.available)), NULL);
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION renewals_note_shortage FROM PUBLIC;
GRANT EXECUTE ON FUNCTION renewals_note_shortage TO lumi_domains, lumi_vps, lumi_proxy;
