-- A transfer in adds this many years to the expiry and is charged as one operation; some country registries add none.
ALTER TABLE tld ADD COLUMN transfer_years integer NOT NULL DEFAULT 1 CHECK (transfer_years >= 0);
UPDATE tld SET transfer_years = 0 WHERE tld = 'co.uk';
