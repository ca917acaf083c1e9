-- The gate: links, the rule, openings, the purse; and `door`, all that the web may execute. Owned by gatekeeper.
SET LOCAL ROLE gatekeeper;

CREATE SCHEMA gate;
CREATE SCHEMA door;
REVOKE ALL ON SCHEMA gate, door FROM PUBLIC;

-- The rule is data: profession × basis × category × act → verdict. Loaded from gate/rules.py with its hash.
CREATE TABLE gate.rule (
    profession text, basis text, category text, act text CHECK (act IN ('read', 'write')),
    allowed boolean NOT NULL, reason text NOT NULL,
    PRIMARY KEY (profession, basis, category, act)
);
CREATE TABLE gate.rule_hash (one boolean PRIMARY KEY DEFAULT true CHECK (one), hash text NOT NULL);

CREATE TABLE gate.limits (name text PRIMARY KEY, value numeric NOT NULL);
INSERT INTO gate.limits VALUES ('roster', 200), ('linked_census_factor', 1.5), ('linked_floor', 10),
    ('denials', 3), ('denial_minutes', 10);

-- Who takes care of whom, pushed by the room that makes the fact, in its transaction.
CREATE TABLE gate.link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id uuid NOT NULL,
    basis text NOT NULL CHECK (basis IN ('stay', 'team', 'advice', 'break_glass')),
    unit uuid,
    account uuid,
    since timestamptz NOT NULL,
    until timestamptz CHECK (until >= since),
    entry bigint NOT NULL,
    CHECK (unit IS NOT NULL OR account IS NOT NULL)
);
CREATE INDEX link_patient ON gate.link (patient_id, unit);
CREATE INDEX link_unit ON gate.link (unit, until);
CREATE INDEX link_account ON gate.link (account, until) WHERE account IS NOT NULL;

-- Foreign ids, blinded (64 bits of HMAC; the key lives in the keeper).
CREATE TABLE gate.token (token bigint NOT NULL, kind text NOT NULL, patient_id uuid NOT NULL, PRIMARY KEY (kind, token, patient_id));
CREATE UNIQUE INDEX token_source ON gate.token (token) WHERE kind = 'SRC';
CREATE INDEX token_patient ON gate.token (patient_id);

-- An opening's life. The audit row never changes; after a crash one re-opens.
CREATE UNLOGGED TABLE gate.lease (
    opening bigint PRIMARY KEY, session uuid NOT NULL, scope bytea NOT NULL,
    until timestamptz NOT NULL, hard_until timestamptz NOT NULL
);
CREATE INDEX lease_scope ON gate.lease (session, scope);

-- Distinct persons on four sliding clocks: 12 × 5 s, 12 × 5 min, 24 × 1 h, 30 × 1 d. A person counts in the slot where she
-- was last seen, so the sum of a ring is exact and costs the same whatever the trail's length.
CREATE TABLE gate.purse (
    account uuid, profession text, site uuid, class text CHECK (class IN ('linked', 'unlinked')),
    at timestamptz NOT NULL,
    ring_minute int[] NOT NULL DEFAULT array_fill(0, ARRAY[12]),
    ring_hour int[] NOT NULL DEFAULT array_fill(0, ARRAY[12]),
    ring_day int[] NOT NULL DEFAULT array_fill(0, ARRAY[24]),
    ring_month int[] NOT NULL DEFAULT array_fill(0, ARRAY[30]),
    PRIMARY KEY (account, profession, site, class)
);
CREATE TABLE gate.seen (
    account uuid, profession text, site uuid, class text, patient_id uuid, at timestamptz NOT NULL,
    PRIMARY KEY (account, profession, site, class, patient_id)
);

CREATE TYPE gate.answer AS (
    code text, opening bigint, nonce bytea, ids uuid[], reads text[], writes text[], basis text, until timestamptz,
    resumed boolean, truncated boolean, known boolean[], actor accounts.actor, entry audit.entry
);

CREATE FUNCTION gate.limit_of(p_name text) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT value FROM gate.limits WHERE name = p_name $$;

-- One ring brought to p_now: slots that have slid out of the window are emptied.
CREATE FUNCTION gate.ring_slide(p_ring int[], p_width int, p_from timestamptz, p_now timestamptz) RETURNS int[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE n int := array_length(p_ring, 1);
    f bigint := floor(extract(epoch FROM p_from) / p_width); t bigint := floor(extract(epoch FROM p_now) / p_width);
BEGIN
    IF t - f >= n THEN RETURN array_fill(0, ARRAY[n]); END IF;
    FOR i IN f + 1 .. t LOOP p_ring[(i % n) + 1] := 0; END LOOP;
    RETURN p_ring;
END $$;

-- p_count persons last seen at p_seen (NULL: never) are now seen at p_now.
CREATE FUNCTION gate.ring_move(p_ring int[], p_width int, p_seen timestamptz, p_now timestamptz, p_count int) RETURNS int[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE n int := array_length(p_ring, 1);
    s bigint := floor(extract(epoch FROM p_seen) / p_width); t bigint := floor(extract(epoch FROM p_now) / p_width);
BEGIN
    IF p_seen IS NOT NULL AND t - s < n THEN p_ring[(s % n) + 1] := p_ring[(s % n) + 1] - p_count; END IF;
    p_ring[(t % n) + 1] := p_ring[(t % n) + 1] + p_count;
    RETURN p_ring;
END $$;

-- Spends p_ids from the purse. The row is locked before anything is counted; over the cap nothing is spent and false returns.
CREATE FUNCTION gate.spend(a accounts.actor, p_class text, p_ids uuid[], p_cap int) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE p gate.purse; v_now timestamptz; v_total int; g record;
BEGIN
    IF cardinality(p_ids) = 0 THEN RETURN true; END IF;
    LOOP
        SELECT * INTO p FROM gate.purse
         WHERE account = a.account AND profession = a.profession AND site = a.site AND class = p_class FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO gate.purse (account, profession, site, class, at)
        VALUES (a.account, a.profession, a.site, p_class, clock_timestamp()) ON CONFLICT DO NOTHING;
    END LOOP;
    v_now := greatest(clock_timestamp(), p.at);
    p.ring_minute := gate.ring_slide(p.ring_minute, 5, p.at, v_now);
    p.ring_hour := gate.ring_slide(p.ring_hour, 300, p.at, v_now);
    p.ring_day := gate.ring_slide(p.ring_day, 3600, p.at, v_now);
    p.ring_month := gate.ring_slide(p.ring_month, 86400, p.at, v_now);
    FOR g IN SELECT s.at, count(*)::int AS persons FROM unnest(p_ids) i
               LEFT JOIN gate.seen s ON s.account = a.account AND s.profession = a.profession AND s.site = a.site
                    AND s.class = p_class AND s.patient_id = i GROUP BY s.at LOOP
        p.ring_minute := gate.ring_move(p.ring_minute, 5, g.at, v_now, g.persons);
        p.ring_hour := gate.ring_move(p.ring_hour, 300, g.at, v_now, g.persons);
        p.ring_day := gate.ring_move(p.ring_day, 3600, g.at, v_now, g.persons);
        p.ring_month := gate.ring_move(p.ring_month, 86400, g.at, v_now, g.persons);
    END LOOP;
    v_total := (SELECT sum(x) FROM unnest(p.ring_day) x);
    IF p_cap IS NOT NULL AND v_total > p_cap THEN RETURN false; END IF;
    UPDATE gate.purse SET at = v_now, ring_minute = p.ring_minute, ring_hour = p.ring_hour, ring_day = p.ring_day,
           ring_month = p.ring_month
     WHERE account = a.account AND profession = a.profession AND site = a.site AND class = p_class;
    INSERT INTO gate.seen (account, profession, site, class, patient_id, at)
    SELECT a.account, a.profession, a.site, p_class, i, v_now FROM unnest(p_ids) i
    ON CONFLICT (account, profession, site, class, patient_id) DO UPDATE SET at = excluded.at;
    RETURN true;
END $$;

-- A refusal is a row, and is returned: raising would roll its own trace back.
CREATE FUNCTION gate.refuse(a accounts.actor, p_code text, p_ids uuid[], p_read text[], p_write text[], p_purpose text,
                            p_unit uuid, p_counted boolean) RETURNS gate.answer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.answer; v_after timestamptz := clock_timestamp() - make_interval(mins => gate.limit_of('denial_minutes')::int);
    v_ids uuid[]; v_at timestamptz[]; i uuid;
BEGIN
    r.entry := audit.append('refuse', a.account, a.session, a.profession, a.site, p_unit, p_ids, p_read, p_write,
                            p_purpose, NULL, 'refused', p_code, NULL, NULL, NULL);
    r.code := p_code; r.actor := a; r.ids := '{}'; r.reads := '{}'; r.writes := '{}';
    -- Containment follows valid proofs only: a page full of hostile images or a pasted link (p_counted false) freezes nobody,
    -- nor does a patient who has left the unit since the list was shown, nor an emergency access that has run out.
    IF p_counted AND p_code IN ('no_link', 'not_your_unit') AND a.state = 'live' THEN
        i := coalesce(p_ids[1], p_unit);
        IF NOT EXISTS (SELECT 1 FROM gate.link l WHERE l.patient_id = i AND (l.unit = ANY (a.units) OR l.account = a.account)) THEN
            -- refusals at one instant count one after the other
            PERFORM 1 FROM accounts.session s WHERE s.id = a.session FOR NO KEY UPDATE;
            SELECT coalesce(array_agg(d.id), '{}'), coalesce(array_agg(d.t), '{}') INTO v_ids, v_at
              FROM accounts.session s, unnest(s.denied_ids, s.denied_at) AS d (id, t)
             WHERE s.id = a.session AND d.t > v_after AND d.id <> i;
            v_ids := v_ids || i; v_at := v_at || clock_timestamp();
            UPDATE accounts.session SET denied_ids = v_ids, denied_at = v_at,
                   frozen_at = CASE WHEN cardinality(v_ids) >= gate.limit_of('denials') THEN clock_timestamp() END
             WHERE id = a.session AND frozen_at IS NULL;
        END IF;
    END IF;
    RETURN r;
END $$;

-- The one decision. Either ids (a chart) or a unit (its present patients). Never raises once called.
-- Plans are kept whatever the arguments (all go by index): left to choose, PostgreSQL planned half of its statements
-- anew each time, a third of the cost of opening again.
CREATE FUNCTION gate.open(p_session uuid, p_account uuid, p_ids uuid[], p_unit uuid, p_purpose text,
                          p_read text[], p_write text[], p_counted boolean, p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    a accounts.actor; r gate.answer; v_ids uuid[]; v_max int := gate.limit_of('roster'); v_linked int; v_bases text[];
    v_reads text[]; v_writes text[]; v_scope bytea; v_cap int; v_now timestamptz; l gate.lease;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN
        RETURN gate.refuse(a, a.state, coalesce(p_ids, '{}'), p_read, p_write, p_purpose, p_unit, false);
    END IF;
    v_now := clock_timestamp();

    IF p_unit IS NOT NULL THEN
        IF NOT p_unit = ANY (a.units) THEN
            RETURN gate.refuse(a, 'not_your_unit', '{}', p_read, p_write, p_purpose, p_unit, p_counted);
        END IF;
        SELECT coalesce(array_agg(x.patient_id ORDER BY x.patient_id), '{}') INTO v_ids
          FROM (SELECT DISTINCT k.patient_id FROM gate.link k
                 WHERE k.unit = p_unit AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
                 ORDER BY k.patient_id LIMIT v_max + 1) x;
        r.truncated := cardinality(v_ids) > v_max;
        v_ids := v_ids[1:v_max];
        v_bases := ARRAY['stay'];
    ELSE
        SELECT coalesce(array_agg(DISTINCT i), '{}') INTO v_ids FROM unnest(p_ids) i WHERE i IS NOT NULL;
        r.truncated := false;
        IF cardinality(v_ids) = 0 OR cardinality(v_ids) > v_max THEN
            RETURN gate.refuse(a, 'too_many', '{}', p_read, p_write, p_purpose, NULL, false);
        END IF;
        -- a basis counts when it holds for everybody asked for: of one person, all her links; of several, what they share
        SELECT count(DISTINCT x.patient_id),
               coalesce(array_agg(DISTINCT x.basis) FILTER (WHERE x.persons = cardinality(v_ids)), '{}')
          INTO v_linked, v_bases
          FROM (SELECT k.patient_id, k.basis, count(*) OVER (PARTITION BY k.basis) AS persons
                  FROM (SELECT DISTINCT n.patient_id, n.basis FROM gate.link n
                         WHERE n.patient_id = ANY (v_ids) AND (n.unit = ANY (a.units) OR n.account = a.account)
                           AND n.since <= v_now AND (n.until IS NULL OR n.until > v_now)) k) x;
        IF v_linked < cardinality(v_ids) THEN
            RETURN gate.refuse(a, 'no_link', v_ids, p_read, p_write, p_purpose, NULL, p_counted);
        END IF;
    END IF;

    -- A category is opened when the rule allows it on one of the bases.
    SELECT coalesce(array_agg(DISTINCT u.category) FILTER (WHERE u.act = 'read' AND u.category = ANY (p_read)), '{}'),
           coalesce(array_agg(DISTINCT u.category) FILTER (WHERE u.act = 'write' AND u.category = ANY (p_write)), '{}')
      INTO v_reads, v_writes
      FROM gate.rule u WHERE u.profession = a.profession AND u.basis = ANY (v_bases) AND u.allowed;
    IF cardinality(v_reads) = 0 THEN
        RETURN gate.refuse(a, 'category_closed', v_ids, p_read, p_write, p_purpose, p_unit, false);
    END IF;

    -- The same opening of the same session is audited once, and prolonged.
    v_scope := sha256(convert_to(concat_ws('|', v_ids::text, p_purpose, v_reads::text, v_writes::text, p_unit::text), 'UTF8'));
    SELECT * INTO l FROM gate.lease x
     WHERE x.session = p_session AND x.scope = v_scope AND x.until > v_now ORDER BY x.opening DESC LIMIT 1;
    IF NOT FOUND THEN
        -- Two lists joined, not one OR: each walks its own index, however many people are in care elsewhere.
        SELECT greatest(gate.limit_of('linked_floor'), ceil(count(*) * gate.limit_of('linked_census_factor'))) INTO v_cap
          FROM (SELECT k.patient_id FROM gate.link k
                 WHERE k.unit = ANY (a.units) AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
                UNION
                SELECT k.patient_id FROM gate.link k
                 WHERE k.account = a.account AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)) x;
        -- care is never refused: what break-glass opens is counted apart, its number is limited when it is asked for
        IF NOT (CASE WHEN v_bases = ARRAY['break_glass'] THEN gate.spend(a, 'unlinked', v_ids, NULL)
                     ELSE gate.spend(a, 'linked', v_ids, v_cap) END) THEN
            RETURN gate.refuse(a, 'budget', v_ids, p_read, p_write, p_purpose, p_unit, false);
        END IF;
        -- another panel of the same page may have opened it while this one waited for the purse, which is locked from here on
        SELECT * INTO l FROM gate.lease x
         WHERE x.session = p_session AND x.scope = v_scope AND x.until > v_now ORDER BY x.opening DESC LIMIT 1;
    END IF;
    IF FOUND THEN
        SELECT e.nonce, e.basis INTO r.nonce, r.basis FROM audit.entry e WHERE e.id = l.opening;
        r.opening := l.opening; r.resumed := true; r.until := gate.prolong(l, v_now);
    ELSE
        r.basis := array_to_string(v_bases, ',');
        r.entry := audit.append('open', a.account, a.session, a.profession, a.site, p_unit, v_ids, v_reads, v_writes,
                                p_purpose, r.basis, 'opened', NULL, NULL, p_nonce, p_ticket_hash);
        r.opening := (r.entry).id; r.nonce := p_nonce; r.resumed := false; r.until := v_now + interval '15 minutes';
        INSERT INTO gate.lease VALUES (r.opening, p_session, v_scope, r.until, v_now + interval '8 hours');
    END IF;
    r.code := 'ok'; r.ids := v_ids; r.reads := v_reads; r.writes := v_writes; r.actor := a;
    RETURN r;
END $$;

-- At most once a minute, so that reading costs no write.
CREATE FUNCTION gate.prolong(l gate.lease, p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_until timestamptz := least(p_now + interval '15 minutes', l.hard_until);
BEGIN
    IF v_until - l.until > interval '1 minute' THEN
        UPDATE gate.lease SET until = v_until WHERE opening = l.opening;
        RETURN v_until;
    END IF;
    RETURN l.until;
END $$;

CREATE FUNCTION gate.resume(p_session uuid, p_account uuid, p_opening bigint) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; l gate.lease; v_now timestamptz := clock_timestamp();
BEGIN
    a := accounts.actor_of(p_session, p_account);
    r.actor := a; r.code := a.state; r.ids := '{}'; r.reads := '{}'; r.writes := '{}';
    IF a.state <> 'live' THEN RETURN r; END IF;
    SELECT * INTO l FROM gate.lease x WHERE x.opening = p_opening AND x.session = p_session AND x.until > v_now;
    IF NOT FOUND THEN r.code := 'opening_ended'; RETURN r; END IF;
    SELECT e.nonce, e.basis, e.ids, e.reads, e.writes INTO r.nonce, r.basis, r.ids, r.reads, r.writes
      FROM audit.entry e WHERE e.id = p_opening;
    -- The link may have ended since (discharge, move): an opening of people no longer in care is not prolonged.
    IF a.kind = 'person' AND EXISTS (SELECT 1 FROM unnest(r.ids) i WHERE NOT EXISTS (
            SELECT 1 FROM gate.link k WHERE k.patient_id = i AND (k.unit = ANY (a.units) OR k.account = a.account)
               AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now))) THEN
        r.code := 'opening_ended'; r.ids := '{}'; RETURN r;
    END IF;
    r.opening := p_opening; r.resumed := true; r.truncated := false; r.code := 'ok'; r.until := gate.prolong(l, v_now);
    RETURN r;
END $$;

-- Keys for people who do not exist yet, for applications: p_new[i] is the id subject i gets unless one of its tokens is known.
CREATE FUNCTION gate.open_new(p_session uuid, p_account uuid, p_new uuid[], p_subject int[], p_token bigint[],
                              p_purpose text, p_read text[], p_write text[], p_nonce bytea, p_ticket_hash bytea)
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; v_ids uuid[] := p_new; v_known boolean[]; v_now timestamptz; v_patient uuid; i int;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.refuse(a, a.state, '{}', p_read, p_write, p_purpose, NULL, false); END IF;
    IF a.kind <> 'application' THEN RETURN gate.refuse(a, 'category_closed', '{}', p_read, p_write, p_purpose, NULL, false); END IF;
    IF cardinality(p_new) NOT BETWEEN 1 AND gate.limit_of('roster') THEN
        RETURN gate.refuse(a, 'too_many', '{}', p_read, p_write, p_purpose, NULL, false);
    END IF;
    -- Two imports of the same people at once: the second waits, then finds them.
    LOCK TABLE gate.token IN SHARE ROW EXCLUSIVE MODE;
    v_known := array_fill(false, ARRAY[cardinality(p_new)]);
    FOR i IN 1 .. cardinality(p_new) LOOP
        SELECT t.patient_id INTO v_patient FROM gate.token t
         WHERE t.kind = 'SRC' AND t.token IN (SELECT x.token FROM unnest(p_subject, p_token) x (subject, token) WHERE x.subject = i)
         LIMIT 1;
        IF FOUND THEN v_ids[i] := v_patient; v_known[i] := true; END IF;
        -- before the next subject is looked up: the same person may stand twice in one call
        INSERT INTO gate.token (token, kind, patient_id)
        SELECT x.token, 'SRC', v_ids[i] FROM unnest(p_subject, p_token) x (subject, token) WHERE x.subject = i
        ON CONFLICT DO NOTHING;
    END LOOP;
    v_now := clock_timestamp();
    SELECT coalesce(array_agg(u.category ORDER BY u.category) FILTER (WHERE u.act = 'read' AND u.category = ANY (p_read)), '{}'),
           coalesce(array_agg(u.category ORDER BY u.category) FILTER (WHERE u.act = 'write' AND u.category = ANY (p_write)), '{}')
      INTO r.reads, r.writes
      FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'application' AND u.allowed;
    PERFORM gate.spend(a, 'linked', (SELECT array_agg(DISTINCT x) FROM unnest(v_ids) x), NULL);
    r.entry := audit.append('open_new', a.account, a.session, a.profession, a.site, NULL, v_ids, r.reads, r.writes,
                            p_purpose, 'application', 'opened', NULL, NULL, p_nonce, p_ticket_hash);
    r.opening := (r.entry).id; r.nonce := p_nonce; r.resumed := false; r.truncated := false; r.known := v_known;
    r.until := v_now + interval '15 minutes'; r.basis := 'application';
    INSERT INTO gate.lease VALUES (r.opening, p_session, p_nonce, r.until, v_now + interval '8 hours');
    r.code := 'ok'; r.ids := v_ids; r.actor := a;
    RETURN r;
END $$;

CREATE FUNCTION gate.who(p_session uuid, p_account uuid) RETURNS accounts.actor
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT accounts.actor_of(p_session, p_account)
$$;

-- A cookie whose MAC is false: a row, so that forging leaves a trace.
CREATE FUNCTION gate.forged(p_account uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT audit.append('refuse', p_account, NULL, NULL, NULL, NULL, '{}', '{}', '{}', NULL, NULL, 'refused', 'forged_session',
                        NULL, NULL, NULL)
$$;

-- What every policy asks, once a query. No valid ticket: it raises; never a silent empty page.
CREATE FUNCTION gate.opened_patients(p_category text, p_mode text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_ticket text := current_setting('egide.ticket', true); v_ids uuid[];
    v_id text := split_part(v_ticket, '.', 1); v_secret text := split_part(v_ticket, '.', 2);
BEGIN
    -- Lengths apart from the pattern: counted repetitions ({64}) cost 25 µs a match.
    IF v_ticket ~ '^[0-9]+\.[0-9a-f]+$' AND length(v_id) <= 18 AND length(v_secret) = 64 THEN
        -- Three rows by their keys, one after the other: joined, the planner walked all live sessions, at each of a chart's
        -- thirty questions.
        SELECT CASE WHEN p_category = ANY (CASE p_mode WHEN 'read' THEN e.reads WHEN 'write' THEN e.writes ELSE '{}' END)
                    THEN e.ids ELSE '{}' END
          INTO v_ids
          FROM audit.entry e
         WHERE e.id = v_id::bigint AND e.ticket_hash = sha256(decode(v_secret, 'hex'))
           AND e.session = (SELECT l.session FROM gate.lease l WHERE l.opening = v_id::bigint AND l.until > clock_timestamp())
           AND (SELECT s.ended_at IS NULL AND s.frozen_at IS NULL AND s.expires_at > clock_timestamp()
                  FROM accounts.session s WHERE s.id = e.session);
        IF FOUND THEN RETURN v_ids; END IF;
    END IF;
    RAISE EXCEPTION 'no valid opening' USING ERRCODE = 'EG001';
END $$;

-- Who acts in this transaction, from the ticket alone: an opening's, or a session's (that of `who`: w<session>.<secret>).
CREATE FUNCTION gate.acting() RETURNS accounts.actor
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_ticket text := current_setting('egide.ticket', true); a accounts.actor; v_session uuid; v_account uuid;
BEGIN
    IF v_ticket ~ '^w[0-9a-f]{32}\.[0-9a-f]{64}$' THEN
        SELECT s.id, s.account INTO v_session, v_account FROM accounts.session s
         WHERE s.id = substr(split_part(v_ticket, '.', 1), 2)::uuid
           AND s.ticket_hash = sha256(decode(split_part(v_ticket, '.', 2), 'hex'));
    ELSE
        PERFORM gate.opened_patients('identity', 'read');
        SELECT e.session, e.account INTO v_session, v_account FROM audit.entry e WHERE e.id = split_part(v_ticket, '.', 1)::bigint;
    END IF;
    a := accounts.actor_of(v_session, v_account);
    IF a.state IS DISTINCT FROM 'live' THEN RAISE EXCEPTION 'no valid opening' USING ERRCODE = 'EG001'; END IF;
    RETURN a;
END $$;

-- door: what the web may execute ------------------------------------------------------------------------------------

-- A statement prepared by SQL can stand under a name of the driver's and run in the next request's place (attack 22). The driver
-- prepares through the protocol: whatever was prepared by SQL is an intruder's.
CREATE FUNCTION door.use_opening(p_ticket text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_prepared_statements WHERE from_sql) THEN
        RAISE EXCEPTION 'a statement prepared by SQL is on this connection' USING ERRCODE = 'EG004';
    END IF;
    PERFORM set_config('egide.ticket', p_ticket, true);
    IF p_ticket LIKE 'w%' THEN PERFORM gate.acting(); ELSE PERFORM gate.opened_patients('identity', 'read'); END IF;
END $$;

CREATE FUNCTION door.append_act(p_verb text, p_patient uuid, p_object text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_opening bigint; e audit.entry; o record;
BEGIN
    IF p_verb !~ '^[a-z_]+:[a-z_]+:[a-z_]+$' OR length(p_object) > 80 THEN
        RAISE EXCEPTION 'not an act' USING ERRCODE = 'EG002';
    END IF;
    IF current_setting('egide.ticket', true) LIKE 'w%' THEN
        RAISE EXCEPTION 'this ticket opens no patient' USING ERRCODE = 'EG003';
    END IF;
    v_opening := split_part(current_setting('egide.ticket', true), '.', 1)::bigint;
    SELECT x.ids, x.writes, x.purpose, x.basis, x.unit INTO o FROM audit.entry x WHERE x.id = v_opening;
    IF p_patient IS NULL OR NOT p_patient = ANY (o.ids) OR cardinality(o.writes) = 0 THEN
        RAISE EXCEPTION 'this opening writes nothing of that patient' USING ERRCODE = 'EG003';
    END IF;
    e := audit.append('act', a.account, a.session, a.profession, a.site, o.unit, ARRAY[p_patient], '{}', o.writes,
                      o.purpose, o.basis, 'done', p_verb, p_object, NULL, NULL);
    RETURN e.id;
END $$;

-- The link that a fact makes (a stay in a unit), under an opening that writes the stay. The unit must be the actor's, or, for an
-- application, of its site: `directory_unit` is no secret.
CREATE FUNCTION door.link(p_patient uuid, p_basis text, p_unit uuid, p_since timestamptz, p_until timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_id bigint;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no stay of that patient' USING ERRCODE = 'EG003';
    END IF;
    IF a.kind <> 'application' THEN
        RAISE EXCEPTION 'a person links nobody yet' USING ERRCODE = 'EG003';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN
        RAISE EXCEPTION 'not a unit of this site' USING ERRCODE = 'EG003';
    END IF;
    SELECT id INTO v_id FROM gate.link k
     WHERE k.patient_id = p_patient AND k.unit = p_unit AND k.basis = p_basis AND k.since = p_since;
    IF FOUND THEN RETURN v_id; END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                      NULL, p_basis, 'done', NULL, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, p_basis, p_unit, p_since, p_until, e.id) RETURNING id INTO v_id;
    RETURN v_id;
END $$;

CREATE FUNCTION door.unlink(p_patient uuid, p_basis text, p_unit uuid, p_until timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_count int;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN
        RAISE EXCEPTION 'this opening writes no stay of that patient' USING ERRCODE = 'EG003';
    END IF;
    UPDATE gate.link SET until = greatest(p_until, since)
     WHERE patient_id = p_patient AND basis = p_basis AND unit = p_unit AND until IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        PERFORM audit.append('link', a.account, a.session, a.profession, a.site, p_unit, ARRAY[p_patient], '{}', ARRAY['stay'],
                             NULL, p_basis, 'ended', NULL, NULL, NULL, NULL);
    END IF;
    RETURN v_count;
END $$;

-- Who opened this record (the patient's right), refusals included: needs an opening of that patient. Newest first, at most 500.
CREATE FUNCTION door.openings_of(p_patient uuid)
RETURNS TABLE (at timestamptz, kind text, account uuid, name text, profession text, units uuid[], purpose text, basis text, reads text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN
        RAISE EXCEPTION 'not an opened patient' USING ERRCODE = 'EG003';
    END IF;
    RETURN QUERY
    SELECT e.at, e.kind, e.account, c.name, e.profession,
           CASE WHEN e.unit IS NOT NULL THEN ARRAY[e.unit] ELSE
               (SELECT array_agg(m.unit) FROM accounts.membership m
                 WHERE m.account = e.account AND m.profession = e.profession AND m.unit IS NOT NULL
                   AND m.since <= e.at AND (m.until IS NULL OR m.until > e.at)) END,
           e.purpose, e.basis, e.reads
      FROM audit.entry e LEFT JOIN accounts.account c ON c.id = e.account
     WHERE e.ids @> ARRAY[p_patient] AND e.kind IN ('open', 'open_new', 'refuse')
     ORDER BY e.id DESC LIMIT 500;
END $$;

-- My live sessions. Last use: an opening's lease is prolonged at most once a minute, so to the minute.
CREATE FUNCTION door.my_sessions()
RETURNS TABLE (id uuid, device text, since timestamptz, last_seen timestamptz, until timestamptz, grade text, current boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT s.id, s.device, s.created_at,
           greatest(s.created_at, (SELECT max(l.until) FROM gate.lease l WHERE l.session = s.id) - interval '15 minutes'),
           s.expires_at, s.grade, s.id = a.session
      FROM accounts.session s
     WHERE s.account = a.account AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
     ORDER BY s.created_at DESC LIMIT 50;
END $$;

CREATE FUNCTION door.rule_hash() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT hash FROM gate.rule_hash $$;

REVOKE ALL ON ALL TABLES IN SCHEMA gate FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gate, door FROM PUBLIC;
GRANT USAGE ON SCHEMA gate TO keeper, owner;
GRANT EXECUTE ON FUNCTION gate.open(uuid, uuid, uuid[], uuid, text, text[], text[], boolean, bytea, bytea),
    gate.resume(uuid, uuid, bigint), gate.who(uuid, uuid), gate.forged(uuid),
    gate.open_new(uuid, uuid, uuid[], int[], bigint[], text, text[], text[], bytea, bytea) TO keeper;
GRANT USAGE ON SCHEMA audit, accounts TO keeper;
GRANT USAGE ON SCHEMA door TO web, worker;
GRANT EXECUTE ON FUNCTION gate.opened_patients(text, text) TO web, worker, owner;
GRANT EXECUTE ON FUNCTION door.use_opening(text), door.append_act(text, uuid, text), door.openings_of(uuid),
    door.my_sessions(), door.rule_hash() TO web;
GRANT EXECUTE ON FUNCTION door.use_opening(text), door.append_act(text, uuid, text), door.rule_hash(),
    door.link(uuid, text, uuid, timestamptz, timestamptz), door.unlink(uuid, text, uuid, timestamptz) TO worker;

SET LOCAL ROLE owner;
