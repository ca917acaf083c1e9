-- Taking care of somebody without her lying in the unit: a resident and her referents, a physician she declared, a transfer
-- announced, a delegation, the secretariat of a named team. Each is made by somebody who takes care, told, and ends by itself.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('delegation_days', 7), ('referring_days', 365), ('transfer_hours', 24), ('residence_days', 30);

ALTER TABLE gate.notice DROP CONSTRAINT notice_kind_check;
ALTER TABLE gate.notice ADD CONSTRAINT notice_kind_check CHECK (kind ~ '^[a-z_]{3,40}$');

-- What begins with a stay: in a unit where people live, a residence, which an absence does not end.
CREATE FUNCTION gate.stay_began(a accounts.actor, p_patient uuid, p_unit uuid, p_since timestamptz, p_until timestamptz, p_entry bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_until timestamptz := p_until + make_interval(days => gate.limit_of('residence_days')::int);
BEGIN
    IF EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.kind = 'residence')
       AND (v_until IS NULL OR v_until > clock_timestamp()) THEN
        UPDATE gate.link k SET until = v_until WHERE k.patient_id = p_patient AND k.basis = 'residence' AND k.until > clock_timestamp()
           AND (k.unit = p_unit OR k.account IS NOT NULL);
        IF NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'residence' AND k.unit = p_unit
                         AND (k.until IS NULL OR k.until > clock_timestamp())) THEN
            INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
            VALUES (p_patient, 'residence', p_unit, p_since, v_until, p_entry);
        END IF;
    END IF;
END $$;

-- What a stay's end leaves: seven days for those who finish; a residence is kept for the length of an absence.
CREATE FUNCTION gate.stay_ended(a accounts.actor, p_patient uuid, p_unit uuid, p_until timestamptz, p_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM gate.attend(p_patient, p_unit, p_until, p_entry);
    IF EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.kind = 'residence') THEN
        UPDATE gate.link k SET until = greatest(p_until + make_interval(days => gate.limit_of('residence_days')::int), k.since)
         WHERE k.patient_id = p_patient AND k.basis = 'residence' AND k.until IS NULL;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION door.link(p_patient uuid, p_basis text, p_unit uuid, p_since timestamptz, p_until timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_id bigint; v_now timestamptz;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no stay of that patient' USING ERRCODE = 'EG003';
    END IF;
    IF p_basis IS DISTINCT FROM 'stay' THEN
        RAISE EXCEPTION 'a stay, and nothing else, is made here' USING ERRCODE = 'EG003';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN
        RAISE EXCEPTION 'not a unit of this site' USING ERRCODE = 'EG003';
    END IF;
    IF a.kind = 'application' THEN
        SELECT id INTO v_id FROM gate.link k
         WHERE k.patient_id = p_patient AND k.unit = p_unit AND k.basis = p_basis AND k.since = p_since;
        IF FOUND THEN RETURN v_id; END IF;
    ELSE
        IF p_until IS NOT NULL THEN
            RAISE EXCEPTION 'a person links by a stay that begins' USING ERRCODE = 'EG003';
        END IF;
        PERFORM 1 FROM gate.token t WHERE t.patient_id = p_patient ORDER BY t.token FOR NO KEY UPDATE;
        v_now := clock_timestamp();
        IF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'stay'
                     AND (k.until IS NULL OR k.until > v_now)) THEN
            RAISE EXCEPTION 'this person is in a stay' USING ERRCODE = 'EG005';
        END IF;
        IF gate.made(a, p_patient) IS NOT NULL THEN
            RAISE EXCEPTION 'too many links made' USING ERRCODE = 'EG007';
        END IF;
    END IF;
    IF (p_until IS NULL OR p_until > clock_timestamp()) AND gate.is_full(a, p_unit) THEN
        RAISE EXCEPTION 'this unit is full' USING ERRCODE = 'EG006';
    END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                      NULL, p_basis, 'done', NULL, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, p_basis, p_unit, p_since, p_until, e.id) RETURNING id INTO v_id;
    PERFORM gate.stay_began(a, p_patient, p_unit, p_since, p_until, e.id);
    IF p_until IS NOT NULL THEN PERFORM gate.stay_ended(a, p_patient, p_unit, p_until, e.id); END IF;
    RETURN v_id;
END $$;

CREATE OR REPLACE FUNCTION door.unlink(p_patient uuid, p_basis text, p_unit uuid, p_until timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_ends timestamptz[]; v_until timestamptz := p_until; e audit.entry;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no stay of that patient' USING ERRCODE = 'EG003';
    END IF;
    IF p_basis IS DISTINCT FROM 'stay' OR NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN
        RAISE EXCEPTION 'not a stay in a unit of this site' USING ERRCODE = 'EG003';
    END IF;
    IF a.kind <> 'application' THEN v_until := least(p_until, clock_timestamp()); END IF;
    WITH ended AS (UPDATE gate.link SET until = greatest(v_until, since)
                    WHERE patient_id = p_patient AND basis = p_basis AND unit = p_unit AND until IS NULL RETURNING until)
    SELECT coalesce(array_agg(until), '{}') INTO v_ends FROM ended;
    IF cardinality(v_ends) > 0 THEN
        e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                          NULL, p_basis, 'ended', NULL, NULL, NULL, NULL);
        PERFORM gate.stay_ended(a, p_patient, p_unit, (SELECT max(u) FROM unnest(v_ends) u), e.id);
    END IF;
    RETURN cardinality(v_ends);
END $$;

-- Whether an account now holds a profession that reads clinical data on a basis.
CREATE FUNCTION gate.may_be(p_account uuid, p_basis text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
        JOIN gate.rule u ON u.profession = m.profession AND u.basis = p_basis AND u.category = 'clinical' AND u.act = 'read' AND u.allowed
       WHERE m.account = p_account AND c.ended_at IS NULL AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
$$;

-- Whoever joins a team comes with the secretariat of his units: it reads, for as long, what it types.
CREATE FUNCTION gate.with_secretariat(p_patient uuid, p_account uuid, p_until timestamptz, p_entry bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    SELECT p_patient, 'secretariat', m.unit, clock_timestamp(), p_until, p_entry
      FROM (SELECT DISTINCT m.unit FROM accounts.membership m
             WHERE m.account = p_account AND m.unit IS NOT NULL AND m.since <= clock_timestamp()
               AND (m.until IS NULL OR m.until > clock_timestamp())) m
$$;

-- Names who takes care besides: a delegation, a referring physician, a resident's referent (accounts), a transfer (a unit).
-- The first and the third by somebody who takes care herself; a transfer also by who writes stays; a physician by whoever writes
-- contacts, as the patient says. A refusal is returned; nothing is named twice.
CREATE FUNCTION door.name_carer(p_patient uuid, p_basis text, p_account uuid, p_unit uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_now timestamptz; v_until timestamptz; v_told uuid[]; v_cares boolean;
    v_clinical boolean := p_patient = ANY (gate.opened_patients('clinical', 'write'));
    v_contact boolean := p_patient = ANY (gate.opened_patients('contact', 'write'));
    v_stay boolean := p_patient = ANY (gate.opened_patients('stay', 'write'));
BEGIN
    v_cares := v_clinical AND gate.takes_care(a, p_patient);
    v_now := clock_timestamp();
    CASE p_basis
    WHEN 'delegation' THEN
        IF NOT v_cares THEN RETURN 'category_closed'; END IF;
        v_until := v_now + make_interval(days => gate.limit_of('delegation_days')::int);
    WHEN 'residence' THEN
        IF NOT v_cares THEN RETURN 'category_closed'; END IF;
        SELECT coalesce(k.until, 'infinity') INTO v_until FROM gate.link k JOIN accounts.membership m ON m.unit = k.unit
         WHERE k.patient_id = p_patient AND k.basis = 'residence' AND m.account = p_account AND m.since <= v_now
           AND (m.until IS NULL OR m.until > v_now) AND (k.until IS NULL OR k.until > v_now) LIMIT 1;
        IF NOT FOUND THEN RETURN 'not_resident'; END IF;
        v_until := NULLIF(v_until, 'infinity');
    WHEN 'referring' THEN
        IF NOT (v_contact OR v_cares) THEN RETURN 'category_closed'; END IF;
        v_until := v_now + make_interval(days => gate.limit_of('referring_days')::int);
    WHEN 'transfer' THEN
        IF NOT (v_stay OR v_cares) THEN RETURN 'category_closed'; END IF;
        v_until := v_now + make_interval(hours => gate.limit_of('transfer_hours')::int);
    ELSE RETURN 'bad_request';
    END CASE;
    IF p_basis = 'transfer' THEN
        IF p_account IS NOT NULL OR NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND NOT u.id = ANY (a.units)) THEN
            RETURN 'unknown_unit';
        END IF;
        SELECT array_agg(DISTINCT m.account) INTO v_told FROM accounts.membership m
         WHERE m.unit = p_unit AND m.profession = 'physician' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now);
    ELSE
        IF p_unit IS NOT NULL OR p_account IS NULL OR p_account = a.account OR NOT gate.may_be(p_account, p_basis) THEN
            RETURN 'unknown_colleague';
        END IF;
        v_told := ARRAY[p_account];
    END IF;
    IF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = p_basis AND k.account IS NOT DISTINCT FROM p_account
                 AND k.unit IS NOT DISTINCT FROM p_unit AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)) THEN
        RETURN 'ok';
    END IF;
    IF gate.made(a, p_patient) IS NOT NULL THEN RETURN 'links_pace'; END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', '{}', NULL, p_basis,
                      'done', NULL, p_account::text, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, account, since, until, entry)
    VALUES (p_patient, p_basis, p_unit, p_account, v_now, v_until, e.id);
    IF p_basis = 'referring' THEN PERFORM gate.with_secretariat(p_patient, p_account, v_until, e.id); END IF;
    PERFORM gate.notify(coalesce(v_told, '{}'), p_basis, e.id, p_patient, a.account);
    RETURN 'ok';
END $$;

-- Ends what somebody named: a team, its secretariat, a delegation, a physician, a referent, a transfer, an advice. By whoever
-- takes care, or who writes contacts for a declared physician, or the person named.
CREATE FUNCTION door.end_care(p_patient uuid, p_link bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); k gate.link; v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN RETURN 'category_closed'; END IF;
    SELECT * INTO k FROM gate.link l WHERE l.id = p_link AND l.patient_id = p_patient
       AND l.basis IN ('team', 'secretariat', 'delegation', 'referring', 'residence', 'transfer', 'advice')
       AND (l.basis <> 'residence' OR l.account IS NOT NULL) FOR UPDATE;
    IF NOT FOUND THEN RETURN 'bad_request'; END IF;
    IF k.until <= v_now THEN RETURN 'already'; END IF;
    IF NOT (k.account IS NOT DISTINCT FROM a.account
            OR p_patient = ANY (gate.opened_patients('clinical', 'write')) AND gate.takes_care(a, p_patient)
            OR k.basis = 'referring' AND p_patient = ANY (gate.opened_patients('contact', 'write'))) THEN
        RETURN 'category_closed';
    END IF;
    UPDATE gate.link l SET until = greatest(v_now, l.since) WHERE l.patient_id = p_patient AND (l.until IS NULL OR l.until > v_now)
       AND (l.id = k.id OR l.basis = 'secretariat' AND l.entry = k.entry);
    PERFORM audit.append('link', a.account, a.session, a.profession, a.site, k.unit, ARRAY[p_patient], '{}', '{}', NULL, k.basis,
                         'ended', NULL, k.account::text, NULL, NULL);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION door.ask_advice(p_patient uuid, p_account uuid, p_unit uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_now timestamptz := clock_timestamp(); v_told uuid[];
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('clinical', 'write')) THEN RETURN 'category_closed'; END IF;
    IF (p_account IS NULL) = (p_unit IS NULL) THEN RETURN 'bad_request'; END IF;
    -- asked by one who takes care herself: advice does not spread by itself
    IF NOT gate.takes_care(a, p_patient) THEN RETURN 'no_link'; END IF;
    IF p_account IS NOT NULL THEN
        v_told := CASE WHEN gate.may_be(p_account, 'advice') THEN ARRAY[p_account] END;
    ELSE
        SELECT array_agg(DISTINCT m.account) INTO v_told FROM accounts.membership m
         WHERE m.unit = p_unit AND m.profession = 'physician' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now);
    END IF;
    IF v_told IS NULL THEN RETURN 'unknown_colleague'; END IF;
    IF gate.made(a, p_patient) IS NOT NULL THEN RETURN 'links_pace'; END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', '{}', NULL, 'advice',
                      'done', NULL, p_account::text, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, account, since, until, entry)
    VALUES (p_patient, 'advice', p_unit, p_account, v_now, v_now + make_interval(hours => gate.limit_of('advice_hours')::int), e.id);
    PERFORM gate.notify(v_told, 'advice', e.id, p_patient, a.account);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION door.take_in(p_patient uuid, p_account uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_now timestamptz := clock_timestamp(); v_until timestamptz;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('clinical', 'write')) OR a.profession <> 'physician' THEN RETURN 'category_closed'; END IF;
    IF NOT gate.takes_care(a, p_patient) THEN RETURN 'no_link'; END IF;
    IF p_account = a.account OR NOT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
         WHERE m.account = p_account AND c.ended_at IS NULL AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)) THEN
        RETURN 'unknown_colleague';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'team' AND k.account = p_account AND k.until > v_now) THEN
        IF gate.made(a, p_patient) IS NOT NULL THEN RETURN 'links_pace'; END IF;
        v_until := v_now + make_interval(days => gate.limit_of('team_days')::int);
        e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', NULL, 'team',
                          'done', NULL, p_account::text, NULL, NULL);
        INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
        VALUES (p_patient, 'team', p_account, v_now, v_until, e.id);
        PERFORM gate.with_secretariat(p_patient, p_account, v_until, e.id);
    END IF;
    UPDATE gate.notice SET read_at = v_now WHERE account = a.account AND kind = 'join_team' AND patient_id = p_patient
       AND by_account = p_account AND read_at IS NULL;
    RETURN 'ok';
END $$;

REVOKE ALL ON FUNCTION gate.stay_began(accounts.actor, uuid, uuid, timestamptz, timestamptz, bigint),
    gate.stay_ended(accounts.actor, uuid, uuid, timestamptz, bigint), gate.may_be(uuid, text),
    gate.with_secretariat(uuid, uuid, timestamptz, bigint), door.name_carer(uuid, text, uuid, uuid), door.end_care(uuid, bigint)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.name_carer(uuid, text, uuid, uuid), door.end_care(uuid, bigint) TO web;

SET LOCAL ROLE owner;
