-- Living links, said once. Of two kinds, without an end and with one to come: asked with one OR, the index (unit, until) was walked from
-- its oldest row, and a unit of years has tens of thousands of ended ones for some dozens that count.
SET LOCAL ROLE gatekeeper;

-- Not ended at p_now; not begun yet among them: callers ask `since` where it matters. Without SET, so that they are inlined where they
-- stand in FROM, and a LIMIT or a condition of the caller reaches the index; callers' own search_path is fixed.
CREATE FUNCTION gate.living(p_units uuid[], p_now timestamptz) RETURNS SETOF gate.link
LANGUAGE sql STABLE AS $$
    SELECT l.* FROM gate.link l WHERE l.unit = ANY (p_units) AND l.until IS NULL
    UNION ALL
    SELECT l.* FROM gate.link l WHERE l.unit = ANY (p_units) AND l.until > p_now
$$;
CREATE FUNCTION gate.living_of(p_account uuid, p_now timestamptz) RETURNS SETOF gate.link
LANGUAGE sql STABLE AS $$
    SELECT l.* FROM gate.link l WHERE l.account = p_account AND l.until IS NULL
    UNION ALL
    SELECT l.* FROM gate.link l WHERE l.account = p_account AND l.until > p_now
$$;

-- As before, by the same two.
CREATE OR REPLACE FUNCTION gate.census_cap(p_places uuid[], p_account uuid, p_now timestamptz) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(gate.limit_of('linked_floor'), ceil(count(*) * gate.limit_of('linked_census_factor')))::int
      FROM ((SELECT k.patient_id FROM unnest(p_places) p CROSS JOIN LATERAL
                (SELECT l.patient_id FROM gate.living(ARRAY[p], p_now) l WHERE l.since <= p_now
                  LIMIT gate.limit_of('census_most')::int) k
              LIMIT gate.limit_of('census_most')::int)
            UNION
            (SELECT l.patient_id FROM gate.living_of(p_account, p_now) l WHERE l.since <= p_now
              LIMIT gate.limit_of('census_most')::int)) x
$$;

CREATE OR REPLACE FUNCTION gate.is_full(a accounts.actor, p_unit uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_beds int := (SELECT count(*) FROM public.directory_bed b WHERE b.unit_id = p_unit); v_now timestamptz;
BEGIN
    IF a.kind <> 'application' THEN  -- a feed goes through units in any order: locking them, two feeds would wait for each other
        INSERT INTO gate.filled (unit) VALUES (p_unit) ON CONFLICT DO NOTHING;
        PERFORM 1 FROM gate.filled f WHERE f.unit = p_unit FOR NO KEY UPDATE;
    END IF;
    v_now := clock_timestamp();  -- after the lock: what the other admission wrote is counted
    RETURN (SELECT count(*) FROM gate.living(ARRAY[p_unit], v_now) k WHERE k.basis = 'stay')
        >= CASE WHEN v_beds = 0 AND a.kind = 'application' THEN gate.limit_of('roster')
                ELSE greatest(gate.limit_of('unit_fill_floor'), ceil(gate.limit_of('unit_fill') * v_beds)) END;
END $$;

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
          FROM (SELECT DISTINCT k.patient_id FROM gate.living(ARRAY[p_unit], v_now) k WHERE k.basis = 'stay' AND k.since <= v_now
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
        v_cap := gate.census_cap(v_places, a.account, v_now);
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

CREATE OR REPLACE FUNCTION gate.open_mine(p_session uuid, p_account uuid, p_purpose text, p_read text[], p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster');
    v_truncated boolean; v_now timestamptz := clock_timestamp();
BEGIN
    IF a.state = 'live' THEN
        SELECT coalesce(array_agg(x.patient_id), '{}') INTO v_ids
          FROM (SELECT DISTINCT k.patient_id FROM gate.living(a.units, v_now) k WHERE k.basis = 'stay' AND k.since <= v_now
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

CREATE OR REPLACE FUNCTION door.link_counts(p_about uuid) RETURNS TABLE (code text, basis text, unit uuid, persons int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp(); v_units uuid[];
BEGIN
    IF NOT (EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession) AND accounts.sees_person(a, p_about)) THEN
        code := accounts.refuse_act(a, 'staff', NULL, p_about, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    v_units := accounts.current_units(p_about)
        || ARRAY(SELECT h.unit FROM accounts.shift h WHERE h.account = p_about AND h.since <= v_now AND h.until > v_now);
    RETURN QUERY
    SELECT 'ok', k.basis, k.unit, count(DISTINCT k.patient_id)::int
      FROM (SELECT l.* FROM gate.living(v_units, v_now) l UNION ALL SELECT l.* FROM gate.living_of(p_about, v_now) l) k
     WHERE k.since <= v_now GROUP BY k.basis, k.unit ORDER BY 4 DESC;
    IF NOT FOUND THEN code := 'ok'; RETURN NEXT; END IF;
END $$;

REVOKE ALL ON FUNCTION gate.living(uuid[], timestamptz), gate.living_of(uuid, timestamptz), gate.census_cap(uuid[], uuid, timestamptz)
    FROM PUBLIC;

SET LOCAL ROLE owner;
