-- Alerts and a hard stop of traffic plans. Both count what a plan and its sub-users use together, so the plan has the
-- sums of its living sub-users in its own row, where the check sees them.
-- alerts: in bytes, ascending. next_alert: the first that was not told yet. is_exhausted_told: the owner was told that
-- nothing is left. bytes_cap: what may be handed out and used altogether: the stop, or what was out already when it was
-- set.
ALTER TABLE traffic_plan
  ADD COLUMN subusers_used     bigint NOT NULL DEFAULT 0,
  ADD COLUMN subusers_leased   bigint NOT NULL DEFAULT 0,
  ADD COLUMN alerts            bigint[] NOT NULL DEFAULT '{}',
  ADD COLUMN next_alert        bigint,
  ADD COLUMN is_exhausted_told boolean NOT NULL DEFAULT false,
  ADD COLUMN bytes_stop        bigint,
  ADD COLUMN bytes_cap         bigint;
UPDATE traffic_plan p SET subusers_used = s.used, subusers_leased = s.leased
FROM (SELECT plan_id, sum(bytes_used)::bigint AS used, sum(bytes_leased)::bigint AS leased FROM subuser
  WHERE status <> 'deleted' GROUP BY 1) s WHERE s.plan_id = p.id;
UPDATE traffic_plan SET is_exhausted_told = true WHERE bytes_used + subusers_used >= bytes_total;
ALTER TABLE traffic_plan
  ADD CONSTRAINT traffic_plan_alerts CHECK (cardinality(alerts) <= 10),
  ADD CONSTRAINT traffic_plan_subusers CHECK (subusers_used >= 0 AND subusers_leased >= 0),
  ADD CONSTRAINT traffic_plan_stop CHECK (CASE WHEN bytes_stop IS NULL THEN bytes_cap IS NULL
    ELSE bytes_stop > 0 AND bytes_cap >= bytes_stop AND (bytes_leased + subusers_leased = 0
      OR bytes_used + subusers_used + bytes_leased + subusers_leased <= bytes_cap) END);
-- Of these, nodes may hold more than the stop allows.
CREATE INDEX traffic_plan_stopped ON traffic_plan (id) WHERE bytes_cap > bytes_stop;

-- room: what the hard stop leaves to be handed out; cap_room: the same with what was out when it was set; null: there
-- is no stop. leased_all: handed out of the whole plan.
CREATE OR REPLACE VIEW quota AS
  SELECT p.id AS subject, p.id AS holder, true AS is_plan, p.bytes_total - p.bytes_allocated AS total,
    p.bytes_used AS used, p.bytes_leased AS leased, p.id AS plan,
    p.bytes_stop - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased) AS room,
    p.bytes_cap - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased) AS cap_room,
    p.bytes_leased + p.subusers_leased AS leased_all
  FROM traffic_plan p
  UNION ALL
  SELECT s.id, s.id, false, s.bytes_limit, s.bytes_used, s.bytes_leased, p.id,
    p.bytes_stop - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased),
    p.bytes_cap - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased),
    p.bytes_leased + p.subusers_leased
  FROM subuser s JOIN traffic_plan p ON p.id = s.plan_id WHERE s.status <> 'deleted'
  UNION ALL
  SELECT s.id, p.id, true, p.bytes_total - p.bytes_allocated, p.bytes_used, p.bytes_leased, p.id,
    p.bytes_stop - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased),
    p.bytes_cap - (p.bytes_used + p.subusers_used + p.bytes_leased + p.subusers_leased),
    p.bytes_leased + p.subusers_leased
  FROM subuser s JOIN traffic_plan p ON p.id = s.plan_id WHERE s.status = 'deleted';
