-- The sandbox tells of an address all that follows from it, its city included.
ALTER TABLE sandbox_exit ADD COLUMN city text NOT NULL DEFAULT '';
UPDATE sandbox_exit e SET city = p.city FROM proxy p WHERE p.network_id = e.network_id;
ALTER TABLE sandbox_exit ALTER COLUMN city DROP DEFAULT;
