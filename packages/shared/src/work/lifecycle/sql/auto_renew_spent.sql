-- The cost of an account's automatic renewals today and in this month (UTC), in 1/10,000 USD. They are counted as the
-- daily spend of a separate lineage, so that a release returns what it took.
CREATE OR REPLACE FUNCTION auto_renew_spent(p_account_id text, p_product text, OUT today bigint, OUT month bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = platform, pg_temp AS $$
  SELECT require_product(p_product);
  SELECT coalesce(sum(d.spent) FILTER (WHERE d.day = (now() AT TIME ZONE 'UTC')::date), 0)::bigint,
    coalesce(sum(d.spent), 0)::bigint FROM daily_spend d
    WHERE d.lineage_id = 'auto:' || p_product || ':' || p_account_id
      AND d.day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date;
$$;
REVOKE ALL ON FUNCTION auto_renew_spent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auto_renew_spent TO lumi_domains, lumi_vps, lumi_proxy, lumi_admin;
