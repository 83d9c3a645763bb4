-- What these epochs of a source had not used is free again. The caller holds the epochs' locks.
CREATE OR REPLACE FUNCTION free_leases(p_source text, p_epochs integer[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  v_freed bigint;
BEGIN
  PERFORM lock_quotas(ARRAY(SELECT DISTINCT e.subject FROM lease e
    WHERE e.source = p_source AND e.epoch = ANY (p_epochs) AND e.granted > e.used));
  WITH rest AS MATERIALIZED (
    SELECT e.epoch, e.subject, q.holder, q.is_plan, q.plan, e.granted - e.used AS bytes FROM (SELECT * FROM lease
      WHERE source = p_source AND epoch = ANY (p_epochs) AND (granted > used OR is_short)) e
    CROSS JOIN LATERAL (SELECT * FROM quota q WHERE q.subject = e.subject OFFSET 0) q
  ), leases AS (
    UPDATE lease e SET granted = e.used, is_short = false FROM rest r
    WHERE e.source = p_source AND e.epoch = r.epoch AND e.subject = r.subject
  ), freed AS MATERIALIZED (
    SELECT holder, is_plan, plan, sum(bytes)::bigint AS bytes FROM rest GROUP BY 1, 2, 3
  ), plans AS (
    UPDATE traffic_plan p SET bytes_leased = p.bytes_leased - f.own, subusers_leased = p.subusers_leased - f.subs
    FROM (SELECT plan, coalesce(sum(bytes) FILTER (WHERE is_plan), 0)::bigint AS own,
        coalesce(sum(bytes) FILTER (WHERE NOT is_plan), 0)::bigint AS subs FROM freed GROUP BY 1) f WHERE p.id = f.plan
  ), subusers AS (
    UPDATE subuser s SET bytes_leased = s.bytes_leased - f.bytes FROM freed f WHERE NOT f.is_plan AND s.id = f.holder
  )
  SELECT coalesce(sum(bytes), 0) INTO v_freed FROM rest;
  RETURN v_freed;
END $$;
REVOKE ALL ON FUNCTION free_leases FROM PUBLIC;
