-- Signing in by Pro Santé Connect: the keeper verified an RPPS; whose it is stands in the directory. It grants nothing.
GRANT SELECT (id, rpps) ON public.directory_professional TO gatekeeper;
SET LOCAL ROLE gatekeeper;

-- The session of the one live account that bears this RPPS and has a current profession; else a state, and a row.
CREATE FUNCTION accounts.begin_psc(p_session uuid, p_rpps text, p_device text, p_ticket_hash bytea) RETURNS accounts.actor
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_accounts uuid[]; v_profession text; a accounts.actor; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT array_agg(c.id) INTO v_accounts FROM public.directory_professional d JOIN accounts.account c ON c.id = d.id
     WHERE d.rpps = p_rpps AND p_rpps ~ '^[0-9]{11}$' AND c.kind = 'person' AND c.ended_at IS NULL;
    SELECT m.profession INTO v_profession FROM accounts.membership m
     WHERE m.account = v_accounts[1] AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)
     ORDER BY m.since DESC, m.id LIMIT 1;
    -- two people under one number: nobody can tell whose proof it is
    IF coalesce(cardinality(v_accounts), 0) <> 1 OR v_profession IS NULL THEN
        PERFORM audit.append('sign_in_refused', CASE WHEN cardinality(v_accounts) = 1 THEN v_accounts[1] END, NULL, NULL, NULL, NULL,
                             '{}', '{}', '{}', 'psc', NULL, 'refused', 'psc_unknown', NULL, NULL, NULL);
        a.state := 'psc_unknown';
        RETURN a;
    END IF;
    INSERT INTO accounts.session (id, account, profession, grade, device, ticket_hash, expires_at)
    VALUES (p_session, v_accounts[1], v_profession, 'psc', left(p_device, 120), p_ticket_hash, v_now + interval '12 hours');
    a := accounts.actor_of(p_session, v_accounts[1]);
    PERFORM audit.append('sign_in', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'psc', NULL, 'ok', NULL, NULL,
                         NULL, NULL);
    RETURN a;
END $$;

REVOKE ALL ON FUNCTION accounts.begin_psc(uuid, text, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.begin_psc(uuid, text, text, bytea) TO keeper;

SET LOCAL ROLE owner;
