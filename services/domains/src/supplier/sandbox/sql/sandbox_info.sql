-- A name at the registry, as the answer of its `info` command.
CREATE OR REPLACE FUNCTION sandbox_info(p_name sandbox_name, p_now timestamptz) RETURNS jsonb LANGUAGE sql STABLE
  SET search_path = domains, pg_temp AS $$
  SELECT jsonb_build_object(
    'name', p_name.name, 'registered_at', sandbox_time(p_name.registered_at), 'expires_at',
      sandbox_time(p_name.expires_at),
    'deleted_at', sandbox_time(p_name.deleted_at), 'held_by_us', p_name.sponsor = 'us',
    'statuses', CASE WHEN p_name.locked THEN '["clientTransferProhibited"]'::jsonb
      WHEN cardinality(p_name.nameservers) = 0 THEN '["inactive"]'::jsonb ELSE '["ok"]'::jsonb END
      || CASE sandbox_phase(p_name, p_now) WHEN 'redemption' THEN '["pendingDelete","redemptionPeriod"]'::jsonb
        WHEN 'pending_delete' THEN '["pendingDelete"]'::jsonb ELSE '[]'::jsonb END,
    'locked', p_name.locked, 'privacy', p_name.privacy, 'nameservers', to_jsonb(p_name.nameservers), 'contacts',
      p_name.contacts, 'ds', p_name.ds, 'hosts', p_name.hosts,
    'auth_code_expires_at', sandbox_time(p_name.auth_expires_at));
$$;
REVOKE ALL ON FUNCTION sandbox_info FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_info TO lumi_domains;
