-- The one two-person mechanism, for acts about a site too (docs/decisions/0043-one-mechanism.md). `about`: whether an act's text must
-- name a person or a site. `one_station`: its second key may be put to the screen of who asked; every other act's comes from elsewhere.
SET LOCAL ROLE gatekeeper;

ALTER TABLE accounts.act_kind ADD COLUMN about text NOT NULL DEFAULT 'person' CHECK (about IN ('person', 'site')),
    ADD COLUMN one_station boolean NOT NULL DEFAULT false;

-- As before, and `site_<profession>`: of that profession, on the act's own site.
CREATE OR REPLACE FUNCTION accounts.roles_in(a accounts.actor, p_body jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (p_body->>'account')::uuid; v_now timestamptz := clock_timestamp(); v_units uuid[] := accounts.units_of_act(p_body);
        v_site uuid := coalesce(nullif(p_body->>'site', '')::uuid, (SELECT c.site FROM accounts.account c WHERE c.id = v_about));
        v_found text[] := '{}';
BEGIN
    IF v_about = a.account THEN v_found := v_found || 'self'::text; END IF;
    IF EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession) THEN v_found := v_found || a.profession; END IF;
    IF a.site = v_site THEN v_found := v_found || ('site_' || a.profession); END IF;
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

-- Never unknown: an act may concern nobody, and an account may have no line in the directory.
CREATE OR REPLACE FUNCTION accounts.concerned(a accounts.actor, p_kind text, p_body jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (coalesce((p_body->>'account')::uuid = a.account, false)
            OR coalesce(accounts.plain(nullif(concat_ws(' ', p_body->>'given', p_body->>'family'), '')) = (
                   SELECT accounts.plain(concat_ws(' ', p.given, p.family)) FROM public.directory_professional p WHERE p.id = a.account), false))
       AND NOT EXISTS (SELECT 1 FROM accounts.act_rule r WHERE r.kind = p_kind AND r.place = 'ask' AND r.role = 'self')
$$;

CREATE OR REPLACE FUNCTION accounts.ask_act(p_session uuid, p_account uuid, p_act uuid, p_kind text, p_body text, p_nonce bytea) RETURNS text
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
    IF k.kind IS NULL OR nullif(v_body->>(CASE k.about WHEN 'site' THEN 'site' ELSE 'account' END), '') IS NULL OR octet_length(p_body) > 4000 THEN
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

CREATE OR REPLACE FUNCTION accounts.place_in(a accounts.actor, t accounts.act, OUT place int, OUT code text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_given int := (SELECT count(*) FROM accounts.approval v WHERE v.act = t.id); v_body jsonb := t.body::jsonb;
        v_one boolean := (SELECT k.one_station FROM accounts.act_kind k WHERE k.kind = t.kind);
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
    ELSIF NOT v_one AND accounts.same_station(t.session, a.session) THEN code := 'same_station';
    ELSIF (SELECT count(*) FROM accounts.act x JOIN accounts.approval y ON y.act = x.id AND y.place = 2
            WHERE y.at > clock_timestamp() - interval '1 day'
              AND (x.account, y.account) IN ((t.account, a.account), (a.account, t.account))) >= gate.limit_of('act_pair_day')
        THEN code := 'same_pair';
    END IF;
END $$;

-- Whether the next key over this act may be put to this session's screen by another person: the asker's own, once he has signed.
CREATE FUNCTION accounts.takes_a_key_beside(p_session uuid, t accounts.act) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.session = p_session AND t.done_at IS NULL AND t.refused_at IS NULL AND t.expires_at > clock_timestamp()
       AND EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = t.id)
       AND EXISTS (SELECT 1 FROM accounts.act_kind k WHERE k.kind = t.kind AND k.one_station)
$$;

-- Who puts her own key to the asker's screen: by the profession that lets her say yes to this act, at that very session.
CREATE FUNCTION accounts.beside(s accounts.actor, t accounts.act, p_account uuid) RETURNS accounts.actor
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := s; c accounts.account; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO c FROM accounts.account x
     WHERE x.id = p_account AND x.kind = 'person' AND x.ended_at IS NULL AND x.suspended_at IS NULL;
    a.account := c.id; a.username := c.username; a.name := c.name; a.site := c.site; a.units := accounts.current_units(c.id);
    IF c.id IS NULL OR s.state <> 'live' OR NOT accounts.takes_a_key_beside(s.session, t) THEN a.state := 'not_your_key'; RETURN a; END IF;
    FOR a.profession IN SELECT m.profession FROM accounts.membership m
                         WHERE m.account = c.id AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now) ORDER BY m.since DESC, m.id LOOP
        EXIT WHEN accounts.may_say(a, t.kind, 'yes', t.body::jsonb);
    END LOOP;
    RETURN a;
END $$;

CREATE OR REPLACE FUNCTION accounts.act_for(p_session uuid, p_account uuid, p_act uuid)
RETURNS TABLE (code text, kind text, body text, nonce bytea, place int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); t accounts.act; p record;
BEGIN
    SELECT * INTO t FROM accounts.act x WHERE x.id = p_act AND x.kind IN (SELECT y.kind FROM accounts.act_kind y);
    p := accounts.place_in(a, t);
    code := CASE WHEN a.state <> 'live' THEN a.state
                 -- whose key it will be is asked when it has signed
                 WHEN p.code = 'same_person' AND accounts.takes_a_key_beside(p_session, t) THEN 'ok' ELSE p.code END;
    IF code <> 'ok' THEN
        PERFORM accounts.refuse_act(a, coalesce(t.kind, 'act'), p_act, (t.body::jsonb->>'account')::uuid, code);
        RETURN NEXT;
        RETURN;
    END IF;
    kind := t.kind; body := t.body; nonce := t.nonce; place := p.place;
    RETURN NEXT;
END $$;

-- One yes, verified by the keeper: by the key of who is signed in, or, where the act takes it, by another's put to the asker's screen.
CREATE OR REPLACE FUNCTION accounts.say_yes(p_session uuid, p_account uuid, p_act uuid, p_key uuid, p_count bigint, p_assertion bytea, p_half bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE s accounts.actor; a accounts.actor; t accounts.act; p record; v_code text; v_about uuid; v_body jsonb; v_whose uuid;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO t FROM accounts.act WHERE id = p_act FOR UPDATE;
    s := accounts.actor_of(p_session, p_account);
    v_whose := (SELECT k.account FROM accounts.key k WHERE k.id = p_key);
    a := CASE WHEN v_whose = p_account THEN s ELSE accounts.beside(s, t, v_whose) END;
    v_body := t.body::jsonb; v_about := (v_body->>'account')::uuid;
    p := accounts.place_in(a, t);
    v_code := CASE WHEN a.state IS DISTINCT FROM 'live' THEN coalesce(a.state, 'session_ended') ELSE p.code END;
    -- what could be when it was asked may not be any more
    IF v_code = 'ok' THEN v_code := accounts.carry_out(t, true); END IF;
    IF v_code = 'ok' AND accounts.approve(p_act, p_key, p_count, p_assertion) <> p.place THEN RETURN 'bad_approval'; END IF;
    IF v_code <> 'ok' THEN RETURN accounts.refuse_act(s, coalesce(t.kind, 'act'), p_act, v_about, v_code); END IF;
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

-- `beside`: another person's key may be put to this very screen.
DROP FUNCTION door.act(uuid);
CREATE FUNCTION door.act(p_act uuid)
RETURNS TABLE (code text, kind text, body text, asked_name text, at timestamptz, expires_at timestamptz, mine boolean, state text, why_not text,
               yeses int, beside boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t accounts.act; v_given int; p record;
BEGIN
    SELECT * INTO t FROM accounts.act x WHERE x.id = p_act AND x.kind IN (SELECT y.kind FROM accounts.act_kind y);
    IF t.id IS NULL OR NOT (t.account = a.account OR accounts.may_say(a, t.kind, 'yes', t.body::jsonb)) THEN
        code := accounts.refuse_act(a, 'act', p_act, NULL, 'act_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    v_given := (SELECT count(*) FROM accounts.approval v WHERE v.act = t.id);
    p := accounts.place_in(a, t);
    code := 'ok'; kind := t.kind; body := t.body; at := t.created_at; expires_at := t.expires_at; mine := t.account = a.account;
    asked_name := (SELECT c.name FROM accounts.account c WHERE c.id = t.account);
    yeses := (SELECT k.yeses FROM accounts.act_kind k WHERE k.kind = t.kind);
    state := CASE WHEN t.done_at IS NOT NULL THEN 'done' WHEN t.refused_at IS NOT NULL THEN 'refused' WHEN t.expires_at <= clock_timestamp() THEN 'ended'
                  WHEN v_given = 0 THEN 'to_sign' ELSE 'waiting' END;
    why_not := NULLIF(p.code, 'ok');
    beside := accounts.takes_a_key_beside(a.session, t);
    RETURN NEXT;
END $$;

-- As before; an act about a site is told under who asked for it.
CREATE OR REPLACE FUNCTION door.refuse_act(p_act uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t accounts.act;
BEGIN
    SELECT * INTO t FROM accounts.act x WHERE x.id = p_act FOR UPDATE;
    IF t.id IS NULL OR NOT (t.account = a.account OR (accounts.may_say(a, t.kind, 'yes', t.body::jsonb) AND NOT accounts.concerned(a, t.kind, t.body::jsonb)))
        THEN RETURN accounts.refuse_act(a, 'act', p_act, NULL, 'act_closed'); END IF;
    IF t.done_at IS NOT NULL OR t.refused_at IS NOT NULL THEN RETURN 'act_ended'; END IF;
    UPDATE accounts.act SET refused_at = clock_timestamp(), refused_by = a.account, refusal = CASE WHEN t.account = a.account THEN 'withdrawn' ELSE 'refused' END
     WHERE id = p_act;
    PERFORM audit.append('approval', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', t.kind, NULL,
                         CASE WHEN t.account = a.account THEN 'withdrawn' ELSE 'refused' END, NULL, p_act::text, NULL, NULL);
    IF t.account <> a.account THEN
        PERFORM accounts.tell(ARRAY[t.account], 'act_refused', coalesce((t.body::jsonb->>'account')::uuid, t.account), a.account, t.id);
    END IF;
    RETURN 'ok';
END $$;

-- Whether the actor may ask for an act about her own site: what her menu and the pages offer. Each act is decided anew.
CREATE FUNCTION door.may_ask(p_kind text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN a.grade = 'strong' AND accounts.may_say(a, p_kind, 'ask', jsonb_build_object('site', a.site));
END $$;

REVOKE ALL ON FUNCTION accounts.takes_a_key_beside(uuid, accounts.act),
    accounts.beside(accounts.actor, accounts.act, uuid), door.act(uuid), door.may_ask(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.act(uuid), door.may_ask(text) TO web;

SET LOCAL ROLE owner;
