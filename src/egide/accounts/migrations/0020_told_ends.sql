-- A session that is ended without its owner's doing is a row of its own, under her name: where it sat, and why.
SET LOCAL ROLE gatekeeper;

-- Ends these sessions now, those that had not ended; how many.
CREATE FUNCTION accounts.end_each(p_sessions uuid[], p_reason text) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE s accounts.session; v_count int := 0;
BEGIN
    FOR s IN UPDATE accounts.session SET ended_at = clock_timestamp(), end_reason = p_reason
              WHERE id = ANY (p_sessions) AND ended_at IS NULL RETURNING * LOOP
        PERFORM audit.append('revoke', s.account, s.id, s.profession, NULL, NULL, '{}', '{}', '{}', NULL, NULL, 'ok', p_reason, s.id::text, NULL, NULL);
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END $$;

CREATE OR REPLACE FUNCTION accounts.end_sessions_before(p_since timestamptz) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT accounts.end_each(ARRAY(SELECT s.id FROM accounts.session s
                                    WHERE s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND s.created_at < p_since), 'key_renewed')
$$;

CREATE OR REPLACE FUNCTION accounts.do_end_station(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; w accounts.workstation;
BEGIN
    SELECT * INTO w FROM accounts.workstation x WHERE x.id = (b->>'account')::uuid FOR UPDATE;
    IF w.id IS NULL OR w.site::text IS DISTINCT FROM b->>'site' THEN RETURN 'unknown_station'; END IF;
    IF w.ended_at IS NOT NULL THEN RETURN 'already_ended_here'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.workstation SET ended_at = clock_timestamp() WHERE id = w.id;
    PERFORM accounts.end_each(ARRAY(SELECT s.id FROM accounts.session s WHERE s.workstation = w.id AND s.ended_at IS NULL), 'station_ended');
    PERFORM accounts.write_down(t, 'station', 'ended', NULL, NULL, NULL);
    RETURN 'ok';
END $$;

REVOKE ALL ON FUNCTION accounts.end_each(uuid[], text) FROM PUBLIC;

SET LOCAL ROLE owner;
