-- Deletes finished claims after 30 days, at most p_limit at a time, and sealed answers after one day; claims that are
-- not finished never. Returns how many claims were deleted, of the caller's product.
CREATE OR REPLACE FUNCTION forget_claims(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  v_count integer;
BEGIN
  UPDATE idempotency SET body = '' WHERE sealed AND body <> '' AND done_at < now() - interval '24 hours'
    AND acts_for(product);
  DELETE FROM idempotency WHERE ctid IN (SELECT ctid FROM idempotency WHERE state = 'done'
    AND done_at < now() - interval '30 days' AND acts_for(product) LIMIT p_limit);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION forget_claims FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_claims TO lumi_domains, lumi_vps, lumi_proxy;
