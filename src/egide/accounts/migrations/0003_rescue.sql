-- The rescue grade: closed to everybody until a second person opens it for one named person, for a day at most
-- (docs/decisions/0017-rescue-grade.md). What such a session may open is decided in gate.
SET LOCAL ROLE gatekeeper;

ALTER TABLE accounts.session DROP CONSTRAINT session_grade_check;
ALTER TABLE accounts.session ADD CONSTRAINT session_grade_check CHECK (grade IN ('strong', 'rescue', 'psc', 'application'));

-- `secret` is sealed by the keeper and bound to this row, its account and its end: moved or prolonged by the base's owner, it
-- opens no more. A step of the clock (30 s) signs in once: `last_step`.
CREATE TABLE accounts.rescue (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts.account,
    act uuid NOT NULL UNIQUE REFERENCES accounts.act,
    opened_by uuid NOT NULL REFERENCES accounts.account,
    reason text NOT NULL CHECK (reason ~ '^[a-z_]{3,40}$'),
    secret bytea NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > since AND until <= since + interval '24 hours'),
    ended_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_rescue_at_a_time ON accounts.rescue (account) WHERE ended_at IS NULL;

-- Codes tried, by the name that was typed, whoever it names: the answer is the same whether that name has a rescue or not.
-- `known`: from a workstation where this rescue was opened or used; strangers cannot spend its tries.
CREATE TABLE accounts.rescue_try (username text NOT NULL, known boolean NOT NULL, at timestamptz NOT NULL);
CREATE INDEX ON accounts.rescue_try (username, known, at);

-- A rescue session belongs to its rescue, and ends with it at the latest. Its `expires_at` is fifteen minutes after its last use.
ALTER TABLE accounts.session ADD COLUMN rescue uuid REFERENCES accounts.rescue;
ALTER TABLE accounts.session ADD COLUMN over_ids uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE accounts.session ADD CONSTRAINT rescue_has_its_rescue CHECK ((grade = 'rescue') = (rescue IS NOT NULL));

-- How many keys an account needs to open a rescue for another: NULL, none would do. An administrator reads no patient: alone, he
-- would become whom he opens it for; a colleague present confirms with his own key.
CREATE FUNCTION accounts.rescue_need(a accounts.actor, p_target uuid) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN a.state = 'live' AND a.kind = 'person' AND a.grade = 'strong' AND a.account <> p_target
                 AND a.profession = 'administrator'
                 AND EXISTS (SELECT 1 FROM accounts.account c JOIN accounts.membership m ON m.account = c.id
                              WHERE c.id = p_target AND c.kind = 'person' AND c.ended_at IS NULL AND c.site = a.site
                                AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
                THEN 2 END
$$;

-- Whom a typed name is, for somebody who may open her rescue; else a code.
CREATE FUNCTION accounts.rescue_named(p_session uuid, p_account uuid, p_username text)
RETURNS TABLE (code text, account uuid, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); c accounts.account;
BEGIN
    SELECT * INTO c FROM accounts.account x WHERE x.username = p_username AND x.kind = 'person';
    RETURN QUERY SELECT CASE WHEN a.state <> 'live' THEN a.state WHEN a.grade <> 'strong' THEN 'rescue_closed'
                             WHEN c.id = a.account THEN 'same_person' WHEN accounts.rescue_need(a, c.id) IS NULL THEN 'unknown_colleague'
                             ELSE 'ok' END, c.id, c.name;
END $$;

-- One try of a code, counted before it is looked at: parallel tries count one after the other. Five in fifteen minutes from known
-- workstations, five from all the others together. It blocks this door only: a key is never counted here.
CREATE FUNCTION accounts.rescue_try(p_username text, p_device boolean)
RETURNS TABLE (code text, id uuid, account uuid, secret bytea, until timestamptz, last_step bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r accounts.rescue; v_account uuid; v_now timestamptz; v_known boolean;
BEGIN
    SELECT c.id INTO v_account FROM accounts.account c WHERE c.username = p_username AND c.kind = 'person' AND c.ended_at IS NULL;
    -- one lock for whoever types this name, known or not
    LOCK TABLE accounts.rescue_try IN SHARE ROW EXCLUSIVE MODE;
    v_now := clock_timestamp();
    SELECT * INTO r FROM accounts.rescue x WHERE x.account = v_account AND x.ended_at IS NULL AND x.until > v_now;
    v_known := p_device;
    DELETE FROM accounts.rescue_try t WHERE t.at <= v_now - interval '1 day';
    IF (SELECT count(*) FROM accounts.rescue_try t WHERE t.username = p_username AND t.known = v_known
           AND t.at > v_now - interval '15 minutes') >= 5 THEN
        PERFORM audit.append('sign_in_refused', v_account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', 'rescue', NULL, 'refused',
                             'rescue_tries', NULL, NULL, NULL);
        RETURN QUERY SELECT 'rescue_tries', NULL::uuid, v_account, NULL::bytea, NULL::timestamptz, NULL::bigint;
        RETURN;
    END IF;
    INSERT INTO accounts.rescue_try VALUES (p_username, v_known, v_now);
    IF r.id IS NULL THEN
        RETURN QUERY SELECT 'rescue_refused', NULL::uuid, v_account, NULL::bytea, NULL::timestamptz, NULL::bigint;
    ELSE
        RETURN QUERY SELECT 'ok', r.id, r.account, r.secret, r.until, r.last_step;
    END IF;
END $$;

-- A rescue session, after the keeper verified the code of step p_step. A step that served, or an earlier one, is a replay.
-- The owner is told, under every session of hers.
CREATE FUNCTION accounts.begin_rescue(p_session uuid, p_rescue uuid, p_step bigint, p_known boolean, p_device text, p_ticket_hash bytea)
RETURNS accounts.actor
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r accounts.rescue; v_profession text; a accounts.actor; v_now timestamptz; e audit.entry;
BEGIN
    SELECT * INTO r FROM accounts.rescue WHERE id = p_rescue FOR UPDATE;
    v_now := clock_timestamp();
    SELECT m.profession INTO v_profession FROM accounts.membership m
     WHERE m.account = r.account AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)
     ORDER BY m.since DESC, m.id LIMIT 1;
    IF r.ended_at IS NOT NULL OR r.until <= v_now OR p_step <= r.last_step OR v_profession IS NULL THEN
        PERFORM audit.append('sign_in_refused', r.account, NULL, v_profession, NULL, NULL, '{}', '{}', '{}', 'rescue', NULL, 'refused',
                             CASE WHEN p_step <= r.last_step THEN 'rescue_replayed' ELSE 'rescue_refused' END, p_rescue::text, NULL, NULL);
        a.account := r.account; a.state := 'rescue_refused';
        RETURN a;
    END IF;
    UPDATE accounts.rescue SET last_step = p_step WHERE id = p_rescue;
    DELETE FROM accounts.rescue_try t USING accounts.account c WHERE c.id = r.account AND t.username = c.username AND t.known = p_known;
    INSERT INTO accounts.session (id, account, profession, grade, device, ticket_hash, expires_at, rescue)
    VALUES (p_session, r.account, v_profession, 'rescue', left(p_device, 120), p_ticket_hash,
            least(v_now + interval '15 minutes', r.until), p_rescue);
    a := accounts.actor_of(p_session, r.account);
    e := audit.append('sign_in', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'rescue', NULL, 'ok', NULL,
                      p_rescue::text, NULL, NULL);
    INSERT INTO gate.notice (account, kind, entry, by_account) VALUES (r.account, 'rescue_used', e.id, r.account);
    RETURN a;
END $$;

-- Fifteen more minutes for a rescue session that was used, written at most once a minute. Never past its rescue's end.
CREATE FUNCTION accounts.touch(p_session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE accounts.session s SET expires_at = least(clock_timestamp() + interval '15 minutes', r.until)
      FROM accounts.rescue r
     WHERE s.id = p_session AND s.grade = 'rescue' AND r.id = s.rescue AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
       AND s.expires_at < least(clock_timestamp() + interval '14 minutes', r.until)
$$;

-- Carries out an approved opening: whatever was open for this person before ends. Returned, never raised.
CREATE FUNCTION accounts.open_rescue(p_act uuid, p_id uuid, p_target uuid, p_reason text, p_secret bytea, p_until timestamptz) RETURNS text
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
    ELSIF p_target = ANY (v_yes) OR EXISTS (SELECT 1 FROM unnest(v_yes) i JOIN accounts.account c ON c.id = i WHERE c.site <> a.site)
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

-- Ends what is open for a person, and every session made by it.
CREATE FUNCTION accounts.close_rescue(p_target uuid, p_reason text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp(); v_any boolean;
BEGIN
    UPDATE accounts.rescue SET ended_at = v_now WHERE account = p_target AND ended_at IS NULL;
    v_any := FOUND;
    UPDATE accounts.session SET ended_at = v_now, end_reason = p_reason
     WHERE account = p_target AND grade = 'rescue' AND ended_at IS NULL;
    RETURN v_any;
END $$;

-- Closing it is for its owner, by whatever session she has, and for whoever may open it.
CREATE FUNCTION accounts.end_rescue(p_session uuid, p_account uuid, p_target uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_code text := 'ok';
BEGIN
    IF a.state <> 'live' THEN RETURN a.state; END IF;
    IF p_target <> a.account AND accounts.rescue_need(a, p_target) IS NULL THEN v_code := 'unknown_colleague';
    ELSIF NOT accounts.close_rescue(p_target, 'rescue_closed') THEN v_code := 'no_rescue';
    END IF;
    PERFORM audit.append(CASE v_code WHEN 'ok' THEN 'close_rescue' ELSE 'refuse' END, a.account, a.session, a.profession, a.site, NULL,
                         '{}', '{}', '{}', 'open_rescue', NULL, CASE v_code WHEN 'ok' THEN 'done' ELSE 'refused' END,
                         NULLIF(v_code, 'ok'), p_target::text, NULL, NULL);
    RETURN v_code;
END $$;

-- As before, and nothing is asked for from a rescue session: an approval takes a key.
CREATE OR REPLACE FUNCTION accounts.propose(p_session uuid, p_account uuid, p_act uuid, p_kind text, p_body text, p_nonce bytea, p_seconds int)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    IF a.state <> 'live' OR a.kind <> 'person' THEN RETURN a.state; END IF;
    IF a.grade = 'rescue' THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', p_kind, NULL, 'refused',
                             'rescue_closed', NULL, NULL, NULL);
        RETURN 'rescue_closed';
    END IF;
    INSERT INTO accounts.act (id, kind, body, nonce, account, session, expires_at)
    VALUES (p_act, p_kind, p_body, p_nonce, p_account, p_session, clock_timestamp() + make_interval(secs => p_seconds));
    RETURN 'live';
END $$;

REVOKE ALL ON accounts.rescue, accounts.rescue_try FROM PUBLIC;
REVOKE ALL ON FUNCTION accounts.rescue_need(accounts.actor, uuid), accounts.rescue_named(uuid, uuid, text), accounts.rescue_try(text, boolean),
    accounts.begin_rescue(uuid, uuid, bigint, boolean, text, bytea), accounts.touch(uuid),
    accounts.open_rescue(uuid, uuid, uuid, text, bytea, timestamptz), accounts.close_rescue(uuid, text),
    accounts.end_rescue(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.rescue_named(uuid, uuid, text), accounts.rescue_try(text, boolean),
    accounts.begin_rescue(uuid, uuid, bigint, boolean, text, bytea), accounts.touch(uuid),
    accounts.open_rescue(uuid, uuid, uuid, text, bytea, timestamptz), accounts.end_rescue(uuid, uuid, uuid) TO keeper;

SET LOCAL ROLE owner;
