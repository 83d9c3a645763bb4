-- The guard of the hold. It runs in the statement of purchase_begin: p_now are the facts of the product's locked rows
-- at that moment, and each of them must equal the fact in the terms. Otherwise the whole statement is undone, and the
-- name of the constraint says which fact changed (the state comes first). With p_now null the object is gone. This is
-- the only place that compares them: with `RETURN true` instead, every race between two steps would sell at an old
-- price.
CREATE OR REPLACE FUNCTION terms_hold(p_terms jsonb, p_now jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE
  SET search_path = platform, pg_temp AS $$
DECLARE
  v_changed text;
BEGIN
  IF p_now IS NULL THEN
    v_changed := 'object';
  ELSE
    SELECT n.key INTO v_changed FROM jsonb_each(p_now) n WHERE n.value IS DISTINCT FROM p_terms -> 'facts' -> n.key
      ORDER BY n.key <> 'state', n.key LIMIT 1;
  END IF;
  IF v_changed IS NULL THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION 'violates constraint "terms_%"', v_changed USING ERRCODE = 'check_violation',
    CONSTRAINT = 'terms_' || v_changed;
END $$;
REVOKE ALL ON FUNCTION terms_hold FROM PUBLIC;
GRANT EXECUTE ON FUNCTION terms_hold TO lumi_domains, lumi_vps, lumi_proxy;
