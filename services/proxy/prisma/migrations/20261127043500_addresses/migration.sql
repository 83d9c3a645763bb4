-- Addresses are stored and compared as addresses: `2001:db8:c00:0::1` and `2001:db8:c00::1` are one.
ALTER TABLE proxy ALTER COLUMN exit_ip TYPE inet USING exit_ip::inet, ALTER COLUMN subnet TYPE inet USING subnet::inet;
