-- An event about the account itself has no product, and every product's feed shows it.
ALTER TABLE event ALTER COLUMN product DROP NOT NULL;
-- Who did it: the id of a key, or `operator`. Null: Lumi itself, or an event from before this column.
ALTER TABLE event ADD COLUMN actor text;
ALTER POLICY own_domains ON event USING (product = 'domains' OR product IS NULL);
ALTER POLICY own_vps ON event USING (product = 'vps' OR product IS NULL);
ALTER POLICY own_proxy ON event USING (product = 'proxy' OR product IS NULL);
