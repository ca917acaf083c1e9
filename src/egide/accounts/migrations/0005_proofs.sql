-- What the auditor needs to verify each yes again: the act, word for word, and the assertion that was kept of it.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION audit.approvals()
RETURNS TABLE (act uuid, kind text, nonce bytea, body text, account uuid, assertion bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.kind, t.nonce, t.body, v.account, v.assertion
      FROM accounts.approval v JOIN accounts.act t ON t.id = v.act ORDER BY v.at, v.act, v.place
$$;
REVOKE ALL ON FUNCTION audit.approvals() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.approvals() TO auditor;

SET LOCAL ROLE owner;
