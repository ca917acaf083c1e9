-- A commission's mandate (infection control, identity, quality): two persons give it, to one member, for one site, with an end.
-- Its holder opens one present patient at a time, for seven days, ten a day; the physicians responsible are told.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('mandate_days', 92), ('commission_days', 7), ('commission_day', 10);

CREATE TABLE gate.mandate (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts.account,
    commission text NOT NULL CHECK (commission IN ('infection', 'identity', 'quality')),
    site uuid NOT NULL,
    act uuid NOT NULL UNIQUE REFERENCES accounts.act,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > since),
    entry bigint NOT NULL,
    ended_at timestamptz
);
CREATE INDEX ON gate.mandate (account, until);
CREATE INDEX ON gate.mandate (site, until);

-- Who gives a mandate: physicians, administrators and the DPO of the site.
CREATE FUNCTION gate.may_mandate(p_account uuid, p_site uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.account c JOIN accounts.membership m ON m.account = c.id
       WHERE c.id = p_account AND c.site = p_site AND c.ended_at IS NULL AND m.profession IN ('administrator', 'physician', 'dpo')
         AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
$$;

CREATE FUNCTION gate.begin_commission(p_act uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; a accounts.actor; e audit.entry; v_yes uuid[]; v_code text := 'ok'; v_now timestamptz := clock_timestamp();
    v_body jsonb; v_member uuid; v_until timestamptz; v_basis text;
BEGIN
    SELECT * INTO t FROM accounts.act WHERE id = p_act AND kind = 'commission' FOR UPDATE;
    v_body := t.body::jsonb;
    a := accounts.actor_of(t.session, t.account);
    SELECT coalesce(array_agg(v.account ORDER BY v.place), '{}') INTO v_yes FROM accounts.approval v WHERE v.act = p_act;
    BEGIN
        v_member := (v_body ->> 'account')::uuid;
        v_until := ((v_body ->> 'until')::date + 1)::timestamp AT TIME ZONE 'Europe/Paris';
    EXCEPTION WHEN data_exception THEN v_code := 'bad_request';
    END;
    v_basis := 'commission_' || (v_body ->> 'commission');
    IF v_code <> 'ok' THEN NULL;
    ELSIF a.state IS DISTINCT FROM 'live' THEN v_code := coalesce(a.state, 'session_ended');
    ELSIF t.done_at IS NOT NULL OR t.expires_at <= v_now THEN v_code := 'act_ended';
    ELSIF NOT t.account = ANY (v_yes) THEN v_code := 'not_approved';
    ELSIF NOT gate.may_mandate(a.account, a.site) OR (v_body ->> 'site')::uuid IS DISTINCT FROM a.site THEN v_code := 'category_closed';
    ELSIF v_until <= v_now OR v_until > v_now + make_interval(days => gate.limit_of('mandate_days')::int + 1) THEN v_code := 'mandate_end';
    ELSIF v_member = ANY (v_yes) THEN v_code := 'concerns_you';
    ELSIF NOT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account AND c.ended_at IS NULL
            JOIN gate.rule u ON u.profession = m.profession AND u.basis = v_basis AND u.allowed
           WHERE m.account = v_member AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)) THEN v_code := 'unknown_colleague';
    ELSIF cardinality(v_yes) < 2 THEN RETURN 'colleague_needed';
    ELSIF NOT gate.may_mandate(v_yes[2], a.site) THEN v_code := 'colleague_refused';
    END IF;
    IF v_code <> 'ok' THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'commission', NULL, 'refused',
                             v_code, p_act::text, NULL, NULL);
        RETURN v_code;
    END IF;
    e := audit.append('mandate', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'commission', v_basis, 'begun', NULL,
                      v_member::text, NULL, NULL);
    INSERT INTO gate.mandate (account, commission, site, act, since, until, entry)
    VALUES (v_member, v_body ->> 'commission', a.site, p_act, v_now, v_until, e.id);
    UPDATE accounts.act SET done_at = v_now WHERE id = p_act;
    PERFORM gate.notify(ARRAY[v_member], 'mandate', e.id, NULL, a.account);
    RETURN 'ok';
END $$;

-- Mandates of my site under way: to those who give them, and to whoever holds one (`mine`).
CREATE FUNCTION door.mandates() RETURNS TABLE (id bigint, commission text, name text, since timestamptz, until timestamptz, mine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY SELECT m.id, m.commission, c.name, m.since, m.until, m.account = a.account
      FROM gate.mandate m JOIN accounts.account c ON c.id = m.account
     WHERE m.site = a.site AND m.ended_at IS NULL AND m.until > clock_timestamp()
       AND (m.account = a.account OR gate.may_mandate(a.account, a.site)) ORDER BY m.until LIMIT 200;
END $$;

-- Ended before its time by one person; what it opened closes.
CREATE FUNCTION door.end_mandate(p_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); m gate.mandate; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO m FROM gate.mandate x WHERE x.id = p_id AND x.site = a.site FOR UPDATE;
    IF NOT FOUND OR NOT (m.account = a.account OR gate.may_mandate(a.account, a.site)) THEN RETURN 'category_closed'; END IF;
    IF m.ended_at IS NOT NULL OR m.until <= v_now THEN RETURN 'already'; END IF;
    UPDATE gate.mandate SET ended_at = v_now WHERE id = p_id;
    UPDATE gate.link k SET until = greatest(v_now, k.since) WHERE k.account = m.account AND k.basis = 'commission_' || m.commission AND k.until > v_now;
    PERFORM audit.append('mandate', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'commission',
                         'commission_' || m.commission, 'ended', NULL, m.account::text, NULL, NULL);
    RETURN 'ok';
END $$;

-- One patient present on the site, or gone less than thirty days ago, under a mandate of mine. A refusal is a row.
CREATE FUNCTION door.open_by_commission(p_patient uuid, p_commission text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_now timestamptz; v_until timestamptz; v_code text; v_basis text := 'commission_' || p_commission;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    SELECT max(m.until) INTO v_until FROM gate.mandate m
     WHERE m.account = a.account AND m.site = a.site AND m.commission = p_commission AND m.ended_at IS NULL AND m.until > v_now;
    IF v_until IS NULL OR NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = v_basis AND u.allowed)
        THEN v_code := 'category_closed';
    ELSIF NOT EXISTS (SELECT 1 FROM gate.link k JOIN public.directory_unit u ON u.id = k.unit AND u.site_id = a.site
                       WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now
                         AND (k.until IS NULL OR k.until > v_now - interval '30 days')) THEN v_code := 'no_link';
    ELSIF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.account = a.account AND k.basis = v_basis AND k.until > v_now)
        THEN RETURN 'ok';
    ELSIF (SELECT count(DISTINCT k.patient_id) FROM gate.link k WHERE k.account = a.account AND k.basis LIKE 'commission%'
             AND k.since > v_now - interval '1 day') >= gate.limit_of('commission_day') THEN v_code := 'commission_pace';
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'commission', v_basis,
                             'refused', v_code, NULL, NULL, NULL);
        RETURN v_code;
    END IF;
    v_until := least(v_until, v_now + make_interval(days => gate.limit_of('commission_days')::int));
    e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'commission', v_basis, 'done',
                      NULL, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry) VALUES (p_patient, v_basis, a.account, v_now, v_until, e.id);
    PERFORM gate.notify(gate.responsible_for(p_patient, a.account), v_basis, e.id, p_patient, a.account);
    RETURN 'ok';
END $$;

REVOKE ALL ON gate.mandate FROM PUBLIC;
REVOKE ALL ON FUNCTION gate.may_mandate(uuid, uuid), gate.begin_commission(uuid), door.mandates(), door.end_mandate(bigint),
    door.open_by_commission(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.begin_commission(uuid) TO keeper;
GRANT EXECUTE ON FUNCTION door.mandates(), door.end_mandate(bigint), door.open_by_commission(uuid, text) TO web;

SET LOCAL ROLE owner;
