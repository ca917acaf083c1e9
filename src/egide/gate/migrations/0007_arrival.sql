-- Arrival: a person at the desk may create somebody who is not known here, or receive somebody whom her search showed; and a
-- person's stays make and end care links. The rule (basis `arrival`) says which professions.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('arrival_minute', 4), ('arrival_hour', 40), ('arrival_day', 120), ('arrival_month', 1500),
    ('arrival_hours', 24), ('arrival_search_minutes', 10), ('unit_fill', 1.2), ('unit_fill_floor', 5);

ALTER TABLE gate.link DROP CONSTRAINT link_basis_check;
ALTER TABLE gate.link ADD CONSTRAINT link_basis_check CHECK (basis IN ('stay', 'team', 'advice', 'break_glass', 'oversight', 'arrival'));
ALTER TABLE gate.purse DROP CONSTRAINT purse_class_check;
ALTER TABLE gate.purse ADD CONSTRAINT purse_class_check
    CHECK (class IN ('linked', 'unlinked', 'confirmed', 'owed', 'search', 'arrival'));
-- "This session searched": asked at each creation and each reception.
CREATE INDEX entry_search ON audit.entry (session, at) WHERE kind = 'search';
-- Numbers of persons (IPP) and of stays (NDA): never given twice, not even when what asked for one came to nothing.
CREATE SEQUENCE gate.ipp START 100000001;
CREATE SEQUENCE gate.nda START 100000001;
REVOKE ALL ON SEQUENCE gate.ipp, gate.nda FROM PUBLIC;

-- The desk's own link to whom it receives, so that it can finish the admission. The caller has decided.
CREATE FUNCTION gate.receive(a accounts.actor, p_patient uuid) RETURNS audit.entry
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE e audit.entry; v_now timestamptz := clock_timestamp();
BEGIN
    e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'arrival', 'arrival',
                      'done', NULL, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
    VALUES (p_patient, 'arrival', a.account, v_now, v_now + make_interval(hours => gate.limit_of('arrival_hours')::int), e.id);
    RETURN e;
END $$;

CREATE FUNCTION gate.receives(a accounts.actor) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.kind = 'person' AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'arrival'
        AND u.category = 'identity' AND u.act = 'write' AND u.allowed)
$$;

-- Keys for one person who is not known here, asked for by a person: she has searched first. One commit: her tokens, the desk's
-- link (24 h), the opening. A refusal is a row and is returned.
CREATE FUNCTION gate.create_patient(p_session uuid, p_account uuid, p_new uuid, p_source bigint, p_read text[], p_write text[],
                                    p_nonce bytea, p_ticket_hash bytea, p_found bigint[]) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.refuse(a, a.state, '{}', p_read, p_write, 'arrival', NULL, false); END IF;
    IF NOT gate.receives(a) THEN RETURN gate.refuse(a, 'category_closed', '{}', p_read, p_write, 'arrival', NULL, false); END IF;
    IF NOT EXISTS (SELECT 1 FROM audit.entry e WHERE e.kind = 'search' AND e.session = p_session
                     AND e.at > clock_timestamp() - make_interval(mins => gate.limit_of('arrival_search_minutes')::int)) THEN
        RETURN gate.refuse(a, 'search_first', '{}', p_read, p_write, 'arrival', NULL, false);
    END IF;
    IF cardinality(p_found) NOT BETWEEN 1 AND 400 THEN
        RETURN gate.refuse(a, 'bad_request', '{}', p_read, p_write, 'arrival', NULL, false);
    END IF;
    IF gate.spend_within(a, 'arrival', ARRAY[p_new], false) IS NOT NULL THEN
        RETURN gate.refuse(a, 'arrival_pace', '{}', p_read, p_write, 'arrival', NULL, false);
    END IF;
    PERFORM gate.spend(a, 'linked', ARRAY[p_new], NULL);
    INSERT INTO gate.token (token, kind, patient_id) VALUES (p_source, 'SRC', p_new);
    INSERT INTO identity.token (token, patient_id) SELECT DISTINCT t, p_new FROM unnest(p_found) t ORDER BY 1;
    PERFORM gate.receive(a, p_new);
    v_now := clock_timestamp();
    SELECT coalesce(array_agg(u.category ORDER BY u.category) FILTER (WHERE u.act = 'read' AND u.category = ANY (p_read)), '{}'),
           coalesce(array_agg(u.category ORDER BY u.category) FILTER (WHERE u.act = 'write' AND u.category = ANY (p_write)), '{}')
      INTO r.reads, r.writes
      FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'arrival' AND u.allowed;
    r.entry := audit.append('open_new', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_new], r.reads, r.writes,
                            'arrival', 'arrival', 'opened', NULL, NULL, p_nonce, p_ticket_hash);
    r.opening := (r.entry).id; r.nonce := p_nonce; r.resumed := false; r.truncated := false; r.known := ARRAY[false];
    r.until := v_now + interval '15 minutes'; r.basis := 'arrival';
    INSERT INTO gate.lease VALUES (r.opening, p_session, p_nonce, r.until, v_now + interval '8 hours');
    r.code := 'ok'; r.ids := ARRAY[p_new]; r.actor := a;
    RETURN r;
END $$;

-- « Accueillir »: somebody known here arrives, whom a search of this session showed minutes ago. Returns a code.
CREATE FUNCTION door.receive(p_patient uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_code text;
BEGIN
    IF NOT gate.receives(a) THEN v_code := 'category_closed';
    ELSIF NOT EXISTS (SELECT 1 FROM audit.entry e WHERE e.kind = 'search' AND e.session = a.session AND e.ids @> ARRAY[p_patient]
                        AND e.at > clock_timestamp() - make_interval(mins => gate.limit_of('arrival_search_minutes')::int)) THEN
        v_code := 'search_first';
    ELSIF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.account = a.account AND k.basis = 'arrival'
                    AND k.until > clock_timestamp()) THEN
        RETURN 'ok';
    ELSIF gate.spend_within(a, 'arrival', ARRAY[p_patient], false) IS NOT NULL THEN v_code := 'arrival_pace';
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'arrival',
                             'arrival', 'refused', v_code, NULL, NULL, NULL);
        RETURN v_code;
    END IF;
    PERFORM gate.receive(a, p_patient);
    RETURN 'ok';
END $$;

-- The next number of a person (`ipp`) or of a stay (`nda`), to who receives people or writes a stay.
CREATE FUNCTION door.next_number(p_kind text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.category = 'stay' AND u.act = 'write' AND u.allowed)
        THEN RAISE EXCEPTION 'this profession admits nobody' USING ERRCODE = 'EG003'; END IF;
    RETURN CASE p_kind WHEN 'ipp' THEN '2' || nextval('gate.ipp') WHEN 'nda' THEN '2' || nextval('gate.nda') END;
END $$;

-- As before for applications. A person's: a stay in a unit of her site, of somebody whom no stay holds yet, in a unit that is not
-- fuller than its beds allow. The person's row of tokens is locked: two admissions of one person come one after the other.
CREATE OR REPLACE FUNCTION door.link(p_patient uuid, p_basis text, p_unit uuid, p_since timestamptz, p_until timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_id bigint; v_now timestamptz;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no stay of that patient' USING ERRCODE = 'EG003';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN
        RAISE EXCEPTION 'not a unit of this site' USING ERRCODE = 'EG003';
    END IF;
    IF a.kind <> 'application' THEN
        IF p_basis <> 'stay' OR p_until IS NOT NULL THEN
            RAISE EXCEPTION 'a person links by a stay that begins' USING ERRCODE = 'EG003';
        END IF;
        PERFORM 1 FROM gate.token t WHERE t.patient_id = p_patient ORDER BY t.token FOR NO KEY UPDATE;
        v_now := clock_timestamp();
        IF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'stay'
                     AND (k.until IS NULL OR k.until > v_now)) THEN
            RAISE EXCEPTION 'this person is in a stay' USING ERRCODE = 'EG005';
        END IF;
        IF (SELECT count(*) FROM gate.link k WHERE k.unit = p_unit AND k.basis = 'stay' AND k.until IS NULL)
           >= greatest(gate.limit_of('unit_fill_floor'), ceil(gate.limit_of('unit_fill')
                * (SELECT count(*) FROM public.directory_bed b WHERE b.unit_id = p_unit))) THEN
            RAISE EXCEPTION 'this unit is full' USING ERRCODE = 'EG006';
        END IF;
    END IF;
    SELECT id INTO v_id FROM gate.link k
     WHERE k.patient_id = p_patient AND k.unit = p_unit AND k.basis = p_basis AND k.since = p_since;
    IF FOUND AND a.kind = 'application' THEN RETURN v_id; END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                      NULL, p_basis, 'done', NULL, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, p_basis, p_unit, p_since, p_until, e.id) RETURNING id INTO v_id;
    RETURN v_id;
END $$;

-- A person ends the stays of her own site only, and none in the future.
CREATE OR REPLACE FUNCTION door.unlink(p_patient uuid, p_basis text, p_unit uuid, p_until timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_count int; v_until timestamptz := p_until;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no stay of that patient' USING ERRCODE = 'EG003';
    END IF;
    IF a.kind <> 'application' THEN
        IF p_basis <> 'stay' OR NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN
            RAISE EXCEPTION 'not a unit of this site' USING ERRCODE = 'EG003';
        END IF;
        v_until := least(p_until, clock_timestamp());
    END IF;
    UPDATE gate.link SET until = greatest(v_until, since)
     WHERE patient_id = p_patient AND basis = p_basis AND unit = p_unit AND until IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                             NULL, p_basis, 'ended', NULL, NULL, NULL, NULL);
    END IF;
    RETURN v_count;
END $$;

-- Changes whenever somebody enters a unit of mine or leaves it; tells nothing else.
CREATE FUNCTION door.unit_change(p_unit uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT p_unit = ANY (a.units) THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(max(k.id), 0) || '.' || count(*) FROM gate.link k
             WHERE k.unit = p_unit AND k.basis = 'stay' AND k.until IS NULL);
END $$;

REVOKE ALL ON FUNCTION gate.receive(accounts.actor, uuid), gate.receives(accounts.actor),
    gate.create_patient(uuid, uuid, uuid, bigint, text[], text[], bytea, bytea, bigint[]),
    door.receive(uuid), door.next_number(text), door.unit_change(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.create_patient(uuid, uuid, uuid, bigint, text[], text[], bytea, bytea, bigint[]) TO keeper;
GRANT EXECUTE ON FUNCTION door.receive(uuid), door.next_number(text), door.unit_change(uuid),
    door.link(uuid, text, uuid, timestamptz, timestamptz), door.unlink(uuid, text, uuid, timestamptz) TO web;

SET LOCAL ROLE owner;
