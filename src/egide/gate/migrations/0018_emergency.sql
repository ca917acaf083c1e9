-- Emergencies and people to watch over: the emergency sheet (one patient at a time, the on-call list called), the plan blanc (two
-- persons, one site, twelve hours), one's own record, and openings of colleagues and of sensitive records told to the DPO.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('sheet_hours', 1), ('plan_hours', 12);

-- A plan blanc on one site: it lifts the number of emergency accesses a day there. It ends by itself, or by one person.
CREATE TABLE gate.plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site uuid NOT NULL,
    act uuid NOT NULL UNIQUE REFERENCES accounts.act,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > since),
    entry bigint NOT NULL,
    ended_at timestamptz,
    ended_by uuid REFERENCES accounts.account
);
CREATE INDEX ON gate.plan (site, until);

-- Which patient a person who works here is; and whose record is to be watched, why, by whom.
CREATE TABLE gate.staff_patient (
    patient_id uuid PRIMARY KEY, account uuid NOT NULL REFERENCES accounts.account, by_account uuid NOT NULL REFERENCES accounts.account,
    entry bigint NOT NULL
);
CREATE INDEX ON gate.staff_patient (account);
CREATE TABLE gate.sensitive (
    patient_id uuid PRIMARY KEY, reason text NOT NULL CHECK (reason IN ('public_figure', 'threatened', 'relative_of_staff', 'legal')),
    by_account uuid NOT NULL REFERENCES accounts.account, entry bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION gate.plan_active(p_site uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM gate.plan p WHERE p.site = p_site AND p.ended_at IS NULL AND p.until > clock_timestamp())
$$;

-- Every plan blanc under way: shown on each page of its site. Nothing of anybody.
CREATE FUNCTION door.current_plans() RETURNS TABLE (site uuid, since timestamptz, until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.site, p.since, p.until FROM gate.plan p WHERE p.ended_at IS NULL AND p.until > clock_timestamp()
$$;

-- Who declares a plan blanc, and who confirms it: an administrator or a physician of that site, two different persons.
CREATE FUNCTION gate.may_plan(p_account uuid, p_site uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.account c JOIN accounts.membership m ON m.account = c.id
       WHERE c.id = p_account AND c.site = p_site AND c.ended_at IS NULL AND m.profession IN ('administrator', 'physician')
         AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
$$;

-- Carries a plan blanc out, once two persons said yes to the very act. Returned, never raised.
CREATE FUNCTION gate.begin_plan(p_act uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; a accounts.actor; e audit.entry; v_yes uuid[]; v_code text := 'ok'; v_now timestamptz; v_told uuid[];
BEGIN
    SELECT * INTO t FROM accounts.act WHERE id = p_act AND kind = 'plan_blanc' FOR UPDATE;
    a := accounts.actor_of(t.session, t.account);
    SELECT coalesce(array_agg(v.account ORDER BY v.place), '{}') INTO v_yes FROM accounts.approval v WHERE v.act = p_act;
    LOCK TABLE gate.plan IN SHARE ROW EXCLUSIVE MODE;
    v_now := clock_timestamp();
    IF a.state IS DISTINCT FROM 'live' THEN v_code := coalesce(a.state, 'session_ended');
    ELSIF t.done_at IS NOT NULL OR t.expires_at <= v_now THEN v_code := 'act_ended';
    ELSIF NOT t.account = ANY (v_yes) THEN v_code := 'not_approved';
    ELSIF NOT gate.may_plan(a.account, a.site) OR (t.body::jsonb ->> 'site')::uuid IS DISTINCT FROM a.site THEN v_code := 'category_closed';
    ELSIF gate.plan_active(a.site) THEN v_code := 'plan_already';
    ELSIF cardinality(v_yes) < 2 THEN RETURN 'colleague_needed';
    ELSIF NOT gate.may_plan(v_yes[2], a.site) THEN v_code := 'colleague_refused';
    END IF;
    IF v_code <> 'ok' THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'plan_blanc', NULL, 'refused',
                             v_code, p_act::text, NULL, NULL);
        RETURN v_code;
    END IF;
    e := audit.append('plan_blanc', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'plan_blanc', NULL, 'begun', NULL,
                      p_act::text, NULL, NULL);
    INSERT INTO gate.plan (site, act, since, until, entry)
    VALUES (a.site, p_act, v_now, v_now + make_interval(hours => gate.limit_of('plan_hours')::int), e.id);
    UPDATE accounts.act SET done_at = v_now WHERE id = p_act;
    SELECT array_agg(DISTINCT m.account) INTO v_told FROM accounts.membership m
     WHERE m.profession IN ('dpo', 'rssi') AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now);
    PERFORM gate.notify(coalesce(v_told, '{}'), 'plan_blanc', e.id, NULL, a.account);
    RETURN 'ok';
END $$;

-- Ended before its time, by one person of the site who could have declared it.
CREATE FUNCTION door.end_plan() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT gate.may_plan(a.account, a.site) THEN RETURN 'category_closed'; END IF;
    UPDATE gate.plan SET ended_at = v_now, ended_by = a.account WHERE site = a.site AND ended_at IS NULL AND until > v_now;
    IF NOT FOUND THEN RETURN 'no_plan'; END IF;
    PERFORM audit.append('plan_blanc', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'plan_blanc', NULL, 'ended', NULL,
                         NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- Whether the actor may declare one (the page offers it); SQL decides again.
CREATE FUNCTION door.may_plan() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN gate.may_plan(a.account, a.site);
END $$;

-- Whose turn it is on a site's on-call lists (astreinte).
CREATE FUNCTION gate.on_call_of(p_site uuid) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT c.id), '{}') FROM public.directory_oncallturn t JOIN public.directory_oncall o ON o.id = t.on_call_id
      JOIN accounts.account c ON c.id = t.professional_id
     WHERE o.site_id = p_site AND t.since <= clock_timestamp() AND t.until > clock_timestamp() AND c.ended_at IS NULL
$$;

-- What an approved emergency asks, checked alike for the whole chart and for the sheet. NULL: it may go on.
CREATE FUNCTION gate.emergency_refused(t accounts.act, a accounts.actor, p_patient uuid, p_need int) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_yes uuid[];
BEGIN
    SELECT coalesce(array_agg(v.account ORDER BY v.place), '{}') INTO v_yes FROM accounts.approval v WHERE v.act = t.id;
    RETURN CASE WHEN a.state IS DISTINCT FROM 'live' THEN coalesce(a.state, 'session_ended')
        WHEN t.done_at IS NOT NULL OR t.expires_at <= clock_timestamp() THEN 'act_ended'
        WHEN NOT t.account = ANY (v_yes) THEN 'not_approved'
        WHEN EXISTS (SELECT 1 FROM gate.staff_patient s WHERE s.patient_id = p_patient AND s.account = a.account) THEN 'own_record'
        WHEN cardinality(v_yes) < p_need THEN 'colleague_needed'
        WHEN NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'break_glass' AND u.act = 'read' AND u.allowed)
            THEN 'category_closed'
        WHEN NOT EXISTS (SELECT 1 FROM gate.token k WHERE k.patient_id = p_patient) THEN 'no_link' END;
END $$;

-- As before; a plan blanc on the site lifts the number.
CREATE OR REPLACE FUNCTION gate.break_glass(p_act uuid, p_patient uuid, p_reason text, p_words_id uuid, p_words bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; a accounts.actor; e audit.entry; v_code text; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO t FROM accounts.act WHERE id = p_act AND kind = 'break_glass' FOR UPDATE;
    PERFORM 1 FROM accounts.account WHERE id = t.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    a := accounts.actor_of(t.session, t.account);
    v_code := gate.emergency_refused(t, a, p_patient,
        CASE WHEN gate.break_glass_count(t.account) >= gate.limit_of('break_glass_alone') AND NOT gate.plan_active(a.site) THEN 2 ELSE 1 END);
    IF v_code = 'colleague_needed' THEN RETURN v_code; END IF;
    IF v_code IS NOT NULL THEN
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

-- The emergency sheet, from the sixth emergency access of a day where no colleague is there: one's own key, one patient at a time
-- (the one before closes), an hour; the on-call list of the patient's site is called in the same commit.
CREATE FUNCTION gate.emergency_sheet(p_act uuid, p_patient uuid, p_reason text, p_words_id uuid, p_words bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; a accounts.actor; e audit.entry; v_code text; v_now timestamptz; v_site uuid;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO t FROM accounts.act WHERE id = p_act AND kind = 'emergency_sheet' FOR UPDATE;
    PERFORM 1 FROM accounts.account WHERE id = t.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    a := accounts.actor_of(t.session, t.account);
    v_code := gate.emergency_refused(t, a, p_patient, 1);
    IF v_code IS NULL AND (gate.break_glass_count(t.account) < gate.limit_of('break_glass_alone') OR gate.plan_active(a.site)) THEN
        v_code := 'sheet_not_needed';
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}',
                             'break_glass', 'sheet', 'refused', v_code, p_act::text, NULL, NULL);
        RETURN v_code;
    END IF;
    UPDATE gate.link SET until = v_now WHERE account = a.account AND basis = 'sheet' AND until > v_now AND since <= v_now;
    e := audit.append('break_glass', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}',
                      'break_glass', 'sheet', 'done', p_reason, p_act::text, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
    VALUES (p_patient, 'sheet', a.account, v_now, v_now + make_interval(hours => gate.limit_of('sheet_hours')::int), e.id);
    INSERT INTO gate.words (entry, id, sealed) VALUES (e.id, p_words_id, p_words);
    SELECT u.site_id INTO v_site FROM gate.link k JOIN public.directory_unit u ON u.id = k.unit
     WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now) LIMIT 1;
    PERFORM gate.notify(gate.responsible_for(p_patient, a.account), 'break_glass', e.id, p_patient, a.account);
    PERFORM gate.notify(gate.on_call_of(coalesce(v_site, a.site)), 'sheet', e.id, p_patient, a.account);
    UPDATE accounts.act SET done_at = v_now WHERE id = p_act;
    RETURN 'ok';
END $$;

-- The words of an emergency, to whoever was told of it or called for it.
CREATE OR REPLACE FUNCTION gate.words_of(p_session uuid, p_account uuid, p_entry bigint) RETURNS TABLE (code text, id uuid, sealed bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_code text := 'ok';
BEGIN
    IF a.state <> 'live' THEN v_code := a.state;
    ELSIF NOT EXISTS (SELECT 1 FROM gate.notice n WHERE n.entry = p_entry AND n.account = a.account AND n.kind IN ('break_glass', 'sheet'))
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

-- The next of mine takes a colleague: the page tells it before anything is asked.
CREATE FUNCTION door.needs_colleague() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN gate.break_glass_count(a.account) >= gate.limit_of('break_glass_alone') AND NOT gate.plan_active(a.site);
END $$;

-- As before; and one's own record is not opened by one's account.
CREATE OR REPLACE FUNCTION gate.open(p_session uuid, p_account uuid, p_ids uuid[], p_unit uuid, p_purpose text,
                          p_read text[], p_write text[], p_counted boolean, p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    a accounts.actor; r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster'); v_linked int; v_bases text[];
    v_reads text[]; v_writes text[]; v_scope bytea; v_cap int; v_now timestamptz; l gate.lease; v_code text; v_places uuid[]; v_own uuid[];
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN
        RETURN gate.refuse(a, a.state, coalesce(p_ids, '{}'), p_read, p_write, p_purpose, p_unit, false);
    END IF;
    v_now := clock_timestamp();
    v_places := gate.places(a);
    IF a.grade = 'rescue' AND (p_unit IS NOT NULL OR cardinality(p_ids) > 1) THEN
        RETURN gate.refuse(a, 'rescue_list', '{}', p_read, p_write, p_purpose, p_unit, false);
    END IF;

    IF p_unit IS NOT NULL THEN
        IF NOT p_unit = ANY (a.units) THEN
            RETURN gate.refuse(a, 'not_your_unit', '{}', p_read, p_write, p_purpose, p_unit, p_counted);
        END IF;
        SELECT coalesce(array_agg(x.patient_id ORDER BY x.patient_id), '{}') INTO v_ids
          FROM (SELECT DISTINCT k.patient_id FROM gate.link k
                 WHERE k.unit = p_unit AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
                 ORDER BY k.patient_id LIMIT v_max + 1) x;
        r.truncated := cardinality(v_ids) > v_max;
        v_ids := v_ids[1:v_max];
        v_bases := ARRAY['stay'];
    ELSE
        SELECT coalesce(array_agg(DISTINCT i), '{}') INTO v_ids FROM unnest(p_ids) i WHERE i IS NOT NULL;
        r.truncated := false;
        IF cardinality(v_ids) = 0 OR cardinality(v_ids) > v_max THEN
            RETURN gate.refuse(a, 'too_many', '{}', p_read, p_write, p_purpose, NULL, false);
        END IF;
        -- a basis counts when it holds for everybody asked for: of one person, all her links; of several, what they share
        SELECT count(DISTINCT x.patient_id),
               coalesce(array_agg(DISTINCT x.basis) FILTER (WHERE x.persons = cardinality(v_ids)), '{}')
          INTO v_linked, v_bases
          FROM (SELECT k.patient_id, k.basis, count(*) OVER (PARTITION BY k.basis) AS persons
                  FROM (SELECT DISTINCT n.patient_id, n.basis FROM gate.link n
                         WHERE n.patient_id = ANY (v_ids) AND (n.unit = ANY (v_places) OR n.account = a.account)
                           AND n.since <= v_now AND (n.until IS NULL OR n.until > v_now)
                           AND (n.basis = 'sheet') = (p_purpose = 'sheet')) k) x;
        IF a.grade = 'rescue' THEN
            v_bases := ARRAY(SELECT b FROM unnest(v_bases) b WHERE gate.is_care(b) ORDER BY b);
            v_linked := least(v_linked, cardinality(v_bases));
        END IF;
        IF v_linked < cardinality(v_ids) THEN
            RETURN gate.refuse(a, 'no_link', v_ids, p_read, p_write, p_purpose, NULL, p_counted);
        END IF;
    END IF;

    -- One's own record is not opened by one's account: of a list she is left out.
    v_own := ARRAY(SELECT s.patient_id FROM gate.staff_patient s WHERE s.account = a.account AND s.patient_id = ANY (v_ids));
    IF cardinality(v_own) > 0 THEN
        IF p_unit IS NULL AND cardinality(v_ids) = cardinality(v_own) THEN
            RETURN gate.refuse(a, 'own_record', v_ids, p_read, p_write, p_purpose, NULL, false);
        END IF;
        v_ids := ARRAY(SELECT i FROM unnest(v_ids) i WHERE NOT i = ANY (v_own) ORDER BY i);
    END IF;

    -- A category is opened when the rule allows it on one of the bases; a basis that opens nothing is none of this opening's.
    SELECT coalesce(array_agg(DISTINCT u.category) FILTER (WHERE u.act = 'read' AND u.category = ANY (p_read)), '{}'),
           coalesce(array_agg(DISTINCT u.category) FILTER (WHERE u.act = 'write' AND u.category = ANY (p_write)), '{}'),
           coalesce(array_agg(DISTINCT u.basis ORDER BY u.basis), '{}')
      INTO v_reads, v_writes, v_bases
      FROM gate.rule u WHERE u.profession = a.profession AND u.basis = ANY (v_bases) AND u.allowed;
    IF cardinality(v_reads) = 0 THEN
        RETURN gate.refuse(a, CASE WHEN cardinality(v_bases) = 0 AND EXISTS (SELECT 1 FROM gate.rule u
                                     WHERE u.profession = a.profession AND u.basis = 'break_glass' AND u.allowed)
                                   THEN 'no_link' ELSE 'category_closed' END,
                           v_ids, p_read, p_write, p_purpose, p_unit, false);
    END IF;

    IF a.grade = 'rescue' THEN
        v_code := gate.rescue_spend(a, v_ids[1]);
        IF v_code IS NOT NULL THEN RETURN gate.refuse(a, v_code, v_ids, p_read, p_write, p_purpose, NULL, false); END IF;
    END IF;

    -- The same opening of the same session is audited once, and prolonged.
    v_scope := sha256(convert_to(concat_ws('|', v_ids::text, p_purpose, v_reads::text, v_writes::text, v_bases::text, p_unit::text), 'UTF8'));
    SELECT * INTO l FROM gate.lease x
     WHERE x.session = p_session AND x.scope = v_scope AND x.until > v_now ORDER BY x.opening DESC LIMIT 1;
    IF NOT FOUND THEN
        -- Two lists joined, not one OR: each walks its own index, however many people are in care elsewhere. Of a place with
        -- thousands of appointments, `census_most` are counted: the cap has a ceiling.
        SELECT greatest(gate.limit_of('linked_floor'), ceil(count(*) * gate.limit_of('linked_census_factor'))) INTO v_cap
          FROM ((SELECT k.patient_id FROM gate.link k
                  WHERE k.unit = ANY (v_places) AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
                  LIMIT gate.limit_of('census_most')::int)
                UNION
                (SELECT k.patient_id FROM gate.link k
                  WHERE k.account = a.account AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
                  LIMIT gate.limit_of('census_most')::int)) x;
        -- care is never refused: what an emergency access opens is counted apart, its number is limited when it is asked for
        IF NOT (CASE WHEN v_bases <@ ARRAY['break_glass', 'sheet'] THEN gate.spend(a, 'unlinked', v_ids, NULL)
                     ELSE gate.spend(a, 'linked', v_ids, v_cap) END) THEN
            RETURN gate.refuse(a, 'budget', v_ids, p_read, p_write, p_purpose, p_unit, false);
        END IF;
        -- another panel of the same page may have opened it while this one waited for the purse, which is locked from here on
        SELECT * INTO l FROM gate.lease x
         WHERE x.session = p_session AND x.scope = v_scope AND x.until > v_now ORDER BY x.opening DESC LIMIT 1;
    END IF;
    IF FOUND THEN
        SELECT e.nonce, e.basis INTO r.nonce, r.basis FROM audit.entry e WHERE e.id = l.opening;
        r.opening := l.opening; r.resumed := true; r.until := gate.prolong(l, v_now);
    ELSE
        r.basis := array_to_string(v_bases, ',');
        r.entry := audit.append('open', a.account, a.session, a.profession, a.site, p_unit, v_ids, v_reads, v_writes,
                                p_purpose, r.basis, 'opened', NULL, NULL, p_nonce, p_ticket_hash);
        r.opening := (r.entry).id; r.nonce := p_nonce; r.resumed := false; r.until := v_now + interval '15 minutes';
        INSERT INTO gate.lease VALUES (r.opening, p_session, v_scope, r.until, v_now + interval '8 hours');
    END IF;
    r.code := 'ok'; r.ids := v_ids; r.reads := v_reads; r.writes := v_writes; r.actor := a;
    RETURN r;
END $$;

-- Of a colleague who is a patient, or of a sensitive record, an opening outside the reader's units is told to the DPO, once a day
-- for one reader and one patient, in the commit of the opening.
CREATE FUNCTION gate.tell_watched() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE e audit.entry; a accounts.actor; w record; v_dpo uuid[];
BEGIN
    SELECT * INTO e FROM audit.entry x WHERE x.id = NEW.opening;
    FOR w IN SELECT x.patient_id, min(x.kind) AS kind
               FROM (SELECT s.patient_id, 'sensitive_opened' AS kind FROM gate.sensitive s WHERE s.patient_id = ANY (e.ids)
                     UNION ALL SELECT s.patient_id, 'colleague_opened' FROM gate.staff_patient s WHERE s.patient_id = ANY (e.ids)) x
              GROUP BY x.patient_id LOOP
        a := accounts.actor_of(e.session, e.account);
        CONTINUE WHEN a.kind <> 'person'
            OR EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = w.patient_id AND k.unit = ANY (a.units)
                         AND k.since <= clock_timestamp() AND (k.until IS NULL OR k.until > clock_timestamp()))
            OR EXISTS (SELECT 1 FROM gate.notice n WHERE n.by_account = e.account AND n.patient_id = w.patient_id AND n.kind = w.kind
                         AND n.at > clock_timestamp() - interval '1 day');
        SELECT array_agg(DISTINCT m.account) INTO v_dpo FROM accounts.membership m
         WHERE m.profession = 'dpo' AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp());
        PERFORM gate.notify(coalesce(v_dpo, '{}'), w.kind, e.id, w.patient_id, e.account);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT ON gate.lease FOR EACH ROW EXECUTE FUNCTION gate.tell_watched();
CREATE INDEX notice_by ON gate.notice (by_account, patient_id, at);

-- « Dossier sensible » : by whoever admits, with a reason. The same again changes the reason.
CREATE FUNCTION door.flag_sensitive(p_patient uuid, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN RETURN 'category_closed'; END IF;
    IF p_reason IS NULL OR p_reason NOT IN ('public_figure', 'threatened', 'relative_of_staff', 'legal') THEN RETURN 'bad_request'; END IF;
    e := audit.append('watch', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'sensitive', NULL, 'begun',
                      p_reason, NULL, NULL, NULL);
    INSERT INTO gate.sensitive (patient_id, reason, by_account, entry) VALUES (p_patient, p_reason, a.account, e.id)
    ON CONFLICT (patient_id) DO UPDATE SET reason = excluded.reason, by_account = excluded.by_account, entry = excluded.entry;
    RETURN 'ok';
END $$;

-- This patient works here: her account never opens her record, and who opens it outside her care is told of.
CREATE FUNCTION door.declare_staff(p_patient uuid, p_account uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN RETURN 'category_closed'; END IF;
    IF NOT EXISTS (SELECT 1 FROM accounts.account c WHERE c.id = p_account AND c.kind = 'person') THEN RETURN 'unknown_colleague'; END IF;
    e := audit.append('watch', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'staff', NULL, 'begun',
                      NULL, p_account::text, NULL, NULL);
    INSERT INTO gate.staff_patient (patient_id, account, by_account, entry) VALUES (p_patient, p_account, a.account, e.id)
    ON CONFLICT (patient_id) DO UPDATE SET account = excluded.account, by_account = excluded.by_account, entry = excluded.entry;
    RETURN 'ok';
END $$;

-- What is watched of an opened patient, to whoever writes stays: the reason, and who she is here.
CREATE FUNCTION door.watched(p_patient uuid) RETURNS TABLE (reason text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN RETURN; END IF;
    RETURN QUERY SELECT (SELECT s.reason FROM gate.sensitive s WHERE s.patient_id = p_patient),
        (SELECT c.name FROM gate.staff_patient s JOIN accounts.account c ON c.id = s.account WHERE s.patient_id = p_patient);
END $$;

REVOKE ALL ON gate.plan, gate.staff_patient, gate.sensitive FROM PUBLIC;
REVOKE ALL ON FUNCTION gate.plan_active(uuid), door.current_plans(), gate.may_plan(uuid, uuid), gate.begin_plan(uuid), door.end_plan(),
    door.may_plan(), gate.on_call_of(uuid), gate.emergency_refused(accounts.act, accounts.actor, uuid, int),
    gate.emergency_sheet(uuid, uuid, text, uuid, bytea), door.needs_colleague(), gate.tell_watched(),
    door.flag_sensitive(uuid, text), door.declare_staff(uuid, uuid), door.watched(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.emergency_sheet(uuid, uuid, text, uuid, bytea), gate.begin_plan(uuid) TO keeper;
GRANT EXECUTE ON FUNCTION door.current_plans(), door.end_plan(), door.may_plan(), door.needs_colleague(),
    door.flag_sensitive(uuid, text), door.declare_staff(uuid, uuid), door.watched(uuid) TO web;

SET LOCAL ROLE owner;
