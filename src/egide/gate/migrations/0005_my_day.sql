-- « Ma journée »: everybody present in my units as one opening, and what waits for me beside the notices.
SET LOCAL ROLE gatekeeper;

-- The patients who stay in my units now, at most `roster`, opened as one. 'nobody' (no row: nothing was asked of anybody) when
-- there is none, or when my profession reads nobody through a stay.
CREATE FUNCTION gate.open_mine(p_session uuid, p_account uuid, p_purpose text, p_read text[], p_nonce bytea, p_ticket_hash bytea)
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
        IF cardinality(v_ids) = 0 OR NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'stay'
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

-- How much waits for me: drawn openings of my unit to review; for whoever has these pages, break-glasses without review and
-- openings that a head of unit asks to explain.
CREATE FUNCTION door.my_day()
RETURNS TABLE (drawn int, reviews_late int, reviews_waiting int, to_explain int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
    v_late timestamptz := clock_timestamp() - make_interval(mins => gate.limit_of('review_minutes')::int);
BEGIN
    drawn := 0; reviews_late := 0; reviews_waiting := 0; to_explain := 0;
    IF a.profession = 'physician' THEN
        SELECT count(*) INTO drawn FROM gate.drawn w WHERE w.unit = ANY (a.units) AND w.verdict IS NULL AND w.account <> a.account;
    END IF;
    IF EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'reviews' AND o.allowed) THEN
        SELECT count(*) FILTER (WHERE e.at < v_late), count(*) INTO reviews_late, reviews_waiting
          FROM audit.entry e LEFT JOIN gate.review v ON v.entry = e.id
         WHERE e.kind = 'break_glass' AND e.verdict = 'done' AND e.at > clock_timestamp() - interval '60 days' AND v.entry IS NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'draw' AND o.allowed) THEN
        SELECT count(*) INTO to_explain FROM gate.drawn w WHERE w.verdict = 'to_explain';
    END IF;
    RETURN NEXT;
END $$;

GRANT EXECUTE ON FUNCTION gate.open_mine(uuid, uuid, text, text[], bytea, bytea) TO keeper;
GRANT EXECUTE ON FUNCTION door.my_day() TO web;

SET LOCAL ROLE owner;
