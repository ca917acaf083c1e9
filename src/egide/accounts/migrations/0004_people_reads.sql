-- What pages about people read, and the two acts that take no key: refusing an act, and having read a notice.
SET LOCAL ROLE gatekeeper;

-- Whose staff an actor sees: everybody's for an office, a cadre's and a chief's own units, a guard's own site.
CREATE FUNCTION accounts.sees(a accounts.actor, OUT everybody boolean, OUT units uuid[], OUT sites uuid[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp();
BEGIN
    everybody := EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession);
    SELECT coalesce(array_agg(r.unit_id) FILTER (WHERE r.kind <> 'guard'), '{}'), coalesce(array_agg(r.site_id) FILTER (WHERE r.kind = 'guard'), '{}')
      INTO units, sites FROM public.directory_responsibility r
     WHERE r.professional_id = a.account AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now);
END $$;

CREATE FUNCTION accounts.sees_person(a accounts.actor, p_about uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.everybody OR accounts.current_units(p_about) && s.units
        OR EXISTS (SELECT 1 FROM accounts.account c WHERE c.id = p_about AND c.site = ANY (s.sites)) FROM accounts.sees(a) s
$$;

-- Whether somebody finds the staff in her menu: an office, or who answers for a unit or a site today.
CREATE FUNCTION door.sees_staff() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE s record := accounts.sees(gate.acting());
BEGIN
    RETURN s.everybody OR cardinality(s.units) > 0 OR cardinality(s.sites) > 0;
END $$;

-- The people who work here, by name, fifty a page; `total` answers in all. state: working, waiting (not yet), suspended, ended.
-- One row without account when nobody answers, or when it is refused: `code` tells.
CREATE FUNCTION door.staff(p_text text, p_profession text, p_site uuid, p_unit uuid, p_state text, p_page int)
RETURNS TABLE (code text, total int, account uuid, username text, name text, profession text, site uuid, units uuid[], state text, keys int, duties text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); s record := accounts.sees(a); v_now timestamptz := clock_timestamp();
BEGIN
    code := 'ok';
    IF NOT (s.everybody OR cardinality(s.units) > 0 OR cardinality(s.sites) > 0) THEN
        code := accounts.refuse_act(a, 'staff', NULL, NULL, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
    WITH held AS (
        SELECT m.account AS id, min(m.profession) FILTER (WHERE m.since <= v_now AND (m.until IS NULL OR m.until > v_now)) AS now,
               min(m.profession) AS ever, bool_or(m.since > v_now) AS later,
               array_agg(DISTINCT m.unit) FILTER (WHERE m.unit IS NOT NULL AND (m.until IS NULL OR m.until > v_now)) AS units
          FROM accounts.membership m GROUP BY m.account
    ), one AS (
        SELECT c.id, c.username, c.name, coalesce(h.now, h.ever) AS profession, c.site, coalesce(h.units, '{}') AS units,
               CASE WHEN c.ended_at IS NOT NULL THEN 'ended' WHEN c.suspended_at IS NOT NULL THEN 'suspended'
                    WHEN h.now IS NOT NULL THEN 'working' WHEN h.later THEN 'waiting' ELSE 'none' END AS state,
               coalesce(p.family, c.name) AS family
          FROM accounts.account c LEFT JOIN held h ON h.id = c.id LEFT JOIN public.directory_professional p ON p.id = c.id
         WHERE c.kind = 'person'
           AND (s.everybody OR c.site = ANY (s.sites) OR h.units && s.units)
           AND NOT EXISTS (SELECT 1 FROM unnest(string_to_array(accounts.plain(left(coalesce(p_text, ''), 80)), ' ')) w
                            WHERE w <> '' AND position(w IN accounts.plain(concat_ws(' ', c.name, c.username, p.rpps))) = 0)
    ), kept AS (
        SELECT x.* FROM one x
         WHERE (p_profession IS NULL OR x.profession = p_profession) AND (p_site IS NULL OR x.site = p_site)
           AND (p_unit IS NULL OR p_unit = ANY (x.units)) AND (p_state IS NULL OR x.state = p_state)
    )
    SELECT 'ok', (SELECT count(*)::int FROM kept), x.id, x.username, x.name, x.profession, x.site, x.units, x.state,
           (SELECT count(*)::int FROM accounts.key k WHERE k.account = x.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > v_now)),
           ARRAY(SELECT r.kind::text FROM public.directory_responsibility r WHERE r.professional_id = x.id AND r.since <= v_now
                   AND (r.until IS NULL OR r.until > v_now) ORDER BY r.kind)
      FROM kept x ORDER BY accounts.plain(x.family), x.name, x.id LIMIT 50 OFFSET 50 * greatest(0, least(p_page, 10000));
    IF NOT FOUND THEN total := 0; RETURN NEXT; END IF;
END $$;

-- One person: account, professions and units with their dates, keys, sessions, responsibilities, acts that wait. As JSON, no patient.
CREATE FUNCTION door.person(p_about uuid) RETURNS TABLE (code text, sheet jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); c accounts.account; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO c FROM accounts.account x WHERE x.id = p_about AND x.kind = 'person';
    IF c.id IS NULL OR NOT accounts.sees_person(a, p_about) THEN
        code := accounts.refuse_act(a, 'staff', NULL, p_about, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    code := 'ok';
    sheet := jsonb_build_object(
        'account', c.id, 'username', c.username, 'name', c.name, 'site', c.site, 'created_at', c.created_at, 'suspended_at', c.suspended_at,
        'ended_at', c.ended_at,
        'rpps', (SELECT p.rpps FROM public.directory_professional p WHERE p.id = c.id),
        'sessions', (SELECT count(*) FROM accounts.session s WHERE s.account = c.id AND s.ended_at IS NULL AND s.expires_at > v_now),
        'memberships', coalesce((SELECT jsonb_agg(jsonb_build_object('id', m.id, 'profession', m.profession, 'unit', m.unit, 'since', m.since,
                                   'until', m.until) ORDER BY m.until IS NOT NULL, m.since DESC, m.id)
                                   FROM accounts.membership m WHERE m.account = c.id), '[]'),
        'keys', coalesce((SELECT jsonb_agg(jsonb_build_object('id', k.id, 'label', k.label, 'created_at', k.created_at, 'revoked_at', k.revoked_at,
                            'expires_at', k.expires_at) ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC)
                            FROM accounts.key k WHERE k.account = c.id), '[]'),
        'duties', coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'kind', r.kind, 'unit', r.unit_id, 'site', r.site_id, 'since', r.since,
                              'until', r.until) ORDER BY r.until IS NOT NULL, r.since DESC)
                              FROM public.directory_responsibility r WHERE r.professional_id = c.id), '[]'),
        'invitation', (SELECT jsonb_build_object('expires_at', i.expires_at) FROM accounts.invitation i
                        WHERE i.account = c.id AND i.used_at IS NULL AND i.expires_at > v_now ORDER BY i.created_at DESC LIMIT 1),
        'roles', accounts.roles_in(a, jsonb_build_object('account', c.id)));
    RETURN NEXT;
END $$;

-- What was done to one account, newest first: granted, ended, handed, lost, enrolled.
CREATE FUNCTION door.person_history(p_about uuid, p_before bigint)
RETURNS TABLE (code text, id bigint, at timestamptz, kind text, verdict text, reason text, purpose text, by_name text, profession text, unit uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT accounts.sees_person(a, p_about) THEN
        code := accounts.refuse_act(a, 'staff', NULL, p_about, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'ok', e.id, e.at, e.kind, e.verdict, e.reason, e.purpose, c.name, CASE e.kind WHEN 'grant' THEN e.profession END, e.unit
      FROM (SELECT x.* FROM audit.entry x WHERE left(x.object, 44) = 'account=' || p_about AND x.kind IN ('person', 'grant', 'key', 'duty')
            UNION SELECT y.* FROM audit.entry y WHERE y.account = p_about AND (y.kind = 'enrol' OR (y.kind = 'grant' AND y.verdict = 'ok'))) e
      LEFT JOIN accounts.account c ON c.id = e.account
     WHERE p_before IS NULL OR e.id < p_before ORDER BY e.id DESC LIMIT 50;
    IF NOT FOUND THEN code := 'ok'; RETURN NEXT; END IF;
END $$;

-- How many persons one account could open now, by basis and unit: numbers, never whom. For an office.
CREATE FUNCTION door.link_counts(p_about uuid) RETURNS TABLE (code text, basis text, unit uuid, persons int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp(); v_units uuid[];
BEGIN
    IF NOT (SELECT s.everybody FROM accounts.sees(a) s) THEN
        code := accounts.refuse_act(a, 'staff', NULL, p_about, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    v_units := accounts.current_units(p_about)
        || ARRAY(SELECT h.unit FROM accounts.shift h WHERE h.account = p_about AND h.since <= v_now AND h.until > v_now);
    RETURN QUERY
    SELECT 'ok', k.basis, k.unit, count(DISTINCT k.patient_id)::int FROM gate.link k
     WHERE (k.unit = ANY (v_units) OR k.account = p_about) AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
     GROUP BY k.basis, k.unit ORDER BY 4 DESC;
    IF NOT FOUND THEN code := 'ok'; RETURN NEXT; END IF;
END $$;

-- Acts that wait: `mine` those I asked for, the others those I may approve.
CREATE FUNCTION door.acts_waiting()
RETURNS TABLE (id uuid, kind text, body text, asked_by uuid, asked_name text, at timestamptz, expires_at timestamptz, mine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT t.id, t.kind, t.body, t.account, c.name, t.created_at, t.expires_at, t.account = a.account
      FROM accounts.act t JOIN accounts.act_kind k ON k.kind = t.kind JOIN accounts.account c ON c.id = t.account
     WHERE t.done_at IS NULL AND t.refused_at IS NULL AND t.expires_at > clock_timestamp() AND k.yeses = 2
       AND EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = t.id)
       AND (t.account = a.account OR (accounts.may_say(a, t.kind, 'yes', t.body::jsonb) AND NOT accounts.concerned(a, t.kind, t.body::jsonb)))
     ORDER BY t.account = a.account, t.expires_at LIMIT 200;
END $$;

-- One act, for who asked it or may approve it. state: to_sign, waiting, done, refused, ended.
CREATE FUNCTION door.act(p_act uuid)
RETURNS TABLE (code text, kind text, body text, asked_name text, at timestamptz, expires_at timestamptz, mine boolean, state text, why_not text, yeses int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t accounts.act; v_given int; p record;
BEGIN
    SELECT * INTO t FROM accounts.act x WHERE x.id = p_act AND x.kind IN (SELECT y.kind FROM accounts.act_kind y);
    IF t.id IS NULL OR NOT (t.account = a.account OR accounts.may_say(a, t.kind, 'yes', t.body::jsonb)) THEN
        code := accounts.refuse_act(a, 'act', p_act, NULL, 'act_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    v_given := (SELECT count(*) FROM accounts.approval v WHERE v.act = t.id);
    p := accounts.place_in(a, t);
    code := 'ok'; kind := t.kind; body := t.body; at := t.created_at; expires_at := t.expires_at; mine := t.account = a.account;
    asked_name := (SELECT c.name FROM accounts.account c WHERE c.id = t.account);
    yeses := (SELECT k.yeses FROM accounts.act_kind k WHERE k.kind = t.kind);
    state := CASE WHEN t.done_at IS NOT NULL THEN 'done' WHEN t.refused_at IS NOT NULL THEN 'refused' WHEN t.expires_at <= clock_timestamp() THEN 'ended'
                  WHEN v_given = 0 THEN 'to_sign' ELSE 'waiting' END;
    why_not := NULLIF(p.code, 'ok');
    RETURN NEXT;
END $$;

-- No: by who asked (she takes it back) or by who could have approved it. Nobody approves it any more.
CREATE FUNCTION door.refuse_act(p_act uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t accounts.act;
BEGIN
    SELECT * INTO t FROM accounts.act x WHERE x.id = p_act FOR UPDATE;
    IF t.id IS NULL OR NOT (t.account = a.account OR (accounts.may_say(a, t.kind, 'yes', t.body::jsonb) AND NOT accounts.concerned(a, t.kind, t.body::jsonb)))
        THEN RETURN accounts.refuse_act(a, 'act', p_act, NULL, 'act_closed'); END IF;
    IF t.done_at IS NOT NULL OR t.refused_at IS NOT NULL THEN RETURN 'act_ended'; END IF;
    UPDATE accounts.act SET refused_at = clock_timestamp(), refused_by = a.account, refusal = CASE WHEN t.account = a.account THEN 'withdrawn' ELSE 'refused' END
     WHERE id = p_act;
    PERFORM audit.append('approval', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', t.kind, NULL,
                         CASE WHEN t.account = a.account THEN 'withdrawn' ELSE 'refused' END, NULL, p_act::text, NULL, NULL);
    IF t.account <> a.account THEN PERFORM accounts.tell(ARRAY[t.account], 'act_refused', (t.body::jsonb->>'account')::uuid, a.account, t.id); END IF;
    RETURN 'ok';
END $$;

CREATE FUNCTION door.my_account_notices()
RETURNS TABLE (id bigint, kind text, about uuid, about_name text, by_name text, act uuid, at timestamptz, read_at timestamptz, mine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT n.id, n.kind, n.about, c.name, b.name, n.act, n.at, n.read_at, n.about = a.account
      FROM accounts.notice n LEFT JOIN accounts.account c ON c.id = n.about LEFT JOIN accounts.account b ON b.id = n.by_account
     WHERE n.account = a.account AND n.at > clock_timestamp() - interval '60 days' ORDER BY n.read_at IS NOT NULL, n.at DESC LIMIT 100;
END $$;

CREATE FUNCTION door.read_account_notice(p_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    UPDATE accounts.notice SET read_at = coalesce(read_at, clock_timestamp()) WHERE id = p_id AND account = a.account;
    RETURN CASE WHEN FOUND THEN 'ok' ELSE 'bad_request' END;
END $$;

GRANT EXECUTE ON FUNCTION door.sees_staff(), door.staff(text, text, uuid, uuid, text, int), door.person(uuid), door.person_history(uuid, bigint),
    door.link_counts(uuid), door.acts_waiting(), door.act(uuid), door.refuse_act(uuid), door.my_account_notices(), door.read_account_notice(bigint) TO web;

SET LOCAL ROLE owner;
