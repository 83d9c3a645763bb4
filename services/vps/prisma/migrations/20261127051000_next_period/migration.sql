-- What the next period is to be: another plan, another length, or both. It costs nothing and is priced by the renewal that begins the period; `next_plan_from` is set by that
-- renewal, and from then on the change is paid for and made at that moment.
ALTER TABLE server ADD COLUMN next_plan_id text REFERENCES plan (id);
ALTER TABLE server ADD COLUMN next_period_months integer;
ALTER TABLE server ADD COLUMN next_plan_from timestamptz;
ALTER TABLE server ADD CONSTRAINT server_next_plan CHECK (next_plan_from IS NULL OR next_plan_id IS NOT NULL);
CREATE INDEX server_next_plan_due ON server (next_plan_from) WHERE next_plan_from IS NOT NULL;
