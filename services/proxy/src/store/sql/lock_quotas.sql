-- Locks the quotas that these subjects spend, plans before sub-users and each by id, as all statements lock them.
CREATE OR REPLACE FUNCTION lock_quotas(p_subjects text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
BEGIN
  PERFORM 1 FROM traffic_plan WHERE id = ANY (ARRAY(SELECT unnest(p_subjects)
    UNION SELECT plan_id FROM subuser WHERE id = ANY (p_subjects))) ORDER BY id FOR NO KEY UPDATE;
  PERFORM 1 FROM subuser WHERE id = ANY (p_subjects) ORDER BY id FOR NO KEY UPDATE;
END $$;
REVOKE ALL ON FUNCTION lock_quotas FROM PUBLIC;
