-- Links beside the stay: declared shifts, advice, team, break-glass; notices and reviews (gate.md §4).
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('shifts', 4), ('shift_hours', 12), ('advice_hours', 72), ('team_days', 30),
    ('break_glass_hours', 4), ('break_glass_alone', 5);

-- A notice to one account: a code and the trail's entry, never a trait. Inserted in the transaction of what it tells.
CREATE TABLE gate.notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts.account,
    kind text NOT NULL CHECK (kind IN ('break_glass', 'advice', 'join_team')),
    entry bigint NOT NULL,
    patient_id uuid,
    by_account uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at timestamptz
);
CREATE INDEX ON gate.notice (account, read_at, at);

-- The words of a break-glass, sealed by the keeper in the same commit; opened to a reviewer only, and that is a row.
CREATE TABLE gate.words (entry bigint PRIMARY KEY, id uuid NOT NULL UNIQUE, sealed bytea NOT NULL);

-- What a responsible person concluded of one break-glass.
CREATE TABLE gate.review (
    entry bigint PRIMARY KEY,
    by_account uuid NOT NULL REFERENCES accounts.account,
    verdict text NOT NULL CHECK (verdict IN ('accepted', 'questioned')),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who answers for a patient's stay now: the physicians of its unit; else, the DPOs. Never the one who asks.
CREATE FUNCTION gate.responsible_for(p_patient uuid, p_but uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_found uuid[]; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT array_agg(DISTINCT m.account) INTO v_found
      FROM gate.link k JOIN accounts.membership m ON m.unit = k.unit
     WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
       AND m.profession = 'physician' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now) AND m.account <> p_but;
    IF v_found IS NULL THEN
        SELECT array_agg(DISTINCT m.account) INTO v_found FROM accounts.membership m
         WHERE m.profession = 'dpo' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now) AND m.account <> p_but;
    END IF;
    RETURN coalesce(v_found, '{}');
END $$;

CREATE FUNCTION gate.notify(p_accounts uuid[], p_kind text, p_entry bigint, p_patient uuid, p_by uuid) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO gate.notice (account, kind, entry, patient_id, by_account)
    SELECT DISTINCT i, p_kind, p_entry, p_patient, p_by FROM unnest(p_accounts) i WHERE i <> p_by
$$;

-- How many break-glasses an account asked for in the last day: the sixth takes a colleague's key.
CREATE FUNCTION gate.break_glass_count(p_account uuid) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::int FROM gate.link k
     WHERE k.account = p_account AND k.basis = 'break_glass' AND k.since > clock_timestamp() - interval '1 day'
$$;

-- Carries out an approved break-glass: the link (4 h), the trail, the sealed words, the notices, all or nothing.
-- The account's row is locked: two at once are counted one after the other. Returned, never raised.
CREATE FUNCTION gate.break_glass(p_act uuid, p_patient uuid, p_reason text, p_words_id uuid, p_words bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; a accounts.actor; e audit.entry; v_yes uuid[]; v_need int; v_code text := 'ok'; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO t FROM accounts.act WHERE id = p_act AND kind = 'break_glass' FOR UPDATE;
    PERFORM 1 FROM accounts.account WHERE id = t.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    a := accounts.actor_of(t.session, t.account);
    SELECT coalesce(array_agg(v.account ORDER BY v.place), '{}') INTO v_yes FROM accounts.approval v WHERE v.act = p_act;
    v_need := CASE WHEN gate.break_glass_count(t.account) >= gate.limit_of('break_glass_alone') THEN 2 ELSE 1 END;
    IF a.state IS DISTINCT FROM 'live' THEN v_code := coalesce(a.state, 'session_ended');
    ELSIF t.done_at IS NOT NULL OR t.expires_at <= v_now THEN v_code := 'act_ended';
    ELSIF NOT t.account = ANY (v_yes) THEN v_code := 'not_approved';
    ELSIF cardinality(v_yes) < v_need THEN v_code := 'colleague_needed';
    ELSIF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'break_glass' AND u.act = 'read' AND u.allowed)
        THEN v_code := 'category_closed';
    ELSIF NOT EXISTS (SELECT 1 FROM gate.token k WHERE k.patient_id = p_patient) THEN v_code := 'no_link';
    END IF;
    IF v_code = 'colleague_needed' THEN RETURN v_code; END IF;
    IF v_code <> 'ok' THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}',
                             'break_glass', 'break_glass', 'refused', v_code, p_act::text, NULL, NULL);
        RETURN v_code;
    END IF;
    e := audit.append('break_glass', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}',
                      'break_glass', 'break_glass', 'done', p_reason, p_act::text, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
    VALUES (p_patient, 'break_glass', a.account, v_now, v_now + make_interval(hours => gate.limit_of('break_glass_hours')::int), e.id);
    INSERT INTO gate.words (entry, id, sealed) VALUES (e.id, p_words_id, p_words);
    PERFORM gate.notify(gate.responsible_for(p_patient, a.account), 'break_glass', e.id, p_patient, a.account);
    UPDATE accounts.act SET done_at = v_now WHERE id = p_act;
    RETURN 'ok';
END $$;

-- The words of one break-glass, to somebody who was told of it. Opening them is a row, committed with the answer.
CREATE FUNCTION gate.words_of(p_session uuid, p_account uuid, p_entry bigint) RETURNS TABLE (code text, id uuid, sealed bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_code text := 'ok';
BEGIN
    IF a.state <> 'live' THEN v_code := a.state;
    ELSIF NOT EXISTS (SELECT 1 FROM gate.notice n WHERE n.entry = p_entry AND n.account = a.account AND n.kind = 'break_glass')
        THEN v_code := 'no_link';
    END IF;
    PERFORM audit.append(CASE v_code WHEN 'ok' THEN 'words' ELSE 'refuse' END, a.account, a.session, a.profession, a.site, NULL,
                         '{}', '{}', '{}', 'review', NULL, CASE v_code WHEN 'ok' THEN 'opened' ELSE 'refused' END,
                         NULLIF(v_code, 'ok'), p_entry::text, NULL, NULL);
    IF v_code <> 'ok' THEN
        RETURN QUERY SELECT v_code, NULL::uuid, NULL::bytea;
    ELSE
        RETURN QUERY SELECT 'ok', w.id, w.sealed FROM gate.words w WHERE w.entry = p_entry;
    END IF;
END $$;

-- door ---------------------------------------------------------------------------------------------------------------

-- « Je prends mon poste en … »: a unit of my site, twelve hours; four at most at a time. Returns a code.
CREATE FUNCTION door.declare_shift(p_unit uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz;
BEGIN
    IF a.kind <> 'person' THEN RETURN 'category_closed'; END IF;
    -- a doubled click waits here, and finds what the first one did
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    a := gate.acting();
    v_now := clock_timestamp();
    IF p_unit = ANY (a.units) THEN RETURN 'ok'; END IF;
    IF NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN RETURN 'other_site'; END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'stay' AND u.act = 'read' AND u.allowed)
        THEN RETURN 'category_closed'; END IF;
    IF (SELECT count(*) FROM accounts.shift h WHERE h.account = a.account AND h.until > v_now) >= gate.limit_of('shifts')
        THEN RETURN 'too_many_shifts'; END IF;
    INSERT INTO accounts.shift (account, profession, unit, since, until)
    VALUES (a.account, a.profession, p_unit, v_now, v_now + make_interval(hours => gate.limit_of('shift_hours')::int));
    PERFORM audit.append('shift', a.account, a.session, a.profession, a.site, p_unit, '{}', '{}', '{}', NULL, NULL, 'declared',
                         NULL, NULL, NULL, NULL);
    RETURN 'ok';
END $$;

CREATE FUNCTION door.end_shift(p_unit uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp();
BEGIN
    UPDATE accounts.shift SET until = v_now WHERE account = a.account AND unit = p_unit AND until > v_now AND since < v_now;
    IF NOT FOUND THEN RETURN 'no_shift'; END IF;
    PERFORM audit.append('shift', a.account, a.session, a.profession, a.site, p_unit, '{}', '{}', '{}', NULL, NULL, 'ended',
                         NULL, NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- Who is declared on shift in a unit of mine: the unit and its cadre see it.
CREATE FUNCTION door.shifts_of(p_unit uuid)
RETURNS TABLE (account uuid, name text, profession text, since timestamptz, until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT p_unit = ANY (a.units) THEN RETURN; END IF;
    RETURN QUERY SELECT h.account, c.name, h.profession, h.since, h.until
      FROM accounts.shift h JOIN accounts.account c ON c.id = h.account
     WHERE h.unit = p_unit AND h.since <= clock_timestamp() AND h.until > clock_timestamp() ORDER BY h.since DESC LIMIT 100;
END $$;

-- The units where I may declare a shift are those of my site; mine are the keeper's answer. (directory is no secret)

-- « Demande d'avis »: a linked clinician names a colleague or a unit for 72 h. Under an opening that writes clinical data.
CREATE FUNCTION door.ask_advice(p_patient uuid, p_account uuid, p_unit uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_now timestamptz := clock_timestamp(); v_told uuid[];
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('clinical', 'write')) THEN RETURN 'category_closed'; END IF;
    IF (p_account IS NULL) = (p_unit IS NULL) THEN RETURN 'bad_request'; END IF;
    -- asked by one who is linked otherwise than by break-glass or by an advice: advice does not spread by itself
    IF NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis IN ('stay', 'team')
                     AND (k.unit = ANY (a.units) OR k.account = a.account)
                     AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)) THEN RETURN 'no_link'; END IF;
    IF p_account IS NOT NULL THEN
        SELECT array_agg(DISTINCT m.account) INTO v_told FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
         WHERE m.account = p_account AND c.ended_at IS NULL AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)
           AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = m.profession AND u.basis = 'advice' AND u.category = 'clinical'
                         AND u.act = 'read' AND u.allowed);
    ELSE
        SELECT array_agg(DISTINCT m.account) INTO v_told FROM accounts.membership m
         WHERE m.unit = p_unit AND m.profession = 'physician' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now);
    END IF;
    IF v_told IS NULL THEN RETURN 'unknown_colleague'; END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', '{}', NULL, 'advice',
                      'done', NULL, p_account::text, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, account, since, until, entry)
    VALUES (p_patient, 'advice', p_unit, p_account, v_now, v_now + make_interval(hours => gate.limit_of('advice_hours')::int), e.id);
    PERFORM gate.notify(v_told, 'advice', e.id, p_patient, a.account);
    RETURN 'ok';
END $$;

-- « Rejoindre l'équipe »: asks the physicians responsible; nothing opens until one of them takes the person in.
CREATE FUNCTION door.ask_to_join(p_patient uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'team' AND u.act = 'read' AND u.allowed)
        THEN RETURN 'category_closed'; END IF;
    -- one request a day for one person; the answer never says whether she is known here
    IF NOT EXISTS (SELECT 1 FROM gate.notice n WHERE n.by_account = a.account AND n.patient_id = p_patient AND n.kind = 'join_team'
                     AND n.at > clock_timestamp() - interval '1 day') THEN
        e := audit.append('join_team', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', NULL, 'team',
                          'asked', NULL, NULL, NULL, NULL);
        IF EXISTS (SELECT 1 FROM gate.token k WHERE k.patient_id = p_patient) THEN
            PERFORM gate.notify(gate.responsible_for(p_patient, a.account), 'join_team', e.id, p_patient, a.account);
        END IF;
    END IF;
    RETURN 'ok';
END $$;

-- Takes a colleague into the named team of a patient (30 days). Under an opening that writes clinical data.
CREATE FUNCTION door.take_in(p_patient uuid, p_account uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('clinical', 'write')) OR a.profession <> 'physician' THEN RETURN 'category_closed'; END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis IN ('stay', 'team')
                     AND (k.unit = ANY (a.units) OR k.account = a.account)
                     AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)) THEN RETURN 'no_link'; END IF;
    IF p_account = a.account OR NOT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
         WHERE m.account = p_account AND c.ended_at IS NULL AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)) THEN
        RETURN 'unknown_colleague';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'team' AND k.account = p_account AND k.until > v_now) THEN
        e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', NULL, 'team',
                          'done', NULL, p_account::text, NULL, NULL);
        INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
        VALUES (p_patient, 'team', p_account, v_now, v_now + make_interval(days => gate.limit_of('team_days')::int), e.id);
    END IF;
    UPDATE gate.notice SET read_at = v_now WHERE account = a.account AND kind = 'join_team' AND patient_id = p_patient
       AND by_account = p_account AND read_at IS NULL;
    RETURN 'ok';
END $$;

-- My notices, newest first, unread ones before. No trait: the page that names the patient is an opening.
CREATE FUNCTION door.my_notices()
RETURNS TABLE (id bigint, kind text, entry bigint, patient_id uuid, by_account uuid, by_name text, by_profession text, at timestamptz,
               read_at timestamptz, reviewed text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT n.id, n.kind, n.entry, n.patient_id, n.by_account, c.name,
           (SELECT m.profession FROM accounts.membership m WHERE m.account = n.by_account ORDER BY m.since DESC LIMIT 1),
           n.at, n.read_at, v.verdict
      FROM gate.notice n JOIN accounts.account c ON c.id = n.by_account LEFT JOIN gate.review v ON v.entry = n.entry
     WHERE n.account = a.account AND n.at > clock_timestamp() - interval '60 days'
     ORDER BY n.read_at IS NOT NULL, n.at DESC LIMIT 200;
END $$;

CREATE FUNCTION door.read_notice(p_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    UPDATE gate.notice SET read_at = clock_timestamp() WHERE id = p_id AND account = a.account AND read_at IS NULL;
    RETURN FOUND;
END $$;

-- A break-glass reviewed by somebody who was told of it; once, whoever comes first. Never by the one who asked.
CREATE FUNCTION door.review(p_entry bigint, p_verdict text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_ids uuid[];
BEGIN
    IF p_verdict NOT IN ('accepted', 'questioned') THEN RETURN 'bad_request'; END IF;
    SELECT e.ids INTO v_ids FROM audit.entry e WHERE e.id = p_entry AND e.kind = 'break_glass' AND e.account <> a.account;
    IF NOT FOUND OR NOT EXISTS (SELECT 1 FROM gate.notice n WHERE n.entry = p_entry AND n.account = a.account AND n.kind = 'break_glass')
        THEN RETURN 'no_link'; END IF;
    INSERT INTO gate.review (entry, by_account, verdict) VALUES (p_entry, a.account, p_verdict) ON CONFLICT (entry) DO NOTHING;
    IF NOT FOUND THEN RETURN 'already'; END IF;
    PERFORM audit.append('review', a.account, a.session, a.profession, a.site, NULL, v_ids, '{}', '{}', 'break_glass', NULL, p_verdict,
                         NULL, p_entry::text, NULL, NULL);
    UPDATE gate.notice SET read_at = coalesce(read_at, clock_timestamp()) WHERE entry = p_entry AND account = a.account;
    RETURN 'ok';
END $$;

GRANT EXECUTE ON FUNCTION gate.break_glass(uuid, uuid, text, uuid, bytea), gate.break_glass_count(uuid),
    gate.words_of(uuid, uuid, bigint) TO keeper;
GRANT EXECUTE ON FUNCTION door.declare_shift(uuid), door.end_shift(uuid), door.shifts_of(uuid),
    door.ask_advice(uuid, uuid, uuid), door.ask_to_join(uuid), door.take_in(uuid, uuid), door.my_notices(),
    door.read_notice(bigint), door.review(bigint, text) TO web;

SET LOCAL ROLE owner;
