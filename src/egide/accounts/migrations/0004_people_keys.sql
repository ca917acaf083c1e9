-- Keys: lost ones die at once; a new one is enrolled in person, by a code of two halves that two persons hold.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION accounts.key_for(p_credential bytea)
RETURNS TABLE (id uuid, account uuid, public_key bytea, aaguid uuid, sign_count bigint, mac bytea, live boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.id, k.account, k.public_key, k.aaguid, k.sign_count, k.mac,
           k.revoked_at IS NULL AND c.ended_at IS NULL AND c.suspended_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
      FROM accounts.key k JOIN accounts.account c ON c.id = k.account WHERE k.credential_id = p_credential
$$;

-- Every key and session of an account, at once.
CREATE FUNCTION accounts.kill_keys(p_about uuid, a accounts.actor, p_act uuid, p_told text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp();
BEGIN
    UPDATE accounts.key SET revoked_at = v_now WHERE account = p_about AND revoked_at IS NULL;
    UPDATE accounts.invitation SET expires_at = v_now WHERE account = p_about AND used_at IS NULL AND expires_at > v_now;
    PERFORM accounts.close_rescue(p_about, 'key_lost');
    PERFORM accounts.end_sessions(p_about, 'key_lost');
    PERFORM audit.append('key', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'lose_key', NULL, 'lost', NULL,
                         concat('account=', p_about, ';act=', p_act), NULL, NULL);
    PERFORM accounts.tell(ARRAY[p_about] || accounts.holders(ARRAY['rssi']), p_told, p_about, a.account, p_act);
END $$;

CREATE FUNCTION accounts.do_lose_key(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid;
BEGIN
    IF (accounts.working(v_about)).id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF NOT EXISTS (SELECT 1 FROM accounts.key k WHERE k.account = v_about AND k.revoked_at IS NULL) THEN RETURN 'no_key'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    PERFORM accounts.kill_keys(v_about, accounts.actor_of(t.session, t.account), t.id, 'key_lost');
    RETURN 'ok';
END $$;

-- why: first, lost, broken, more (one beside those she has). spare: the label of the unit's spare key, or empty for a key of her own.
CREATE FUNCTION accounts.do_hand_key(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; c accounts.account;
BEGIN
    c := accounts.working((b->>'account')::uuid);
    IF c.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF c.suspended_at IS NOT NULL THEN RETURN 'already_suspended'; END IF;
    IF b->>'why' NOT IN ('first', 'lost', 'broken', 'more') OR b->>'why' IS NULL OR char_length(coalesce(b->>'spare', '')) > 60 THEN RETURN 'bad_request'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    PERFORM accounts.invite(t, CASE WHEN coalesce(b->>'spare', '') <> '' THEN
        clock_timestamp() + make_interval(hours => gate.limit_of('spare_key_hours')::int) END);
    RETURN 'ok';
END $$;

-- The code is written down; earlier ones of the account end. From now it lives `key_code_minutes`.
CREATE FUNCTION accounts.invite(t accounts.act, p_key_until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; v_now timestamptz := clock_timestamp(); v_second uuid;
BEGIN
    UPDATE accounts.invitation SET expires_at = v_now WHERE account = v_about AND used_at IS NULL AND expires_at > v_now;
    INSERT INTO accounts.invitation (account, act, half_a, half_b, label, key_until, expires_at)
    VALUES (v_about, t.id, t.half_a, t.half_b, coalesce(t.body::jsonb->>'spare', ''), p_key_until,
            v_now + make_interval(mins => gate.limit_of('key_code_minutes')::int));
    PERFORM accounts.write_down(t, 'key', 'handed', NULL, NULL, 'why=' || coalesce(t.body::jsonb->>'why', 'first'));
    PERFORM accounts.tell(ARRAY[v_about], 'key_handed', v_about, t.account, t.id);
END $$;

-- Whose code this is. One half of it known and the other wrong counts as a try; five tries and it is dead. A refusal is a row.
CREATE FUNCTION accounts.invited(p_half_a bytea, p_half_b bytea, OUT code text, OUT invitation uuid, OUT account uuid, OUT username text, OUT name text,
                                 OUT credentials bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE i accounts.invitation;
BEGIN
    SELECT * INTO i FROM accounts.invitation x WHERE p_half_a IN (x.half_a, x.half_b) OR p_half_b IN (x.half_a, x.half_b)
     ORDER BY x.created_at DESC LIMIT 1 FOR UPDATE;
    code := CASE WHEN i.id IS NULL THEN 'bad_code'
                 WHEN i.used_at IS NOT NULL OR i.expires_at <= clock_timestamp() OR i.tries >= gate.limit_of('key_code_tries') THEN 'code_ended'
                 WHEN NOT ((i.half_a, i.half_b) = (p_half_a, p_half_b) OR (i.half_a, i.half_b) = (p_half_b, p_half_a)) THEN 'bad_code'
                 WHEN (accounts.working(i.account)).id IS NULL THEN 'code_ended'
                 ELSE 'ok' END;
    IF code <> 'ok' THEN
        UPDATE accounts.invitation x SET tries = x.tries + 1 WHERE x.id = i.id;
        PERFORM audit.append('refuse', i.account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', 'hand_key', NULL, 'refused', code,
                             'account=' || i.account || ';act=' || i.act, NULL, NULL);
        RETURN;
    END IF;
    invitation := i.id; account := i.account;
    SELECT c.username, c.name INTO username, name FROM accounts.account c WHERE c.id = i.account;
    credentials := coalesce((SELECT array_agg(k.credential_id) FROM accounts.key k WHERE k.account = i.account AND k.revoked_at IS NULL), '{}');
END $$;

-- What the trail keeps of an enrolled key: model, credential, public key; `egide audit verify` checks every yes against it.
CREATE FUNCTION accounts.key_line(p_aaguid uuid, p_credential bytea, p_public_key bytea) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT concat_ws(':', p_aaguid, encode(p_credential, 'hex'), encode(p_public_key, 'hex'))
$$;

-- The key made with a code, verified by the keeper before: once, and told to its owner and to the two who handed it out.
CREATE FUNCTION accounts.enrol_invited(p_invitation uuid, p_id uuid, p_credential bytea, p_public_key bytea, p_aaguid uuid, p_mac bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE i accounts.invitation; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO i FROM accounts.invitation WHERE id = p_invitation FOR UPDATE;
    IF i.id IS NULL OR i.used_at IS NOT NULL OR i.expires_at <= v_now OR (accounts.working(i.account)).id IS NULL THEN RETURN 'code_ended'; END IF;
    IF EXISTS (SELECT 1 FROM accounts.key k WHERE k.credential_id = p_credential) THEN RETURN 'known_key'; END IF;
    INSERT INTO accounts.key (id, account, credential_id, public_key, aaguid, mac, expires_at, label)
    VALUES (p_id, i.account, p_credential, p_public_key, p_aaguid, p_mac, i.key_until, i.label);
    UPDATE accounts.invitation SET used_at = v_now, key = p_id WHERE id = i.id;
    PERFORM audit.append('enrol', i.account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', 'hand_key', NULL, 'ok', NULL,
                         accounts.key_line(p_aaguid, p_credential, p_public_key) || ':act=' || i.act, NULL, NULL);
    PERFORM accounts.tell(ARRAY[i.account] || (SELECT array_agg(v.account) FROM accounts.approval v WHERE v.act = i.act), 'key_enrolled', i.account,
                          i.account, i.act);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION accounts.enrol(p_id uuid, p_account uuid, p_credential bytea, p_public_key bytea, p_aaguid uuid, p_mac bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM accounts.key WHERE credential_id = p_credential AND account = p_account) THEN RETURN 'known'; END IF;
    IF NOT EXISTS (SELECT 1 FROM accounts.account WHERE id = p_account AND kind = 'person' AND ended_at IS NULL) THEN
        RETURN 'unknown_account';
    END IF;
    INSERT INTO accounts.key (id, account, credential_id, public_key, aaguid, mac)
    VALUES (p_id, p_account, p_credential, p_public_key, p_aaguid, p_mac);
    PERFORM audit.append('enrol', p_account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', NULL, NULL, 'ok', NULL,
                         accounts.key_line(p_aaguid, p_credential, p_public_key), NULL, NULL);
    RETURN 'ok';
END $$;

GRANT EXECUTE ON FUNCTION accounts.invited(bytea, bytea), accounts.enrol_invited(uuid, uuid, bytea, bytea, uuid, bytea) TO keeper;

SET LOCAL ROLE owner;
