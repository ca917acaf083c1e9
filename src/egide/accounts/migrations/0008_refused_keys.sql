-- A registration under a living code that the keeper would not take: a row too. Whoever holds both halves and poses something that is
-- no key, or no verified one, was silent until now.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION accounts.refuse_key(p_invitation uuid, p_code text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE i accounts.invitation;
BEGIN
    SELECT * INTO STRICT i FROM accounts.invitation WHERE id = p_invitation;
    PERFORM audit.append('refuse', i.account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', 'hand_key', NULL, 'refused', p_code,
                         'account=' || i.account || ';act=' || i.act, NULL, NULL);
END $$;

REVOKE ALL ON FUNCTION accounts.refuse_key(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.refuse_key(uuid, text) TO keeper;

SET LOCAL ROLE owner;
