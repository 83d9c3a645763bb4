-- The migrations of each schema of Lumi, for `lumi doctor`: lumi_admin does not read the histories themselves.
CREATE OR REPLACE FUNCTION schema_history(OUT schema text, OUT migrations text[], OUT failed text[])
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = platform, pg_temp AS $$
BEGIN
  PERFORM require_product(NULL);
  FOREACH schema IN ARRAY ARRAY['platform', 'domains', 'vps', 'proxy'] LOOP
    migrations := '{}';
    failed := '{}';
    IF to_regclass(format('%I._prisma_migrations', schema)) IS NOT NULL THEN
      EXECUTE format('SELECT coalesce(array_agg(migration_name::text ORDER BY migration_name) '
        'FILTER (WHERE finished_at IS NOT NULL), ''{}''), coalesce(array_agg(migration_name::text) '
        'FILTER (WHERE finished_at IS NULL), ''{}'') FROM %I._prisma_migrations WHERE rolled_back_at IS NULL', schema)
      INTO migrations, failed;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION schema_history FROM PUBLIC;
GRANT EXECUTE ON FUNCTION schema_history TO lumi_admin;
