-- Leases at most p_limit accounts with due renewals for p_lease_ms, one worker at a time, so that an account's order of
-- priority holds.
CREATE OR REPLACE FUNCTION auto_renew_take(p_product text, p_noun text, p_now timestamptz, p_limit integer,
  p_lease_ms integer) RETURNS SETOF auto_renew_turn
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  RETURN QUERY
    INSERT INTO auto_renew_turn AS t (product, noun, account_id, lease_until)
      SELECT p_product, p_noun, due.account_id, p_now + make_interval(secs => p_lease_ms / 1000.0) FROM (
        SELECT l.account_id FROM lifecycle l WHERE l.product = p_product AND l.noun = p_noun AND l.renew_at <= p_now
          AND NOT EXISTS (SELECT 1 FROM auto_renew_turn x WHERE x.product = p_product AND x.noun = p_noun
            AND x.account_id = l.account_id AND x.lease_until > p_now)
        GROUP BY l.account_id ORDER BY min(l.renew_at) LIMIT p_limit) due
      ORDER BY due.account_id
    ON CONFLICT (product, noun, account_id) DO UPDATE SET lease_until = excluded.lease_until, attempt = t.attempt + 1
      WHERE t.lease_until <= p_now
    RETURNING t.*;
END $$;
REVOKE ALL ON FUNCTION auto_renew_take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auto_renew_take TO lumi_domains, lumi_vps, lumi_proxy;
