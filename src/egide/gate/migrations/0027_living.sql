-- Links that live, said once, and what is counted over them: a unit's fullness and lists, the census of an opening and the day's cap. Of two
-- kinds, without an end and with one to come: asked with one OR, the index (unit, until) was walked from its oldest row, and a unit of years
-- has tens of thousands of ended ones for some dozens that count (50 ms an opening on the group's base).
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

-- What was opened counts for a day, so the census does too: whoever covered another unit this morning and left it found her own unit closed
-- until the evening. As many units as one may hold at once, the latest left; a walk over a whole site goes on meeting the cap.
CREATE FUNCTION gate.left_today(p_account uuid, p_now timestamptz) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(x.unit), '{}')
      FROM (SELECT h.unit FROM accounts.shift h
             WHERE h.account = p_account AND h.until > p_now - interval '1 day' AND h.until <= p_now
             GROUP BY h.unit ORDER BY max(h.until) DESC LIMIT gate.limit_of('shifts')::int) x
$$;

-- The cap on linked persons: one and a half times those in care, at least `linked_floor`. Of a place with thousands of appointments,
-- `census_most` are counted.
CREATE FUNCTION gate.census_cap(p_places uuid[], p_account uuid, p_now timestamptz) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(gate.limit_of('linked_floor'), ceil(count(*) * gate.limit_of('linked_census_factor')))::int
      FROM ((SELECT k.patient_id FROM unnest(p_places || gate.left_today(p_account, p_now)) p CROSS JOIN LATERAL
                (SELECT l.patient_id FROM gate.living(ARRAY[p], p_now) l WHERE l.since <= p_now
                  LIMIT gate.limit_of('census_most')::int) k
              LIMIT gate.limit_of('census_most')::int)
            UNION
            (SELECT l.patient_id FROM gate.living_of(p_account, p_now) l WHERE l.since <= p_now
              LIMIT gate.limit_of('census_most')::int)) x
$$;

-- As before; the cap stops whoever is new to the day. Those already counted in it open again, whatever the census has become since: patients go
-- home, the cap falls with them, and whoever took care of them all morning found the list of those who stay closed until the evening.
CREATE OR REPLACE FUNCTION gate.spend(a accounts.actor, p_class text, p_ids uuid[], p_cap int) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE p gate.purse; v_now timestamptz; v_before int; v_total int; g record;
BEGIN
    IF cardinality(p_ids) = 0 THEN RETURN true; END IF;
    LOOP
        SELECT * INTO p FROM gate.purse
         WHERE account = a.account AND profession = a.profession AND site = a.site AND class = p_class FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO gate.purse (account, profession, site, class, at)
        VALUES (a.account, a.profession, a.site, p_class, clock_timestamp()) ON CONFLICT DO NOTHING;
    END LOOP;
    v_now := greatest(clock_timestamp(), p.at);
    p.ring_minute := gate.ring_slide(p.ring_minute, 5, p.at, v_now);
    p.ring_hour := gate.ring_slide(p.ring_hour, 300, p.at, v_now);
    p.ring_day := gate.ring_slide(p.ring_day, 3600, p.at, v_now);
    p.ring_month := gate.ring_slide(p.ring_month, 86400, p.at, v_now);
    v_before := (SELECT sum(x) FROM unnest(p.ring_day) x);
    FOR g IN SELECT s.at, count(*)::int AS persons FROM unnest(p_ids) i
               LEFT JOIN gate.seen s ON s.account = a.account AND s.profession = a.profession AND s.site = a.site
                    AND s.class = p_class AND s.patient_id = i GROUP BY s.at LOOP
        p.ring_minute := gate.ring_move(p.ring_minute, 5, g.at, v_now, g.persons);
        p.ring_hour := gate.ring_move(p.ring_hour, 300, g.at, v_now, g.persons);
        p.ring_day := gate.ring_move(p.ring_day, 3600, g.at, v_now, g.persons);
        p.ring_month := gate.ring_move(p.ring_month, 86400, g.at, v_now, g.persons);
    END LOOP;
    v_total := (SELECT sum(x) FROM unnest(p.ring_day) x);
    IF v_total > p_cap AND v_total > v_before THEN RETURN false; END IF;
    UPDATE gate.purse SET at = v_now, ring_minute = p.ring_minute, ring_hour = p.ring_hour, ring_day = p.ring_day,
           ring_month = p.ring_month
     WHERE account = a.account AND profession = a.profession AND site = a.site AND class = p_class;
    INSERT INTO gate.seen (account, profession, site, class, patient_id, at)
    SELECT a.account, a.profession, a.site, p_class, i, v_now FROM unnest(p_ids) i
    ON CONFLICT (account, profession, site, class, patient_id) DO UPDATE SET at = excluded.at;
    RETURN true;
END $$;

-- The others as before, over the same two.
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

REVOKE ALL ON FUNCTION gate.living(uuid[], timestamptz), gate.living_of(uuid, timestamptz), gate.left_today(uuid, timestamptz),
    gate.census_cap(uuid[], uuid, timestamptz) FROM PUBLIC;

SET LOCAL ROLE owner;
