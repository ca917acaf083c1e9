-- Rules that stood in several functions stand in one; and a search that the keeper withheld is the key to nothing.
SET LOCAL ROLE gatekeeper;

-- ── who opens a rescue: accounts/rules.py, RESCUE_OPENERS ────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION accounts.rescue_openers() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT ARRAY['administrator', 'head', 'guard'] $$;

-- What somebody is with regard to anybody at all: her office; head of a unit, guard of a site.
CREATE FUNCTION accounts.roles_somewhere(a accounts.actor) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT o.profession FROM accounts.office o WHERE o.profession = a.profession
                 UNION SELECT CASE r.kind WHEN 'guard' THEN 'guard' ELSE 'head' END FROM public.directory_responsibility r
                        WHERE r.professional_id = a.account AND r.kind IN ('cadre', 'chief', 'guard')
                          AND r.since <= clock_timestamp() AND (r.until IS NULL OR r.until > clock_timestamp()))
$$;

CREATE OR REPLACE FUNCTION accounts.rescue_need(a accounts.actor, p_target uuid) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN a.state = 'live' AND a.kind = 'person' AND a.grade = 'strong' AND a.account <> p_target
                 AND accounts.roles_in(a, jsonb_build_object('account', p_target)) && accounts.rescue_openers()
                 AND EXISTS (SELECT 1 FROM accounts.account c JOIN accounts.membership m ON m.account = c.id
                              WHERE c.id = p_target AND c.kind = 'person' AND c.ended_at IS NULL AND c.suspended_at IS NULL
                                AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
                THEN 2 END
$$;

CREATE OR REPLACE FUNCTION door.opens_rescues() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN a.grade = 'strong' AND accounts.roles_somewhere(a) && accounts.rescue_openers();
END $$;

-- ── how many persons a day a rescue session opens ────────────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION gate.rescue_day(p_profession text) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(gate.limit_of('rescue_day_' || p_profession), gate.limit_of('rescue_day'))::int
$$;

CREATE OR REPLACE FUNCTION gate.rescue_spend(a accounts.actor, p_patient uuid) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz; v_quarter int; v_day int; v_code text;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM gate.rescue_seen s WHERE s.session = a.session AND s.patient_id = p_patient) THEN RETURN NULL; END IF;
    v_now := clock_timestamp();
    SELECT count(DISTINCT s.patient_id) FILTER (WHERE s.at > v_now - interval '15 minutes'), count(DISTINCT s.patient_id)
      INTO v_quarter, v_day
      FROM gate.rescue_seen s WHERE s.account = a.account AND s.patient_id <> p_patient AND s.at > v_now - interval '1 day';
    v_code := CASE WHEN v_day >= gate.rescue_day(a.profession) THEN 'rescue_day'
                   WHEN v_quarter >= gate.limit_of('rescue_quarter') THEN 'rescue_quarter' END;
    IF v_code IS NULL THEN
        INSERT INTO gate.rescue_seen (session, patient_id, account, at) VALUES (a.session, p_patient, a.account, v_now);
    ELSE
        UPDATE accounts.session s SET over_ids = s.over_ids || p_patient WHERE s.id = a.session AND NOT p_patient = ANY (s.over_ids);
        UPDATE accounts.session s SET ended_at = v_now, end_reason = v_code
         WHERE s.id = a.session AND s.ended_at IS NULL AND cardinality(s.over_ids) >= gate.limit_of('rescue_over');
    END IF;
    RETURN v_code;
END $$;

CREATE OR REPLACE FUNCTION door.my_rescue()
RETURNS TABLE (until timestamptz, quarter int, quarter_limit int, day int, day_limit int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF a.grade <> 'rescue' THEN RETURN; END IF;
    RETURN QUERY SELECT r.until,
           (SELECT count(DISTINCT s.patient_id)::int FROM gate.rescue_seen s WHERE s.account = a.account AND s.at > clock_timestamp() - interval '15 minutes'),
           gate.limit_of('rescue_quarter')::int,
           (SELECT count(DISTINCT s.patient_id)::int FROM gate.rescue_seen s WHERE s.account = a.account AND s.at > clock_timestamp() - interval '1 day'),
           gate.rescue_day(a.profession)
      FROM accounts.session x JOIN accounts.rescue r ON r.id = x.rescue WHERE x.id = a.session;
END $$;

-- ── outside any link of care: kernel/codes.py, OUTSIDE_LINK ─────────────────────────────────────────────────────────────────────────

CREATE FUNCTION gate.outside_link(p_bases text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_bases <@ ARRAY['break_glass', 'sheet', 'oversight', 'search']
$$;

-- ── what a search showed ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Whether the keeper handed a line over: past a ceiling it withholds, and says so in a later line of the same account.
CREATE FUNCTION gate.handed_over(e audit.entry) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT 1 FROM audit.entry w WHERE w.account = e.account AND w.id > e.id AND w.kind = 'refuse' AND w.purpose = 'ceiling'
                          AND w.object = e.id::text)
$$;

-- Whether a search of this session, minutes ago, was answered, and showed this person (NULL: whomever).
CREATE FUNCTION gate.search_showed(p_session uuid, p_patient uuid, p_limit text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM audit.entry e
                    WHERE e.kind = 'search' AND e.session = p_session AND e.at > clock_timestamp() - make_interval(mins => gate.limit_of(p_limit)::int)
                      AND (p_patient IS NULL OR e.ids @> ARRAY[p_patient]) AND gate.handed_over(e))
$$;

CREATE OR REPLACE FUNCTION gate.disclosures(p_after bigint, p_limit int)
RETURNS TABLE (id bigint, at timestamptz, outside boolean, session uuid, account uuid, site uuid, ids uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.id, e.at, e.kind = 'search' OR gate.outside_link(string_to_array(e.basis, ',')), e.session, e.account, e.site, e.ids
      FROM audit.entry e
     WHERE e.id > greatest(p_after, (gate.ids_between(clock_timestamp() - interval '1 day', clock_timestamp())).low - 1)
       AND e.at > clock_timestamp() - interval '1 day' AND e.session IS NOT NULL AND e.site IS NOT NULL AND e.profession <> 'application'
       AND (e.kind IN ('open', 'open_new')
            OR e.kind = 'search' AND e.purpose <> 'present' AND e.verdict = 'shown' AND e.object !~ 'discovered=0;')
       AND gate.handed_over(e)
     ORDER BY e.id LIMIT p_limit
$$;

CREATE OR REPLACE FUNCTION gate.open_contact_shown(p_session uuid, p_account uuid, p_patient uuid, p_kind text, p_counted boolean, p_nonce bytea,
                                  p_ticket_hash bytea) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; v_category text := gate.contact_category(p_kind); v_ids uuid[] := ARRAY[p_patient];
    v_purpose text := 'contact_' || p_kind; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.refuse(a, a.state, v_ids, ARRAY[v_category], '{}', 'contact', NULL, false); END IF;
    IF v_category IS NULL THEN RETURN gate.refuse(a, 'bad_request', v_ids, '{}', '{}', 'contact', NULL, false); END IF;
    v_now := clock_timestamp();
    -- in care, and whom no search of this session has just shown: as any opening, refusals included
    IF p_patient = ANY (gate.linked_among(a, v_ids)) OR NOT gate.search_showed(p_session, p_patient, 'contact_minutes') THEN
        RETURN gate.open(p_session, p_account, v_ids, NULL, v_purpose, ARRAY[v_category], '{}', p_counted, p_nonce, p_ticket_hash);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'search' AND u.category = v_category
                     AND u.act = 'read' AND u.allowed) THEN
        RETURN gate.refuse(a, 'category_closed', v_ids, ARRAY[v_category], '{}', v_purpose, NULL, false);
    END IF;
    IF gate.spend_within(a, 'unlinked', v_ids, false) IS NOT NULL THEN
        RETURN gate.refuse(a, 'budget', v_ids, ARRAY[v_category], '{}', v_purpose, NULL, false);
    END IF;
    r.entry := audit.append('open', a.account, a.session, a.profession, a.site, NULL, v_ids, ARRAY[v_category], '{}', v_purpose,
                            'search', 'opened', NULL, NULL, p_nonce, p_ticket_hash);
    r.opening := (r.entry).id; r.nonce := p_nonce; r.resumed := false; r.truncated := false; r.basis := 'search';
    -- shown once: what a search gave is not prolonged
    r.until := v_now + interval '1 minute';
    INSERT INTO gate.lease VALUES (r.opening, p_session, p_nonce, r.until, r.until);
    r.code := 'ok'; r.ids := v_ids; r.reads := ARRAY[v_category]; r.writes := '{}'; r.actor := a;
    RETURN r;
END $$;

CREATE OR REPLACE FUNCTION door.receive(p_patient uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_code text;
BEGIN
    IF NOT gate.receives(a) THEN v_code := 'category_closed';
    ELSIF NOT gate.search_showed(a.session, p_patient, 'arrival_search_minutes') THEN v_code := 'search_first';
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

CREATE OR REPLACE FUNCTION gate.create_patient(p_session uuid, p_account uuid, p_new uuid, p_source bigint, p_read text[], p_write text[],
                                    p_nonce bytea, p_ticket_hash bytea, p_found bigint[]) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.refuse(a, a.state, '{}', p_read, p_write, 'arrival', NULL, false); END IF;
    IF NOT gate.receives(a) THEN RETURN gate.refuse(a, 'category_closed', '{}', p_read, p_write, 'arrival', NULL, false); END IF;
    IF NOT gate.search_showed(p_session, NULL, 'arrival_search_minutes') THEN
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

-- ── ids that came to nothing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- As before, 200 at most a call, so that the row of the trail names each: it is asked again until a call finds fewer.
CREATE OR REPLACE FUNCTION identity.sweep() RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.search_answer; v_ids uuid[]; v_tokens int;
BEGIN
    PERFORM pg_current_xact_id();
    WITH busy AS MATERIALIZED (
        SELECT DISTINCT i FROM gate.lease l JOIN audit.entry e ON e.id = l.opening, unnest(e.ids) i
         WHERE e.kind = 'open_new' AND l.until > clock_timestamp())
    SELECT coalesce(array_agg(x.i), '{}') INTO v_ids
      FROM (SELECT o.i
              FROM (SELECT DISTINCT t.patient_id AS i FROM identity.token t
                     WHERE NOT EXISTS (SELECT 1 FROM public.identity_patient p WHERE p.patient_id = t.patient_id)) o
             WHERE NOT EXISTS (SELECT 1 FROM busy b WHERE b.i = o.i) LIMIT 200) x;
    DELETE FROM identity.token t WHERE t.patient_id = ANY (v_ids);
    GET DIAGNOSTICS v_tokens = ROW_COUNT;
    DELETE FROM identity.known k WHERE k.patient_id = ANY (v_ids);
    UPDATE gate.link k SET until = greatest(k.since, clock_timestamp())
     WHERE k.patient_id = ANY (v_ids) AND (k.until IS NULL OR k.until > clock_timestamp());
    r.code := 'ok'; r.shown := '{}'; r.linked := '{}'; r.full := cardinality(v_ids); r.near := v_tokens; r.masked := 0;
    r.entry := audit.append('sweep', NULL, NULL, NULL, NULL, NULL, v_ids, '{}', '{}', 'sweep', NULL, 'done', NULL,
                            concat_ws(';', 'persons=' || r.full, 'tokens=' || v_tokens), NULL, NULL);
    RETURN r;
END $$;

REVOKE ALL ON FUNCTION accounts.rescue_openers(), accounts.roles_somewhere(accounts.actor), gate.rescue_day(text), gate.outside_link(text[]),
    gate.handed_over(audit.entry), gate.search_showed(uuid, uuid, text) FROM PUBLIC;

SET LOCAL ROLE owner;
