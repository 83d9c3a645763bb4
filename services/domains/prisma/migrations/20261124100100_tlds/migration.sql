-- The catalogue a fresh installation starts with. Where contacts are not required, the account holder stands in for a missing one. Prices are those of one year, in 1/10,000 USD.
INSERT INTO tld (tld, category, register, renew, transfer, restore, trade, years_max, idn_scripts, privacy, lock, ns_min, add_days, grace_days, redemption_days, pending_delete_days, transfer_lock_days, auth_code_required, contacts_required) VALUES
  ('test',   'sandbox',  10000,  10000,  10000,  50000, NULL, 10, '{Latin,Cyrillic,Greek,Han,Hiragana,Katakana}', true,  true,  0, 5, 45, 30, 5, 60, true,  false),
  ('com',    'generic', 104400, 104400, 104400, 800000, NULL, 10, '{Latin,Cyrillic,Greek,Han,Hiragana,Katakana,Hangul,Arabic,Hebrew,Thai}', true, true, 2, 5, 45, 30, 5, 60, true, false),
  ('net',    'generic', 119800, 124800, 119800, 800000, NULL, 10, '{Latin,Cyrillic,Greek,Han,Hiragana,Katakana,Hangul,Arabic,Hebrew,Thai}', true, true, 2, 5, 45, 30, 5, 60, true, false),
  ('org',    'generic',  74800, 107400, 107400, 800000, NULL, 10, '{Latin,Cyrillic,Han}', true, true, 2, 5, 45, 30, 5, 60, true, false),
  ('xyz',    'generic',  20400, 129800, 129800, 850000, NULL, 10, '{Latin,Cyrillic,Han,Arabic}', true, true, 2, 5, 40, 30, 5, 60, true, false),
  ('app',    'generic', 123700, 149800, 149800, 900000, NULL, 10, '{Latin,Han}', true, true, 2, 5, 45, 30, 5, 60, true, false),
  ('dev',    'generic', 108700, 128700, 128700, 900000, NULL, 10, '{Latin,Han}', true, true, 2, 5, 45, 30, 5, 60, true, false),
  ('io',     'country', 345000, 499800, 499800, 1100000, NULL, 10, '{}', true, true, 2, 5, 30, 30, 5, 60, true, true),
  ('ai',     'country', 699000, 799000, 799000, 1500000, NULL, 10, '{}', true, true, 2, 5, 30, 30, 5, 60, true, true),
  ('de',     'country',  45000,  55000,  45000, 650000, NULL, 1,  '{Latin}', false, false, 2, 0, 0, 30, 0, 0, true, true),
  ('co.uk',  'country',  52000,  69000,      0, 250000, 120000, 10, '{}', true, false, 2, 0, 30, 60, 2, 0, false, true);
UPDATE tld SET years_min = 2 WHERE tld = 'ai';
UPDATE tld SET dnssec_max = 4 WHERE tld = 'de';
