-- Tests about money compare the books with the sandbox registrar's log, so its rows cannot be changed or deleted.
CREATE OR REPLACE FUNCTION sandbox_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the sandbox log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sandbox_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sandbox_log FOR EACH STATEMENT
  EXECUTE FUNCTION sandbox_log_append_only();
REVOKE ALL ON FUNCTION sandbox_log_append_only FROM PUBLIC;
