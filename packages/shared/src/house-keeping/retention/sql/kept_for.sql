-- How long rows are kept that no balance and no order depends on: the one place where the periods are. README.md in
-- this room has the same list, with when each begins. Null for any other name, and then nothing is deleted.
CREATE OR REPLACE FUNCTION kept_for(p_what text) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_what
    WHEN 'claim' THEN interval '30 days'
    WHEN 'sealed answer' THEN interval '24 hours'
    WHEN 'operation secret' THEN interval '24 hours'
    WHEN 'quote' THEN interval '30 days'
    WHEN 'event' THEN interval '90 days'
    WHEN 'webhook delivery' THEN interval '90 days'
    WHEN 'cleared breach' THEN interval '400 days'
    WHEN 'payment hint' THEN interval '1 hour'
    WHEN 'usage delta' THEN interval '14 days'
    WHEN 'usage hour' THEN interval '400 days'
    WHEN 'unplaced usage' THEN interval '400 days'
    WHEN 'export link' THEN interval '30 days'
    WHEN 'connection' THEN interval '7 days'
    WHEN 'sign of abuse' THEN interval '90 days'
    WHEN 'price change' THEN interval '400 days'
    WHEN 'zone version' THEN interval '90 days'
  END
$$;
REVOKE ALL ON FUNCTION kept_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kept_for TO lumi_domains, lumi_vps, lumi_proxy;
