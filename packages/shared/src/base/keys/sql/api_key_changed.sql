-- Each change of a key, except that of its last use, gives it a new generation and notifies the gateways, which listen
-- on lumi_keys. The payload is the digest, so that a cache can drop exactly this key.
CREATE OR REPLACE FUNCTION api_key_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.generation := OLD.generation + 1;
  PERFORM pg_notify('lumi_keys', encode(OLD.digest, 'hex'));
  RETURN NEW;
END $$;
CREATE TRIGGER api_key_changed BEFORE UPDATE ON api_key
  FOR EACH ROW WHEN (OLD.last_used_at IS NOT DISTINCT FROM NEW.last_used_at) EXECUTE FUNCTION api_key_changed();
REVOKE ALL ON FUNCTION api_key_changed FROM PUBLIC;
