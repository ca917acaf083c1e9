-- « Présents du site »: the switchboard asks whether somebody lies here; three rows at most, sixty answers a day, each counted.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('present_minute', 10), ('present_hour', 30), ('present_day', 60), ('present_month', 1300),
    ('present_rows', 3);
ALTER TABLE gate.search_door DROP CONSTRAINT search_door_door_check;
ALTER TABLE gate.search_door ADD CONSTRAINT search_door_door_check CHECK (door IN ('date', 'number', 'year', 'present'));
-- The classes of purses are those that gate.limits bounds or a function counts; a list here was one more to keep.
ALTER TABLE gate.purse DROP CONSTRAINT purse_class_check;
ALTER TABLE gate.purse ADD CONSTRAINT purse_class_check CHECK (class ~ '^[a-z]{3,20}$');

-- What is shown of the present, spent and written before it is shown. Each row costs one of the day's; so does an answer without
-- a row: what one learns of who is not here is counted too. Over the limit nothing is shown.
CREATE FUNCTION gate.presented(p_session uuid, p_account uuid, p_ids uuid[], p_matched int) RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.search_answer; p gate.purse; v_passed text;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.no_search(a, a.state, 'present'); END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.search_door d WHERE d.profession = a.profession AND d.door = 'present' AND d.allowed) THEN
        RETURN gate.no_search(a, 'search_closed', 'present');
    END IF;
    IF cardinality(p_ids) > gate.limit_of('present_rows') THEN RETURN gate.no_search(a, 'bad_request', 'present'); END IF;
    p := gate.purse_move(gate.purse_now(a, 'present'), NULL, greatest(1, cardinality(p_ids)));
    v_passed := gate.passed(p);
    IF v_passed IS NOT NULL THEN RETURN gate.no_search(a, 'present_' || v_passed, 'present'); END IF;
    PERFORM gate.keep(p);
    r.code := CASE WHEN cardinality(p_ids) < p_matched THEN 'one_more' ELSE 'ok' END;
    r.actor := a; r.shown := p_ids; r.linked := '{}'; r.full := p_matched; r.near := 0; r.masked := 0;
    r.entry := audit.append('search', a.account, a.session, a.profession, a.site, NULL, p_ids, ARRAY['identity', 'stay'], '{}',
        'present', 'present', CASE WHEN cardinality(p_ids) > 0 THEN 'shown' ELSE 'none' END, NULLIF(r.code, 'ok'),
        concat_ws(';', 'door=present', 'matched=' || p_matched), NULL, NULL);
    RETURN r;
END $$;

REVOKE ALL ON FUNCTION gate.presented(uuid, uuid, uuid[], int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.presented(uuid, uuid, uuid[], int) TO keeper;

SET LOCAL ROLE owner;
