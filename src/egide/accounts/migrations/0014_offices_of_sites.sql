-- An administrator acts for the sites of his office: that of his account, or those his lines name, each with its dates. The group's, rare,
-- acts everywhere. Until now every one did: who is one today stays so, and is for the group to narrow (docs/administration.md).
SET LOCAL ROLE gatekeeper;

ALTER TABLE accounts.membership ADD COLUMN site uuid, ADD COLUMN everywhere boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT office_over_sites CHECK ((site IS NULL AND NOT everywhere)
        OR (profession = 'administrator' AND unit IS NULL AND NOT (everywhere AND site IS NOT NULL)));
UPDATE accounts.membership SET everywhere = true WHERE profession = 'administrator' AND unit IS NULL AND (until IS NULL OR until > clock_timestamp());

-- Whether somebody's office as administrator, today, is over this site; NULL: over the group.
CREATE FUNCTION accounts.administers(p_account uuid, p_site uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
       WHERE m.account = p_account AND m.profession = 'administrator' AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())
         AND (m.everywhere OR coalesce(m.site, c.site) = p_site))
$$;

-- Whether an act touches a site that an administrator's office is not over: the person's own, the one it names, those of its units. What
-- names no site that exists is nobody's elsewhere: what the act does says so.
CREATE FUNCTION accounts.elsewhere(a accounts.actor, p_body jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT accounts.administers(a.account, NULL) AND EXISTS (
        SELECT 1 FROM (
            SELECT c.site FROM accounts.account c WHERE c.id = (p_body->>'account')::uuid
            UNION SELECT s.id FROM public.directory_site s WHERE s.id = nullif(p_body->>'site', '')::uuid
            UNION SELECT u.site_id FROM public.directory_unit u
                   WHERE u.id = nullif(p_body->>'unit', '')::uuid OR u.id = ANY (string_to_array(nullif(p_body->>'units', ''), ',')::uuid[])
        ) x WHERE NOT accounts.administers(a.account, x.site))
$$;

CREATE OR REPLACE FUNCTION accounts.roles_in(a accounts.actor, p_body jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (p_body->>'account')::uuid; v_now timestamptz := clock_timestamp(); v_units uuid[] := accounts.units_of_act(p_body);
        v_home uuid := (SELECT c.site FROM accounts.account c WHERE c.id = v_about); v_named uuid := nullif(p_body->>'site', '')::uuid;
        v_found text[] := '{}';
BEGIN
    IF v_about = a.account THEN v_found := v_found || 'self'::text; END IF;
    IF EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession)
       AND (a.profession <> 'administrator' OR NOT accounts.elsewhere(a, p_body)) THEN v_found := v_found || a.profession; END IF;
    IF a.site = coalesce(v_named, v_home) THEN v_found := v_found || ('site_' || a.profession); END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind IN ('cadre', 'chief')
                 AND r.unit_id = ANY (v_units) AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now)) THEN
        v_found := v_found || 'head'::text;
    END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind = 'guard'
                 AND r.site_id = coalesce(v_home, v_named) AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now)) THEN
        v_found := v_found || 'guard'::text;
    END IF;
    IF a.units && v_units AND v_about <> a.account THEN v_found := v_found || 'colleague'::text; END IF;
    RETURN v_found;
END $$;

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
                   WHEN NOT accounts.may_say(a, p_kind, 'ask', v_body) THEN
                       CASE WHEN a.profession = 'administrator' AND accounts.elsewhere(a, v_body) THEN 'not_your_site' ELSE 'category_closed' END
                   ELSE accounts.carry_out(t, true) END;
    IF v_code <> 'ok' THEN RETURN accounts.refuse_act(a, p_kind, p_act, (v_body->>'account')::uuid, v_code); END IF;
    INSERT INTO accounts.act SELECT (t).*;
    RETURN 'ok';
END $$;

-- Whose staff an actor sees: everybody's for an office over the group, a site's for its administrator, a cadre's and a chief's own units, a
-- guard's own site.
CREATE OR REPLACE FUNCTION accounts.sees(a accounts.actor, OUT everybody boolean, OUT units uuid[], OUT sites uuid[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp();
BEGIN
    everybody := EXISTS (SELECT 1 FROM accounts.office o JOIN accounts.act_rule r ON r.role = o.profession WHERE o.profession = a.profession)
        AND (a.profession <> 'administrator' OR accounts.administers(a.account, NULL));
    SELECT coalesce(array_agg(r.unit_id) FILTER (WHERE r.kind <> 'guard'), '{}'), coalesce(array_agg(r.site_id) FILTER (WHERE r.kind = 'guard'), '{}')
      INTO units, sites FROM public.directory_responsibility r
     WHERE r.professional_id = a.account AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now);
    IF a.profession = 'administrator' THEN
        sites := sites || ARRAY(SELECT coalesce(m.site, a.site) FROM accounts.membership m
                                 WHERE m.account = a.account AND m.profession = 'administrator' AND NOT m.everywhere
                                   AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now));
    END IF;
END $$;

CREATE OR REPLACE FUNCTION door.link_counts(p_about uuid) RETURNS TABLE (code text, basis text, unit uuid, persons int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp(); v_units uuid[];
BEGIN
    IF NOT (EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession) AND accounts.sees_person(a, p_about)) THEN
        code := accounts.refuse_act(a, 'staff', NULL, p_about, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    v_units := accounts.current_units(p_about)
        || ARRAY(SELECT h.unit FROM accounts.shift h WHERE h.account = p_about AND h.since <= v_now AND h.until > v_now);
    RETURN QUERY
    SELECT 'ok', k.basis, k.unit, count(DISTINCT k.patient_id)::int FROM gate.link k
     WHERE (k.unit = ANY (v_units) OR k.account = p_about) AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
     GROUP BY k.basis, k.unit ORDER BY 4 DESC;
    IF NOT FOUND THEN code := 'ok'; RETURN NEXT; END IF;
END $$;

CREATE OR REPLACE FUNCTION door.person(p_about uuid) RETURNS TABLE (code text, sheet jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); c accounts.account; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO c FROM accounts.account x WHERE x.id = p_about AND x.kind = 'person';
    IF c.id IS NULL OR NOT accounts.sees_person(a, p_about) THEN
        code := accounts.refuse_act(a, 'staff', NULL, p_about, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    code := 'ok';
    sheet := jsonb_build_object(
        'account', c.id, 'username', c.username, 'name', c.name, 'site', c.site, 'created_at', c.created_at, 'suspended_at', c.suspended_at,
        'ended_at', c.ended_at,
        'rpps', (SELECT p.rpps FROM public.directory_professional p WHERE p.id = c.id),
        'sessions', (SELECT count(*) FROM accounts.session s WHERE s.account = c.id AND s.ended_at IS NULL AND s.expires_at > v_now),
        'memberships', coalesce((SELECT jsonb_agg(jsonb_build_object('id', m.id, 'profession', m.profession, 'unit', m.unit, 'since', m.since,
                                   'until', m.until, 'site', m.site, 'everywhere', m.everywhere) ORDER BY m.until IS NOT NULL, m.since DESC, m.id)
                                   FROM accounts.membership m WHERE m.account = c.id), '[]'),
        'keys', coalesce((SELECT jsonb_agg(jsonb_build_object('id', k.id, 'label', k.label, 'created_at', k.created_at, 'revoked_at', k.revoked_at,
                            'expires_at', k.expires_at) ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC)
                            FROM accounts.key k WHERE k.account = c.id), '[]'),
        'duties', coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'kind', r.kind, 'unit', r.unit_id, 'site', r.site_id, 'since', r.since,
                              'until', r.until) ORDER BY r.until IS NOT NULL, r.since DESC)
                              FROM public.directory_responsibility r WHERE r.professional_id = c.id), '[]'),
        'invitation', (SELECT jsonb_build_object('expires_at', i.expires_at) FROM accounts.invitation i
                        WHERE i.account = c.id AND i.used_at IS NULL AND i.expires_at > v_now ORDER BY i.created_at DESC LIMIT 1),
        'roles', accounts.roles_in(a, jsonb_build_object('account', c.id)));
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION accounts.do_grant(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; c accounts.account; v_office boolean; v_unit uuid := nullif(b->>'unit', '')::uuid; v_bad text;
        v_site uuid := nullif(b->>'site', '')::uuid; v_everywhere boolean := coalesce(b->>'everywhere', '') = 'yes';
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = (b->>'account')::uuid FOR NO KEY UPDATE;
    c := accounts.working((b->>'account')::uuid);
    v_office := EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = b->>'profession');
    IF c.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF NOT accounts.known_profession(b->>'profession') THEN RETURN 'bad_profession'; END IF;
    IF accounts.mixed(c.id, b->>'profession') OR (v_office AND v_unit IS NOT NULL) THEN RETURN 'office_and_care'; END IF;
    IF v_unit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = v_unit) THEN RETURN 'bad_unit'; END IF;
    -- only an administrator's office is over sites; one over the whole group is given by one who has it
    IF (v_site IS NOT NULL OR v_everywhere) AND (b->>'profession' <> 'administrator' OR (v_site IS NOT NULL AND v_everywhere)
        OR (v_site IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.directory_site s WHERE s.id = v_site))) THEN RETURN 'bad_site'; END IF;
    IF v_everywhere AND NOT accounts.administers(t.account, NULL) THEN RETURN 'not_your_site'; END IF;
    v_bad := accounts.bad_period(b, v_office);
    IF v_bad IS NOT NULL THEN RETURN v_bad; END IF;
    IF EXISTS (SELECT 1 FROM accounts.membership m WHERE m.account = c.id AND m.profession = b->>'profession' AND m.unit IS NOT DISTINCT FROM v_unit
                 AND m.site IS NOT DISTINCT FROM v_site AND m.everywhere = v_everywhere
                 AND (m.until IS NULL OR m.until > accounts.begins(b->>'since', v_office))) THEN RETURN 'already_granted'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    INSERT INTO accounts.membership (account, profession, unit, since, until, site, everywhere)
    VALUES (c.id, b->>'profession', v_unit, accounts.begins(b->>'since', v_office), accounts.instant(nullif(b->>'until', '')), v_site, v_everywhere);
    PERFORM accounts.write_down(t, 'grant', 'granted', b->>'profession', v_unit,
                                CASE WHEN v_everywhere THEN 'everywhere' WHEN v_site IS NOT NULL THEN 'site=' || v_site END);
    PERFORM accounts.tell(ARRAY[c.id], 'granted', c.id, t.account, t.id);
    IF v_office THEN PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo', 'rssi']), 'office_granted', c.id, t.account, t.id); END IF;
    RETURN 'ok';
END $$;

-- The sites an administrator acts for, for the choices of a form; every site (NULL) for whoever is not limited by an office of his.
CREATE FUNCTION door.my_sites() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF a.profession <> 'administrator' OR accounts.administers(a.account, NULL) THEN RETURN NULL; END IF;
    RETURN (SELECT s.sites FROM accounts.sees(a) s);
END $$;

REVOKE ALL ON FUNCTION accounts.administers(uuid, uuid), accounts.elsewhere(accounts.actor, jsonb), door.my_sites() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.my_sites() TO web;

SET LOCAL ROLE owner;
