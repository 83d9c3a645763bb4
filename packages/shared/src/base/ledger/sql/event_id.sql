-- An id of an event, in the form that `newId` makes (ground/contract/ids.ts): nine characters of milliseconds, fifteen
-- of randomness. Internal: no role may call it.
CREATE OR REPLACE FUNCTION event_id() RETURNS text LANGUAGE sql VOLATILE SET search_path = platform, pg_temp AS $$
  SELECT 'evt_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', part + 1, 1), '' ORDER BY place)
  FROM (
    SELECT place, ((at_ms >> (5 * (8 - place))) & 31)::integer AS part
      FROM floor(extract(epoch FROM clock_timestamp()) * 1000) AS x(ms), LATERAL (SELECT ms::bigint) AS y(at_ms),
        generate_series(0, 8) AS place
    UNION ALL
    SELECT 9 + place, get_byte(uuid_send(random), place) & 31
      FROM gen_random_uuid() AS random, generate_series(0, 14) AS place) parts;
$$;
REVOKE ALL ON FUNCTION event_id FROM PUBLIC;
