-- Whether the account's own limits allow an automatic renewal at p_price. Without settings every renewal is allowed.
-- Internal: called by purchase_begin, while the wallet row is locked.
CREATE OR REPLACE FUNCTION auto_renew_allows(p_account_id text, p_product text, p_price bigint) RETURNS boolean
LANGUAGE sql SET search_path = platform, pg_temp AS $$
  SELECT coalesce((
    SELECT s.enabled AND (s.max_price IS NULL OR p_price <= s.max_price)
       AND (s.daily_cap IS NULL OR spent.today + p_price <= s.daily_cap) AND (s.monthly_cap IS NULL
         OR spent.month + p_price <= s.monthly_cap)
    FROM auto_renew_settings s, auto_renew_spent(p_account_id, p_product) spent WHERE s.account_id = p_account_id
      AND s.product = p_product), true);
$$;
REVOKE ALL ON FUNCTION auto_renew_allows FROM PUBLIC;
