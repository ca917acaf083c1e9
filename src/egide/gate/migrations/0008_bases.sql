-- Why a person may open a patient, beside the stay: an appointment (thirty days before and after), the seven days after a
-- discharge. Where an actor's links are looked for is said once (`gate.places`); the bases an opening stands on are part of it.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('appointment_days', 30), ('attending_days', 7), ('census_most', 400),
    ('made_minute', 12), ('made_hour', 80), ('made_day', 200), ('made_month', 3000);

ALTER TABLE gate.link DROP CONSTRAINT link_basis_check;
ALTER TABLE gate.link ADD CONSTRAINT link_basis_check CHECK (basis IN ('stay', 'appointment', 'attending', 'residence', 'transfer',
    'team', 'secretariat', 'delegation', 'referring', 'advice', 'work_list', 'commission_infection', 'commission_identity',
    'commission_quality', 'break_glass', 'sheet', 'oversight', 'arrival'));
-- `made`: persons that somebody made a link for; `sheet`: emergency sheets.
ALTER TABLE gate.purse DROP CONSTRAINT purse_class_check;
ALTER TABLE gate.purse ADD CONSTRAINT purse_class_check
    CHECK (class IN ('linked', 'unlinked', 'confirmed', 'owed', 'search', 'arrival', 'made', 'sheet'));

-- A unit is locked while its present patients are counted: two admissions at once do not both find the last place.
CREATE TABLE gate.filled (unit uuid PRIMARY KEY);

-- Where one profession of one site finds its work: a place like a unit, which nobody declares a shift in.
CREATE FUNCTION gate.work_place(p_site uuid, p_profession text) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT md5('work:' || p_site || ':' || p_profession)::uuid $$;

-- Whatever is linked to one of these, or to the account, is linked to the actor.
CREATE FUNCTION gate.places(a accounts.actor) RETURNS uuid[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF a.site IS NULL THEN RETURN coalesce(a.units, '{}'); END IF;
    RETURN coalesce(a.units, '{}') || gate.work_place(a.site, a.profession);
END $$;

CREATE OR REPLACE FUNCTION gate.linked_among(a accounts.actor, p_ids uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT k.patient_id), '{}') FROM gate.link k
     WHERE k.patient_id = ANY (p_ids) AND (k.unit = ANY (gate.places(a)) OR k.account = a.account)
       AND k.since <= clock_timestamp() AND (k.until IS NULL OR k.until > clock_timestamp())
       AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = k.basis AND u.act = 'read' AND u.allowed)
$$;

-- Whether the actor takes care of a patient herself: what she may pass on (an advice, a team, a delegation). Never by what was
-- passed on to her, nor by an emergency access.
CREATE FUNCTION gate.takes_care(a accounts.actor, p_patient uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient
        AND k.basis IN ('stay', 'appointment', 'attending', 'residence', 'team', 'referring')
        AND (k.unit = ANY (gate.places(a)) OR k.account = a.account)
        AND k.since <= clock_timestamp() AND (k.until IS NULL OR k.until > clock_timestamp()))
$$;

-- A link that a person makes costs her: which of the limits is passed, or NULL.
CREATE FUNCTION gate.made(a accounts.actor, p_patient uuid) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN a.kind = 'person' THEN gate.spend_within(a, 'made', ARRAY[p_patient], false) END
$$;

CREATE OR REPLACE FUNCTION gate.refuse(a accounts.actor, p_code text, p_ids uuid[], p_read text[], p_write text[], p_purpose text,
                            p_unit uuid, p_counted boolean) RETURNS gate.answer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.answer; v_after timestamptz := clock_timestamp() - make_interval(mins => gate.limit_of('denial_minutes')::int);
    v_ids uuid[]; v_at timestamptz[]; i uuid;
BEGIN
    r.entry := audit.append('refuse', a.account, a.session, a.profession, a.site, p_unit, p_ids, p_read, p_write,
                            p_purpose, NULL, 'refused', p_code, NULL, NULL, NULL);
    r.code := p_code; r.actor := a; r.ids := '{}'; r.reads := '{}'; r.writes := '{}';
    -- Containment follows valid proofs only: a page full of hostile images or a pasted link (p_counted false) freezes nobody,
    -- nor does a patient who has left the unit since the list was shown, nor an emergency access that has run out.
    IF p_counted AND p_code IN ('no_link', 'not_your_unit') AND a.state = 'live' THEN
        i := coalesce(p_ids[1], p_unit);
        IF NOT EXISTS (SELECT 1 FROM gate.link l WHERE l.patient_id = i AND (l.unit = ANY (gate.places(a)) OR l.account = a.account)) THEN
            -- refusals at one instant count one after the other
            PERFORM 1 FROM accounts.session s WHERE s.id = a.session FOR NO KEY UPDATE;
            SELECT coalesce(array_agg(d.id), '{}'), coalesce(array_agg(d.t), '{}') INTO v_ids, v_at
              FROM accounts.session s, unnest(s.denied_ids, s.denied_at) AS d (id, t)
             WHERE s.id = a.session AND d.t > v_after AND d.id <> i;
            v_ids := v_ids || i; v_at := v_at || clock_timestamp();
            UPDATE accounts.session SET denied_ids = v_ids, denied_at = v_at,
                   frozen_at = CASE WHEN cardinality(v_ids) >= gate.limit_of('denials') THEN clock_timestamp() END
             WHERE id = a.session AND frozen_at IS NULL;
        END IF;
    END IF;
    RETURN r;
END $$;

-- As before, and: links are those of `gate.places`; the emergency sheet is opened as that and nothing else is by it; a link whose
-- basis gives nothing to a carer leaves her the doors of somebody who has none; an opening on other bases is another opening.
CREATE OR REPLACE FUNCTION gate.open(p_session uuid, p_account uuid, p_ids uuid[], p_unit uuid, p_purpose text,
                          p_read text[], p_write text[], p_counted boolean, p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    a accounts.actor; r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster'); v_linked int; v_bases text[];
    v_reads text[]; v_writes text[]; v_scope bytea; v_cap int; v_now timestamptz; l gate.lease; v_places uuid[];
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN
        RETURN gate.refuse(a, a.state, coalesce(p_ids, '{}'), p_read, p_write, p_purpose, p_unit, false);
    END IF;
    v_now := clock_timestamp();
    v_places := gate.places(a);

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
        IF v_linked < cardinality(v_ids) THEN
            RETURN gate.refuse(a, 'no_link', v_ids, p_read, p_write, p_purpose, NULL, p_counted);
        END IF;
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

CREATE OR REPLACE FUNCTION gate.resume(p_session uuid, p_account uuid, p_opening bigint) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; l gate.lease; v_now timestamptz := clock_timestamp();
BEGIN
    a := accounts.actor_of(p_session, p_account);
    r.actor := a; r.code := a.state; r.ids := '{}'; r.reads := '{}'; r.writes := '{}';
    IF a.state <> 'live' THEN RETURN r; END IF;
    SELECT * INTO l FROM gate.lease x WHERE x.opening = p_opening AND x.session = p_session AND x.until > v_now;
    IF NOT FOUND THEN r.code := 'opening_ended'; RETURN r; END IF;
    SELECT e.nonce, e.basis, e.ids, e.reads, e.writes INTO r.nonce, r.basis, r.ids, r.reads, r.writes
      FROM audit.entry e WHERE e.id = p_opening;
    -- A link may have ended since (discharge, move): an opening on a basis that no longer holds is not prolonged; what holds
    -- still (the days after a discharge) is opened again, as that.
    IF a.kind = 'person' AND EXISTS (SELECT 1 FROM unnest(r.ids) i, unnest(string_to_array(r.basis, ',')) b WHERE NOT EXISTS (
            SELECT 1 FROM gate.link k WHERE k.patient_id = i AND k.basis = b AND (k.unit = ANY (gate.places(a)) OR k.account = a.account)
               AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now))) THEN
        r.code := 'opening_ended'; r.ids := '{}'; RETURN r;
    END IF;
    r.opening := p_opening; r.resumed := true; r.truncated := false; r.code := 'ok'; r.until := gate.prolong(l, v_now);
    RETURN r;
END $$;

-- The days after a stay's end: the unit's physicians finish, its secretariat types the letter (the rule says who).
CREATE FUNCTION gate.attend(p_patient uuid, p_unit uuid, p_from timestamptz, p_entry bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    SELECT p_patient, 'attending', p_unit, p_from, p_from + make_interval(days => gate.limit_of('attending_days')::int), p_entry
     WHERE p_from + make_interval(days => gate.limit_of('attending_days')::int) > clock_timestamp()
$$;

-- Whether a unit holds as many present patients as its beds allow (1.2 ×). A unit without beds: a person fills it up to the floor,
-- a feed up to a roster.
CREATE FUNCTION gate.is_full(a accounts.actor, p_unit uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_beds int := (SELECT count(*) FROM public.directory_bed b WHERE b.unit_id = p_unit);
BEGIN
    IF a.kind <> 'application' THEN  -- a feed goes through units in any order: locking them, two feeds would wait for each other
        INSERT INTO gate.filled (unit) VALUES (p_unit) ON CONFLICT DO NOTHING;
        PERFORM 1 FROM gate.filled f WHERE f.unit = p_unit FOR NO KEY UPDATE;
    END IF;
    RETURN (SELECT count(*) FROM gate.link k WHERE k.unit = p_unit AND k.basis = 'stay' AND (k.until IS NULL OR k.until > clock_timestamp()))
        >= CASE WHEN v_beds = 0 AND a.kind = 'application' THEN gate.limit_of('roster')
                ELSE greatest(gate.limit_of('unit_fill_floor'), ceil(gate.limit_of('unit_fill') * v_beds)) END;
END $$;

-- A person's: a stay in a unit of her site, of somebody whom no stay holds yet. Whoever links: a unit that is not fuller than its
-- beds allow. The person's row of tokens is locked: two admissions of one person come one after the other.
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
    IF p_until IS NOT NULL THEN PERFORM gate.attend(p_patient, p_unit, p_until, e.id); END IF;
    RETURN v_id;
END $$;

-- A person ends the stays of her own site only, and none in the future. The days after it begin.
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
        PERFORM gate.attend(p_patient, p_unit, (SELECT max(u) FROM unnest(v_ends) u), e.id);
    END IF;
    RETURN cardinality(v_ends);
END $$;

-- An appointment with a unit, a professional, or both: whoever gives it takes care thirty days before and after. Pushed in the
-- transaction of the appointment, under an opening that writes the stay; the unit is of the actor's site, the professional has a
-- place there. The same one twice is one.
CREATE FUNCTION door.book(p_patient uuid, p_unit uuid, p_account uuid, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_id bigint;
    v_around interval := make_interval(days => gate.limit_of('appointment_days')::int);
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no appointment of that patient' USING ERRCODE = 'EG003';
    END IF;
    IF p_at IS NULL OR num_nonnulls(p_unit, p_account) = 0
       OR p_unit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site)
       OR p_account IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
            LEFT JOIN public.directory_unit u ON u.id = m.unit
            WHERE m.account = p_account AND c.ended_at IS NULL AND coalesce(u.site_id, c.site) = a.site
              AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())) THEN
        RAISE EXCEPTION 'not an appointment of this site' USING ERRCODE = 'EG003';
    END IF;
    SELECT k.id INTO v_id FROM gate.link k
     WHERE k.patient_id = p_patient AND k.basis = 'appointment' AND k.since = p_at - v_around
       AND k.unit IS NOT DISTINCT FROM p_unit AND k.account IS NOT DISTINCT FROM p_account AND k.until = p_at + v_around;
    IF FOUND THEN RETURN v_id; END IF;
    IF gate.made(a, p_patient) IS NOT NULL THEN
        RAISE EXCEPTION 'too many links made' USING ERRCODE = 'EG007';
    END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                      NULL, 'appointment', 'done', NULL, p_account::text, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, account, since, until, entry)
    VALUES (p_patient, 'appointment', p_unit, p_account, p_at - v_around, p_at + v_around, e.id) RETURNING id INTO v_id;
    RETURN v_id;
END $$;

-- An appointment cancelled or moved: nobody takes care by it from now on. How many links ended.
CREATE FUNCTION door.unbook(p_patient uuid, p_unit uuid, p_account uuid, p_at timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_count int; v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no appointment of that patient' USING ERRCODE = 'EG003';
    END IF;
    UPDATE gate.link k SET until = greatest(v_now, k.since)
     WHERE k.patient_id = p_patient AND k.basis = 'appointment' AND k.unit IS NOT DISTINCT FROM p_unit
       AND k.account IS NOT DISTINCT FROM p_account AND k.until > v_now
       AND k.since = p_at - make_interval(days => gate.limit_of('appointment_days')::int);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                             NULL, 'appointment', 'ended', NULL, p_account::text, NULL, NULL);
    END IF;
    RETURN v_count;
END $$;

REVOKE ALL ON gate.filled FROM PUBLIC;
REVOKE ALL ON FUNCTION gate.work_place(uuid, text), gate.places(accounts.actor), gate.takes_care(accounts.actor, uuid),
    gate.made(accounts.actor, uuid), gate.attend(uuid, uuid, timestamptz, bigint), gate.is_full(accounts.actor, uuid),
    door.book(uuid, uuid, uuid, timestamptz), door.unbook(uuid, uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.book(uuid, uuid, uuid, timestamptz), door.unbook(uuid, uuid, uuid, timestamptz) TO web, worker;

SET LOCAL ROLE owner;
