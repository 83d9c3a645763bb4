-- Takes one batch of usage of a source (a node, or a supplier's cursor), and then gives out leases. All in sets: a
-- thousand subjects are a few statements. Sent again it changes nothing and answers the leases as they are.
--   p_lines: [{subject, hour, country, target, up, down, requests, errors}], bytes.
--   p_wants: [{subject, keep?, want?}]. keep: what is granted beyond this number is given back. want: how many bytes it
--     would like to have unused. It gets at most that and at most a fair share of what is free, but 256 KiB where there
--     are as many: the last bytes must not all be in one place.
-- A metered line is billed from its lease, and beyond it (a lease that was freed meanwhile) from what is free. What the
-- quota does not hold is kept in usage_unplaced, as is a line for a subject that nobody knows.
-- A plan's hard stop holds for it and its sub-users together: `room` is what it leaves to be handed out, `cap_room` the
-- same with what was handed out before it was set.
-- LATERAL … OFFSET 0: each row is looked up by its key, whatever the planner believes about the sizes.
-- Outcomes: taken, repeated (with leases); gap (expected: the number that is next); closed (seq: the last one taken);
-- unknown: no such epoch. Of leases: granted and used are absolute for this epoch; free: what nobody holds; elsewhere:
-- unused at other nodes; is_needed: another asks for some and there is none; is_stopped: more was handed out than the
-- hard stop allows, so all that is not used comes back at once.
CREATE OR REPLACE FUNCTION take_batch(p_source text, p_epoch integer, p_seq bigint, p_lines jsonb, p_wants jsonb,
  p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = proxy, pg_temp AS $$
DECLARE
  c_smallest CONSTANT bigint := 262144;
  c_targets CONSTANT integer := 200;
  v_epoch usage_epoch;
  v_subjects text[];
  v_nodes bigint;
  v_unknown integer := 0;
  v_needed text[];
  v_plans text[];
  v_stopped text[] := '{}';
  v_leases jsonb;
BEGIN
  SELECT * INTO v_epoch FROM usage_epoch WHERE source = p_source AND epoch = p_epoch FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN jsonb_build_object('outcome', 'unknown');
  END IF;
  IF v_epoch.closed_at IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'closed', 'seq', v_epoch.seq);
  END IF;
  IF p_seq > v_epoch.seq + 1 THEN
    RETURN jsonb_build_object('outcome', 'gap', 'expected', v_epoch.seq + 1);
  END IF;
  SELECT coalesce(array_agg(x.subject), '{}') INTO v_subjects FROM (
    SELECT l.subject FROM jsonb_to_recordset(p_lines) AS l(subject text)
    UNION SELECT w.subject FROM jsonb_to_recordset(p_wants) AS w(subject text)) x;
  PERFORM lock_quotas(v_subjects);

  IF p_seq = v_epoch.seq + 1 THEN
    INSERT INTO lease (source, epoch, subject) SELECT p_source, p_epoch, q.subject FROM quota q
      WHERE q.subject = ANY (v_subjects) ORDER BY q.subject ON CONFLICT DO NOTHING;

    -- What was used, and what is given back.
    WITH line AS MATERIALIZED (
      SELECT l.subject, date_trunc('hour', least(l.hour, p_now), 'UTC') AS hour, l.country, l.target,
        sum(l.up)::bigint AS up, sum(l.down)::bigint AS down, sum(l.requests)::bigint AS requests,
        sum(l.errors)::bigint AS errors
      FROM jsonb_to_recordset(p_lines) AS l(subject text, hour timestamptz, country text, target text, up bigint,
        down bigint, requests bigint, errors bigint) GROUP BY 1, 2, 3, 4
    ), owner AS MATERIALIZED (
      SELECT id AS subject, account_id FROM proxy WHERE id = ANY (v_subjects)
      UNION ALL SELECT id, account_id FROM traffic_plan WHERE id = ANY (v_subjects)
      UNION ALL SELECT id, account_id FROM subuser WHERE id = ANY (v_subjects)
    ), q AS MATERIALIZED (
      SELECT * FROM quota WHERE subject = ANY (v_subjects)
    ), spent AS MATERIALIZED (
      SELECT q.subject, q.holder, q.is_plan, e.granted, e.used, coalesce(u.bytes, 0) AS bytes,
        greatest(coalesce(u.bytes, 0) - (e.granted - e.used), 0) AS beyond,
        greatest(q.total - q.used - q.leased, 0) AS free, q.plan, q.cap_room
      FROM q CROSS JOIN LATERAL (SELECT * FROM lease e
        WHERE e.source = p_source AND e.epoch = p_epoch AND e.subject = q.subject OFFSET 0) e
      LEFT JOIN (SELECT subject, sum(up + down)::bigint AS bytes FROM line GROUP BY 1) u ON u.subject = q.subject
    ), billed AS MATERIALIZED (
      SELECT f.*, f.bytes - f.beyond + CASE WHEN f.cap_room IS NULL THEN f.fits
        ELSE greatest(least(f.fits, f.cap_room - f.before_fits), 0) END AS billed
      FROM (SELECT *, (sum(fits) OVER (PARTITION BY plan ORDER BY subject) - fits)::bigint AS before_fits
        FROM (SELECT *, least(beyond, greatest(free - before, 0)) AS fits
          FROM (SELECT *, (sum(beyond) OVER (PARTITION BY holder ORDER BY subject) - beyond)::bigint AS before
            FROM spent) s) b) f
    ), share AS MATERIALIZED (
      SELECT l.*, o.account_id, CASE WHEN b.subject IS NULL THEN l.up + l.down
        ELSE greatest(least(b.billed - l.before, l.up + l.down), 0) END AS fits
      FROM (SELECT *, (sum(up + down) OVER (PARTITION BY subject ORDER BY hour, country, target)
        - up - down)::bigint AS before FROM line) l
      JOIN owner o ON o.subject = l.subject LEFT JOIN billed b ON b.subject = l.subject
    ), target AS MATERIALIZED (
      SELECT s.*, EXISTS (SELECT 1 FROM usage_hour h WHERE h.account_id = s.account_id AND h.hour = s.hour
        AND h.subject = s.subject AND h.country = s.country AND h.target = s.target) AS is_known FROM share s
    ), fresh AS MATERIALIZED (
      SELECT t.subject, t.hour, t.target,
        row_number() OVER (PARTITION BY t.subject, t.hour ORDER BY t.target) + k.count AS place
      FROM (SELECT DISTINCT account_id, subject, hour, target FROM target WHERE NOT is_known) t
      JOIN LATERAL (SELECT count(DISTINCT h.target) AS count FROM usage_hour h WHERE h.account_id = t.account_id
        AND h.hour = t.hour AND h.subject = t.subject AND h.target <> 'other') k ON true
    ), hours AS (
      INSERT INTO usage_hour AS h (account_id, hour, subject, country, target, bytes_up, bytes_down, requests, errors)
      SELECT t.account_id, t.hour, t.subject, t.country,
        CASE WHEN t.is_known OR f.place <= c_targets THEN t.target ELSE 'other' END,
        sum(least(t.up, t.fits)), sum(t.fits - least(t.up, t.fits)), sum(t.requests), sum(t.errors)
      FROM target t LEFT JOIN fresh f ON f.subject = t.subject AND f.hour = t.hour AND f.target = t.target
      GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
      ON CONFLICT (account_id, hour, subject, country, target) DO UPDATE SET
        bytes_up = h.bytes_up + excluded.bytes_up, bytes_down = h.bytes_down + excluded.bytes_down,
        requests = h.requests + excluded.requests, errors = h.errors + excluded.errors
    ), unplaced AS (
      INSERT INTO usage_unplaced (source, epoch, number, reason, subject, hour, country, target, bytes_up, bytes_down,
        requests, errors, at)
      SELECT p_source, p_epoch, p_seq, 'unknown', l.subject, l.hour, l.country, l.target, l.up, l.down, l.requests,
        l.errors, p_now FROM line l WHERE NOT EXISTS (SELECT 1 FROM owner o WHERE o.subject = l.subject)
      UNION ALL
      SELECT p_source, p_epoch, p_seq, 'quota', s.subject, s.hour, s.country, s.target, s.up - least(s.up, s.fits),
        s.down - (s.fits - least(s.up, s.fits)), 0, 0, p_now FROM share s WHERE s.fits < s.up + s.down
      RETURNING reason
    ), wish AS MATERIALIZED (
      SELECT w.subject, min(w.keep) AS keep FROM jsonb_to_recordset(p_wants) AS w(subject text, keep bigint) GROUP BY 1
    ), kept AS MATERIALIZED (
      SELECT b.subject, b.holder, b.is_plan, b.plan, b.billed, b.granted - b.used AS unused, b.used + b.billed AS used,
        greatest(b.used + b.billed, least(greatest(b.granted, b.used + b.billed), w.keep)) AS granted
      FROM billed b LEFT JOIN wish w ON w.subject = b.subject
    ), leases AS (
      UPDATE lease e SET used = k.used, granted = k.granted FROM kept k
      WHERE e.source = p_source AND e.epoch = p_epoch AND e.subject = k.subject
    ), change AS MATERIALIZED (
      SELECT holder, is_plan, plan, sum(billed)::bigint AS used, sum(granted - used - unused)::bigint AS leased
      FROM kept GROUP BY 1, 2, 3
    ), plans AS (
      UPDATE traffic_plan p SET bytes_used = p.bytes_used + c.used, bytes_leased = p.bytes_leased + c.leased,
        subusers_used = p.subusers_used + c.subs_used, subusers_leased = p.subusers_leased + c.subs_leased,
        updated_at = CASE WHEN c.used = 0 THEN p.updated_at ELSE p_now END
      FROM (SELECT plan, coalesce(sum(used) FILTER (WHERE is_plan), 0)::bigint AS used,
          coalesce(sum(leased) FILTER (WHERE is_plan), 0)::bigint AS leased,
          coalesce(sum(used) FILTER (WHERE NOT is_plan), 0)::bigint AS subs_used,
          coalesce(sum(leased) FILTER (WHERE NOT is_plan), 0)::bigint AS subs_leased
        FROM change WHERE used <> 0 OR leased <> 0 GROUP BY 1) c WHERE p.id = c.plan
    ), subusers AS (
      UPDATE subuser s SET bytes_used = s.bytes_used + c.used, bytes_leased = s.bytes_leased + c.leased,
        updated_at = CASE WHEN c.used = 0 THEN s.updated_at ELSE p_now END
      FROM change c WHERE NOT c.is_plan AND s.id = c.holder AND (c.used <> 0 OR c.leased <> 0)
    ), taken AS (
      UPDATE usage_epoch SET seq = p_seq, heard_at = greatest(heard_at, p_now),
        bytes = bytes + (SELECT coalesce(sum(fits), 0) FROM share)::bigint
      WHERE source = p_source AND epoch = p_epoch
    )
    SELECT count(*) FILTER (WHERE reason = 'unknown') INTO v_unknown FROM unplaced;

    -- What is handed out.
    SELECT greatest(count(*), 1) INTO v_nodes FROM usage_epoch e JOIN node n ON n.id = e.source
    WHERE e.closed_at IS NULL AND e.heard_at > p_now - interval '15 minutes';
    WITH wish AS MATERIALIZED (
      SELECT w.subject, max(w.want) AS want FROM jsonb_to_recordset(p_wants) AS w(subject text, want bigint) GROUP BY 1
    ), q AS MATERIALIZED (
      SELECT * FROM quota WHERE subject = ANY (v_subjects)
    ), share AS MATERIALIZED (
      SELECT e.subject, q.is_plan, q.plan, q.room, coalesce(w.want, 0) AS want, e.granted - e.used AS unused,
        CASE WHEN q.holder = q.subject THEN greatest(least(q.free, coalesce(w.want, 0) - (e.granted - e.used),
          greatest(c_smallest, q.free / (2 * v_nodes))), 0) ELSE 0 END AS give
      FROM (SELECT *, least(total - used - leased, room) AS free FROM q) q
      CROSS JOIN LATERAL (SELECT * FROM lease e
        WHERE e.source = p_source AND e.epoch = p_epoch AND e.subject = q.subject OFFSET 0) e
      LEFT JOIN wish w ON w.subject = q.subject
    ), given AS MATERIALIZED (
      SELECT subject, is_plan, plan, want, unused, CASE WHEN room IS NULL THEN give
        ELSE greatest(least(give, room - before), 0) END AS give
      FROM (SELECT *, (sum(give) OVER (PARTITION BY plan ORDER BY subject) - give)::bigint AS before FROM share) s
    ), leases AS (
      UPDATE lease e SET granted = e.granted + g.give, is_short = g.unused + g.give < least(g.want, c_smallest)
      FROM given g WHERE e.source = p_source AND e.epoch = p_epoch AND e.subject = g.subject
        AND (g.give > 0 OR e.is_short <> (g.unused + g.give < least(g.want, c_smallest)))
    ), plans AS (
      UPDATE traffic_plan p SET bytes_leased = p.bytes_leased + g.own, subusers_leased = p.subusers_leased + g.subs
      FROM (SELECT plan, coalesce(sum(give) FILTER (WHERE is_plan), 0)::bigint AS own,
          coalesce(sum(give) FILTER (WHERE NOT is_plan), 0)::bigint AS subs
        FROM given WHERE give > 0 GROUP BY 1) g WHERE p.id = g.plan
    )
    UPDATE subuser s SET bytes_leased = s.bytes_leased + g.give FROM given g
    WHERE NOT g.is_plan AND g.give > 0 AND s.id = g.subject;
  END IF;

  SELECT coalesce(array_agg(DISTINCT o.subject), '{}') INTO v_needed FROM lease o
  WHERE o.is_short AND o.source <> p_source;
  -- One stands dry because of its plan's hard stop: others of the plan hold what it could have.
  v_plans := ARRAY(SELECT p.id FROM traffic_plan p WHERE p.bytes_stop IS NOT NULL
    AND p.bytes_stop - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased) < c_smallest
    AND p.id = ANY (ARRAY(SELECT coalesce(s.plan_id, o.subject) FROM lease o LEFT JOIN subuser s ON s.id = o.subject
      WHERE o.is_short)));
  IF cardinality(v_plans) > 0 THEN
    v_needed := v_needed || ARRAY(SELECT m.subject FROM (
        SELECT v.id AS subject, v.id AS plan FROM unnest(v_plans) AS v(id)
        UNION ALL SELECT s.id, s.plan_id FROM subuser s WHERE s.plan_id = ANY (v_plans)) m
      WHERE EXISTS (SELECT 1 FROM lease o LEFT JOIN subuser s ON s.id = o.subject
        WHERE o.is_short AND o.subject <> m.subject AND coalesce(s.plan_id, o.subject) = m.plan));
  END IF;
  -- A hard stop was set below what is out.
  v_plans := ARRAY(SELECT p.id FROM traffic_plan p WHERE p.bytes_cap > p.bytes_stop
    AND p.bytes_leased + p.subusers_leased > 0
    AND p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased > p.bytes_stop);
  IF cardinality(v_plans) > 0 THEN
    v_stopped := v_plans || ARRAY(SELECT s.id FROM subuser s WHERE s.plan_id = ANY (v_plans));
  END IF;
  WITH q AS MATERIALIZED (
    SELECT *, least(total - used - leased, room) AS free FROM quota
    WHERE subject = ANY (v_subjects || v_needed || v_stopped)
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object('subject', e.subject, 'granted', e.granted, 'used', e.used,
      'free', CASE WHEN q.holder = q.subject THEN greatest(q.free, 0) ELSE 0 END,
      'elsewhere', CASE WHEN q.free < q.total - q.used - q.leased THEN q.leased_all ELSE q.leased END
        - (e.granted - e.used),
      'is_needed', e.subject = ANY (v_needed), 'is_stopped', coalesce(q.room < 0, false))), '[]') INTO v_leases
  FROM q CROSS JOIN LATERAL (SELECT * FROM lease e
    WHERE e.source = p_source AND e.epoch = p_epoch AND e.subject = q.subject OFFSET 0) e;
  RETURN jsonb_build_object('outcome', CASE WHEN p_seq > v_epoch.seq THEN 'taken' ELSE 'repeated' END,
    'unknown', v_unknown, 'leases', v_leases);
END $$;
REVOKE ALL ON FUNCTION take_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_batch TO lumi_proxy;
