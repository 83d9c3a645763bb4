-- Takes up objects that came near their expiry, or changed since: they are due now. p_rows is [{id, account_id,
-- expires_at, auto_renew, price}], prices in 1/10,000 USD. A new term starts again; the same term continues. The new
-- attempt number fences the holder before.
CREATE OR REPLACE FUNCTION lifecycle_track(p_product text, p_noun text, p_rows jsonb, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM check_product_role(p_product);
  INSERT INTO lifecycle AS l (product, noun, resource, account_id, term, auto_renew, price, wake_at, renew_at)
    SELECT p_product, p_noun, r.id, r.account_id, r.expires_at, r.auto_renew, r.price, p_now, CASE WHEN r.auto_renew
      THEN p_now END
    FROM jsonb_to_recordset(p_rows) AS r(id text, account_id text, expires_at timestamptz, auto_renew boolean,
      price bigint) ORDER BY r.id
    ON CONFLICT (product, resource) DO UPDATE SET noun = excluded.noun, account_id = excluded.account_id,
      term = excluded.term, auto_renew = excluded.auto_renew, price = excluded.price,
      done = CASE WHEN l.term = excluded.term THEN l.done ELSE '{}' END, tries = CASE WHEN l.term = excluded.term
        THEN l.tries ELSE 0 END,
      stuck_since = CASE WHEN l.term = excluded.term THEN l.stuck_since
        END, attempt = l.attempt + 1, wake_at = excluded.wake_at, renew_at = excluded.renew_at,
      renew_round = CASE WHEN l.term = excluded.term THEN l.renew_round ELSE 1 END, renew_problem = CASE
        WHEN l.term = excluded.term THEN l.renew_problem END, parked_at = NULL;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION lifecycle_track FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lifecycle_track TO lumi_domains, lumi_vps, lumi_proxy;
