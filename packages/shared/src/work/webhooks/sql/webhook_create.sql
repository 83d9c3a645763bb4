-- Makes an endpoint, which gets the events that are committed from now on. Returns false when the account has p_most of
-- the product already. The lock lets the endpoints of an account be made one after the other.
CREATE OR REPLACE FUNCTION webhook_create(p_webhook_id text, p_product text, p_account_id text, p_url text,
  p_wanted text[], p_description text, p_secret bytea, p_most integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(p_product);
  PERFORM pg_advisory_xact_lock(hashtext('platform.webhook'), hashtext(p_account_id));
  INSERT INTO webhook (id, account_id, product, url, events, description, secret, position)
    SELECT p_webhook_id, p_account_id, p_product, p_url, p_wanted, p_description, p_secret,
      coalesce((SELECT max(e.seq) FROM event e WHERE e.account_id = p_account_id), 0)
    WHERE (SELECT count(*) FROM webhook w WHERE w.account_id = p_account_id AND w.product = p_product
      AND w.deleted_at IS NULL) < p_most;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION webhook_create FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_create TO lumi_domains, lumi_vps, lumi_proxy;
