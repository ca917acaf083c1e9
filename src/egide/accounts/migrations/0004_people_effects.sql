-- What each act does, once it has its yeses. p_dry: only whether it could be done now. Each writes its row and tells who must know.
SET LOCAL ROLE gatekeeper;

-- The line of what was done to an account: by whom it was asked, under which act.
CREATE FUNCTION accounts.write_down(t accounts.act, p_kind text, p_verdict text, p_profession text, p_unit uuid, p_more text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(t.session, t.account);
BEGIN
    PERFORM audit.append(p_kind, t.account, t.session, coalesce(p_profession, a.profession), a.site, p_unit, '{}', '{}', '{}', t.kind, NULL,
                         p_verdict, NULL, concat_ws(';', 'account=' || (t.body::jsonb->>'account'), 'act=' || t.id, p_more), NULL, NULL);
END $$;

-- An instant of an act's text: empty is none; a date is the midnight of Paris that begins it. NULL for what is no date.
CREATE FUNCTION accounts.instant(p_text text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN p_text::date::timestamp AT TIME ZONE 'Europe/Paris';
EXCEPTION WHEN data_exception THEN RETURN NULL;
END $$;

-- When a grant begins: now, or the date asked for; an office waits, told to those who may call it off.
CREATE FUNCTION accounts.begins(p_since text, p_office boolean) RETURNS timestamptz
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(clock_timestamp(), accounts.instant(nullif(p_since, '')),
                    CASE WHEN p_office THEN clock_timestamp() + make_interval(hours => gate.limit_of('office_delay_hours')::int) END)
$$;

-- The period of an act, or why not: a date that is none, an end before the beginning.
CREATE FUNCTION accounts.bad_period(p_body jsonb, p_office boolean) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_since text := nullif(p_body->>'since', ''); v_until text := nullif(p_body->>'until', '');
BEGIN
    IF (v_since IS NOT NULL AND accounts.instant(v_since) IS NULL) OR (v_until IS NOT NULL AND accounts.instant(v_until) IS NULL) THEN
        RETURN 'bad_date';
    END IF;
    IF accounts.instant(v_since) > clock_timestamp() + interval '400 days' THEN RETURN 'bad_date'; END IF;
    IF accounts.instant(v_until) <= accounts.begins(v_since, p_office) THEN RETURN 'bad_period'; END IF;
    RETURN NULL;
END $$;

-- Luhn's check digit, as RPPS numbers carry it (11 digits).
CREATE FUNCTION accounts.luhn(p_number text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_number ~ '^[0-9]{11}$' AND (
        SELECT sum(CASE WHEN i % 2 = 1 THEN d ELSE d * 2 - CASE WHEN d > 4 THEN 9 ELSE 0 END END) % 10 = 0
          FROM (SELECT i, substr(reverse(p_number), i, 1)::int AS d FROM generate_series(1, 11) i) x)
$$;

-- Professions that the grid knows and that a person may hold.
CREATE FUNCTION accounts.known_profession(p_profession text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_profession <> 'application' AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = p_profession)
$$;

-- The account of an act, still working here; NULL otherwise.
CREATE FUNCTION accounts.working(p_about uuid) RETURNS accounts.account
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c FROM accounts.account c WHERE c.id = p_about AND c.kind = 'person' AND c.ended_at IS NULL
$$;

CREATE FUNCTION accounts.do_create_person(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; v_about uuid := (b->>'account')::uuid; v_office boolean; v_units uuid[]; v_unit uuid; v_bad text;
BEGIN
    v_office := EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = b->>'profession');
    v_units := coalesce(string_to_array(nullif(b->>'units', ''), ',')::uuid[], '{}');
    IF coalesce(b->>'username', '') !~ '^[a-z0-9][a-z0-9._-]{1,60}$' THEN RETURN 'bad_username'; END IF;
    IF btrim(coalesce(b->>'family', '')) = '' OR btrim(coalesce(b->>'given', '')) = '' OR char_length(concat(b->>'family', b->>'given')) > 180
       OR char_length(coalesce(b->>'title', '')) > 20 THEN RETURN 'bad_name'; END IF;
    IF NOT accounts.known_profession(b->>'profession') THEN RETURN 'bad_profession'; END IF;
    IF coalesce(b->>'rpps', '') <> '' AND NOT accounts.luhn(b->>'rpps') THEN RETURN 'bad_rpps'; END IF;
    IF NOT EXISTS (SELECT 1 FROM public.directory_site s WHERE s.id = nullif(b->>'site', '')::uuid) THEN RETURN 'bad_site'; END IF;
    IF cardinality(v_units) > 8 OR EXISTS (SELECT 1 FROM unnest(v_units) i LEFT JOIN public.directory_unit u ON u.id = i AND u.site_id = (b->>'site')::uuid
                                            WHERE u.id IS NULL) THEN RETURN 'bad_unit'; END IF;
    IF v_office AND cardinality(v_units) > 0 THEN RETURN 'office_and_care'; END IF;
    v_bad := accounts.bad_period(b, v_office);
    IF v_bad IS NOT NULL THEN RETURN v_bad; END IF;
    IF EXISTS (SELECT 1 FROM accounts.account c WHERE c.id = v_about) THEN RETURN 'act_ended'; END IF;
    IF EXISTS (SELECT 1 FROM accounts.account c WHERE c.username = b->>'username') THEN RETURN 'username_taken'; END IF;
    IF coalesce(b->>'rpps', '') <> '' AND EXISTS (
        SELECT 1 FROM public.directory_professional p JOIN accounts.account c ON c.id = p.id WHERE p.rpps = b->>'rpps' AND c.ended_at IS NULL
    ) THEN RETURN 'rpps_taken'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    INSERT INTO accounts.account (id, username, name, kind, site)
    VALUES (v_about, b->>'username', concat_ws(' ', nullif(b->>'title', ''), b->>'given', b->>'family'), 'person', (b->>'site')::uuid);
    INSERT INTO public.directory_professional (id, family, given, title, profession, rpps)
    VALUES (v_about, b->>'family', b->>'given', coalesce(b->>'title', ''), b->>'profession', coalesce(b->>'rpps', ''));
    PERFORM accounts.write_down(t, 'person', 'created', b->>'profession', NULL, NULL);
    FOREACH v_unit IN ARRAY CASE WHEN cardinality(v_units) = 0 THEN ARRAY[NULL::uuid] ELSE v_units END LOOP
        INSERT INTO accounts.membership (account, profession, unit, since, until)
        VALUES (v_about, b->>'profession', v_unit, accounts.begins(b->>'since', v_office), accounts.instant(nullif(b->>'until', '')));
        PERFORM accounts.write_down(t, 'grant', 'granted', b->>'profession', v_unit, NULL);
    END LOOP;
    PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo']), CASE WHEN v_office THEN 'office_granted' ELSE 'person_created' END,
                          v_about, t.account, t.id) WHERE v_office;
    IF b->>'key' = 'now' THEN PERFORM accounts.invite(t, NULL); END IF;
    RETURN 'ok';
END $$;

CREATE FUNCTION accounts.do_grant(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; c accounts.account; v_office boolean; v_unit uuid := nullif(b->>'unit', '')::uuid; v_bad text;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = (b->>'account')::uuid FOR NO KEY UPDATE;
    c := accounts.working((b->>'account')::uuid);
    v_office := EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = b->>'profession');
    IF c.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF NOT accounts.known_profession(b->>'profession') THEN RETURN 'bad_profession'; END IF;
    IF accounts.mixed(c.id, b->>'profession') OR (v_office AND v_unit IS NOT NULL) THEN RETURN 'office_and_care'; END IF;
    IF v_unit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = v_unit) THEN RETURN 'bad_unit'; END IF;
    v_bad := accounts.bad_period(b, v_office);
    IF v_bad IS NOT NULL THEN RETURN v_bad; END IF;
    IF EXISTS (SELECT 1 FROM accounts.membership m WHERE m.account = c.id AND m.profession = b->>'profession' AND m.unit IS NOT DISTINCT FROM v_unit
                 AND (m.until IS NULL OR m.until > accounts.begins(b->>'since', v_office))) THEN RETURN 'already_granted'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    INSERT INTO accounts.membership (account, profession, unit, since, until)
    VALUES (c.id, b->>'profession', v_unit, accounts.begins(b->>'since', v_office), accounts.instant(nullif(b->>'until', '')));
    PERFORM accounts.write_down(t, 'grant', 'granted', b->>'profession', v_unit, NULL);
    PERFORM accounts.tell(ARRAY[c.id], 'granted', c.id, t.account, t.id);
    IF v_office THEN PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo', 'rssi']), 'office_granted', c.id, t.account, t.id); END IF;
    RETURN 'ok';
END $$;

CREATE FUNCTION accounts.do_end_membership(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; m accounts.membership; v_until timestamptz;
BEGIN
    IF coalesce(b->>'membership', '') !~ '^[0-9]{1,18}$' THEN RETURN 'bad_request'; END IF;
    SELECT * INTO m FROM accounts.membership x WHERE x.id = (b->>'membership')::bigint AND x.account = (b->>'account')::uuid FOR UPDATE;
    IF m.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF m.until <= clock_timestamp() OR m.since > clock_timestamp() THEN RETURN 'already_ended_here'; END IF;
    IF coalesce(b->>'until', '') <> '' AND accounts.instant(b->>'until') IS NULL THEN RETURN 'bad_date'; END IF;
    v_until := coalesce(greatest(accounts.instant(nullif(b->>'until', '')), clock_timestamp()), clock_timestamp());
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.membership SET until = v_until WHERE id = m.id;
    PERFORM accounts.write_down(t, 'grant', 'ended', m.profession, m.unit, NULL);
    PERFORM accounts.tell(ARRAY[m.account], 'membership_ended', m.account, t.account, t.id);
    RETURN 'ok';
END $$;

-- Ends every session of an account at once.
CREATE FUNCTION accounts.end_sessions(p_about uuid, p_reason text) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE accounts.session SET ended_at = clock_timestamp(), end_reason = p_reason WHERE account = p_about AND ended_at IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

CREATE FUNCTION accounts.do_end_person(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; v_now timestamptz;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = v_about FOR NO KEY UPDATE;
    IF (accounts.working(v_about)).id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF accounts.last_of_office(v_about) THEN RETURN 'last_of_office'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    v_now := clock_timestamp();
    UPDATE accounts.account SET ended_at = v_now WHERE id = v_about;
    UPDATE accounts.key SET revoked_at = v_now WHERE account = v_about AND revoked_at IS NULL;
    UPDATE accounts.invitation SET expires_at = v_now WHERE account = v_about AND used_at IS NULL AND expires_at > v_now;
    DELETE FROM accounts.membership WHERE account = v_about AND since > v_now;
    UPDATE accounts.membership SET until = v_now WHERE account = v_about AND since < v_now AND (until IS NULL OR until > v_now);
    UPDATE accounts.shift SET until = v_now WHERE account = v_about AND since < v_now AND until > v_now;
    DELETE FROM public.directory_responsibility WHERE professional_id = v_about AND since > v_now;
    UPDATE public.directory_responsibility SET until = v_now WHERE professional_id = v_about AND since < v_now AND (until IS NULL OR until > v_now);
    PERFORM accounts.close_rescue(v_about, 'person_ended');
    PERFORM accounts.end_sessions(v_about, 'person_ended');
    PERFORM accounts.write_down(t, 'person', 'ended', NULL, NULL, NULL);
    PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo']), 'person_ended', v_about, t.account, t.id);
    RETURN 'ok';
END $$;

-- Two administrators at least must stay: without them nobody approves anything any more.
CREATE FUNCTION accounts.last_of_office(p_about uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_about = ANY (accounts.holders(ARRAY['administrator'])) AND cardinality(accounts.holders(ARRAY['administrator'])) <= 2
$$;

-- At once, by one person; nobody signs in until two say so.
CREATE FUNCTION accounts.do_suspend(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; c accounts.account;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = v_about FOR NO KEY UPDATE;
    c := accounts.working(v_about);
    IF c.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF c.suspended_at IS NOT NULL THEN RETURN 'already_suspended'; END IF;
    IF accounts.last_of_office(v_about) THEN RETURN 'last_of_office'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.account SET suspended_at = clock_timestamp() WHERE id = v_about;
    PERFORM accounts.close_rescue(v_about, 'suspended');
    PERFORM accounts.end_sessions(v_about, 'suspended');
    PERFORM accounts.write_down(t, 'person', 'suspended', NULL, NULL, NULL);
    PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo', 'rssi']) || v_about, 'suspended', v_about, t.account, t.id);
    RETURN 'ok';
END $$;

CREATE FUNCTION accounts.do_reinstate(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; c accounts.account;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = v_about FOR NO KEY UPDATE;
    c := accounts.working(v_about);
    IF c.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF c.suspended_at IS NULL THEN RETURN 'not_suspended'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.account SET suspended_at = NULL WHERE id = v_about;
    PERFORM accounts.write_down(t, 'person', 'reinstated', NULL, NULL, NULL);
    PERFORM accounts.tell(ARRAY[v_about] || accounts.holders(ARRAY['dpo']), 'reinstated', v_about, t.account, t.id);
    RETURN 'ok';
END $$;

-- Who answers for a unit (cadre, chief) or, for a night, for a site (guard): the guard hands keys everywhere, so it waits like an office.
CREATE FUNCTION accounts.do_appoint(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; v_about uuid := (b->>'account')::uuid; v_unit uuid := nullif(b->>'unit', '')::uuid; v_site uuid; v_guard boolean; v_bad text;
BEGIN
    IF (accounts.working(v_about)).id IS NULL OR NOT EXISTS (SELECT 1 FROM public.directory_professional p WHERE p.id = v_about) THEN
        RETURN 'unknown_person';
    END IF;
    IF b->>'duty' NOT IN ('cadre', 'chief', 'guard') OR b->>'duty' IS NULL THEN RETURN 'bad_request'; END IF;
    v_guard := b->>'duty' = 'guard';
    SELECT u.site_id INTO v_site FROM public.directory_unit u WHERE u.id = v_unit;
    IF v_guard THEN v_site := (SELECT s.id FROM public.directory_site s WHERE s.id = nullif(b->>'site', '')::uuid); END IF;
    IF v_site IS NULL THEN RETURN CASE WHEN v_guard THEN 'bad_site' ELSE 'bad_unit' END; END IF;
    v_bad := accounts.bad_period(b, v_guard);
    IF v_bad IS NOT NULL THEN RETURN v_bad; END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = v_about AND r.kind = b->>'duty' AND r.site_id = v_site
                 AND r.unit_id IS NOT DISTINCT FROM CASE WHEN v_guard THEN NULL ELSE v_unit END
                 AND (r.until IS NULL OR r.until > accounts.begins(b->>'since', v_guard))) THEN RETURN 'already_granted'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    INSERT INTO public.directory_responsibility (id, professional_id, kind, site_id, unit_id, since, until)
    VALUES (gen_random_uuid(), v_about, b->>'duty', v_site, CASE WHEN v_guard THEN NULL ELSE v_unit END, accounts.begins(b->>'since', v_guard),
            accounts.instant(nullif(b->>'until', '')));
    PERFORM accounts.write_down(t, 'duty', 'granted', NULL, v_unit, 'duty=' || (b->>'duty'));
    PERFORM accounts.tell(ARRAY[v_about] || CASE WHEN v_guard THEN accounts.holders(ARRAY['administrator', 'dpo']) ELSE '{}' END,
                          CASE WHEN v_guard THEN 'office_granted' ELSE 'appointed' END, v_about, t.account, t.id);
    RETURN 'ok';
END $$;

CREATE FUNCTION accounts.do_dismiss(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; r public.directory_responsibility;
BEGIN
    SELECT * INTO r FROM public.directory_responsibility x WHERE x.id::text = b->>'duty' AND x.professional_id = (b->>'account')::uuid FOR UPDATE;
    IF r.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF r.until <= clock_timestamp() OR r.since > clock_timestamp() THEN RETURN 'already_ended_here'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE public.directory_responsibility SET until = clock_timestamp() WHERE id = r.id;
    PERFORM accounts.write_down(t, 'duty', 'ended', NULL, r.unit_id, 'duty=' || r.kind);
    PERFORM accounts.tell(ARRAY[r.professional_id], 'dismissed', r.professional_id, t.account, t.id);
    RETURN 'ok';
END $$;

-- Takes back, before it begins, what was granted for later: the row goes, the trail keeps both.
CREATE FUNCTION accounts.do_call_off(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; v_now timestamptz := clock_timestamp(); m record; v_found boolean := false;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM accounts.membership x WHERE x.account = v_about AND x.since > v_now)
       AND NOT EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = v_about AND r.since > v_now) THEN RETURN 'nothing_waits'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    FOR m IN DELETE FROM accounts.membership x WHERE x.account = v_about AND x.since > v_now RETURNING x.profession, x.unit LOOP
        PERFORM accounts.write_down(t, 'grant', 'called_off', m.profession, m.unit, NULL);
    END LOOP;
    FOR m IN DELETE FROM public.directory_responsibility r WHERE r.professional_id = v_about AND r.since > v_now RETURNING r.kind, r.unit_id LOOP
        PERFORM accounts.write_down(t, 'duty', 'called_off', NULL, m.unit_id, 'duty=' || m.kind);
    END LOOP;
    PERFORM accounts.tell(ARRAY[v_about] || accounts.holders(ARRAY['administrator', 'dpo', 'rssi']), 'called_off', v_about, t.account, t.id);
    RETURN 'ok';
END $$;

SET LOCAL ROLE owner;
