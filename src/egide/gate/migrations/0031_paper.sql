-- What leaves on paper: a row each time, and a pace for whole charts. And who opened a record is refused to who may not know it, instead of
-- an empty list that reads as "nobody did".
SET LOCAL ROLE gatekeeper;

-- Distinct persons whose chart, or the copy of whose trail, one account prints. Lists (a handover, a round, a work list) are not among them.
INSERT INTO gate.limits VALUES ('printed_minute', 8), ('printed_hour', 40), ('printed_day', 100), ('printed_month', 1500);
-- Lines of « qui a ouvert » on the screen and on its copy.
INSERT INTO gate.limits VALUES ('openings_shown', 500);

-- Purposes of pages that are printed.
CREATE FUNCTION gate.paper() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT ARRAY['print', 'access_copy', 'access_copy_names'] $$;

-- Who names a patient without reading the trail: the identity cell.
CREATE FUNCTION gate.names_only(p_profession text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = p_profession AND o.page = 'name' AND o.allowed)
       AND NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = p_profession AND o.page = 'trail' AND o.allowed)
$$;

-- As before, to who may know; and one line more than is shown, so that the page says when there are more.
CREATE OR REPLACE FUNCTION door.openings_of(p_patient uuid)
RETURNS TABLE (at timestamptz, kind text, account uuid, name text, profession text, units uuid[], purpose text, basis text, reads text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN
        RAISE EXCEPTION 'not an opened patient' USING ERRCODE = 'EG003';
    END IF;
    -- who names a patient without reading the trail learns who she is, not who takes care of her
    IF gate.names_only(a.profession) THEN RETURN; END IF;
    RETURN QUERY
    SELECT e.at, e.kind, e.account, c.name, e.profession,
           CASE WHEN e.unit IS NOT NULL THEN ARRAY[e.unit] ELSE
               (SELECT array_agg(m.unit) FROM accounts.membership m
                 WHERE m.account = e.account AND m.profession = e.profession AND m.unit IS NOT NULL
                   AND m.since <= e.at AND (m.until IS NULL OR m.until > e.at)) END,
           e.purpose, e.basis, e.reads
      FROM audit.entry e LEFT JOIN accounts.account c ON c.id = e.account
     WHERE e.ids @> ARRAY[p_patient] AND e.kind IN ('open', 'open_new', 'refuse', 'search')
     ORDER BY e.id DESC LIMIT gate.limit_of('openings_shown')::int + 1;
END $$;

-- As before, by living links and the census above all; and what leaves on paper.
CREATE OR REPLACE FUNCTION gate.open(p_session uuid, p_account uuid, p_ids uuid[], p_unit uuid, p_purpose text,
                          p_read text[], p_write text[], p_counted boolean, p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    a accounts.actor; r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster'); v_linked int; v_bases text[];
    v_reads text[]; v_writes text[]; v_scope bytea; v_cap int; v_now timestamptz; l gate.lease; v_code text; v_places uuid[]; v_own uuid[];
    v_paper boolean := coalesce(p_purpose = ANY (gate.paper()), false);
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
    IF p_purpose IN ('access_review', 'access_copy', 'access_copy_names') AND gate.names_only(a.profession) THEN
        RETURN gate.refuse(a, 'category_closed', coalesce(p_ids, '{}'), p_read, p_write, p_purpose, p_unit, false);
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

    -- A chart that leaves on paper is counted by itself: it is read by no session any more.
    IF v_paper AND p_unit IS NULL AND cardinality(v_ids) = 1 AND gate.spend_within(a, 'printed', v_ids, false) IS NOT NULL THEN
        RETURN gate.refuse(a, 'print_pace', v_ids, p_read, p_write, p_purpose, NULL, false);
    END IF;

    -- The same opening of the same session is audited once, and prolonged; on paper, each time is another.
    v_scope := sha256(convert_to(concat_ws('|', v_ids::text, p_purpose, v_reads::text, v_writes::text, v_bases::text, p_unit::text,
                                           CASE WHEN v_paper THEN p_nonce::text END), 'UTF8'));
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

REVOKE ALL ON FUNCTION gate.paper(), gate.names_only(text) FROM PUBLIC;

SET LOCAL ROLE owner;
