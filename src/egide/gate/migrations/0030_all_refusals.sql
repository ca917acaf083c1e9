-- Acts whose refusals were still returned without a row, each behind a door that writes what it answers (gate.told); a refusal that SQL
-- raised says of whom. And a shift is taken where people lie or come: a laboratory or an imaging unit is worked in by its own people, whom
-- its cadre put there, since its list opens charts whole.
SET LOCAL ROLE gatekeeper;

-- ── « Je prends mon poste en … » ─────────────────────────────────────────────────────────────────────────────────────────────────────

ALTER FUNCTION door.declare_shift(uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.declare_shift(uuid) FROM web;
CREATE OR REPLACE FUNCTION gate.declare_shift(p_unit uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz; v_kind text;
BEGIN
    IF a.kind <> 'person' THEN RETURN 'category_closed'; END IF;
    -- a doubled click waits here, and finds what the first one did
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    a := gate.acting();
    v_now := clock_timestamp();
    IF p_unit = ANY (a.units) THEN RETURN 'ok'; END IF;
    SELECT u.kind INTO v_kind FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site;
    IF NOT FOUND THEN RETURN 'other_site'; END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'stay' AND u.act = 'read' AND u.allowed)
        THEN RETURN 'category_closed'; END IF;
    IF v_kind = 'platform' THEN RETURN 'platform_shift'; END IF;
    IF (SELECT count(*) FROM accounts.shift h WHERE h.account = a.account AND h.until > v_now) >= gate.limit_of('shifts')
        THEN RETURN 'too_many_shifts'; END IF;
    INSERT INTO accounts.shift (account, profession, unit, since, until)
    VALUES (a.account, a.profession, p_unit, v_now, v_now + make_interval(hours => gate.limit_of('shift_hours')::int));
    PERFORM audit.append('shift', a.account, a.session, a.profession, a.site, p_unit, '{}', '{}', '{}', NULL, NULL, 'declared',
                         NULL, NULL, NULL, NULL);
    RETURN 'ok';
END $$;
CREATE FUNCTION door.declare_shift(p_unit uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.declare_shift(p_unit), 'declare_shift', NULL, p_unit::text)
$$;

ALTER FUNCTION door.end_shift(uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.end_shift(uuid) FROM web;
CREATE FUNCTION door.end_shift(p_unit uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.end_shift(p_unit), 'end_shift', NULL, p_unit::text)
$$;

-- Those declared there before this rule end with it, each by its row.
CREATE FUNCTION gate.end_platform_shifts() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE h record; v_now timestamptz := clock_timestamp();
BEGIN
    FOR h IN UPDATE accounts.shift s SET until = v_now FROM public.directory_unit u
              WHERE u.id = s.unit AND u.kind = 'platform' AND s.since < v_now AND s.until > v_now
              RETURNING s.account, s.profession, s.unit, u.site_id LOOP
        PERFORM audit.append('shift', h.account, NULL, h.profession, h.site_id, h.unit, '{}', '{}', '{}', NULL, NULL, 'ended',
                             'platform_shift', NULL, NULL, NULL);
    END LOOP;
END $$;
SELECT gate.end_platform_shifts();
DROP FUNCTION gate.end_platform_shifts();

-- ── the others: bodies as they were ──────────────────────────────────────────────────────────────────────────────────────────────────

ALTER FUNCTION door.ask_to_join(uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.ask_to_join(uuid) FROM web;
CREATE FUNCTION door.ask_to_join(p_patient uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.ask_to_join(p_patient), 'ask_to_join', p_patient, NULL)
$$;

ALTER FUNCTION door.review(bigint, text) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.review(bigint, text) FROM web;
CREATE FUNCTION door.review(p_entry bigint, p_verdict text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.review(p_entry, p_verdict), 'review', NULL, p_entry::text)
$$;

ALTER FUNCTION door.review_drawn(bigint, text) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.review_drawn(bigint, text) FROM web;
CREATE FUNCTION door.review_drawn(p_id bigint, p_verdict text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.review_drawn(p_id, p_verdict), 'review_drawn', NULL, p_id::text)
$$;

-- As before; each of its refusals is a row of the page's.
CREATE OR REPLACE FUNCTION door.name_patient(p_patient uuid, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_code text; v_now timestamptz;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    IF NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'name' AND o.allowed) THEN
        v_code := 'category_closed';
    ELSIF p_patient IS NULL OR NOT coalesce(p_reason = ANY (CASE a.profession
           WHEN 'identity_cell' THEN ARRAY['homonym', 'possible_duplicate', 'doubtful_identity']
           ELSE ARRAY['patient_request', 'complaint', 'incident', 'review', 'authority'] END), false) THEN
        v_code := 'bad_request';
    ELSIF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.account = a.account AND k.basis = 'oversight'
                    AND k.since <= v_now AND k.until > v_now) THEN
        RETURN 'ok';
    ELSIF NOT EXISTS (SELECT 1 FROM gate.token t WHERE t.patient_id = p_patient)
          AND NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient) THEN
        v_code := 'no_link';
    ELSIF (SELECT count(DISTINCT k.patient_id) FROM gate.link k WHERE k.account = a.account AND k.basis = 'oversight'
             AND k.since > v_now - interval '1 day' AND k.patient_id <> p_patient)
            >= coalesce(gate.limit_of('oversight_day_' || a.profession), gate.limit_of('oversight_day'))
          OR gate.spend_within(a, 'unlinked', ARRAY[p_patient], false) IS NOT NULL THEN
        v_code := 'budget';
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, array_remove(ARRAY[p_patient], NULL),
                             ARRAY['identity'], '{}', 'oversight', 'oversight', 'refused', v_code, left(p_reason, 200), NULL, NULL);
        RETURN v_code;
    END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'oversight', 'oversight',
                      'done', p_reason, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
    VALUES (p_patient, 'oversight', a.account, v_now, v_now + make_interval(mins => gate.limit_of('oversight_minutes')::int), e.id);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION door.draw_month(p_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a accounts.actor := gate.acting(); r record; e audit.entry; v_seed uuid := gen_random_uuid(); v_unit uuid; v_code text;
    v_since timestamptz := date_trunc('month', p_month)::timestamp AT TIME ZONE 'Europe/Paris';
    v_until timestamptz := (date_trunc('month', p_month) + interval '1 month')::timestamp AT TIME ZONE 'Europe/Paris';
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'draw' AND o.allowed) THEN
        v_code := 'category_closed';
    ELSIF p_month IS NULL OR extract(day FROM p_month) <> 1 OR v_since > clock_timestamp() THEN v_code := 'bad_request';
    ELSE
        LOCK TABLE gate.draw IN SHARE ROW EXCLUSIVE MODE;
        IF EXISTS (SELECT 1 FROM gate.draw d WHERE d.month = p_month) THEN v_code := 'already_drawn'; END IF;
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'oversight', NULL, 'refused',
                             v_code, concat_ws(';', 'draw', 'month=' || to_char(p_month, 'YYYYMMDD')), NULL, NULL);
        RETURN v_code;
    END IF;
    r := gate.ids_between(v_since, least(v_until, clock_timestamp()));
    e := audit.append('draw', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'oversight', NULL, 'done', NULL,
                      concat_ws(';', 'month=' || to_char(p_month, 'YYYYMM'), 'seed=' || v_seed, 'low=' || r.low, 'high=' || r.high),
                      NULL, NULL);
    INSERT INTO gate.draw (month, seed, low, high, by_account, entry) VALUES (p_month, v_seed, r.low, r.high, a.account, e.id);
    FOR v_unit IN SELECT u.id FROM public.directory_unit u ORDER BY u.id LOOP
        INSERT INTO gate.drawn (month, unit, entry, account)
        SELECT p_month, v_unit, x.id, x.account FROM audit.entry x
         WHERE x.account IN (SELECT m.account FROM accounts.membership m
                              WHERE m.unit = v_unit AND m.since < v_until AND (m.until IS NULL OR m.until > v_since))
           AND x.id BETWEEN r.low AND r.high AND x.at >= v_since AND x.at < v_until AND x.kind = 'open'
         ORDER BY sha256(uuid_send(v_seed) || int8send(x.id)) LIMIT gate.limit_of('draw_unit')::int;
    END LOOP;
    RETURN 'ok';
END $$;

-- ── a refusal that SQL raised ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Its row, afterwards, in the same session; of whom it was: somebody of this ticket's own opening, and nobody else, is named.
DROP FUNCTION door.refused(text);
CREATE FUNCTION door.refused(p_code text, p_patient uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_ticket text := current_setting('egide.ticket', true); v_ids uuid[];
BEGIN
    PERFORM gate.acting();
    IF p_code NOT IN ('already_in', 'unit_full', 'links_pace', 'rescue_closed') THEN RETURN 'bad_request'; END IF;
    IF v_ticket NOT LIKE 'w%' THEN SELECT e.ids INTO v_ids FROM audit.entry e WHERE e.id = split_part(v_ticket, '.', 1)::bigint; END IF;
    RETURN gate.told(p_code, 'act', CASE WHEN p_patient = ANY (v_ids) THEN p_patient END, NULL);
END $$;

REVOKE ALL ON FUNCTION door.declare_shift(uuid), door.end_shift(uuid), door.ask_to_join(uuid), door.review(bigint, text),
    door.review_drawn(bigint, text), door.refused(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.declare_shift(uuid), door.end_shift(uuid), door.ask_to_join(uuid), door.review(bigint, text),
    door.review_drawn(bigint, text), door.refused(text, uuid) TO web;
GRANT EXECUTE ON FUNCTION door.refused(text, uuid) TO worker;

SET LOCAL ROLE owner;
