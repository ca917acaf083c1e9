-- Declared shifts, and the one mechanism of approval: an assertion over the hash of the exact act.
SET LOCAL ROLE gatekeeper;

-- « Je prends mon poste en … »: a unit of my site, my profession, twelve hours, at once; seen by the unit (gate.md §4).
CREATE TABLE accounts.shift (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account uuid NOT NULL REFERENCES accounts.account,
    profession text NOT NULL,
    unit uuid NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL CHECK (until > since)
);
CREATE INDEX ON accounts.shift (account, until);
CREATE INDEX ON accounts.shift (unit, until);

-- What somebody asked to do, word for word, before anybody approved it.
CREATE TABLE accounts.act (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{3,40}$'),
    body text NOT NULL CHECK (octet_length(body) <= 4000),
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 16),
    account uuid NOT NULL REFERENCES accounts.account,
    session uuid NOT NULL REFERENCES accounts.session,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    done_at timestamptz
);

-- One person's yes. The assertion is kept: its challenge is the hash of the act, so nobody can make one up afterwards.
CREATE TABLE accounts.approval (
    act uuid NOT NULL REFERENCES accounts.act,
    account uuid NOT NULL REFERENCES accounts.account,
    key uuid NOT NULL REFERENCES accounts.key,
    place int NOT NULL,
    assertion bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (act, account),
    UNIQUE (act, place)
);
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts.approval
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

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
           CASE WHEN s.ended_at IS NOT NULL OR s.expires_at <= v_now OR c.ended_at IS NOT NULL
                  OR NOT (c.kind = 'application' OR EXISTS (
                        SELECT 1 FROM accounts.membership m WHERE m.account = s.account AND m.profession = s.profession
                          AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)))
                THEN 'session_ended'
                WHEN s.frozen_at IS NOT NULL THEN 'session_frozen'
                ELSE 'live' END
      INTO a
      FROM accounts.session s JOIN accounts.account c ON c.id = s.account
     WHERE s.id = p_session AND s.account = p_account;
    IF NOT FOUND THEN
        a.account := p_account; a.session := p_session; a.units := '{}'; a.state := 'session_ended';
    END IF;
    RETURN a;
END $$;

-- Write down an act to be approved. Returns the actor's state; nothing is written unless it is live.
CREATE FUNCTION accounts.propose(p_session uuid, p_account uuid, p_act uuid, p_kind text, p_body text, p_nonce bytea, p_seconds int)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    IF a.state <> 'live' OR a.kind <> 'person' THEN RETURN a.state; END IF;
    INSERT INTO accounts.act (id, kind, body, nonce, account, session, expires_at)
    VALUES (p_act, p_kind, p_body, p_nonce, p_account, p_session, clock_timestamp() + make_interval(secs => p_seconds));
    RETURN 'live';
END $$;

CREATE FUNCTION accounts.act_of(p_act uuid)
RETURNS TABLE (id uuid, kind text, body text, nonce bytea, account uuid, session uuid, live boolean, approvals uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.kind, t.body, t.nonce, t.account, t.session, t.done_at IS NULL AND t.expires_at > clock_timestamp(),
           coalesce((SELECT array_agg(v.account ORDER BY v.place) FROM accounts.approval v WHERE v.act = t.id), '{}')
      FROM accounts.act t WHERE t.id = p_act
$$;

-- One yes, verified by the keeper before. The act's row is locked: the same yes twice is one. Returns how many there are.
CREATE FUNCTION accounts.approve(p_act uuid, p_key uuid, p_count bigint, p_assertion bytea) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE t accounts.act; k accounts.key; v_places int; v_profession text;
BEGIN
    SELECT * INTO t FROM accounts.act WHERE id = p_act FOR UPDATE;
    SELECT * INTO k FROM accounts.key WHERE id = p_key FOR UPDATE;
    SELECT m.profession INTO v_profession FROM accounts.membership m
     WHERE m.account = k.account AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())
     ORDER BY m.since DESC, m.id LIMIT 1;
    IF t.done_at IS NOT NULL OR t.expires_at <= clock_timestamp() OR k.revoked_at IS NOT NULL OR v_profession IS NULL
       OR (greatest(p_count, k.sign_count) > 0 AND p_count <= k.sign_count) THEN
        PERFORM audit.append('refuse', k.account, NULL, v_profession, NULL, NULL, '{}', '{}', '{}', t.kind, NULL, 'refused',
                             'bad_approval', p_act::text, NULL, NULL);
        RETURN -1;
    END IF;
    UPDATE accounts.key SET sign_count = p_count WHERE id = p_key;
    SELECT count(*) INTO v_places FROM accounts.approval WHERE act = p_act;
    INSERT INTO accounts.approval (act, account, key, place, assertion) VALUES (p_act, k.account, p_key, v_places + 1, p_assertion)
    ON CONFLICT (act, account) DO NOTHING;
    IF FOUND THEN
        -- the assertion's hash is under the leaf: `egide audit verify` can check the yes itself against the act
        PERFORM audit.append('approval', k.account, NULL, v_profession, NULL, NULL, '{}', '{}', '{}', t.kind, NULL, 'approved',
                             NULL, p_act::text || ':' || encode(sha256(p_assertion), 'hex'), NULL, NULL);
        v_places := v_places + 1;
    END IF;
    RETURN v_places;
END $$;

-- A yes that the keeper did not accept: a row, whoever's key it was.
CREATE FUNCTION accounts.refuse_approval(p_session uuid, p_account uuid, p_act uuid, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}',
                         (SELECT t.kind FROM accounts.act t WHERE t.id = p_act), NULL, 'refused', p_reason, p_act::text, NULL, NULL);
END $$;

GRANT EXECUTE ON FUNCTION accounts.refuse_approval(uuid, uuid, uuid, text), accounts.propose(uuid, uuid, uuid, text, text, bytea, int), accounts.act_of(uuid),
    accounts.approve(uuid, uuid, bigint, bytea) TO keeper;

SET LOCAL ROLE owner;
