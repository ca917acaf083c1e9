-- The day's cap stops whoever is new to the day. Those already counted in it open again, whatever the census has become since: patients go home,
-- the cap falls with them, and whoever took care of them all morning found the list of those who stay closed until the evening.
SET LOCAL ROLE gatekeeper;

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

SET LOCAL ROLE owner;
