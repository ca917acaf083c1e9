-- Sessions begun before the keeper's key of sessions was renewed go on under the former version until their end, twelve hours at most;
-- after a theft the operator ends them all.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION accounts.sessions_before(p_since timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM accounts.session s WHERE s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND s.created_at < p_since
$$;
CREATE FUNCTION accounts.end_sessions_before(p_since timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE accounts.session SET ended_at = clock_timestamp(), end_reason = 'key_renewed'
     WHERE ended_at IS NULL AND expires_at > clock_timestamp() AND created_at < p_since;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION accounts.sessions_before(timestamptz), accounts.end_sessions_before(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.sessions_before(timestamptz), accounts.end_sessions_before(timestamptz) TO keeper;

SET LOCAL ROLE owner;
