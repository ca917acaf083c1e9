-- What a rescue session may open (docs/decisions/0017-rescue-grade.md): the patients of its owner's links, one at a time, ten new ones
-- in a quarter of an hour, a day's share of the profession. No list, no discovery, no emergency access, no link made.
SET LOCAL ROLE gatekeeper;

-- A day's share: the 95th percentile of the staff-day simulator (gate/bands.py); where it has none, a nurse's.
INSERT INTO gate.limits VALUES ('rescue_quarter', 10), ('rescue_over', 3), ('rescue_day', 28),
    ('rescue_day_physician', 37), ('rescue_day_midwife', 37), ('rescue_day_intern', 37), ('rescue_day_nurse', 28),
    ('rescue_day_care_assistant', 28), ('rescue_day_medical_secretary', 97), ('rescue_day_admission_clerk', 97),
    ('rescue_day_laboratory', 127), ('rescue_day_imaging', 127), ('rescue_day_pharmacist', 127), ('rescue_day_billing', 112),
    ('rescue_day_dim', 112);

-- Whom a rescue session opened, and when first: opening the same person again in the same session costs nothing.
CREATE TABLE gate.rescue_seen (
    session uuid NOT NULL REFERENCES accounts.session, patient_id uuid NOT NULL, account uuid NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (session, patient_id)
);
CREATE INDEX ON gate.rescue_seen (account, at);

-- Whether a link is one of care: an emergency access, a desk's welcome, a commission and oversight take a key.
CREATE FUNCTION gate.is_care(p_basis text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_basis NOT IN ('break_glass', 'sheet', 'arrival', 'oversight') AND p_basis NOT LIKE 'commission%'
$$;

-- One more person for a rescue session; NULL, or which limit is reached. Counted over all rescue sessions of the account, whose row
-- is locked before. A session that keeps asking for others beyond its limits ends: a new one takes a new code.
CREATE FUNCTION gate.rescue_spend(a accounts.actor, p_patient uuid) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz; v_quarter int; v_day int; v_code text;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM gate.rescue_seen s WHERE s.session = a.session AND s.patient_id = p_patient) THEN RETURN NULL; END IF;
    v_now := clock_timestamp();
    SELECT count(DISTINCT s.patient_id) FILTER (WHERE s.at > v_now - interval '15 minutes'), count(DISTINCT s.patient_id)
      INTO v_quarter, v_day
      FROM gate.rescue_seen s WHERE s.account = a.account AND s.patient_id <> p_patient AND s.at > v_now - interval '1 day';
    v_code := CASE WHEN v_day >= coalesce(gate.limit_of('rescue_day_' || a.profession), gate.limit_of('rescue_day')) THEN 'rescue_day'
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

-- A search by a rescue session confirms: among the patients of its links, whose name, first name and birth date were typed exactly.
-- Nobody else is told of, not even as a number; each one shown counts as opened.
CREATE FUNCTION gate.searched_in_rescue(a accounts.actor, p_door text, p_domain text, p_ids uuid[], p_class text[], p_candidates int)
RETURNS gate.search_answer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.search_answer; i uuid; v_code text;
BEGIN
    r.code := 'ok'; r.actor := a; r.full := 0; r.near := 0; r.masked := 0; r.shown := '{}'; r.linked := '{}';
    FOR i IN SELECT x.id FROM unnest(p_ids, p_class) WITH ORDINALITY x (id, class, place)
              WHERE x.class = 'confirmed' AND EXISTS (
                    SELECT 1 FROM gate.link k WHERE k.patient_id = x.id AND (k.unit = ANY (gate.places(a)) OR k.account = a.account)
                       AND gate.is_care(k.basis)
                       AND k.since <= clock_timestamp() AND (k.until IS NULL OR k.until > clock_timestamp()))
              ORDER BY x.place LOOP
        v_code := gate.rescue_spend(a, i);
        IF v_code IS NOT NULL THEN r.code := v_code; EXIT; END IF;
        r.shown := r.shown || i;
    END LOOP;
    IF r.code = 'ok' AND r.shown = '{}' THEN r.code := 'rescue_none'; END IF;
    r.linked := r.shown;
    r.entry := audit.append('search', a.account, a.session, a.profession, a.site, NULL, r.shown, ARRAY['identity'], '{}', 'search',
        'search', CASE WHEN cardinality(r.shown) > 0 THEN 'shown' ELSE 'none' END, NULLIF(r.code, 'ok'),
        concat_ws(';', 'door=' || p_door, 'domain=' || p_domain, 'candidates=' || p_candidates, 'linked=' || cardinality(r.linked),
                  'full=0', 'confirmed=0', 'discovered=0', 'near=0', 'masked=0', 'unmasked=0', 'rescue=1'), NULL, NULL);
    RETURN r;
END $$;

-- Whatever function would make a link or a shift for a rescue session is stopped here, the page says why (accounts.session).
CREATE FUNCTION gate.closed_in_rescue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('egide.ticket', true), '') <> '' AND (gate.acting()).grade = 'rescue' THEN
        RAISE EXCEPTION 'closed in a rescue session' USING ERRCODE = 'EG010';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER closed_in_rescue BEFORE INSERT ON gate.link FOR EACH STATEMENT EXECUTE FUNCTION gate.closed_in_rescue();
CREATE TRIGGER closed_in_rescue BEFORE INSERT ON accounts.shift FOR EACH STATEMENT EXECUTE FUNCTION gate.closed_in_rescue();

-- As before, and of a rescue session: one person at a time, by a link of care, at its pace.
CREATE OR REPLACE FUNCTION gate.open(p_session uuid, p_account uuid, p_ids uuid[], p_unit uuid, p_purpose text,
                          p_read text[], p_write text[], p_counted boolean, p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    a accounts.actor; r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster'); v_linked int; v_bases text[];
    v_reads text[]; v_writes text[]; v_scope bytea; v_cap int; v_now timestamptz; l gate.lease; v_code text; v_places uuid[];
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

-- As before, and no list in a rescue session.
CREATE OR REPLACE FUNCTION gate.open_mine(p_session uuid, p_account uuid, p_purpose text, p_read text[], p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster');
    v_truncated boolean; v_now timestamptz := clock_timestamp();
BEGIN
    IF a.state = 'live' THEN
        SELECT coalesce(array_agg(x.patient_id), '{}') INTO v_ids
          FROM (SELECT DISTINCT k.patient_id FROM gate.link k
                 WHERE k.unit = ANY (a.units) AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
                 ORDER BY k.patient_id LIMIT v_max + 1) x;
        IF a.grade = 'rescue' OR cardinality(v_ids) = 0 OR NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'stay'
                                                   AND u.act = 'read' AND u.category = ANY (p_read) AND u.allowed) THEN
            r.code := 'nobody'; r.actor := a; r.ids := '{}'; r.reads := '{}'; r.writes := '{}';
            RETURN r;
        END IF;
        v_truncated := cardinality(v_ids) > v_max;
    END IF;
    r := gate.open(p_session, p_account, v_ids[1:v_max], NULL, p_purpose, p_read, '{}', false, p_nonce, p_ticket_hash);
    r.truncated := v_truncated;
    RETURN r;
END $$;

-- As before; a rescue session searches by name and birth date only.
CREATE OR REPLACE FUNCTION gate.may_search(p_session uuid, p_account uuid, p_door text) RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.search_answer; p gate.purse; v_passed text;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.no_search(a, a.state, p_door); END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.search_door d WHERE d.profession = a.profession AND d.door = p_door AND d.allowed) THEN
        RETURN gate.no_search(a, 'search_closed', p_door);
    END IF;
    IF a.grade = 'rescue' AND p_door <> 'date' THEN RETURN gate.no_search(a, 'search_rescue', p_door); END IF;
    p := gate.purse_move(gate.purse_now(a, 'search'), NULL, 1);
    v_passed := gate.passed(p);
    IF v_passed IS NOT NULL THEN RETURN gate.no_search(a, 'search_pace_' || v_passed, p_door); END IF;
    PERFORM gate.keep(p);
    r.code := 'ok'; r.actor := a;
    RETURN r;
END $$;

CREATE OR REPLACE FUNCTION gate.searched(p_session uuid, p_account uuid, p_door text, p_domain text, p_ids uuid[], p_class text[],
                              p_unmask boolean, p_candidates int) RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a accounts.actor; r gate.search_answer; v_sure uuid[] := '{}'; v_confirmed uuid[]; v_found uuid[]; v_masked uuid[];
    v_passed text;
    v_rows int := gate.limit_of('search_rows');
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.no_search(a, a.state, p_door); END IF;
    IF cardinality(p_ids) > gate.limit_of('roster') OR cardinality(p_ids) <> cardinality(p_class) THEN
        RETURN gate.no_search(a, 'bad_request', p_door);
    END IF;
    IF a.grade = 'rescue' THEN RETURN gate.searched_in_rescue(a, p_door, p_domain, p_ids, p_class, p_candidates); END IF;
    PERFORM gate.settle_confirmed(a);
    r.code := 'ok'; r.actor := a;
    r.linked := gate.linked_among(a, p_ids);
    SELECT coalesce(array_agg(x.id ORDER BY x.place) FILTER (WHERE x.class IN ('confirmed', 'full')), '{}'),
           coalesce(array_agg(x.id ORDER BY x.place) FILTER (WHERE x.class = 'confirmed'), '{}'),
           coalesce(array_agg(x.id ORDER BY x.place) FILTER (WHERE x.class = 'masked'), '{}'),
           count(*) FILTER (WHERE x.class = 'near')
      INTO v_sure, v_confirmed, v_masked, r.near
      FROM unnest(p_ids, p_class) WITH ORDINALITY x (id, class, place) WHERE NOT x.id = ANY (r.linked);
    r.full := cardinality(v_sure); r.masked := cardinality(v_masked);
    IF r.full > gate.limit_of('search_full') THEN
        r.code := 'one_more'; v_sure := '{}'; v_confirmed := '{}';
    ELSIF r.masked > 0 THEN
        r.code := 'one_trait';
    END IF;
    -- that somebody is known here is told of those confirmed, and of those masked whose names and year were typed
    v_passed := gate.spend_within(a, 'confirmed', v_confirmed || v_masked, false);
    IF v_passed IS NOT NULL THEN
        r.code := 'budget_' || v_passed; r.masked := 0; v_masked := '{}';
        SELECT coalesce(array_agg(i), '{}') INTO v_sure FROM unnest(v_sure) i WHERE NOT i = ANY (v_confirmed);
        v_confirmed := '{}';
    END IF;
    SELECT coalesce(array_agg(x.id ORDER BY x.place), '{}') INTO v_found
      FROM unnest(p_ids, p_class) WITH ORDINALITY x (id, class, place)
     WHERE NOT x.id = ANY (r.linked) AND (x.class = 'full' AND x.id = ANY (v_sure) OR x.class = 'near' AND p_unmask AND r.code = 'ok');
    v_found := v_found[1:greatest(0, v_rows - cardinality(v_confirmed))];
    v_passed := gate.spend_within(a, 'unlinked', v_found, false);
    IF v_passed IS NOT NULL THEN r.code := 'budget_' || v_passed; v_found := '{}'; END IF;
    SELECT coalesce(array_agg(i ORDER BY place), '{}') INTO r.shown FROM unnest(p_ids) WITH ORDINALITY x (i, place)
     WHERE i = ANY (r.linked) OR i = ANY (v_confirmed) OR i = ANY (v_found);
    r.shown := r.shown[1:v_rows];
    INSERT INTO gate.confirmed (account, patient_id, at) SELECT a.account, i, clock_timestamp() FROM unnest(v_confirmed || v_masked) i
    ON CONFLICT (account, patient_id) DO UPDATE SET at = excluded.at;
    r.entry := audit.append('search', a.account, a.session, a.profession, a.site, NULL, r.shown, ARRAY['identity'], '{}', 'search',
        'search', CASE WHEN cardinality(r.shown) > 0 THEN 'shown' ELSE 'none' END, NULLIF(r.code, 'ok'),
        concat_ws(';', 'door=' || p_door, 'domain=' || p_domain, 'candidates=' || p_candidates, 'linked=' || cardinality(r.linked),
                  'full=' || r.full, 'confirmed=' || cardinality(v_confirmed), 'discovered=' || cardinality(v_found),
                  'near=' || r.near, 'masked=' || r.masked, 'unmasked=' || p_unmask::int), NULL, NULL);
    RETURN r;
END $$;

-- As before, and never from a rescue session.
CREATE OR REPLACE FUNCTION gate.receives(a accounts.actor) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.kind = 'person' AND a.grade <> 'rescue' AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'arrival'
        AND u.category = 'identity' AND u.act = 'write' AND u.allowed)
$$;

-- Who has a rescue open on my site, for whoever may open or close it; nobody else gets a row.
CREATE FUNCTION door.rescues()
RETURNS TABLE (account uuid, name text, username text, reason text, opened_by text, since timestamptz, until timestamptz, used boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY SELECT r.account, c.name, c.username, r.reason, o.name, r.since, r.until,
           EXISTS (SELECT 1 FROM accounts.session s WHERE s.rescue = r.id)
      FROM accounts.rescue r JOIN accounts.account c ON c.id = r.account JOIN accounts.account o ON o.id = r.opened_by
     WHERE r.ended_at IS NULL AND r.until > clock_timestamp()
       AND (r.account = a.account OR accounts.rescue_need(a, r.account) IS NOT NULL)
     ORDER BY r.since DESC LIMIT 200;
END $$;

-- How far a rescue session of mine is: persons opened in this quarter of an hour and in a day, and the limits.
CREATE FUNCTION door.my_rescue()
RETURNS TABLE (until timestamptz, quarter int, quarter_limit int, day int, day_limit int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF a.grade <> 'rescue' THEN RETURN; END IF;
    RETURN QUERY SELECT r.until,
           (SELECT count(DISTINCT s.patient_id)::int FROM gate.rescue_seen s WHERE s.account = a.account AND s.at > clock_timestamp() - interval '15 minutes'),
           gate.limit_of('rescue_quarter')::int,
           (SELECT count(DISTINCT s.patient_id)::int FROM gate.rescue_seen s WHERE s.account = a.account AND s.at > clock_timestamp() - interval '1 day'),
           coalesce(gate.limit_of('rescue_day_' || a.profession), gate.limit_of('rescue_day'))::int
      FROM accounts.session x JOIN accounts.rescue r ON r.id = x.rescue WHERE x.id = a.session;
END $$;

REVOKE ALL ON gate.rescue_seen FROM PUBLIC;
REVOKE ALL ON FUNCTION gate.is_care(text), gate.rescue_spend(accounts.actor, uuid),
    gate.searched_in_rescue(accounts.actor, text, text, uuid[], text[], int), gate.closed_in_rescue(), door.rescues(), door.my_rescue()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.rescues(), door.my_rescue() TO web;

SET LOCAL ROLE owner;
