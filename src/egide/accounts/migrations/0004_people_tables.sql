-- People and their keys, in acts of one or two persons: what is kept.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('act_pair_day', 40), ('office_delay_hours', 24), ('key_code_minutes', 30), ('key_code_tries', 5),
    ('spare_key_hours', 24);

-- From accounts/rules.py: who may ask for which act, who may say the second yes, and which professions stand alone.
CREATE TABLE accounts.act_kind (kind text PRIMARY KEY, yeses int NOT NULL CHECK (yeses IN (1, 2)), seconds int NOT NULL CHECK (seconds > 0));
CREATE TABLE accounts.act_rule (
    kind text REFERENCES accounts.act_kind, place text CHECK (place IN ('ask', 'yes')), role text, PRIMARY KEY (kind, place, role)
);
CREATE TABLE accounts.office (profession text PRIMARY KEY);

-- Suspended: nobody signs in, until two persons say so. Ended: for ever.
ALTER TABLE accounts.account ADD COLUMN suspended_at timestamptz;
-- Nobody acts by an account that is ended or suspended, however she signed in.
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
                ELSE 'live' END
      INTO a
      FROM accounts.session s JOIN accounts.account c ON c.id = s.account
     WHERE s.id = p_session AND s.account = p_account;
    IF NOT FOUND THEN
        a.account := p_account; a.session := p_session; a.units := '{}'; a.state := 'session_ended';
    END IF;
    RETURN a;
END $$;

-- A spare key of the unit ends by itself.
ALTER TABLE accounts.key ADD COLUMN expires_at timestamptz, ADD COLUMN label text NOT NULL DEFAULT '' CHECK (char_length(label) <= 60);
-- half_a, half_b: the keeper's MACs of the half codes that asker and approver were shown. refusal: why nobody may approve it any more.
ALTER TABLE accounts.act ADD COLUMN half_a bytea, ADD COLUMN half_b bytea, ADD COLUMN refused_at timestamptz, ADD COLUMN refused_by uuid REFERENCES accounts.account,
    ADD COLUMN refusal text;
CREATE INDEX ON accounts.act (kind, created_at) WHERE done_at IS NULL;
CREATE INDEX ON accounts.membership (unit) WHERE unit IS NOT NULL;

-- Which browser a session began in: the hash of a cookie that outlives sessions. The second yes comes from another one.
CREATE TABLE accounts.station (session uuid PRIMARY KEY REFERENCES accounts.session, mark bytea NOT NULL CHECK (octet_length(mark) = 32));

-- A key to be enrolled in person: the asker holds one half of its code, the approver the other; here are MACs of both.
CREATE TABLE accounts.invitation (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account uuid NOT NULL REFERENCES accounts.account,
    act uuid NOT NULL UNIQUE REFERENCES accounts.act,
    half_a bytea NOT NULL UNIQUE,
    half_b bytea NOT NULL,
    label text NOT NULL DEFAULT '',
    key_until timestamptz,
    tries int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    key uuid REFERENCES accounts.key
);
CREATE INDEX ON accounts.invitation (account);

-- What a person is told about her account, or about another's when she answers for it: a code, who did it, never a word typed.
CREATE TABLE accounts.notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account uuid NOT NULL REFERENCES accounts.account,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{3,40}$'),
    about uuid NOT NULL,
    by_account uuid,
    act uuid,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    read_at timestamptz
);
CREATE INDEX ON accounts.notice (account, read_at, at);

-- What was done to one account, newest first: every such line's object begins with its id.
CREATE INDEX entry_person ON audit.entry (left(object, 44), id) WHERE kind IN ('person', 'grant', 'key', 'duty');

-- An office (DPO, RSSI, administrator) is alone on its account, whoever writes the row: no administrator becomes a clinician.
CREATE FUNCTION accounts.keep_apart() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM accounts.account WHERE id = NEW.account FOR NO KEY UPDATE;
    IF accounts.mixed(NEW.account, NEW.profession) THEN
        RAISE EXCEPTION 'an office and another profession on one account' USING ERRCODE = 'EG007';
    END IF;
    RETURN NEW;
END $$;
-- Whether this account holds, or ever held, a profession that may not stand beside this one.
CREATE FUNCTION accounts.mixed(p_account uuid, p_profession text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.membership m
                    WHERE m.account = p_account AND m.profession <> p_profession
                      AND EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession IN (m.profession, p_profession)))
$$;
CREATE TRIGGER apart BEFORE INSERT OR UPDATE OF account, profession ON accounts.membership
    FOR EACH ROW EXECUTE FUNCTION accounts.keep_apart();

SET LOCAL ROLE owner;
