-- Who watches: the trail by filters, activity by counts, break-glasses waiting for a review, the monthly draw; and naming one
-- patient, which is charged and written like any opening (gate.md §3: ids and counts; a name is an opening).
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('oversight_minutes', 15), ('oversight_day', 10), ('trail_rows', 50), ('trail_count', 1000),
    ('review_minutes', 15), ('draw_unit', 5);

ALTER TABLE gate.link DROP CONSTRAINT link_basis_check;
ALTER TABLE gate.link ADD CONSTRAINT link_basis_check CHECK (basis IN ('stay', 'team', 'advice', 'break_glass', 'oversight'));

-- Which profession sees which page of oversight. From gate/rules.py, under the same hash as the grid.
CREATE TABLE gate.oversight (
    profession text, page text CHECK (page IN ('trail', 'activity', 'reviews', 'draw', 'name')), allowed boolean NOT NULL,
    reason text NOT NULL, PRIMARY KEY (profession, page)
);

-- A page of the trail is read newest first by any of these; the period becomes a range of ids through `at`. New partitions copy
-- them. What nearly every line is stays out: it is found by walking back, and an opening is not slowed by it.
CREATE INDEX entry_at ON audit.entry (at);
CREATE INDEX entry_account ON audit.entry (account, id);
CREATE INDEX entry_unit ON audit.entry (unit, id) WHERE unit IS NOT NULL;
CREATE INDEX entry_kind ON audit.entry (kind, id) WHERE kind <> 'open';
CREATE INDEX entry_purpose ON audit.entry (purpose, id) WHERE purpose NOT IN ('care', 'unit_list');
CREATE INDEX entry_basis ON audit.entry (basis, id) WHERE basis <> 'stay';

-- One draw a month: its seed is recorded, so that anybody holding the trail draws the same openings again.
CREATE TABLE gate.draw (
    month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    seed uuid NOT NULL,
    low bigint NOT NULL, high bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by_account uuid NOT NULL REFERENCES accounts.account,
    entry bigint NOT NULL
);
CREATE TABLE gate.drawn (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month date NOT NULL REFERENCES gate.draw,
    unit uuid NOT NULL,
    entry bigint NOT NULL,
    account uuid NOT NULL,
    verdict text CHECK (verdict IN ('ok', 'to_explain')),
    by_account uuid REFERENCES accounts.account,
    reviewed_at timestamptz,
    UNIQUE (month, unit, entry)
);
CREATE INDEX ON gate.drawn (unit) WHERE verdict IS NULL;

-- First id of a period and the one after its last: `id` and `at` are drawn together, a minute is more than they ever part.
CREATE FUNCTION gate.ids_between(p_since timestamptz, p_until timestamptz, OUT low bigint, OUT high bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    low := coalesce((SELECT e.id FROM audit.entry e WHERE e.at >= p_since - interval '1 minute' ORDER BY e.at LIMIT 1),
                    9223372036854775807);
    high := coalesce((SELECT e.id FROM audit.entry e WHERE e.at <= p_until + interval '1 minute' ORDER BY e.at DESC LIMIT 1), 0);
END $$;

-- Whoever looks leaves a row: what was asked, as codes and ids. A refusal is a row too, and is returned.
CREATE FUNCTION gate.overseeing(p_page text, p_asked text, p_ids uuid[], OUT code text, OUT a accounts.actor)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    a := gate.acting();
    code := CASE WHEN EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = p_page AND o.allowed)
                 THEN 'ok' ELSE 'category_closed' END;
    PERFORM audit.append(CASE code WHEN 'ok' THEN 'trail_read' ELSE 'refuse' END, a.account, a.session, a.profession, a.site, NULL,
                         p_ids, '{}', '{}', 'oversight', NULL, CASE code WHEN 'ok' THEN 'shown' ELSE 'refused' END,
                         NULLIF(code, 'ok'), concat_ws(';', p_page, p_asked), NULL, NULL);
END $$;

-- The trail, newest first, at most `trail_rows` lines older than p_before; `total` counts what answers, up to `trail_count`.
-- One row (without id) when nothing answers, or when it is refused: `code` tells.
CREATE FUNCTION door.trail(p_since timestamptz, p_until timestamptz, p_account uuid, p_unit uuid, p_patient uuid, p_kind text,
                           p_purpose text, p_basis text, p_before bigint)
RETURNS TABLE (code text, total int, id bigint, at timestamptz, kind text, account uuid, name text, profession text, unit uuid,
               persons int, patient uuid, purpose text, basis text, verdict text, reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE g record; r record; v_from text := 'audit.entry e'; v_where text; v_total int; v_found boolean := false;
BEGIN
    IF octet_length(concat(p_kind, p_purpose, p_basis)) > 120 OR concat(p_kind, p_purpose, p_basis) !~ '^[a-z_,]*$' THEN
        code := 'bad_request';
        RETURN NEXT;
        RETURN;
    END IF;
    g := gate.overseeing('trail', concat_ws(';', 'since=' || to_char(p_since, 'YYYYMMDD'), 'until=' || to_char(p_until, 'YYYYMMDD'),
        'account=' || p_account, 'unit=' || p_unit, 'kind=' || p_kind, 'purpose=' || p_purpose, 'basis=' || p_basis,
        'before=' || p_before), CASE WHEN p_patient IS NULL THEN '{}' ELSE ARRAY[p_patient] END);
    code := g.code; total := 0;
    IF g.code <> 'ok' THEN RETURN NEXT; RETURN; END IF;
    r := gate.ids_between(p_since, p_until);
    -- Written out for the filters that are there, and planned for these very values: a form that fits all would scan the trail.
    -- By patient, from the index on ids first: its frequency is unknown to the planner.
    v_where := 'e.id BETWEEN $1 AND $2 AND e.at >= $3 AND e.at < $4'
        || CASE WHEN p_account IS NULL THEN '' ELSE ' AND e.account = $5' END
        || CASE WHEN p_unit IS NULL THEN '' ELSE ' AND e.unit = $6' END
        || CASE WHEN p_kind IS NULL THEN '' ELSE ' AND e.kind = $8' END
        || CASE WHEN p_purpose IS NULL THEN '' ELSE ' AND e.purpose = $9' END
        || CASE WHEN p_basis IS NULL THEN '' ELSE ' AND e.basis = $10' END;
    IF p_patient IS NOT NULL THEN
        v_from := '(SELECT x.* FROM audit.entry x WHERE x.ids @> ARRAY[$7] OFFSET 0) e';
    END IF;
    EXECUTE format('SELECT count(*)::int FROM (SELECT FROM %s WHERE %s LIMIT $11) c', v_from, v_where) INTO v_total
      USING r.low, r.high, p_since, p_until, p_account, p_unit, p_patient, p_kind, p_purpose, p_basis,
            gate.limit_of('trail_count')::int + 1;
    total := v_total;
    FOR id, at, kind, account, name, profession, unit, persons, patient, purpose, basis, verdict, reason IN
        EXECUTE format('SELECT p.id, p.at, p.kind, p.account, c.name, p.profession, p.unit, coalesce(cardinality(p.ids), 0),
                               CASE WHEN cardinality(p.ids) = 1 THEN p.ids[1] END, p.purpose, p.basis, p.verdict, p.reason
                          FROM (SELECT e.* FROM %s WHERE %s ORDER BY e.id DESC LIMIT $11) p
                          LEFT JOIN accounts.account c ON c.id = p.account ORDER BY p.id DESC', v_from, v_where)
        USING r.low, least(r.high, coalesce(p_before - 1, r.high)), p_since, p_until, p_account, p_unit, p_patient, p_kind,
              p_purpose, p_basis, gate.limit_of('trail_rows')::int LOOP
        v_found := true;
        RETURN NEXT;
    END LOOP;
    IF NOT v_found THEN
        id := NULL; at := NULL; kind := NULL; account := NULL; name := NULL; profession := NULL; unit := NULL; persons := NULL;
        patient := NULL; purpose := NULL; basis := NULL; verdict := NULL; reason := NULL;
        RETURN NEXT;
    END IF;
END $$;

-- Distinct persons opened in each of the last 24 hours, oldest first, by account: the purses, which are kept anyway.
CREATE FUNCTION door.activity()
RETURNS TABLE (code text, account uuid, name text, profession text, site uuid, linked int[], unlinked int[], searches int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE g record; v_now timestamptz := clock_timestamp(); v_slot int := floor(extract(epoch FROM clock_timestamp()) / 3600)::bigint % 24;
BEGIN
    g := gate.overseeing('activity', NULL, '{}');
    code := g.code;
    IF g.code <> 'ok' THEN RETURN NEXT; RETURN; END IF;
    RETURN QUERY
    SELECT 'ok', c.id, c.name, h.profession, h.site, max(h.hours) FILTER (WHERE h.class = 'linked'),
           max(h.hours) FILTER (WHERE h.class = 'unlinked'),
           coalesce((max(h.total) FILTER (WHERE h.class = 'search'))::int, 0)
      FROM (SELECT s.account, s.profession, s.site, s.class, s.ring[v_slot + 2 : 24] || s.ring[1 : v_slot + 1] AS hours,
                   (SELECT sum(n) FROM unnest(s.ring) n) AS total
              FROM (SELECT p.account, p.profession, p.site, p.class, gate.ring_slide(p.ring_day, 3600, p.at, v_now) AS ring
                      FROM gate.purse p WHERE p.at > v_now - interval '24 hours') s) h
      JOIN accounts.account c ON c.id = h.account
     WHERE c.kind = 'person' GROUP BY c.id, h.profession, h.site LIMIT 5000;
END $$;

-- Break-glasses of 60 days: those that wait too long first, then those that wait, then the reviewed ones.
CREATE FUNCTION door.reviews()
RETURNS TABLE (code text, entry bigint, at timestamptz, account uuid, name text, profession text, patient uuid, reason text,
               told text[], verdict text, reviewer text, reviewed_at timestamptz, late boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE g record; v_late timestamptz := clock_timestamp() - make_interval(mins => gate.limit_of('review_minutes')::int);
BEGIN
    g := gate.overseeing('reviews', NULL, '{}');
    code := g.code;
    IF g.code <> 'ok' THEN RETURN NEXT; RETURN; END IF;
    RETURN QUERY
    SELECT 'ok', e.id, e.at, e.account, c.name, e.profession, e.ids[1], e.reason,
           ARRAY(SELECT t.name FROM gate.notice n JOIN accounts.account t ON t.id = n.account
                  WHERE n.entry = e.id AND n.kind = 'break_glass' ORDER BY t.name),
           v.verdict, b.name, v.at, v.entry IS NULL AND e.at < v_late
      FROM audit.entry e LEFT JOIN accounts.account c ON c.id = e.account
      LEFT JOIN gate.review v ON v.entry = e.id LEFT JOIN accounts.account b ON b.id = v.by_account
     WHERE e.kind = 'break_glass' AND e.verdict = 'done' AND e.at > clock_timestamp() - interval '60 days'
     ORDER BY v.entry IS NOT NULL, CASE WHEN v.entry IS NULL THEN e.at END, e.id DESC LIMIT 300;
END $$;

-- Names one patient: identity only, fifteen minutes, from the purse of those outside any link. Returns a code.
CREATE FUNCTION door.name_patient(p_patient uuid, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_code text; v_now timestamptz;
BEGIN
    IF p_patient IS NULL OR p_reason NOT IN ('patient_request', 'complaint', 'incident', 'review', 'authority') OR p_reason IS NULL THEN
        RETURN 'bad_request';
    END IF;
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    IF NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'name' AND o.allowed) THEN
        v_code := 'category_closed';
    ELSIF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.account = a.account AND k.basis = 'oversight'
                    AND k.since <= v_now AND k.until > v_now) THEN
        RETURN 'ok';
    ELSIF NOT EXISTS (SELECT 1 FROM gate.token t WHERE t.patient_id = p_patient)
          AND NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient) THEN
        v_code := 'no_link';
    ELSIF (SELECT count(DISTINCT k.patient_id) FROM gate.link k WHERE k.account = a.account AND k.basis = 'oversight'
             AND k.since > v_now - interval '1 day' AND k.patient_id <> p_patient) >= gate.limit_of('oversight_day')
          OR gate.spend_within(a, 'unlinked', ARRAY[p_patient], false) IS NOT NULL THEN
        v_code := 'budget';
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], ARRAY['identity'], '{}',
                             'oversight', 'oversight', 'refused', v_code, p_reason, NULL, NULL);
        RETURN v_code;
    END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'oversight', 'oversight',
                      'done', p_reason, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
    VALUES (p_patient, 'oversight', a.account, v_now, v_now + make_interval(mins => gate.limit_of('oversight_minutes')::int), e.id);
    RETURN 'ok';
END $$;

-- Draws `draw_unit` openings of each unit's people in one month (the running one: up to now), in the order of sha256(seed, id).
CREATE FUNCTION door.draw_month(p_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a accounts.actor := gate.acting(); r record; e audit.entry; v_seed uuid := gen_random_uuid(); v_unit uuid;
    v_since timestamptz := date_trunc('month', p_month)::timestamp AT TIME ZONE 'Europe/Paris';
    v_until timestamptz := (date_trunc('month', p_month) + interval '1 month')::timestamp AT TIME ZONE 'Europe/Paris';
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'draw' AND o.allowed) THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'oversight', NULL, 'refused',
                             'category_closed', 'draw', NULL, NULL);
        RETURN 'category_closed';
    END IF;
    IF p_month IS NULL OR extract(day FROM p_month) <> 1 OR v_since > clock_timestamp() THEN RETURN 'bad_request'; END IF;
    LOCK TABLE gate.draw IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT 1 FROM gate.draw d WHERE d.month = p_month) THEN RETURN 'already_drawn'; END IF;
    r := gate.ids_between(v_since, least(v_until, clock_timestamp()));
    e := audit.append('draw', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'oversight', NULL, 'done', NULL,
                      concat_ws(';', 'month=' || to_char(p_month, 'YYYYMM'), 'seed=' || v_seed, 'low=' || r.low, 'high=' || r.high),
                      NULL, NULL);
    INSERT INTO gate.draw (month, seed, low, high, by_account, entry) VALUES (p_month, v_seed, r.low, r.high, a.account, e.id);
    FOR v_unit IN SELECT u.id FROM public.directory_unit u ORDER BY u.id LOOP
        INSERT INTO gate.drawn (month, unit, entry, account)
        SELECT p_month, v_unit, x.id, x.account FROM audit.entry x
         WHERE x.account IN (SELECT m.account FROM accounts.membership m
                              WHERE m.unit = v_unit AND m.since < v_until AND (m.until IS NULL OR m.until > v_since))
           AND x.id BETWEEN r.low AND r.high AND x.at >= v_since AND x.at < v_until AND x.kind = 'open'
         ORDER BY sha256(uuid_send(v_seed) || int8send(x.id)) LIMIT gate.limit_of('draw_unit')::int;
    END LOOP;
    RETURN 'ok';
END $$;

-- What each draw became, by month: counts; and the openings that a head of unit asks to explain.
CREATE FUNCTION door.draws()
RETURNS TABLE (code text, month date, seed uuid, at timestamptz, units int, openings int, reviewed int, to_explain int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE g record;
BEGIN
    g := gate.overseeing('draw', NULL, '{}');
    code := g.code;
    IF g.code <> 'ok' THEN RETURN NEXT; RETURN; END IF;
    RETURN QUERY
    SELECT 'ok', d.month, d.seed, d.at, count(DISTINCT w.unit)::int, count(w.id)::int, count(w.verdict)::int,
           count(*) FILTER (WHERE w.verdict = 'to_explain')::int
      FROM gate.draw d LEFT JOIN gate.drawn w ON w.month = d.month GROUP BY d.month ORDER BY d.month DESC LIMIT 24;
END $$;

CREATE FUNCTION door.drawn_to_explain()
RETURNS TABLE (month date, unit uuid, entry bigint, at timestamptz, account uuid, name text, profession text, persons int, purpose text,
               basis text, reviewer text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'draw' AND o.allowed) THEN RETURN; END IF;
    RETURN QUERY
    SELECT w.month, w.unit, e.id, e.at, e.account, c.name, e.profession, coalesce(cardinality(e.ids), 0), e.purpose, e.basis, b.name
      FROM gate.drawn w JOIN audit.entry e ON e.id = w.entry LEFT JOIN accounts.account c ON c.id = e.account
      LEFT JOIN accounts.account b ON b.id = w.by_account
     WHERE w.verdict = 'to_explain' ORDER BY w.id DESC LIMIT 200;
END $$;

-- Drawn openings that wait for me: of my units, when I am a physician; never my own.
CREATE FUNCTION door.my_drawn()
RETURNS TABLE (id bigint, month date, unit uuid, at timestamptz, name text, profession text, persons int, patient uuid, purpose text, basis text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF a.profession <> 'physician' THEN RETURN; END IF;
    RETURN QUERY
    SELECT w.id, w.month, w.unit, e.at, c.name, e.profession, coalesce(cardinality(e.ids), 0),
           CASE WHEN cardinality(e.ids) = 1 THEN e.ids[1] END, e.purpose, e.basis
      FROM gate.drawn w JOIN audit.entry e ON e.id = w.entry LEFT JOIN accounts.account c ON c.id = e.account
     WHERE w.unit = ANY (a.units) AND w.verdict IS NULL AND w.account <> a.account ORDER BY w.id LIMIT 100;
END $$;

CREATE FUNCTION door.review_drawn(p_id bigint, p_verdict text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); w gate.drawn; v_ids uuid[];
BEGIN
    IF p_verdict IS NULL OR p_verdict NOT IN ('ok', 'to_explain') THEN RETURN 'bad_request'; END IF;
    SELECT * INTO w FROM gate.drawn d WHERE d.id = p_id AND d.unit = ANY (a.units) AND d.account <> a.account FOR UPDATE;
    IF NOT FOUND OR a.profession <> 'physician' THEN RETURN 'no_link'; END IF;
    IF w.verdict IS NOT NULL THEN RETURN 'already'; END IF;
    UPDATE gate.drawn SET verdict = p_verdict, by_account = a.account, reviewed_at = clock_timestamp() WHERE id = p_id;
    SELECT e.ids INTO v_ids FROM audit.entry e WHERE e.id = w.entry;
    PERFORM audit.append('review', a.account, a.session, a.profession, a.site, w.unit, v_ids, '{}', '{}', 'draw', NULL, p_verdict,
                         NULL, w.entry::text, NULL, NULL);
    RETURN 'ok';
END $$;

GRANT EXECUTE ON FUNCTION door.trail(timestamptz, timestamptz, uuid, uuid, uuid, text, text, text, bigint), door.activity(),
    door.reviews(), door.name_patient(uuid, text), door.draw_month(date), door.draws(), door.drawn_to_explain(), door.my_drawn(),
    door.review_drawn(bigint, text) TO web;

SET LOCAL ROLE owner;
