-- A session's cookie came without its workstation's proof, or with one that is old, used or another's: a row, whoever sent it, and
-- nothing else: nobody is stopped by what somebody else sends (attack 25).
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION accounts.unproven(p_session uuid, p_account uuid, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}',
                         NULL, NULL, 'refused', p_reason, NULL, NULL, NULL);
END $$;

REVOKE ALL ON FUNCTION accounts.unproven(uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.unproven(uuid, uuid, text) TO keeper;

SET LOCAL ROLE owner;
