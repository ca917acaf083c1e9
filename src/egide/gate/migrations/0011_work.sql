-- Work lists: who works by list (pharmacist, laboratory, imaging, DIM, billing) opens whom an event put there, until she has done
-- it. An admission asks for a medication reconciliation and a billing file, a discharge for coding; a move asks for nothing.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('work_days', 60), ('work_fresh_days', 7);

CREATE TABLE gate.work_list (
    list text PRIMARY KEY CHECK (list ~ '^[a-z_]{3,30}$'),
    profession text NOT NULL,
    due_hours int NOT NULL CHECK (due_hours > 0)
);
INSERT INTO gate.work_list VALUES ('reconcile', 'pharmacist', 24), ('billing', 'billing', 72), ('coding', 'dim', 240),
    ('sample', 'laboratory', 4), ('image', 'imaging', 24);

CREATE TABLE gate.task (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list text NOT NULL REFERENCES gate.work_list,
    site uuid NOT NULL,
    unit uuid,
    patient_id uuid NOT NULL,
    entry bigint NOT NULL,
    link bigint NOT NULL REFERENCES gate.link,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    outcome text CHECK (outcome IN ('done', 'skipped', 'cancelled')),
    reason text CHECK (reason ~ '^[a-z_]{3,30}$'),
    done_at timestamptz,
    done_by uuid REFERENCES accounts.account,
    CHECK ((outcome IS NULL) = (done_at IS NULL))
);
CREATE INDEX task_link ON gate.task (link);
CREATE INDEX task_open ON gate.task (site, list, due_at) WHERE outcome IS NULL;
CREATE UNIQUE INDEX task_once ON gate.task (patient_id, list, site) WHERE outcome IS NULL;

-- Puts somebody on a list of a site, with the link that opens her to whoever works there. Already there: nothing.
CREATE FUNCTION gate.ask_work(p_list text, p_site uuid, p_patient uuid, p_unit uuid, p_at timestamptz, p_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE w gate.work_list; v_link bigint; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO w FROM gate.work_list x WHERE x.list = p_list;
    IF EXISTS (SELECT 1 FROM gate.task t WHERE t.patient_id = p_patient AND t.list = p_list AND t.site = p_site AND t.outcome IS NULL) THEN
        RETURN;
    END IF;
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, 'work_list', gate.work_place(p_site, w.profession), v_now,
            v_now + make_interval(days => gate.limit_of('work_days')::int), p_entry) RETURNING id INTO v_link;
    INSERT INTO gate.task (list, site, unit, patient_id, entry, link, opened_at, due_at)
    VALUES (p_list, p_site, p_unit, p_patient, p_entry, v_link, p_at, p_at + make_interval(hours => w.due_hours));
END $$;

-- Ends what an event asked for: `cancelled` when the event turns out to be another (a move is no discharge).
CREATE FUNCTION gate.end_work(p_task bigint, p_outcome text, p_reason text, p_by uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE t gate.task; v_now timestamptz := clock_timestamp();
BEGIN
    UPDATE gate.task SET outcome = p_outcome, reason = p_reason, done_at = v_now, done_by = p_by
     WHERE id = p_task AND outcome IS NULL RETURNING * INTO t;
    UPDATE gate.link SET until = greatest(v_now, since) WHERE id = t.link AND (until IS NULL OR until > v_now);
END $$;

CREATE OR REPLACE FUNCTION gate.stay_began(a accounts.actor, p_patient uuid, p_unit uuid, p_since timestamptz, p_until timestamptz, p_entry bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_until timestamptz := p_until + make_interval(days => gate.limit_of('residence_days')::int); u record; v_moved boolean := false; i bigint;
BEGIN
    SELECT x.kind, x.site_id INTO u FROM public.directory_unit x WHERE x.id = p_unit;
    IF u.kind = 'residence' AND (v_until IS NULL OR v_until > clock_timestamp()) THEN
        UPDATE gate.link k SET until = v_until WHERE k.patient_id = p_patient AND k.basis = 'residence' AND k.until > clock_timestamp()
           AND (k.unit = p_unit OR k.account IS NOT NULL);
        IF NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'residence' AND k.unit = p_unit
                         AND (k.until IS NULL OR k.until > clock_timestamp())) THEN
            INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
            VALUES (p_patient, 'residence', p_unit, p_since, v_until, p_entry);
        END IF;
    END IF;
    -- a stay that begins in the transaction where another ended is a move: nobody left, nobody arrived
    FOR i IN SELECT t.id FROM gate.task t WHERE t.patient_id = p_patient AND t.list = 'coding' AND t.outcome IS NULL
                AND t.xid = pg_current_xact_id() AND a.kind = 'person' LOOP
        PERFORM gate.end_work(i, 'cancelled', 'moved', a.account);
        v_moved := true;
    END LOOP;
    IF NOT v_moved AND p_until IS NULL AND p_since > clock_timestamp() - make_interval(days => gate.limit_of('work_fresh_days')::int) THEN
        PERFORM gate.ask_work('billing', u.site_id, p_patient, p_unit, p_since, p_entry);
        IF u.kind = 'ward' THEN PERFORM gate.ask_work('reconcile', u.site_id, p_patient, p_unit, p_since, p_entry); END IF;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION gate.stay_ended(a accounts.actor, p_patient uuid, p_unit uuid, p_until timestamptz, p_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE u record; i bigint;
BEGIN
    SELECT x.kind, x.site_id INTO u FROM public.directory_unit x WHERE x.id = p_unit;
    PERFORM gate.attend(p_patient, p_unit, p_until, p_entry);
    IF u.kind = 'residence' THEN
        UPDATE gate.link k SET until = greatest(p_until + make_interval(days => gate.limit_of('residence_days')::int), k.since)
         WHERE k.patient_id = p_patient AND k.basis = 'residence' AND k.until IS NULL;
    ELSIF p_until <= clock_timestamp() AND p_until > clock_timestamp() - make_interval(days => gate.limit_of('work_fresh_days')::int) THEN
        PERFORM gate.ask_work('coding', u.site_id, p_patient, p_unit, p_until, p_entry);
    END IF;
END $$;

-- What my profession has to do on my site, the most pressing first; at most a roster. No trait: naming them is an opening.
CREATE FUNCTION door.my_work()
RETURNS TABLE (id bigint, list text, patient uuid, unit uuid, opened_at timestamptz, due_at timestamptz, late boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT t.id, t.list, t.patient_id, t.unit, t.opened_at, t.due_at, t.due_at < clock_timestamp()
      FROM gate.task t JOIN gate.work_list w ON w.list = t.list JOIN gate.link k ON k.id = t.link
     WHERE t.site = a.site AND w.profession = a.profession AND t.outcome IS NULL AND k.until > clock_timestamp()
     ORDER BY t.due_at, t.id LIMIT gate.limit_of('roster')::int;
END $$;

-- Done, or not to be done (with a reason): the link that opened her ends in the same commit. Returns a code.
CREATE FUNCTION door.close_task(p_id bigint, p_outcome text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t gate.task;
BEGIN
    IF p_outcome IS NULL OR p_outcome NOT IN ('done', 'skipped')
       OR (p_outcome = 'skipped') <> (p_reason IS NOT NULL AND p_reason IN ('not_concerned', 'done_elsewhere', 'duplicate')) THEN
        RETURN 'bad_request';
    END IF;
    SELECT x.* INTO t FROM gate.task x JOIN gate.work_list w ON w.list = x.list
     WHERE x.id = p_id AND x.site = a.site AND w.profession = a.profession FOR UPDATE OF x;
    IF NOT FOUND THEN RETURN 'no_link'; END IF;
    IF t.outcome IS NOT NULL THEN RETURN 'already'; END IF;
    PERFORM gate.end_work(t.id, p_outcome, p_reason, a.account);
    PERFORM audit.append('work', a.account, a.session, a.profession, a.site, t.unit, ARRAY[t.patient_id], '{}', '{}', NULL, 'work_list',
                         p_outcome, p_reason, t.list, NULL, NULL);
    RETURN 'ok';
END $$;

-- Who takes care of an opened patient now, and until when; `mine` says that I am one of them.
CREATE FUNCTION door.carers_of(p_patient uuid)
RETURNS TABLE (link bigint, basis text, account uuid, name text, profession text, unit uuid, since timestamptz, until timestamptz, mine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN
        RAISE EXCEPTION 'not an opened patient' USING ERRCODE = 'EG003';
    END IF;
    RETURN QUERY
    SELECT k.id, k.basis, k.account, c.name,
           coalesce((SELECT m.profession FROM accounts.membership m WHERE m.account = k.account ORDER BY m.since DESC LIMIT 1),
                    (SELECT w.profession FROM gate.task t JOIN gate.work_list w ON w.list = t.list WHERE t.link = k.id)),
           k.unit, k.since, k.until, coalesce(k.account = a.account, false) OR coalesce(k.unit = ANY (a.units), false)
      FROM gate.link k LEFT JOIN accounts.account c ON c.id = k.account
     WHERE k.patient_id = p_patient AND k.basis NOT IN ('oversight', 'arrival') AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
     ORDER BY k.basis <> 'stay', k.basis, k.since DESC LIMIT 100;
END $$;

REVOKE ALL ON gate.work_list, gate.task FROM PUBLIC;
REVOKE ALL ON FUNCTION gate.ask_work(text, uuid, uuid, uuid, timestamptz, bigint), gate.end_work(bigint, text, text, uuid),
    door.my_work(), door.close_task(bigint, text, text), door.carers_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.my_work(), door.close_task(bigint, text, text), door.carers_of(uuid) TO web;

SET LOCAL ROLE owner;
