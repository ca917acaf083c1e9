-- The one two-person mechanism: asked, signed by the asker, signed by another person elsewhere, carried out. A refusal is a row.
SET LOCAL ROLE gatekeeper;

-- Lower case, without accents: how names are compared and looked for.
CREATE FUNCTION accounts.plain(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT translate(lower(normalize(p_text, NFC)), 'àâäáãåçéèêëîïíìñôöóòõùûüúÿœæ’-', 'aaaaaaceeeeiiiinooooouuuuyoa''  ')
$$;

CREATE FUNCTION accounts.tell(p_to uuid[], p_kind text, p_about uuid, p_by uuid, p_act uuid) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO accounts.notice (account, kind, about, by_account, act)
    SELECT DISTINCT i, p_kind, p_about, p_by, p_act FROM unnest(p_to) i WHERE i IS NOT NULL
$$;

-- Accounts that now hold one of these professions.
CREATE FUNCTION accounts.holders(p_professions text[]) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT m.account), '{}') FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
     WHERE m.profession = ANY (p_professions) AND c.ended_at IS NULL AND c.suspended_at IS NULL
       AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())
$$;

CREATE FUNCTION accounts.current_units(p_account uuid) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT m.unit), '{}') FROM accounts.membership m
     WHERE m.account = p_account AND m.unit IS NOT NULL AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())
$$;

-- The units an act is about: those it names, and those where the person concerned works now.
CREATE FUNCTION accounts.units_of_act(p_body jsonb) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT u), '{}') FROM (
        SELECT unnest(string_to_array(nullif(p_body->>'units', ''), ',')::uuid[]) u
        UNION SELECT nullif(p_body->>'unit', '')::uuid
        UNION SELECT unnest(accounts.current_units((p_body->>'account')::uuid))) x WHERE u IS NOT NULL
$$;

-- What somebody is with regard to the person an act concerns: the roles of accounts/rules.py.
CREATE FUNCTION accounts.roles_in(a accounts.actor, p_body jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (p_body->>'account')::uuid; v_now timestamptz := clock_timestamp(); v_units uuid[] := accounts.units_of_act(p_body);
        v_site uuid := coalesce(nullif(p_body->>'site', '')::uuid, (SELECT c.site FROM accounts.account c WHERE c.id = v_about));
        v_found text[] := '{}';
BEGIN
    IF v_about = a.account THEN v_found := v_found || 'self'::text; END IF;
    IF EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession) THEN v_found := v_found || a.profession; END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind IN ('cadre', 'chief')
                 AND r.unit_id = ANY (v_units) AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now)) THEN
        v_found := v_found || 'head'::text;
    END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind = 'guard'
                 AND r.site_id = v_site AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now)) THEN
        v_found := v_found || 'guard'::text;
    END IF;
    IF a.units && v_units AND v_about <> a.account THEN v_found := v_found || 'colleague'::text; END IF;
    RETURN v_found;
END $$;

CREATE FUNCTION accounts.may_say(a accounts.actor, p_kind text, p_place text, p_body jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.act_rule r WHERE r.kind = p_kind AND r.place = p_place AND r.role = ANY (accounts.roles_in(a, p_body)))
$$;

-- A refused act: a row; when somebody tried to become what he may not be, RSSI and DPO are told in the same commit.
CREATE FUNCTION accounts.refuse_act(a accounts.actor, p_kind text, p_act uuid, p_about uuid, p_code text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', left(p_kind, 40), NULL, 'refused',
                         p_code, concat('account=', p_about, ';act=', p_act), NULL, NULL);
    IF p_code IN ('office_and_care', 'concerns_you') THEN
        PERFORM accounts.tell(accounts.holders(ARRAY['dpo', 'rssi']), 'alarm', coalesce(p_about, a.account), a.account, NULL);
    END IF;
    RETURN p_code;
END $$;

-- Carries an act out, or (p_dry) says whether it could be: the function accounts.do_<kind> of that act.
CREATE FUNCTION accounts.carry_out(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_code text;
BEGIN
    EXECUTE format('SELECT accounts.%I($1, $2)', 'do_' || t.kind) USING t, p_dry INTO v_code;
    RETURN v_code;
END $$;

-- Who is concerned by an act may neither ask for it nor approve it, unless the act is one that a person does to herself.
CREATE FUNCTION accounts.concerned(a accounts.actor, p_kind text, p_body jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ((p_body->>'account')::uuid = a.account
            OR accounts.plain(concat_ws(' ', p_body->>'given', p_body->>'family')) = (
                SELECT accounts.plain(concat_ws(' ', p.given, p.family)) FROM public.directory_professional p WHERE p.id = a.account))
       AND NOT EXISTS (SELECT 1 FROM accounts.act_rule r WHERE r.kind = p_kind AND r.place = 'ask' AND r.role = 'self')
$$;

-- Write an act down, word for word. Nothing is carried out: its asker signs it first.
CREATE FUNCTION accounts.ask_act(p_session uuid, p_account uuid, p_act uuid, p_kind text, p_body text, p_nonce bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); t accounts.act; k accounts.act_kind; v_body jsonb; v_code text;
BEGIN
    IF a.state <> 'live' OR a.kind <> 'person' THEN RETURN a.state; END IF;
    IF a.grade <> 'strong' THEN RETURN accounts.refuse_act(a, p_kind, p_act, NULL, 'category_closed'); END IF;
    SELECT * INTO k FROM accounts.act_kind WHERE kind = p_kind;
    BEGIN
        v_body := p_body::jsonb;
        PERFORM (v_body->>'account')::uuid, accounts.units_of_act(v_body), nullif(v_body->>'site', '')::uuid;
    EXCEPTION WHEN data_exception THEN v_body := NULL;
    END;
    IF k.kind IS NULL OR v_body->>'account' IS NULL OR octet_length(p_body) > 4000 THEN
        RETURN accounts.refuse_act(a, p_kind, p_act, NULL, 'bad_request');
    END IF;
    t.id := p_act; t.kind := p_kind; t.body := p_body; t.nonce := p_nonce; t.account := p_account; t.session := p_session;
    t.created_at := clock_timestamp(); t.expires_at := t.created_at + make_interval(secs => k.seconds);
    v_code := CASE WHEN accounts.concerned(a, p_kind, v_body) THEN 'concerns_you'
                   WHEN NOT accounts.may_say(a, p_kind, 'ask', v_body) THEN 'category_closed'
                   ELSE accounts.carry_out(t, true) END;
    IF v_code <> 'ok' THEN RETURN accounts.refuse_act(a, p_kind, p_act, (v_body->>'account')::uuid, v_code); END IF;
    INSERT INTO accounts.act SELECT (t).*;
    RETURN 'ok';
END $$;

-- Whether this session may say yes to this act now, and as which: 1 the asker, 2 somebody else. Says why not.
CREATE FUNCTION accounts.place_in(a accounts.actor, t accounts.act, OUT place int, OUT code text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_given int := (SELECT count(*) FROM accounts.approval v WHERE v.act = t.id); v_body jsonb := t.body::jsonb; v_asker bytea; v_here bytea;
BEGIN
    place := v_given + 1; code := 'ok';
    IF t.id IS NULL OR t.done_at IS NOT NULL OR t.refused_at IS NOT NULL OR t.expires_at <= clock_timestamp() THEN code := 'act_ended';
    ELSIF a.grade <> 'strong' THEN code := 'category_closed';
    ELSIF place = 1 THEN
        IF (t.account, t.session) <> (a.account, a.session) THEN code := 'act_ended';
        ELSIF NOT accounts.may_say(a, t.kind, 'ask', v_body) THEN code := 'category_closed'; END IF;
    ELSIF t.account = a.account OR EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = t.id AND v.account = a.account) THEN
        code := 'same_person';
    ELSIF accounts.concerned(a, t.kind, v_body) THEN code := 'concerns_you';
    ELSIF NOT accounts.may_say(a, t.kind, 'yes', v_body) THEN code := 'category_closed';
    ELSE
        SELECT s.mark INTO v_asker FROM accounts.station s WHERE s.session = t.session;
        SELECT s.mark INTO v_here FROM accounts.station s WHERE s.session = a.session;
        -- unknown is not another
        IF v_asker IS NULL OR v_here IS NULL OR v_asker = v_here THEN code := 'same_station';
        ELSIF (SELECT count(*) FROM accounts.act x JOIN accounts.approval y ON y.act = x.id AND y.place = 2
                WHERE y.at > clock_timestamp() - interval '1 day'
                  AND (x.account, y.account) IN ((t.account, a.account), (a.account, t.account))) >= gate.limit_of('act_pair_day')
            THEN code := 'same_pair';
        END IF;
    END IF;
END $$;

-- The act as its next yes signs it. A look is no row; a refusal is one.
CREATE FUNCTION accounts.act_for(p_session uuid, p_account uuid, p_act uuid)
RETURNS TABLE (code text, kind text, body text, nonce bytea, place int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); t accounts.act; p record;
BEGIN
    SELECT * INTO t FROM accounts.act x WHERE x.id = p_act AND x.kind IN (SELECT y.kind FROM accounts.act_kind y);
    p := accounts.place_in(a, t);
    code := CASE WHEN a.state <> 'live' THEN a.state ELSE p.code END;
    IF code <> 'ok' THEN
        PERFORM accounts.refuse_act(a, coalesce(t.kind, 'act'), p_act, (t.body::jsonb->>'account')::uuid, code);
        RETURN NEXT;
        RETURN;
    END IF;
    kind := t.kind; body := t.body; nonce := t.nonce; place := p.place;
    RETURN NEXT;
END $$;

-- One yes, verified by the keeper. The last one carries the act out, in this transaction. `waiting`: another person's is to come.
-- p_half: the MAC of this person's half of a key's code.
CREATE FUNCTION accounts.say_yes(p_session uuid, p_account uuid, p_act uuid, p_key uuid, p_count bigint, p_assertion bytea, p_half bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; t accounts.act; p record; v_code text; v_about uuid; v_body jsonb;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO t FROM accounts.act WHERE id = p_act FOR UPDATE;
    a := accounts.actor_of(p_session, p_account);
    v_body := t.body::jsonb; v_about := (v_body->>'account')::uuid;
    p := accounts.place_in(a, t);
    v_code := CASE WHEN a.state IS DISTINCT FROM 'live' THEN coalesce(a.state, 'session_ended') ELSE p.code END;
    -- what could be when it was asked may not be any more
    IF v_code = 'ok' THEN v_code := accounts.carry_out(t, true); END IF;
    IF v_code <> 'ok' THEN RETURN accounts.refuse_act(a, coalesce(t.kind, 'act'), p_act, v_about, v_code); END IF;
    IF (SELECT k.account FROM accounts.key k WHERE k.id = p_key) IS DISTINCT FROM p_account
       OR accounts.approve(p_act, p_key, p_count, p_assertion) <> p.place THEN RETURN 'bad_approval'; END IF;
    UPDATE accounts.act SET half_a = CASE p.place WHEN 1 THEN p_half ELSE half_a END, half_b = CASE p.place WHEN 2 THEN p_half END
     WHERE id = p_act RETURNING * INTO t;
    IF p.place < (SELECT k.yeses FROM accounts.act_kind k WHERE k.kind = t.kind) THEN
        -- a key said to be lost is dead before anybody approves the next one
        IF t.kind = 'hand_key' AND v_body->>'why' IN ('lost', 'broken') THEN PERFORM accounts.kill_keys(v_about, a, p_act, 'key_lost'); END IF;
        RETURN 'waiting';
    END IF;
    v_code := accounts.carry_out(t, false);
    IF v_code <> 'ok' THEN RETURN accounts.refuse_act(a, t.kind, p_act, v_about, v_code); END IF;
    UPDATE accounts.act SET done_at = clock_timestamp() WHERE id = p_act;
    RETURN 'ok';
END $$;

CREATE FUNCTION accounts.mark_station(p_session uuid, p_mark bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO accounts.station (session, mark) VALUES (p_session, p_mark) ON CONFLICT DO NOTHING
$$;

GRANT EXECUTE ON FUNCTION accounts.ask_act(uuid, uuid, uuid, text, text, bytea), accounts.act_for(uuid, uuid, uuid),
    accounts.say_yes(uuid, uuid, uuid, uuid, bigint, bytea, bytea), accounts.mark_station(uuid, bytea) TO keeper;

SET LOCAL ROLE owner;
