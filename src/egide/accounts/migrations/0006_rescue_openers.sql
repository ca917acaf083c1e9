-- Who opens a rescue session: any administrator of the group (there are fewer than sites), the cadre or chief of one of the person's
-- units, the administrateur de garde of her site. Who confirms is of the site of the person, where she is known.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION accounts.rescue_need(a accounts.actor, p_target uuid) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN a.state = 'live' AND a.kind = 'person' AND a.grade = 'strong' AND a.account <> p_target
                 AND accounts.roles_in(a, jsonb_build_object('account', p_target)) && ARRAY['administrator', 'head', 'guard']
                 AND EXISTS (SELECT 1 FROM accounts.account c JOIN accounts.membership m ON m.account = c.id
                              WHERE c.id = p_target AND c.kind = 'person' AND c.ended_at IS NULL AND c.suspended_at IS NULL
                                AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
                THEN 2 END
$$;

CREATE OR REPLACE FUNCTION accounts.open_rescue(p_act uuid, p_id uuid, p_target uuid, p_reason text, p_secret bytea, p_until timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; a accounts.actor; e audit.entry; v_yes uuid[]; v_need int; v_code text := 'ok'; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO t FROM accounts.act WHERE id = p_act AND kind = 'open_rescue' FOR UPDATE;
    PERFORM 1 FROM accounts.account WHERE id = p_target FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    a := accounts.actor_of(t.session, t.account);
    v_need := accounts.rescue_need(a, p_target);
    SELECT coalesce(array_agg(v.account ORDER BY v.place), '{}') INTO v_yes FROM accounts.approval v WHERE v.act = p_act;
    IF a.state IS DISTINCT FROM 'live' THEN v_code := coalesce(a.state, 'session_ended');
    ELSIF t.done_at IS NOT NULL OR t.expires_at <= v_now THEN v_code := 'act_ended';
    ELSIF v_need IS NULL THEN v_code := 'unknown_colleague';
    ELSIF NOT t.account = ANY (v_yes) THEN v_code := 'not_approved';
    ELSIF p_target = ANY (v_yes) OR EXISTS (SELECT 1 FROM unnest(v_yes) i JOIN accounts.account c ON c.id = i
            WHERE i <> t.account AND c.site <> (SELECT p.site FROM accounts.account p WHERE p.id = p_target))
        THEN v_code := 'not_a_witness';
    ELSIF cardinality(v_yes) < v_need THEN RETURN 'colleague_needed';
    END IF;
    IF v_code <> 'ok' THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'open_rescue', NULL,
                             'refused', v_code, p_act::text, NULL, NULL);
        RETURN v_code;
    END IF;
    PERFORM accounts.close_rescue(p_target, 'reopened');
    e := audit.append('open_rescue', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'open_rescue', NULL, 'done',
                      p_reason, p_target::text, NULL, NULL);
    INSERT INTO accounts.rescue (id, account, act, opened_by, reason, secret, since, until)
    VALUES (p_id, p_target, p_act, a.account, p_reason, p_secret, v_now, least(p_until, v_now + interval '24 hours'));
    INSERT INTO gate.notice (account, kind, entry, by_account) VALUES (p_target, 'rescue_opened', e.id, a.account);
    UPDATE accounts.act SET done_at = v_now WHERE id = p_act;
    RETURN 'ok';
END $$;

-- Whether the page offers to open one; each opening is decided anew.
CREATE FUNCTION door.opens_rescues() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN a.grade = 'strong' AND (a.profession = 'administrator' OR EXISTS (
        SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind IN ('cadre', 'chief', 'guard')
           AND r.since <= clock_timestamp() AND (r.until IS NULL OR r.until > clock_timestamp())));
END $$;

REVOKE ALL ON FUNCTION door.opens_rescues() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.opens_rescues() TO web;

SET LOCAL ROLE owner;
