-- Workstations of a site, and sessions that lock: where a session sits, until when it may be used untouched, who reopens it
-- (docs/decisions/0042-stations.md).
SET LOCAL ROLE gatekeeper;

-- A minute of grace over the page's own three minutes: what counts as use is told at most every twenty seconds.
INSERT INTO gate.limits VALUES ('idle_station_seconds', 240), ('idle_seconds', 1800), ('station_sessions', 6), ('touch_tries', 5);

-- A machine that a site answers for. `point`: the key that its browser does not let out (P-256, compressed); `mac`: the keeper's, over
-- all that matters: a row written by the base's owner is no workstation.
CREATE TABLE accounts.workstation (
    id uuid PRIMARY KEY,
    site uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
    place text NOT NULL DEFAULT '' CHECK (char_length(place) <= 80),
    point bytea NOT NULL CHECK (octet_length(point) = 33),
    mac bytea NOT NULL CHECK (octet_length(mac) = 32),
    enrolled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    enrolled_by uuid NOT NULL REFERENCES accounts.account,
    used_at timestamptz,
    ended_at timestamptz
);
CREATE UNIQUE INDEX one_living_key ON accounts.workstation (point) WHERE ended_at IS NULL;
CREATE INDEX ON accounts.workstation (site);

-- How long a session may stay untouched where it sits.
CREATE FUNCTION accounts.idle(p_workstation uuid) RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT make_interval(secs => gate.limit_of(CASE WHEN p_workstation IS NULL THEN 'idle_seconds' ELSE 'idle_station_seconds' END)::float8)
$$;

-- locks_at: from then on it opens nothing until its owner's key is shown. verified_at: her last full factor. point: the key it is
-- bound to since it was taken up again by a touch; NULL, the one its cookie was made with.
ALTER TABLE accounts.session
    ADD COLUMN workstation uuid REFERENCES accounts.workstation,
    ADD COLUMN locks_at timestamptz NOT NULL DEFAULT clock_timestamp() + accounts.idle(NULL),
    ADD COLUMN verified_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN touch_tries int NOT NULL DEFAULT 0,
    ADD COLUMN point bytea CHECK (octet_length(point) = 33);
CREATE INDEX ON accounts.session (workstation) WHERE workstation IS NOT NULL AND ended_at IS NULL;
REVOKE ALL ON accounts.workstation FROM PUBLIC;

CREATE OR REPLACE FUNCTION accounts.actor_of(p_session uuid, p_account uuid) RETURNS accounts.actor
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT s.account, c.username, c.name, s.profession, c.kind, s.grade, s.id, c.site,
           coalesce((SELECT array_agg(x.unit ORDER BY x.unit) FROM (
                        SELECT m.unit FROM accounts.membership m
                         WHERE m.account = s.account AND m.profession = s.profession AND m.unit IS NOT NULL
                           AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)
                        UNION
                        SELECT h.unit FROM accounts.shift h
                         WHERE h.account = s.account AND h.profession = s.profession AND h.since <= v_now AND h.until > v_now) x), '{}'),
           CASE WHEN s.ended_at IS NOT NULL OR s.expires_at <= v_now OR c.ended_at IS NOT NULL OR c.suspended_at IS NOT NULL
                  OR NOT (c.kind = 'application' OR EXISTS (
                        SELECT 1 FROM accounts.membership m WHERE m.account = s.account AND m.profession = s.profession
                          AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)))
                THEN 'session_ended'
                WHEN s.frozen_at IS NOT NULL THEN 'session_frozen'
                WHEN s.locks_at <= v_now AND s.grade <> 'application' THEN 'session_locked'
                ELSE 'live' END
      INTO a
      FROM accounts.session s JOIN accounts.account c ON c.id = s.account
     WHERE s.id = p_session AND s.account = p_account;
    IF NOT FOUND THEN
        a.account := p_account; a.session := p_session; a.units := '{}'; a.state := 'session_ended';
    END IF;
    RETURN a;
END $$;

-- Where a session sits: a workstation of the site, else the browser's own mark; NULL where nothing says.
CREATE FUNCTION accounts.station_of(p_session uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce('workstation:' || (SELECT s.workstation FROM accounts.session s WHERE s.id = p_session),
                    'browser:' || (SELECT encode(m.mark, 'hex') FROM accounts.station m WHERE m.session = p_session))
$$;

-- Whether two sessions sit at one station. Unknown is not another; two workstations in one browser (its mark) are one.
CREATE FUNCTION accounts.same_station(p_one uuid, p_other uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(accounts.station_of(p_one) = accounts.station_of(p_other), true)
        OR EXISTS (SELECT 1 FROM accounts.station x JOIN accounts.station y ON y.mark = x.mark WHERE x.session = p_one AND y.session = p_other)
$$;

-- A person used it: it may stay untouched for as long again. Written at most every twenty seconds.
CREATE FUNCTION accounts.used(p_session uuid, p_account uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE accounts.session s SET locks_at = clock_timestamp() + accounts.idle(s.workstation)
     WHERE s.id = p_session AND s.account = p_account AND s.ended_at IS NULL AND s.locks_at > clock_timestamp()
       AND s.locks_at < clock_timestamp() + accounts.idle(s.workstation) - interval '20 seconds'
$$;

-- Lock it now. A rescue session has no key that would reopen it: it ends. p_how: asked, idle, change.
CREATE FUNCTION accounts.lock_session(p_session uuid, p_account uuid, p_how text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; s accounts.session; v_how text := CASE WHEN p_how IN ('idle', 'change') THEN p_how ELSE 'asked' END;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO s FROM accounts.session x WHERE x.id = p_session AND x.account = p_account FOR UPDATE;
    a := accounts.actor_of(p_session, p_account);
    IF a.state = 'session_locked' THEN RETURN 'ok'; END IF;
    IF a.state <> 'live' OR a.kind <> 'person' THEN RETURN CASE a.state WHEN 'live' THEN 'bad_request' ELSE a.state END; END IF;
    IF s.grade = 'rescue' THEN
        UPDATE accounts.session SET ended_at = clock_timestamp(), end_reason = 'locked' WHERE id = p_session;
    ELSE
        UPDATE accounts.session SET locks_at = clock_timestamp() WHERE id = p_session;
    END IF;
    PERFORM audit.append('lock', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', NULL, NULL,
                         CASE s.grade WHEN 'rescue' THEN 'ended' ELSE 'locked' END, 'lock_' || v_how, NULL, NULL, NULL);
    RETURN 'ok';
END $$;

-- Whether presence alone reopens a session: at a workstation of the site, within the shift that a full factor began (a declared shift
-- that has ended since asks for one again), and not after `touch_tries` keys that were refused.
CREATE FUNCTION accounts.touch_opens(s accounts.session) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.grade = 'strong' AND s.touch_tries < gate.limit_of('touch_tries')
       AND EXISTS (SELECT 1 FROM accounts.workstation w WHERE w.id = s.workstation AND w.ended_at IS NULL)
       AND NOT EXISTS (SELECT 1 FROM accounts.shift h WHERE h.account = s.account AND h.until > s.verified_at AND h.until <= clock_timestamp())
$$;

-- Who is locked, for the page that says so, and which keys may reopen it. code: session_locked, or the state it is in.
CREATE FUNCTION accounts.locked(p_session uuid, p_account uuid)
RETURNS TABLE (code text, name text, username text, profession text, touch boolean, credentials bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    code := a.state; credentials := '{}';
    IF a.state = 'session_locked' THEN
        name := a.name; username := a.username; profession := a.profession;
        touch := (SELECT accounts.touch_opens(s) FROM accounts.session s WHERE s.id = p_session);
        credentials := coalesce((SELECT array_agg(k.credential_id) FROM accounts.key k
            WHERE k.account = p_account AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())), '{}');
    END IF;
    RETURN NEXT;
END $$;

-- The owner's key was shown, checked by the keeper: by presence, or with verification. Never past the twelve hours.
CREATE FUNCTION accounts.reopen(p_session uuid, p_account uuid, p_key uuid, p_count bigint, p_verified boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE s accounts.session; k accounts.key; a accounts.actor; v_now timestamptz; v_code text := 'ok';
BEGIN
    PERFORM pg_current_xact_id();
    SELECT * INTO s FROM accounts.session x WHERE x.id = p_session AND x.account = p_account FOR UPDATE;
    SELECT * INTO k FROM accounts.key x WHERE x.id = p_key FOR UPDATE;
    v_now := clock_timestamp();
    a := accounts.actor_of(p_session, p_account);
    IF a.state NOT IN ('live', 'session_locked') THEN v_code := a.state;
    ELSIF k.account IS DISTINCT FROM p_account THEN v_code := 'not_your_key';
    ELSIF k.revoked_at IS NOT NULL OR k.expires_at <= v_now OR (greatest(p_count, k.sign_count) > 0 AND p_count <= k.sign_count) THEN
        v_code := 'bad_assertion';
    ELSIF NOT p_verified AND NOT accounts.touch_opens(s) THEN v_code := 'verification_needed';
    END IF;
    IF v_code <> 'ok' THEN
        PERFORM accounts.refuse_reopen(p_session, p_account, v_code);
        RETURN v_code;
    END IF;
    UPDATE accounts.key SET sign_count = p_count WHERE id = p_key;
    UPDATE accounts.session SET locks_at = v_now + accounts.idle(workstation),
           verified_at = CASE WHEN p_verified THEN v_now ELSE verified_at END, touch_tries = CASE WHEN p_verified THEN 0 ELSE touch_tries END
     WHERE id = p_session;
    PERFORM audit.append('reopen', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', NULL, NULL, 'ok',
                         CASE WHEN p_verified THEN 'by_verification' ELSE 'by_touch' END, s.workstation::text, NULL, NULL);
    RETURN 'ok';
END $$;

-- A key that reopened nothing: a row, and one try less for presence alone. A verified key always reopens.
CREATE FUNCTION accounts.refuse_reopen(p_session uuid, p_account uuid, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    UPDATE accounts.session SET touch_tries = touch_tries + 1 WHERE id = p_session AND account = p_account AND touch_tries < 1000;
    PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'reopen', NULL, 'refused',
                         p_reason, NULL, NULL, NULL);
END $$;

-- Two persons at two stations: what was the browser's mark alone.
CREATE OR REPLACE FUNCTION accounts.place_in(a accounts.actor, t accounts.act, OUT place int, OUT code text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_given int := (SELECT count(*) FROM accounts.approval v WHERE v.act = t.id); v_body jsonb := t.body::jsonb;
BEGIN
    place := v_given + 1; code := 'ok';
    IF t.id IS NULL OR t.done_at IS NOT NULL OR t.refused_at IS NOT NULL OR t.expires_at <= clock_timestamp() THEN code := 'act_ended';
    ELSIF a.grade <> 'strong' THEN code := 'category_closed';
    ELSIF place = 1 THEN
        IF (t.account, t.session) <> (a.account, a.session) THEN code := 'act_ended';
        ELSIF NOT accounts.may_say(a, t.kind, 'ask', v_body) THEN code := 'category_closed'; END IF;
    ELSIF t.account = a.account OR EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = t.id AND v.account = a.account) THEN
        code := 'same_person';
    ELSIF accounts.concerned(a, t.kind, v_body) THEN code := 'concerns_you';
    ELSIF NOT accounts.may_say(a, t.kind, 'yes', v_body) THEN code := 'category_closed';
    ELSIF accounts.same_station(t.session, a.session) THEN code := 'same_station';
    ELSIF (SELECT count(*) FROM accounts.act x JOIN accounts.approval y ON y.act = x.id AND y.place = 2
            WHERE y.at > clock_timestamp() - interval '1 day'
              AND (x.account, y.account) IN ((t.account, a.account), (a.account, t.account))) >= gate.limit_of('act_pair_day')
        THEN code := 'same_pair';
    END IF;
END $$;

-- The live channel hears of a lock as of an end; it asks the keeper before any page is told.
CREATE TRIGGER told_locked AFTER UPDATE OF locks_at ON accounts.session FOR EACH ROW
    WHEN (NEW.locks_at < OLD.locks_at) EXECUTE FUNCTION accounts.tell_session();

REVOKE ALL ON FUNCTION accounts.idle(uuid), accounts.station_of(uuid), accounts.same_station(uuid, uuid), accounts.used(uuid, uuid),
    accounts.lock_session(uuid, uuid, text), accounts.touch_opens(accounts.session), accounts.locked(uuid, uuid),
    accounts.reopen(uuid, uuid, uuid, bigint, boolean), accounts.refuse_reopen(uuid, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.used(uuid, uuid), accounts.lock_session(uuid, uuid, text), accounts.locked(uuid, uuid),
    accounts.reopen(uuid, uuid, uuid, bigint, boolean), accounts.refuse_reopen(uuid, uuid, text) TO keeper;

SET LOCAL ROLE owner;
