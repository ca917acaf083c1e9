-- The keeper's key `enrol` is renewed (docs/decisions/0044-keys-that-seal-nothing.md): what it marked is found and marked anew.
SET LOCAL ROLE gatekeeper;

-- Every sign-in key, with what its mark covers. `told`: the trail has the line of its enrolment; a row without one was never handed out.
CREATE FUNCTION accounts.keys_slice(p_after uuid, p_limit int)
RETURNS TABLE (id uuid, account uuid, credential_id bytea, public_key bytea, aaguid uuid, mac bytea, told boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.id, k.account, k.credential_id, k.public_key, k.aaguid, k.mac,
           -- a line without the public part: enrolled before the trail kept it
           EXISTS (SELECT 1 FROM audit.entry e WHERE e.kind = 'enrol' AND e.account = k.account
                      AND (left(e.object, length(l.line)) = l.line OR e.object IS NULL OR split_part(e.object, ':', 3) = ''))
      FROM accounts.key k, LATERAL (SELECT accounts.key_line(k.aaguid, k.credential_id, k.public_key) AS line) l
     WHERE k.id > p_after ORDER BY k.id LIMIT least(p_limit, 1000)
$$;

-- Replaces marks that are still what was read; how many were.
CREATE FUNCTION accounts.remark(p_id uuid[], p_old bytea[], p_new bytea[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE accounts.key k SET mac = x.new FROM unnest(p_id, p_old, p_new) x (id, old, new) WHERE k.id = x.id AND k.mac = x.old;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- Secrets of living rescues sealed under another version than p_newest. An ended one opens nothing: it stays as it is.
CREATE FUNCTION accounts.rescues_under_former(p_newest int)
RETURNS TABLE (id uuid, account uuid, secret bytea, until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.id, r.account, r.secret, r.until FROM accounts.rescue r
     WHERE r.ended_at IS NULL AND r.until > clock_timestamp() AND substring(r.secret FROM 2 FOR 2) <> substring(int4send(p_newest) FROM 3)
$$;
CREATE FUNCTION accounts.reseal_rescues(p_id uuid[], p_old bytea[], p_new bytea[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE accounts.rescue r SET secret = x.new FROM unnest(p_id, p_old, p_new) x (id, old, new) WHERE r.id = x.id AND r.secret = x.old;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- Codes of keys still to be enrolled, or half given, of acts asked before p_since: nobody but their bearers knows them, they can only end.
CREATE FUNCTION accounts.codes_before(p_since timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT count(*) FROM accounts.invitation i JOIN accounts.act t ON t.id = i.act
             WHERE i.used_at IS NULL AND i.expires_at > clock_timestamp() AND t.created_at < p_since)
         + (SELECT count(*) FROM accounts.act t
             WHERE t.done_at IS NULL AND t.refused_at IS NULL AND t.expires_at > clock_timestamp() AND t.created_at < p_since
               AND t.half_a IS NOT NULL AND t.kind IN ('create_person', 'hand_key'))
$$;

-- As accounts.invited(bytea, bytea), a half being known under any of several marks (one a living version of the key).
CREATE FUNCTION accounts.invited(p_half_a bytea[], p_half_b bytea[], OUT code text, OUT invitation uuid, OUT account uuid, OUT username text,
                                 OUT name text, OUT credentials bytea[])
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT x.* FROM (SELECT coalesce((SELECT h FROM unnest(p_half_a) h
                                       WHERE EXISTS (SELECT 1 FROM accounts.invitation i WHERE h IN (i.half_a, i.half_b))
                                       LIMIT 1), p_half_a[1]) AS a,
                            coalesce((SELECT h FROM unnest(p_half_b) h
                                       WHERE EXISTS (SELECT 1 FROM accounts.invitation i WHERE h IN (i.half_a, i.half_b))
                                       LIMIT 1), p_half_b[1]) AS b) m,
           LATERAL accounts.invited(m.a, m.b) x
$$;

REVOKE ALL ON FUNCTION accounts.keys_slice(uuid, int), accounts.remark(uuid[], bytea[], bytea[]), accounts.rescues_under_former(int),
    accounts.reseal_rescues(uuid[], bytea[], bytea[]), accounts.codes_before(timestamptz), accounts.invited(bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.keys_slice(uuid, int), accounts.remark(uuid[], bytea[], bytea[]), accounts.rescues_under_former(int),
    accounts.reseal_rescues(uuid[], bytea[], bytea[]), accounts.codes_before(timestamptz), accounts.invited(bytea[], bytea[]) TO keeper;

SET LOCAL ROLE owner;
