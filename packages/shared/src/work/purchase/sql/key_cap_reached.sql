-- Writes `key.cap_reached` when a purchase is refused for the daily cap of its key: once a day for each lineage.
-- Internal: purchase_begin calls it when it refuses.
CREATE OR REPLACE FUNCTION key_cap_reached(p_account_id text, p_product text, p_key_id text, p_lineage_id text,
  p_day date, p_cap bigint) RETURNS void
LANGUAGE plpgsql SET search_path = platform, pg_temp AS $$
DECLARE
  v_spent bigint;
BEGIN
  INSERT INTO daily_spend AS d (lineage_id, day, spent, cap_told) VALUES (p_lineage_id, p_day, 0, true)
    ON CONFLICT (lineage_id, day) DO UPDATE SET cap_told = true WHERE NOT d.cap_told RETURNING d.spent INTO v_spent;
  IF FOUND THEN
    PERFORM account_event(p_account_id, 'key.cap_reached', p_key_id, jsonb_build_object('key_id', p_key_id,
      'product', p_product, 'daily_cap_usd', usd(p_cap), 'spent_usd', usd(v_spent),
      'resets_at', iso_time((p_day + 1)::timestamp AT TIME ZONE 'UTC')), p_key_id);
  END IF;
END $$;
REVOKE ALL ON FUNCTION key_cap_reached FROM PUBLIC;
