-- Workstations are enrolled and ended by acts of one person; several people's sessions wait at one, and each is taken up by its owner.
SET LOCAL ROLE gatekeeper;

ALTER TABLE accounts.workstation ADD COLUMN act uuid REFERENCES accounts.act;

-- body: account (the workstation's id: whom or what an act is about), site, name, place, point and mac (hexadecimal; the keeper adds mac).
CREATE FUNCTION accounts.do_enrol_station(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; v_id uuid := (b->>'account')::uuid; v_name text := btrim(coalesce(b->>'name', '')); v_point bytea;
BEGIN
    IF v_name = '' OR char_length(v_name) > 60 OR char_length(coalesce(b->>'place', '')) > 80 THEN RETURN 'bad_name'; END IF;
    IF coalesce(b->>'point', '') !~ '^0[23][0-9a-f]{64}$' OR coalesce(b->>'mac', '') !~ '^[0-9a-f]{64}$' THEN RETURN 'no_machine_key'; END IF;
    IF NOT EXISTS (SELECT 1 FROM public.directory_site s WHERE s.id = nullif(b->>'site', '')::uuid) THEN RETURN 'bad_site'; END IF;
    v_point := decode(b->>'point', 'hex');
    IF EXISTS (SELECT 1 FROM accounts.workstation w WHERE w.point = v_point AND w.ended_at IS NULL) THEN RETURN 'station_known'; END IF;
    IF EXISTS (SELECT 1 FROM accounts.workstation w WHERE w.site = (b->>'site')::uuid AND accounts.plain(w.name) = accounts.plain(v_name)
                 AND w.ended_at IS NULL) THEN RETURN 'station_name_taken'; END IF;
    IF EXISTS (SELECT 1 FROM accounts.workstation w WHERE w.id = v_id) THEN RETURN 'act_ended'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    INSERT INTO accounts.workstation (id, site, name, place, point, mac, enrolled_by, act)
    VALUES (v_id, (b->>'site')::uuid, v_name, coalesce(b->>'place', ''), v_point, decode(b->>'mac', 'hex'), t.account, t.id);
    PERFORM accounts.write_down(t, 'station', 'enrolled', NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- Ends it, and every session that sits there.
CREATE FUNCTION accounts.do_end_station(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; w accounts.workstation; v_now timestamptz;
BEGIN
    SELECT * INTO w FROM accounts.workstation x WHERE x.id = (b->>'account')::uuid FOR UPDATE;
    IF w.id IS NULL OR w.site::text IS DISTINCT FROM b->>'site' THEN RETURN 'unknown_station'; END IF;
    IF w.ended_at IS NOT NULL THEN RETURN 'already_ended_here'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    v_now := clock_timestamp();
    UPDATE accounts.workstation SET ended_at = v_now WHERE id = w.id;
    UPDATE accounts.session SET ended_at = v_now, end_reason = 'station_ended' WHERE workstation = w.id AND ended_at IS NULL;
    PERFORM accounts.write_down(t, 'station', 'ended', NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- The living workstation whose browser showed this key; the keeper compares the mac.
CREATE FUNCTION accounts.workstation_of(p_point bytea) RETURNS TABLE (id uuid, site uuid, name text, mac bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.id, w.site, w.name, w.mac FROM accounts.workstation w WHERE w.point = p_point AND w.ended_at IS NULL
$$;

-- A session that has just begun sits at a workstation. Past `station_sessions` people, whose wait is longest ends.
CREATE FUNCTION accounts.sit(p_session uuid, p_workstation uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz; s record;
BEGIN
    PERFORM 1 FROM accounts.workstation WHERE id = p_workstation AND ended_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    v_now := clock_timestamp();
    UPDATE accounts.workstation SET used_at = v_now WHERE id = p_workstation;
    UPDATE accounts.session SET workstation = p_workstation, locks_at = v_now + accounts.idle(p_workstation),
           device = left((SELECT w.name FROM accounts.workstation w WHERE w.id = p_workstation) || ' · ' || device, 120)
     WHERE id = p_session AND ended_at IS NULL AND locks_at > v_now;
    FOR s IN SELECT x.id, x.account, x.profession FROM accounts.session x
              WHERE x.workstation = p_workstation AND x.id <> p_session AND x.ended_at IS NULL AND x.expires_at > v_now
              ORDER BY x.locks_at DESC OFFSET gate.limit_of('station_sessions')::int - 1 LOOP
        UPDATE accounts.session SET ended_at = v_now, end_reason = 'station_full' WHERE id = s.id;
        PERFORM audit.append('revoke', s.account, s.id, s.profession, NULL, NULL, '{}', '{}', '{}', NULL, NULL, 'ok', 'station_full',
                             s.id::text, NULL, NULL);
    END LOOP;
END $$;

-- The session that this browser had until now: it ends; but another person's, at the same workstation, is locked and waits for her.
CREATE FUNCTION accounts.give_way(p_former uuid, p_account uuid, p_new uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_former = p_new THEN RETURN; END IF;
    IF EXISTS (SELECT 1 FROM accounts.session f JOIN accounts.session n ON n.workstation = f.workstation AND n.account <> f.account
                WHERE f.id = p_former AND n.id = p_new AND n.ended_at IS NULL) THEN
        PERFORM accounts.lock_session(p_former, p_account, 'change');
    ELSE
        PERFORM accounts.end_session(p_former, p_account, NULL);
    END IF;
END $$;

-- Who waits at a workstation, longest first: whose session is locked, and which keys take it up.
CREATE FUNCTION accounts.waiting_at(p_workstation uuid)
RETURNS TABLE (session uuid, account uuid, ticket_hash bytea, name text, username text, profession text, touch boolean, credentials bytea[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.account, s.ticket_hash, a.name, a.username, a.profession, accounts.touch_opens(s),
           coalesce((SELECT array_agg(k.credential_id) FROM accounts.key k
                      WHERE k.account = s.account AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())), '{}')
      FROM accounts.session s, LATERAL accounts.actor_of(s.id, s.account) a
     WHERE s.workstation = p_workstation AND s.ended_at IS NULL AND s.grade = 'strong' AND a.state = 'session_locked'
     ORDER BY s.locks_at, s.id LIMIT 12
$$;

-- The living session of this account at this workstation, if she has one.
CREATE FUNCTION accounts.session_at(p_workstation uuid, p_account uuid) RETURNS TABLE (id uuid, ticket_hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.ticket_hash FROM accounts.session s, LATERAL accounts.actor_of(s.id, s.account) a
     WHERE s.workstation = p_workstation AND s.account = p_account AND s.ended_at IS NULL AND s.grade = 'strong'
       AND a.state IN ('live', 'session_locked') ORDER BY s.created_at DESC LIMIT 1
$$;

-- Its owner takes it up again: opened as by `reopen`, and bound from now on to the key that her browser has just made.
CREATE FUNCTION accounts.take_up(p_workstation uuid, p_session uuid, p_account uuid, p_key uuid, p_count bigint, p_verified boolean, p_point bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_code text;
BEGIN
    PERFORM pg_current_xact_id();
    PERFORM 1 FROM accounts.session WHERE id = p_session AND account = p_account AND workstation = p_workstation FOR UPDATE;
    IF NOT FOUND THEN RETURN 'session_ended'; END IF;
    v_code := accounts.reopen(p_session, p_account, p_key, p_count, p_verified);
    IF v_code = 'ok' THEN
        UPDATE accounts.session SET point = p_point WHERE id = p_session;
        UPDATE accounts.workstation SET used_at = clock_timestamp() WHERE id = p_workstation;
    END IF;
    RETURN v_code;
END $$;

-- A request's proof was presented again: whoever copied it got nothing; the session's owner is told, once a day at most.
CREATE OR REPLACE FUNCTION accounts.unproven(p_session uuid, p_account uuid, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}',
                         NULL, NULL, 'refused', p_reason, NULL, NULL, NULL);
    IF p_reason = 'proof_used' AND a.kind = 'person' AND NOT EXISTS (
        SELECT 1 FROM accounts.notice n WHERE n.account = p_account AND n.kind = 'session_copied'
           AND n.at > clock_timestamp() - interval '1 day') THEN
        PERFORM accounts.tell(ARRAY[p_account], 'session_copied', p_account, NULL, NULL);
    END IF;
END $$;

-- Sessions bound to another key than their cookie's first: a keeper that starts learns them.
CREATE FUNCTION accounts.rebound() RETURNS TABLE (session uuid, point bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.point FROM accounts.session s WHERE s.point IS NOT NULL AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
$$;
CREATE INDEX ON accounts.session (expires_at) WHERE point IS NOT NULL AND ended_at IS NULL;

-- For the renewal of the key that marks them: living workstations that somebody's key approved.
CREATE FUNCTION accounts.stations_marked() RETURNS TABLE (id uuid, site uuid, point bytea, mac bytea, told boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.id, w.site, w.point, w.mac, EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = w.act)
      FROM accounts.workstation w WHERE w.ended_at IS NULL ORDER BY w.id
$$;
CREATE FUNCTION accounts.remark_stations(p_id uuid[], p_old bytea[], p_new bytea[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE accounts.workstation w SET mac = x.new FROM unnest(p_id, p_old, p_new) x (id, old, new) WHERE w.id = x.id AND w.mac = x.old;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- Workstations of the sites that the reader answers for, by name; one row without id when there is none, or when it is refused.
CREATE FUNCTION door.workstations(p_site uuid)
RETURNS TABLE (code text, id uuid, site uuid, name text, place text, enrolled_at timestamptz, enrolled_by text, used_at timestamptz,
               ended_at timestamptz, sessions int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); s record := accounts.sees(a);
BEGIN
    code := 'ok';
    IF NOT (s.everybody OR cardinality(s.sites) > 0) OR NOT (s.everybody OR p_site IS NULL OR p_site = ANY (s.sites)) THEN
        code := accounts.refuse_act(a, 'station', NULL, NULL, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'ok', w.id, w.site, w.name, w.place, w.enrolled_at, c.name, w.used_at, w.ended_at,
           (SELECT count(*)::int FROM accounts.session x WHERE x.workstation = w.id AND x.ended_at IS NULL AND x.expires_at > clock_timestamp())
      FROM accounts.workstation w JOIN accounts.account c ON c.id = w.enrolled_by
     WHERE (s.everybody OR w.site = ANY (s.sites)) AND (p_site IS NULL OR w.site = p_site)
       AND (w.ended_at IS NULL OR w.ended_at > clock_timestamp() - interval '30 days')
     ORDER BY w.ended_at IS NOT NULL, accounts.plain(w.name), w.id LIMIT 500;
    IF NOT FOUND THEN RETURN NEXT; END IF;
END $$;

REVOKE ALL ON FUNCTION accounts.do_enrol_station(accounts.act, boolean), accounts.do_end_station(accounts.act, boolean),
    accounts.workstation_of(bytea), accounts.sit(uuid, uuid), accounts.give_way(uuid, uuid, uuid), accounts.waiting_at(uuid),
    accounts.session_at(uuid, uuid), accounts.take_up(uuid, uuid, uuid, uuid, bigint, boolean, bytea), accounts.rebound(),
    accounts.stations_marked(), accounts.remark_stations(uuid[], bytea[], bytea[]), door.workstations(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.workstation_of(bytea), accounts.sit(uuid, uuid), accounts.give_way(uuid, uuid, uuid),
    accounts.waiting_at(uuid), accounts.session_at(uuid, uuid), accounts.take_up(uuid, uuid, uuid, uuid, bigint, boolean, bytea),
    accounts.rebound(), accounts.stations_marked(), accounts.remark_stations(uuid[], bytea[], bytea[]) TO keeper;
GRANT EXECUTE ON FUNCTION door.workstations(uuid) TO web;

SET LOCAL ROLE owner;
