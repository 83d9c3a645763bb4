-- Writes the limits of an account's automatic renewals (amounts in 1/10,000 USD). It waits for a renewal that is being
-- started, so that none begins under the old limits after this has returned.
CREATE OR REPLACE FUNCTION auto_renew_configure(
  p_account_id text, p_product text, p_enabled boolean, p_daily_cap bigint, p_monthly_cap bigint, p_max_price bigint,
    p_priority text, p_priority_tags text[], p_now timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM check_product_role(p_product);
  PERFORM 1 FROM wallet WHERE account_id = p_account_id FOR NO KEY UPDATE;
  INSERT INTO auto_renew_settings (account_id, product, enabled, daily_cap, monthly_cap, max_price, priority,
    priority_tags, updated_at)
    VALUES (p_account_id, p_product, p_enabled, p_daily_cap, p_monthly_cap, p_max_price, p_priority, p_priority_tags,
      p_now)
    ON CONFLICT (account_id, product) DO UPDATE SET enabled = excluded.enabled, daily_cap = excluded.daily_cap,
      monthly_cap = excluded.monthly_cap, max_price = excluded.max_price,
      priority = excluded.priority, priority_tags = excluded.priority_tags, updated_at = excluded.updated_at;
END $$;
REVOKE ALL ON FUNCTION auto_renew_configure FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auto_renew_configure TO lumi_domains, lumi_vps, lumi_proxy;
