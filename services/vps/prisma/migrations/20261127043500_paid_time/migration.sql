-- What the paid time of a server is made of: [{"months", "days", "price"}] in their order, the last of which ends at expires_at. Each is prorated at its own price.
-- `anchor_day`: the day of the month from which months are counted, for expiries that stand on an earlier one because their month has no such day.
ALTER TABLE server ADD COLUMN stretches jsonb NOT NULL DEFAULT '[]';
ALTER TABLE server ADD COLUMN anchor_day integer CHECK (anchor_day BETWEEN 1 AND 31);
UPDATE server s SET stretches = jsonb_build_array(jsonb_build_object(
    'months', s.period_months, 'price', p.renew_price::text,
    'days', round(extract(epoch FROM (s.expires_at AT TIME ZONE 'UTC') - ((s.expires_at AT TIME ZONE 'UTC') - make_interval(months => s.period_months))) / 86400)::int))
  FROM plan_price p WHERE p.plan_id = s.plan_id AND p.location_id = s.location_id AND p.period_months = s.period_months AND s.expires_at IS NOT NULL;

-- Whether a price still holds is asked in one place, for all products: platform.terms_hold.
DROP FUNCTION demand(boolean, text);
