-- Finding without listing (docs/decisions/0013-search-tokens.md): blind tokens, who may search by what, what a search shows and
-- what it costs. The keeper computes tokens and ranks; here stands what must be counted and written before anything is shown.
SET LOCAL ROLE gatekeeper;

-- Distinct persons seen outside a link; `confirmed`: those whose name, first name and birth date were typed; `search`: searches.
INSERT INTO gate.limits VALUES
    ('unlinked_minute', 10), ('unlinked_hour', 25), ('unlinked_day', 40), ('unlinked_month', 300),
    ('confirmed_minute', 12), ('confirmed_hour', 80), ('confirmed_day', 250), ('confirmed_month', 3000),
    ('search_minute', 20), ('search_hour', 200), ('search_day', 600), ('search_month', 9000),
    ('search_full', 3), ('search_rows', 10);

CREATE SCHEMA identity;
REVOKE ALL ON SCHEMA identity FROM PUBLIC;
-- The kind of a token is in its key: whoever reads the table sees 64 bits and a pseudonym. No process has a right on it.
CREATE TABLE identity.token (token bigint NOT NULL, patient_id uuid NOT NULL, PRIMARY KEY (token, patient_id));
CREATE INDEX token_patient ON identity.token (patient_id);

-- Which profession searches by which door: date (birth date and letters), number (INS, IPP), year (no whole date). From gate/rules.py.
CREATE TABLE gate.search_door (
    profession text, door text CHECK (door IN ('date', 'number', 'year')), allowed boolean NOT NULL, reason text NOT NULL,
    PRIMARY KEY (profession, door)
);

-- Shown as known here, nothing more. Whom no act of that day explains is owed, from the account's next search on.
CREATE TABLE gate.confirmed (
    account uuid, patient_id uuid, at timestamptz NOT NULL, PRIMARY KEY (account, patient_id)
);

CREATE TYPE gate.search_answer AS (
    code text, shown uuid[], linked uuid[], "full" int, near int, masked int, actor accounts.actor, entry audit.entry
);

ALTER TABLE gate.purse DROP CONSTRAINT purse_class_check;
ALTER TABLE gate.purse ADD CONSTRAINT purse_class_check CHECK (class IN ('linked', 'unlinked', 'confirmed', 'owed', 'search'));

-- Brings a purse to now, locked until the transaction ends.
CREATE FUNCTION gate.purse_now(a accounts.actor, p_class text) RETURNS gate.purse
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE p gate.purse; v_now timestamptz;
BEGIN
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
    p.at := v_now;
    RETURN p;
END $$;

-- p_count more at once, last seen at p_seen (NULL: never).
CREATE FUNCTION gate.purse_move(p gate.purse, p_seen timestamptz, p_count int) RETURNS gate.purse
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    p.ring_minute := gate.ring_move(p.ring_minute, 5, p_seen, p.at, p_count);
    p.ring_hour := gate.ring_move(p.ring_hour, 300, p_seen, p.at, p_count);
    p.ring_day := gate.ring_move(p.ring_day, 3600, p_seen, p.at, p_count);
    p.ring_month := gate.ring_move(p.ring_month, 86400, p_seen, p.at, p_count);
    RETURN p;
END $$;

-- Which of its four limits a class has passed: minute, hour, day, month; NULL when none.
CREATE FUNCTION gate.passed(p gate.purse) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT clock FROM (VALUES
        (1, 'minute', (SELECT sum(x) FROM unnest(p.ring_minute) x)), (2, 'hour', (SELECT sum(x) FROM unnest(p.ring_hour) x)),
        (3, 'day', (SELECT sum(x) FROM unnest(p.ring_day) x)), (4, 'month', (SELECT sum(x) FROM unnest(p.ring_month) x))
    ) c (place, clock, total) WHERE total > gate.limit_of(p.class || '_' || clock) ORDER BY place DESC LIMIT 1
$$;

CREATE FUNCTION gate.keep(p gate.purse) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE gate.purse SET at = p.at, ring_minute = p.ring_minute, ring_hour = p.ring_hour, ring_day = p.ring_day,
           ring_month = p.ring_month
     WHERE account = p.account AND profession = p.profession AND site = p.site AND class = p.class
$$;

-- Spends distinct persons of a class under its limits; over one, nothing is spent and its clock is told. NULL: spent.
-- With p_forced, spent whatever the limits.
CREATE FUNCTION gate.spend_within(a accounts.actor, p_class text, p_ids uuid[], p_forced boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE p gate.purse; g record; v_passed text;
BEGIN
    IF cardinality(p_ids) = 0 THEN RETURN NULL; END IF;
    p := gate.purse_now(a, p_class);
    FOR g IN SELECT s.at, count(*)::int AS persons FROM unnest(p_ids) i
               LEFT JOIN gate.seen s ON s.account = a.account AND s.profession = a.profession AND s.site = a.site
                    AND s.class = p_class AND s.patient_id = i GROUP BY s.at LOOP
        p := gate.purse_move(p, g.at, g.persons);
    END LOOP;
    v_passed := gate.passed(p);
    IF v_passed IS NOT NULL AND NOT p_forced THEN RETURN v_passed; END IF;
    PERFORM gate.keep(p);
    INSERT INTO gate.seen (account, profession, site, class, patient_id, at)
    SELECT a.account, a.profession, a.site, p_class, i, p.at FROM unnest(p_ids) i
    ON CONFLICT (account, profession, site, class, patient_id) DO UPDATE SET at = excluded.at;
    RETURN NULL;
END $$;

CREATE FUNCTION gate.linked_among(a accounts.actor, p_ids uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT k.patient_id), '{}') FROM gate.link k
     WHERE k.patient_id = ANY (p_ids) AND (k.unit = ANY (a.units) OR k.account = a.account)
       AND k.since <= clock_timestamp() AND (k.until IS NULL OR k.until > clock_timestamp())
$$;

CREATE FUNCTION gate.no_search(a accounts.actor, p_code text, p_door text) RETURNS gate.search_answer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.search_answer;
BEGIN
    r.entry := audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', ARRAY['identity'], '{}', 'search',
                            'search', 'refused', p_code, p_door, NULL, NULL);
    r.code := p_code; r.actor := a; r.shown := '{}'; r.linked := '{}'; r.full := 0; r.near := 0; r.masked := 0;
    RETURN r;
END $$;

-- Before anything is looked for: a live session, a profession that searches by this door, a pace that a person keeps.
CREATE FUNCTION gate.may_search(p_session uuid, p_account uuid, p_door text) RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.search_answer; p gate.purse; v_passed text;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.no_search(a, a.state, p_door); END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.search_door d WHERE d.profession = a.profession AND d.door = p_door AND d.allowed) THEN
        RETURN gate.no_search(a, 'search_closed', p_door);
    END IF;
    p := gate.purse_move(gate.purse_now(a, 'search'), NULL, 1);
    v_passed := gate.passed(p);
    IF v_passed IS NOT NULL THEN RETURN gate.no_search(a, 'search_pace_' || v_passed, p_door); END IF;
    PERFORM gate.keep(p);
    r.code := 'ok'; r.actor := a;
    RETURN r;
END $$;

-- Earlier days' confirmed persons whom no act followed that day are owed: counted, without a limit until the debt has one (a desk
-- that answers the telephone confirms people all day and writes nothing here).
CREATE FUNCTION gate.settle_confirmed(a accounts.actor) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_owed uuid[]; v_midnight timestamptz := date_trunc('day', clock_timestamp(), 'Europe/Paris');
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.confirmed c WHERE c.account = a.account AND c.at < v_midnight) THEN RETURN; END IF;
    WITH gone AS (DELETE FROM gate.confirmed c WHERE c.account = a.account AND c.at < v_midnight RETURNING c.patient_id, c.at)
    SELECT coalesce(array_agg(g.patient_id), '{}') INTO v_owed FROM gone g
     WHERE NOT EXISTS (SELECT 1 FROM audit.entry e WHERE e.ids @> ARRAY[g.patient_id] AND e.kind IN ('act', 'link', 'break_glass', 'join_team')
                         AND e.at >= g.at AND e.at < date_trunc('day', g.at, 'Europe/Paris') + interval '1 day');
    PERFORM gate.spend_within(a, 'owed', v_owed, true);
END $$;

-- What a search shows, decided, spent and written before it is shown. p_ids in order of likeness; p_class of each:
--   confirmed  name, first name and date were typed, exactly      full    sure on what was typed, but shows more than that
--   near       like, not sure: shown by one more act (p_unmask)   masked  no whole date: one trait more is asked for
-- People in care are shown and cost nothing. Over search_full sure ones, none is shown until more is typed.
CREATE FUNCTION gate.searched(p_session uuid, p_account uuid, p_door text, p_domain text, p_ids uuid[], p_class text[],
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

-- New people with the tokens they will be found by, sorted by value so that their order in the file tells nothing.
CREATE FUNCTION gate.open_new(p_session uuid, p_account uuid, p_new uuid[], p_subject int[], p_token bigint[],
                              p_purpose text, p_read text[], p_write text[], p_nonce bytea, p_ticket_hash bytea,
                              p_found_subject int[], p_found_token bigint[])
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.answer;
BEGIN
    r := gate.open_new(p_session, p_account, p_new, p_subject, p_token, p_purpose, p_read, p_write, p_nonce, p_ticket_hash);
    IF r.code = 'ok' AND 'identity' = ANY (r.writes) THEN
        INSERT INTO identity.token (token, patient_id)
        SELECT DISTINCT x.token, r.ids[x.subject] FROM unnest(p_found_subject, p_found_token) x (subject, token)
         WHERE r.ids[x.subject] IS NOT NULL ORDER BY 1
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN r;
END $$;

-- Tokens of changed traits, added first (the old ones stay with the value history), under an opening that writes identity.
CREATE FUNCTION gate.spread(p_session uuid, p_account uuid, p_opening bigint, p_patient uuid, p_token bigint[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); e record;
BEGIN
    PERFORM pg_current_xact_id();
    IF a.state <> 'live' THEN RETURN a.state; END IF;
    SELECT x.ids, x.writes, x.purpose, x.basis, x.unit INTO e FROM audit.entry x JOIN gate.lease l ON l.opening = x.id
     WHERE x.id = p_opening AND x.session = p_session AND l.session = p_session AND l.until > clock_timestamp();
    IF NOT FOUND THEN RETURN 'opening_ended'; END IF;
    IF NOT (p_patient = ANY (e.ids) AND 'identity' = ANY (e.writes)) OR cardinality(p_token) > 400 THEN RETURN 'category_closed'; END IF;
    INSERT INTO identity.token (token, patient_id) SELECT DISTINCT t, p_patient FROM unnest(p_token) t ORDER BY 1
    ON CONFLICT DO NOTHING;
    PERFORM audit.append('act', a.account, a.session, a.profession, a.site, e.unit, ARRAY[p_patient], '{}', ARRAY['identity'],
                         e.purpose, e.basis, 'done', 'identity:token:add', NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- Who opened this record, or was shown this person by a search. Otherwise as before.
CREATE OR REPLACE FUNCTION door.openings_of(p_patient uuid)
RETURNS TABLE (at timestamptz, kind text, account uuid, name text, profession text, units uuid[], purpose text, basis text, reads text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN
        RAISE EXCEPTION 'not an opened patient' USING ERRCODE = 'EG003';
    END IF;
    RETURN QUERY
    SELECT e.at, e.kind, e.account, c.name, e.profession,
           CASE WHEN e.unit IS NOT NULL THEN ARRAY[e.unit] ELSE
               (SELECT array_agg(m.unit) FROM accounts.membership m
                 WHERE m.account = e.account AND m.profession = e.profession AND m.unit IS NOT NULL
                   AND m.since <= e.at AND (m.until IS NULL OR m.until > e.at)) END,
           e.purpose, e.basis, e.reads
      FROM audit.entry e LEFT JOIN accounts.account c ON c.id = e.account
     WHERE e.ids @> ARRAY[p_patient] AND e.kind IN ('open', 'open_new', 'refuse', 'search')
     ORDER BY e.id DESC LIMIT 500;
END $$;

-- Nobody ever signed in: only then may a demo's tokens leave the keeper, for COPY.
CREATE FUNCTION gate.untouched() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT 1 FROM accounts.session s WHERE s.grade <> 'application')
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA gate, identity FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gate FROM PUBLIC;
GRANT USAGE ON SCHEMA identity TO keeper;
REVOKE EXECUTE ON FUNCTION gate.open_new(uuid, uuid, uuid[], int[], bigint[], text, text[], text[], bytea, bytea) FROM keeper;
GRANT EXECUTE ON FUNCTION gate.may_search(uuid, uuid, text), gate.untouched(),
    gate.searched(uuid, uuid, text, text, uuid[], text[], boolean, int), gate.spread(uuid, uuid, bigint, uuid, bigint[]),
    gate.open_new(uuid, uuid, uuid[], int[], bigint[], text, text[], text[], bytea, bytea, int[], bigint[]) TO keeper;

SET LOCAL ROLE owner;
