-- Counts one read of the link with this token, if it may be read now from this address: by its lock, and by a key of
-- the lineage that made it, neither revoked nor expired, whose own allow-list holds for the link too. At most
-- p_link_max reads of a link in an hour, and p_account_max of all links of its account. Outcomes: read (with the id) |
-- absent | too_often (with when it is free again).
CREATE OR REPLACE FUNCTION read_export_link(p_digest bytea, p_address inet, p_now timestamptz, p_link_max integer,
  p_account_max integer, OUT outcome text, OUT link_id text, OUT free_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_hour constant interval := interval '1 hour';
  v_link export_link%ROWTYPE;
  v_all export_link_hour%ROWTYPE;
BEGIN
  SELECT * INTO v_link FROM export_link l WHERE l.token_digest = p_digest AND l.expires_at > p_now
    AND (cardinality(l.blocks) = 0 OR p_address <<= ANY (l.blocks::inet[]))
    AND EXISTS (SELECT 1 FROM platform.api_key k WHERE k.lineage_id = l.lineage_id AND k.product = 'proxy'
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
      AND (cardinality(k.ip_allowlist) = 0 OR p_address <<= ANY (k.ip_allowlist::inet[])));
  IF NOT FOUND THEN
    outcome := 'absent';
    RETURN;
  END IF;
  -- Readers of one account go one after the other from here: the account's row first, then the link's.
  INSERT INTO export_link_hour (account_id, hour_from, reads) VALUES (v_link.account_id, p_now, 0)
    ON CONFLICT DO NOTHING;
  SELECT * INTO v_all FROM export_link_hour h WHERE h.account_id = v_link.account_id FOR UPDATE;
  IF v_all.hour_from <= p_now - v_hour THEN
    v_all.hour_from := p_now;
    v_all.reads := 0;
  END IF;
  SELECT * INTO v_link FROM export_link l WHERE l.id = v_link.id FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'absent';
    RETURN;
  END IF;
  IF v_link.hour_from IS NULL OR v_link.hour_from <= p_now - v_hour THEN
    v_link.hour_from := p_now;
    v_link.hour_reads := 0;
  END IF;
  IF v_all.reads >= p_account_max OR v_link.hour_reads >= p_link_max THEN
    outcome := 'too_often';
    free_at := greatest(CASE WHEN v_all.reads >= p_account_max THEN v_all.hour_from + v_hour END,
      CASE WHEN v_link.hour_reads >= p_link_max THEN v_link.hour_from + v_hour END);
    RETURN;
  END IF;
  UPDATE export_link_hour h SET hour_from = v_all.hour_from, reads = v_all.reads + 1
    WHERE h.account_id = v_link.account_id;
  UPDATE export_link l SET reads = l.reads + 1, last_read_at = p_now, last_read_ip = host(p_address),
    hour_from = v_link.hour_from, hour_reads = v_link.hour_reads + 1 WHERE l.id = v_link.id;
  outcome := 'read';
  link_id := v_link.id;
END $$;
REVOKE ALL ON FUNCTION read_export_link FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_export_link TO lumi_proxy;
