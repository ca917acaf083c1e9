-- At a shared workstation's door as at the locked page: a key that opens nothing is a row, and counts against presence alone (ADR 0042).
SET LOCAL ROLE gatekeeper;

-- The credentials that sign in to this account now.
CREATE FUNCTION accounts.credentials_of(p_account uuid) RETURNS bytea[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(k.credential_id ORDER BY k.created_at, k.id), '{}') FROM accounts.key k
     WHERE k.account = p_account AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
$$;

CREATE OR REPLACE FUNCTION accounts.locked(p_session uuid, p_account uuid)
RETURNS TABLE (code text, name text, username text, profession text, touch boolean, credentials bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    code := a.state; credentials := '{}';
    IF a.state = 'session_locked' THEN
        name := a.name; username := a.username; profession := a.profession;
        touch := (SELECT accounts.touch_opens(s) FROM accounts.session s WHERE s.id = p_session);
        credentials := accounts.credentials_of(p_account);
    END IF;
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION accounts.waiting_at(p_workstation uuid)
RETURNS TABLE (session uuid, account uuid, ticket_hash bytea, name text, username text, profession text, touch boolean, credentials bytea[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.account, s.ticket_hash, a.name, a.username, a.profession, accounts.touch_opens(s), accounts.credentials_of(s.account)
      FROM accounts.session s, LATERAL accounts.actor_of(s.id, s.account) a
     WHERE s.workstation = p_workstation AND s.ended_at IS NULL AND s.grade = 'strong' AND a.state = 'session_locked'
     ORDER BY s.locks_at, s.id LIMIT 12
$$;

-- A key took nothing up. Against the session that was asked for, when it waits at this workstation: a row under its owner's name, and one try
-- less for presence; else a refused sign-in of whose key it was (p_account, NULL when nobody's).
CREATE FUNCTION accounts.refuse_take_up(p_workstation uuid, p_session uuid, p_account uuid, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_owner uuid := (SELECT s.account FROM accounts.session s WHERE s.id = p_session AND s.workstation = p_workstation AND s.ended_at IS NULL);
BEGIN
    IF v_owner IS NULL THEN
        PERFORM accounts.refuse_sign_in(p_account, p_reason);
    ELSE
        PERFORM accounts.refuse_reopen(p_session, v_owner, p_reason);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION accounts.take_up(p_workstation uuid, p_session uuid, p_account uuid, p_key uuid, p_count bigint, p_verified boolean, p_point bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_code text; v_owner uuid;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT s.account INTO v_owner FROM accounts.session s WHERE s.id = p_session AND s.workstation = p_workstation FOR UPDATE;
    IF v_owner IS DISTINCT FROM p_account THEN  -- told as ended either way: it says nothing of whose session waits
        PERFORM accounts.refuse_take_up(p_workstation, p_session, p_account, CASE WHEN v_owner IS NULL THEN 'session_ended' ELSE 'not_your_key' END);
        RETURN 'session_ended';
    END IF;
    v_code := accounts.reopen(p_session, p_account, p_key, p_count, p_verified);
    IF v_code = 'ok' THEN
        UPDATE accounts.session SET point = p_point WHERE id = p_session;
        UPDATE accounts.workstation SET used_at = clock_timestamp() WHERE id = p_workstation;
    END IF;
    RETURN v_code;
END $$;

REVOKE ALL ON FUNCTION accounts.credentials_of(uuid), accounts.refuse_take_up(uuid, uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.refuse_take_up(uuid, uuid, uuid, text) TO keeper;

SET LOCAL ROLE owner;
