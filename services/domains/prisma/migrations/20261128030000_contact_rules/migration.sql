-- What the registry of a TLD demands of contacts beyond what every contact has: a list of {fields, roles?, countries?} (src/catalogue/contact-rules.ts).
ALTER TABLE tld ADD COLUMN contact_rules jsonb NOT NULL DEFAULT '[{"fields": ["postal_code"], "countries": "with_postal_codes"}]';
UPDATE tld SET contact_rules = '[]' WHERE category = 'sandbox';
