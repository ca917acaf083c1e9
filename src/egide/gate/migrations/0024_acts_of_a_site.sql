-- The plan blanc and a commission's mandate are acts of accounts.act_kind: who asks and who confirms stands in accounts/rules.py alone,
-- and what they do is here (docs/decisions/0043-one-mechanism.md).
SET LOCAL ROLE gatekeeper;

-- A plan blanc begins on the site of the act, for `plan_hours`; DPO and RSSI are told.
CREATE FUNCTION accounts.do_plan_blanc(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(t.session, t.account); v_site uuid := (t.body::jsonb->>'site')::uuid; v_now timestamptz; e audit.entry;
BEGIN
    -- two acts asked for at once begin one plan
    IF NOT p_dry THEN LOCK TABLE gate.plan IN SHARE ROW EXCLUSIVE MODE; END IF;
    IF gate.plan_active(v_site) THEN RETURN 'plan_already'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    v_now := clock_timestamp();
    e := audit.append('plan_blanc', t.account, t.session, a.profession, v_site, NULL, '{}', '{}', '{}', 'plan_blanc', NULL, 'begun', NULL,
                      t.id::text, NULL, NULL);
    INSERT INTO gate.plan (site, act, since, until, entry)
    VALUES (v_site, t.id, v_now, v_now + make_interval(hours => gate.limit_of('plan_hours')::int), e.id);
    PERFORM gate.notify(accounts.holders(ARRAY['dpo', 'rssi']), 'plan_blanc', e.id, NULL, t.account);
    RETURN 'ok';
END $$;

-- A mandate of one commission, on the site of the act, to somebody of a profession that the grid lets serve it; until the end of a day.
CREATE FUNCTION accounts.do_commission(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(t.session, t.account); b jsonb := t.body::jsonb; v_now timestamptz := clock_timestamp();
        v_member uuid := nullif(b->>'account', '')::uuid; v_basis text := 'commission_' || (b->>'commission'); v_until timestamptz; e audit.entry;
BEGIN
    IF coalesce(b->>'commission', '') NOT IN ('infection', 'identity', 'quality') THEN RETURN 'bad_request'; END IF;
    v_until := accounts.instant(b->>'until') + interval '1 day';
    IF v_until IS NULL OR v_until <= v_now OR v_until > v_now + make_interval(days => gate.limit_of('mandate_days')::int + 1) THEN
        RETURN 'mandate_end';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM accounts.membership m JOIN gate.rule u ON u.profession = m.profession AND u.basis = v_basis AND u.allowed
                    WHERE m.account = v_member AND (accounts.working(v_member)).id IS NOT NULL
                      AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)) THEN RETURN 'unknown_colleague'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    e := audit.append('mandate', t.account, t.session, a.profession, (b->>'site')::uuid, NULL, '{}', '{}', '{}', 'commission', v_basis, 'begun',
                      NULL, v_member::text, NULL, NULL);
    INSERT INTO gate.mandate (account, commission, site, act, since, until, entry)
    VALUES (v_member, b->>'commission', (b->>'site')::uuid, t.id, v_now, v_until, e.id);
    PERFORM gate.notify(ARRAY[v_member], 'mandate', e.id, NULL, t.account);
    RETURN 'ok';
END $$;

-- Ended before its time, by one person of the site who could have declared it.
CREATE OR REPLACE FUNCTION gate.end_plan() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT accounts.may_say(a, 'plan_blanc', 'ask', jsonb_build_object('site', a.site)) THEN RETURN 'category_closed'; END IF;
    UPDATE gate.plan SET ended_at = v_now, ended_by = a.account WHERE site = a.site AND ended_at IS NULL AND until > v_now;
    IF NOT FOUND THEN RETURN 'no_plan'; END IF;
    PERFORM audit.append('plan_blanc', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'plan_blanc', NULL, 'ended', NULL,
                         NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- Mandates of my site under way: to those who give them, and to whoever holds one (`mine`).
CREATE OR REPLACE FUNCTION door.mandates() RETURNS TABLE (id bigint, commission text, name text, since timestamptz, until timestamptz, mine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_gives boolean := accounts.may_say(a, 'commission', 'ask', jsonb_build_object('site', a.site));
BEGIN
    RETURN QUERY SELECT m.id, m.commission, c.name, m.since, m.until, m.account = a.account
      FROM gate.mandate m JOIN accounts.account c ON c.id = m.account
     WHERE m.site = a.site AND m.ended_at IS NULL AND m.until > clock_timestamp() AND (m.account = a.account OR v_gives) ORDER BY m.until LIMIT 200;
END $$;

CREATE OR REPLACE FUNCTION gate.end_mandate(p_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); m gate.mandate; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO m FROM gate.mandate x WHERE x.id = p_id AND x.site = a.site FOR UPDATE;
    IF NOT FOUND OR NOT (m.account = a.account OR accounts.may_say(a, 'commission', 'ask', jsonb_build_object('site', a.site))) THEN
        RETURN 'category_closed';
    END IF;
    IF m.ended_at IS NOT NULL OR m.until <= v_now THEN RETURN 'already'; END IF;
    UPDATE gate.mandate SET ended_at = v_now WHERE id = p_id;
    UPDATE gate.link k SET until = greatest(v_now, k.since) WHERE k.account = m.account AND k.basis = 'commission_' || m.commission AND k.until > v_now;
    PERFORM audit.append('mandate', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'commission',
                         'commission_' || m.commission, 'ended', NULL, m.account::text, NULL, NULL);
    RETURN 'ok';
END $$;

DROP FUNCTION door.may_plan();
DROP FUNCTION gate.begin_plan(uuid);
DROP FUNCTION gate.begin_commission(uuid);
DROP FUNCTION gate.may_plan(uuid, uuid);
DROP FUNCTION gate.may_mandate(uuid, uuid);

REVOKE ALL ON FUNCTION accounts.do_plan_blanc(accounts.act, boolean), accounts.do_commission(accounts.act, boolean) FROM PUBLIC;

SET LOCAL ROLE owner;
