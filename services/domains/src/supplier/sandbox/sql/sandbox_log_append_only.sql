-- The sandbox registrar's log is the outside witness of tests about money: what stands in it stays.
CREATE OR REPLACE FUNCTION sandbox_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the sandbox log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sandbox_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sandbox_log FOR EACH STATEMENT
  EXECUTE FUNCTION sandbox_log_append_only();
REVOKE ALL ON FUNCTION sandbox_log_append_only FROM PUBLIC;
