-- Who takes an administrator away waits for whoever takes another away: each saw the other one still there, and both of the last two went.
SET LOCAL ROLE gatekeeper;

-- Whether no administrator may be missed but this one (of the group, or of the two that must stay), with nobody being taken away meanwhile:
-- until the end of the transaction the next one who asks waits.
CREATE FUNCTION accounts.must_stay(p_about uuid, p_group_only boolean) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM accounts.office o WHERE o.profession = 'administrator' FOR UPDATE;
    RETURN CASE WHEN p_group_only THEN accounts.last_over_the_group(p_about) ELSE accounts.last_of_office(p_about) END;
END $$;

CREATE OR REPLACE FUNCTION accounts.do_end_membership(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; m accounts.membership; v_until timestamptz;
BEGIN
    IF coalesce(b->>'membership', '') !~ '^[0-9]{1,18}$' THEN RETURN 'bad_request'; END IF;
    SELECT * INTO m FROM accounts.membership x WHERE x.id = (b->>'membership')::bigint AND x.account = (b->>'account')::uuid FOR UPDATE;
    IF m.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF m.until <= clock_timestamp() OR m.since > clock_timestamp() THEN RETURN 'already_ended_here'; END IF;
    IF coalesce(b->>'until', '') <> '' AND accounts.instant(b->>'until') IS NULL THEN RETURN 'bad_date'; END IF;
    IF m.everywhere AND accounts.must_stay(m.account, true) THEN RETURN 'last_of_office'; END IF;
    v_until := coalesce(greatest(accounts.instant(nullif(b->>'until', '')), clock_timestamp()), clock_timestamp());
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.membership SET until = v_until WHERE id = m.id;
    PERFORM accounts.write_down(t, 'grant', 'ended', m.profession, m.unit, NULL);
    PERFORM accounts.tell(ARRAY[m.account], 'membership_ended', m.account, t.account, t.id);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION accounts.do_end_person(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; v_now timestamptz;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = v_about FOR NO KEY UPDATE;
    IF (accounts.working(v_about)).id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF accounts.must_stay(v_about, false) THEN RETURN 'last_of_office'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    v_now := clock_timestamp();
    UPDATE accounts.account SET ended_at = v_now WHERE id = v_about;
    UPDATE accounts.key SET revoked_at = v_now WHERE account = v_about AND revoked_at IS NULL;
    UPDATE accounts.invitation SET expires_at = v_now WHERE account = v_about AND used_at IS NULL AND expires_at > v_now;
    DELETE FROM accounts.membership WHERE account = v_about AND since > v_now;
    UPDATE accounts.membership SET until = v_now WHERE account = v_about AND since < v_now AND (until IS NULL OR until > v_now);
    UPDATE accounts.shift SET until = v_now WHERE account = v_about AND since < v_now AND until > v_now;
    DELETE FROM public.directory_responsibility WHERE professional_id = v_about AND since > v_now;
    UPDATE public.directory_responsibility SET until = v_now WHERE professional_id = v_about AND since < v_now AND (until IS NULL OR until > v_now);
    PERFORM accounts.close_rescue(v_about, 'person_ended');
    PERFORM accounts.end_sessions(v_about, 'person_ended');
    PERFORM accounts.write_down(t, 'person', 'ended', NULL, NULL, NULL);
    PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo']), 'person_ended', v_about, t.account, t.id);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION accounts.do_suspend(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (t.body::jsonb->>'account')::uuid; c accounts.account;
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = v_about FOR NO KEY UPDATE;
    c := accounts.working(v_about);
    IF c.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF c.suspended_at IS NOT NULL THEN RETURN 'already_suspended'; END IF;
    IF accounts.must_stay(v_about, false) THEN RETURN 'last_of_office'; END IF;
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.account SET suspended_at = clock_timestamp() WHERE id = v_about;
    PERFORM accounts.close_rescue(v_about, 'suspended');
    PERFORM accounts.end_sessions(v_about, 'suspended');
    PERFORM accounts.write_down(t, 'person', 'suspended', NULL, NULL, NULL);
    PERFORM accounts.tell(accounts.holders(ARRAY['administrator', 'dpo', 'rssi']) || v_about, 'suspended', v_about, t.account, t.id);
    RETURN 'ok';
END $$;

REVOKE ALL ON FUNCTION accounts.must_stay(uuid, boolean) FROM PUBLIC;

SET LOCAL ROLE owner;
