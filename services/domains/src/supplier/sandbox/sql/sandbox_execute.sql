-- Executes one command under our reference, once: a second call with the same reference, at any time, returns the
-- recorded ending. p_play is the ending chosen by a magic name: 'pending' accepts the command without executing it,
-- 'refuse' refuses it. p_payload holds the command's own fields; its fees are in 1/10,000 USD. ending: pending | done
-- (with info) | refused (with code).
CREATE OR REPLACE FUNCTION sandbox_execute(
  p_command text, p_ref text, p_name text, p_tld text, p_now timestamptz, p_payload jsonb, p_play text,
  OUT ending text, OUT code text, OUT info jsonb
) LANGUAGE plpgsql SET search_path = domains, pg_temp AS $$
DECLARE
  v_name sandbox_name%ROWTYPE;
  v_now timestamptz := date_trunc('second', p_now);
  v_fee bigint := (p_payload ->> 'fee')::bigint;
  v_years integer := coalesce((p_payload ->> 'years')::integer, 1);
  v_phase text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_ref, 11));
  SELECT l.ending, l.code, l.info INTO ending, code, info FROM sandbox_log l WHERE l.ref = p_ref
    AND l.ending <> 'pending';
  IF FOUND THEN
    RETURN;
  END IF;
  IF p_play = 'pending' THEN
    INSERT INTO sandbox_log (ref, command, name, ending, fee, at)
      VALUES (p_ref, p_command, p_name, 'pending', v_fee, p_now) ON CONFLICT DO NOTHING;
    ending := 'pending';
    RETURN;
  END IF;

  ending := 'done';
  IF p_play = 'refuse' THEN
    code := p_payload ->> 'refuse_code';
  ELSIF p_payload ? 'fee_due' AND (p_payload ->> 'fee_due') IS DISTINCT FROM (p_payload ->> 'fee') THEN
    code := 'price_changed';
  ELSIF p_command = 'register' THEN
    INSERT INTO sandbox_name AS n (name, tld, sponsor, registered_at, expires_at, locked, privacy, nameservers,
      contacts, updated_at)
      VALUES (p_name, p_tld, 'us', v_now, v_now + make_interval(years => v_years), (p_payload ->> 'locked')::boolean,
        (p_payload ->> 'privacy')::boolean,
              ARRAY(SELECT jsonb_array_elements_text(p_payload -> 'nameservers')), p_payload -> 'contacts', p_now)
      ON CONFLICT (name) DO UPDATE SET
        sponsor = 'us', registered_at = excluded.registered_at, expires_at = excluded.expires_at, deleted_at = NULL,
          locked = excluded.locked, privacy = excluded.privacy,
        nameservers = excluded.nameservers, contacts = excluded.contacts, ds = '[]', hosts = '{}', auth_hash = NULL,
          auth_expires_at = NULL, updated_at = excluded.updated_at
        WHERE sandbox_phase(n, p_now) = 'free'
      RETURNING n.* INTO v_name;
    IF NOT FOUND THEN
      code := 'not_available';
    END IF;
  ELSIF p_command = 'transfer' THEN
    INSERT INTO sandbox_name AS n (name, tld, sponsor, registered_at, expires_at, locked, privacy, nameservers,
      contacts, updated_at)
      VALUES (p_name, p_tld, 'us', v_now - interval '1 year',
        v_now + interval '200 days' + make_interval(years => v_years), (p_payload ->> 'locked')::boolean,
          (p_payload ->> 'privacy')::boolean,
              ARRAY(SELECT jsonb_array_elements_text(p_payload -> 'nameservers')), p_payload -> 'contacts', p_now)
      ON CONFLICT (name) DO UPDATE SET
        sponsor = 'us', expires_at = n.expires_at + make_interval(years => v_years), locked = excluded.locked,
          privacy = excluded.privacy,
        nameservers = CASE WHEN (p_payload ->> 'keep_nameservers')::boolean THEN n.nameservers ELSE excluded.nameservers
          END,
        contacts = excluded.contacts, auth_hash = NULL, auth_expires_at = NULL, updated_at = excluded.updated_at
        WHERE n.sponsor = 'other' AND NOT n.locked
      RETURNING n.* INTO v_name;
    IF NOT FOUND THEN
      code := 'state_conflict';
    END IF;
  ELSE
    SELECT * INTO v_name FROM sandbox_name n WHERE n.name = p_name AND n.sponsor = 'us' FOR UPDATE;
    v_phase := CASE WHEN FOUND THEN sandbox_phase(v_name, p_now) ELSE 'free' END;
    IF p_command = 'renew' THEN
      IF v_phase NOT IN ('active', 'grace') OR v_name.expires_at + make_interval(years => v_years) > p_now + interval
        '10 years 1 day' THEN
        code := 'state_conflict';
      ELSIF v_name.expires_at <> (p_payload ->> 'current_expires_at')::timestamptz THEN
        code := 'expiry_mismatch';
      ELSE
        UPDATE sandbox_name n SET expires_at = n.expires_at + make_interval(years => v_years), updated_at = p_now
          WHERE n.name = p_name RETURNING n.* INTO v_name;
      END IF;
    ELSIF p_command = 'restore' THEN
      IF v_phase <> 'redemption' THEN
        code := 'state_conflict';
      ELSE
        UPDATE sandbox_name n SET expires_at = n.expires_at + make_interval(years => v_years), deleted_at = NULL,
          updated_at = p_now WHERE n.name = p_name RETURNING n.* INTO v_name;
      END IF;
    ELSIF p_command = 'delete' THEN
      IF v_phase NOT IN ('active', 'grace') THEN
        code := 'state_conflict';
      ELSIF p_now < v_name.registered_at + make_interval(days => (SELECT t.add_days FROM tld t WHERE t.tld = p_tld))
        THEN
        DELETE FROM sandbox_name n WHERE n.name = p_name;
        v_name.deleted_at := p_now;
      ELSE
        UPDATE sandbox_name n SET deleted_at = p_now, updated_at = p_now WHERE n.name = p_name
          RETURNING n.* INTO v_name;
      END IF;
    ELSIF v_phase NOT IN ('active', 'grace') THEN
      code := 'state_conflict';
    ELSE
      UPDATE sandbox_name n SET
        nameservers = CASE WHEN p_payload ? 'nameservers' THEN ARRAY(SELECT jsonb_array_elements_text(p_payload ->
          'nameservers')) ELSE n.nameservers END,
        locked = coalesce((p_payload ->> 'locked')::boolean, n.locked),
          privacy = coalesce((p_payload ->> 'privacy')::boolean, n.privacy),
        contacts = coalesce(p_payload -> 'contacts', n.contacts), ds = coalesce(p_payload -> 'ds', n.ds),
          hosts = coalesce(p_payload -> 'hosts', n.hosts),
        auth_hash = CASE WHEN p_payload ? 'auth_hash' THEN p_payload ->> 'auth_hash' ELSE n.auth_hash END,
        auth_expires_at = CASE WHEN p_payload ? 'auth_hash' THEN (p_payload ->> 'auth_expires_at')::timestamptz
          ELSE n.auth_expires_at END,
        updated_at = p_now
        WHERE n.name = p_name RETURNING n.* INTO v_name;
    END IF;
  END IF;

  IF code IS NULL THEN
    info := sandbox_info(v_name, p_now);
    INSERT INTO sandbox_contact (handle, data) SELECT c.key, c.value
      FROM jsonb_each(coalesce(p_payload -> 'contact_data', '{}')) c
      ON CONFLICT (handle) DO UPDATE SET data = excluded.data;
  ELSE
    ending := 'refused';
  END IF;
  INSERT INTO sandbox_log (ref, command, name, ending, code, fee, info, at)
    VALUES (p_ref, p_command, p_name, ending, code, v_fee, info, p_now);
END $$;
REVOKE ALL ON FUNCTION sandbox_execute FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sandbox_execute TO lumi_domains;
