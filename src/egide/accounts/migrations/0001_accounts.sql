-- Who a person is: accounts, dated professions and units, sign-in keys, sessions. Owned by gatekeeper; the web has no right here.
SET LOCAL ROLE gatekeeper;

CREATE SCHEMA accounts;
REVOKE ALL ON SCHEMA accounts FROM PUBLIC;

CREATE TABLE accounts.account (
    id uuid PRIMARY KEY,
    username text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._-]{1,60}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('person', 'application')),
    site uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
);

-- One row a profession × unit × period: the two cumulated levels (profession, care team) of CNIL, Feb. 2024.
CREATE TABLE accounts.membership (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts.account,
    profession text NOT NULL,
    unit uuid,
    since timestamptz NOT NULL,
    until timestamptz CHECK (until > since),
    UNIQUE (account, profession, unit, since)
);
CREATE INDEX ON accounts.membership (account);

-- A sign-in key. `mac` is the keeper's, over all that matters: a row inserted by the database's owner signs nobody in.
CREATE TABLE accounts.key (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account uuid NOT NULL REFERENCES accounts.account,
    credential_id bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL,
    aaguid uuid NOT NULL,
    sign_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    mac bytea NOT NULL
);

-- The cookie carries the keeper's MAC over (id, account): the row alone opens nothing.
CREATE TABLE accounts.session (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts.account,
    profession text NOT NULL,
    grade text NOT NULL CHECK (grade IN ('strong', 'application')),
    key uuid REFERENCES accounts.key,
    device text NOT NULL DEFAULT '',
    manifest text,
    ticket_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    frozen_at timestamptz,
    denied_ids uuid[] NOT NULL DEFAULT '{}',
    denied_at timestamptz[] NOT NULL DEFAULT '{}'
);
CREATE INDEX ON accounts.session (account, created_at);

-- What every gate function asks first. state: live, session_ended, session_frozen.
CREATE TYPE accounts.actor AS (
    account uuid, username text, name text, profession text, kind text, grade text, session uuid, site uuid,
    units uuid[], state text
);

CREATE FUNCTION accounts.actor_of(p_session uuid, p_account uuid) RETURNS accounts.actor
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor;
BEGIN
    SELECT s.account, c.username, c.name, s.profession, c.kind, s.grade, s.id, c.site,
           coalesce((SELECT array_agg(m.unit ORDER BY m.unit) FROM accounts.membership m
                     WHERE m.account = s.account AND m.profession = s.profession AND m.unit IS NOT NULL
                       AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())), '{}'),
           CASE WHEN s.ended_at IS NOT NULL OR s.expires_at <= clock_timestamp() OR c.ended_at IS NOT NULL
                  OR NOT (c.kind = 'application' OR EXISTS (
                        SELECT 1 FROM accounts.membership m WHERE m.account = s.account AND m.profession = s.profession
                          AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())))
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

CREATE FUNCTION accounts.key_for(p_credential bytea)
RETURNS TABLE (id uuid, account uuid, public_key bytea, aaguid uuid, sign_count bigint, mac bytea, live boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.id, k.account, k.public_key, k.aaguid, k.sign_count, k.mac, k.revoked_at IS NULL AND c.ended_at IS NULL
      FROM accounts.key k JOIN accounts.account c ON c.id = k.account WHERE k.credential_id = p_credential
$$;

-- A session of a person, after her key was verified by the keeper. No current profession: no session.
CREATE FUNCTION accounts.begin_session(p_session uuid, p_key uuid, p_count bigint, p_device text, p_ticket_hash bytea)
RETURNS accounts.actor
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE k accounts.key; v_profession text; a accounts.actor;
BEGIN
    SELECT * INTO k FROM accounts.key WHERE id = p_key FOR UPDATE;
    SELECT m.profession INTO v_profession FROM accounts.membership m
     WHERE m.account = k.account AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())
     ORDER BY m.since DESC, m.id LIMIT 1;
    IF k.revoked_at IS NOT NULL OR v_profession IS NULL OR (greatest(p_count, k.sign_count) > 0 AND p_count <= k.sign_count) THEN
        PERFORM audit.append('sign_in_refused', k.account, NULL, v_profession, NULL, NULL, '{}', '{}', '{}',
                             NULL, NULL, 'refused', 'bad_assertion', NULL, NULL, NULL);
        a.account := k.account; a.state := 'bad_assertion';
        RETURN a;
    END IF;
    UPDATE accounts.key SET sign_count = p_count WHERE id = p_key;
    INSERT INTO accounts.session (id, account, profession, grade, key, device, ticket_hash, expires_at)
    VALUES (p_session, k.account, v_profession, 'strong', p_key, left(p_device, 120), p_ticket_hash,
            clock_timestamp() + interval '12 hours');
    a := accounts.actor_of(p_session, k.account);
    PERFORM audit.append('sign_in', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}',
                         NULL, NULL, 'ok', NULL, NULL, NULL, NULL);
    RETURN a;
END $$;

CREATE FUNCTION accounts.refuse_sign_in(p_account uuid, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT audit.append('sign_in_refused', p_account, NULL, NULL, NULL, NULL, '{}', '{}', '{}',
                        NULL, NULL, 'refused', p_reason, NULL, NULL, NULL)
$$;

-- A program acting for one site, with the hash of what it will read (gate.md §7). Made at its first use.
CREATE FUNCTION accounts.begin_application(p_session uuid, p_purpose text, p_site uuid, p_manifest text, p_ticket_hash bytea)
RETURNS accounts.actor
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_id uuid; v_name text := p_purpose || '-' || left(p_site::text, 8); a accounts.actor;
BEGIN
    INSERT INTO accounts.account (id, username, name, kind, site)
    VALUES (gen_random_uuid(), v_name, CASE p_purpose WHEN 'import' THEN 'Import FHIR' ELSE 'Chargement de la démonstration' END,
            'application', p_site) ON CONFLICT (username) DO NOTHING;
    SELECT id INTO v_id FROM accounts.account WHERE username = v_name AND kind = 'application' AND site = p_site;
    IF v_id IS NULL THEN a.state := 'bad_request'; RETURN a; END IF;
    INSERT INTO accounts.session (id, account, profession, grade, manifest, ticket_hash, expires_at)
    VALUES (p_session, v_id, 'application', 'application', p_manifest, p_ticket_hash, clock_timestamp() + interval '4 hours');
    a := accounts.actor_of(p_session, v_id);
    PERFORM audit.append('application_sign_in', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}',
                         p_purpose, NULL, 'ok', NULL, p_manifest, NULL, NULL);
    RETURN a;
END $$;

-- Ends a session of the same account (p_target NULL: this one). Unknown or another's: nothing happens, and it is said.
CREATE FUNCTION accounts.end_session(p_session uuid, p_account uuid, p_target uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_id uuid := coalesce(p_target, p_session);
BEGIN
    IF p_target IS NOT NULL AND a.state <> 'live' THEN RETURN a.state; END IF;
    UPDATE accounts.session SET ended_at = clock_timestamp(), end_reason = CASE WHEN p_target IS NULL THEN 'sign_out' ELSE 'revoked' END
     WHERE id = v_id AND account = p_account AND ended_at IS NULL;
    IF NOT FOUND THEN
        IF p_target IS NULL THEN RETURN 'ok'; END IF;
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'revoke', NULL, 'refused',
                             'unknown_session', v_id::text, NULL, NULL);
        RETURN 'unknown_session';
    END IF;
    PERFORM audit.append(CASE WHEN p_target IS NULL THEN 'sign_out' ELSE 'revoke' END, a.account, a.session, a.profession,
                         a.site, NULL, '{}', '{}', '{}', NULL, NULL, 'ok', NULL, v_id::text, NULL, NULL);
    RETURN 'ok';
END $$;

CREATE FUNCTION accounts.enrol(p_id uuid, p_account uuid, p_credential bytea, p_public_key bytea, p_aaguid uuid, p_mac bytea)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM accounts.key WHERE credential_id = p_credential AND account = p_account) THEN RETURN 'known'; END IF;
    IF NOT EXISTS (SELECT 1 FROM accounts.account WHERE id = p_account AND kind = 'person' AND ended_at IS NULL) THEN
        RETURN 'unknown_account';
    END IF;
    INSERT INTO accounts.key (id, account, credential_id, public_key, aaguid, mac)
    VALUES (p_id, p_account, p_credential, p_public_key, p_aaguid, p_mac);
    PERFORM audit.append('enrol', p_account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', NULL, NULL, 'ok', NULL, p_aaguid::text, NULL, NULL);
    RETURN 'ok';
END $$;

-- For the demo's birth and, later, the administrators' two-person act: executable by the migrator only.
CREATE FUNCTION accounts.add_person(p_id uuid, p_username text, p_name text, p_site uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO accounts.account (id, username, name, kind, site) VALUES (p_id, p_username, p_name, 'person', p_site)
    ON CONFLICT (id) DO NOTHING;
    RETURN FOUND;
END $$;

CREATE FUNCTION accounts.add_membership(p_account uuid, p_profession text, p_unit uuid, p_since timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM accounts.membership m WHERE m.account = p_account AND m.profession = p_profession
                 AND m.unit IS NOT DISTINCT FROM p_unit AND m.until IS NULL) THEN
        RETURN false;
    END IF;
    INSERT INTO accounts.membership (account, profession, unit, since) VALUES (p_account, p_profession, p_unit, p_since);
    PERFORM audit.append('grant', p_account, NULL, p_profession, NULL, p_unit, '{}', '{}', '{}', NULL, NULL, 'ok', 'birth', NULL, NULL, NULL);
    RETURN true;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA accounts FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA accounts FROM PUBLIC;
GRANT USAGE ON SCHEMA accounts TO keeper, migrator;
GRANT EXECUTE ON FUNCTION accounts.key_for(bytea), accounts.begin_session(uuid, uuid, bigint, text, bytea),
    accounts.refuse_sign_in(uuid, text), accounts.begin_application(uuid, text, uuid, text, bytea),
    accounts.end_session(uuid, uuid, uuid), accounts.enrol(uuid, uuid, bytea, bytea, uuid, bytea) TO keeper;
GRANT EXECUTE ON FUNCTION accounts.add_person(uuid, text, text, uuid),
    accounts.add_membership(uuid, text, uuid, timestamptz) TO migrator;

SET LOCAL ROLE owner;
