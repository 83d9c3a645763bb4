-- Addresses are stored and compared as addresses, however they were written.
ALTER TABLE address ALTER COLUMN ip TYPE inet USING ip::inet;
ALTER TABLE server ALTER COLUMN gateway_ip TYPE inet USING gateway_ip::inet;
