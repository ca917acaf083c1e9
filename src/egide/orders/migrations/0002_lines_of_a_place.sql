-- Lines of work are found by the place whose they are, in the order they are shown; those whose sixty days are over end, instead of standing
-- in the way of the next. What is asked for stays in the legal entity, and who asks is written once.
SET LOCAL ROLE gatekeeper;

-- ── who asks, who samples: gate/rules.py, PRESCRIBERS and SAMPLERS ──────────────────────────────────────────────────────────────────

CREATE FUNCTION gate.prescribers() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT ARRAY['physician', 'midwife', 'intern'] $$;
CREATE FUNCTION gate.samplers() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT gate.prescribers() || 'nurse'::text $$;

-- ── lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- `place`: the unit, or the profession of the site (gate.work_place), whose line it is. `lapsed`: its link ended by itself, nobody did it.
ALTER TABLE gate.task DROP CONSTRAINT task_outcome_check;
ALTER TABLE gate.task ADD CONSTRAINT task_outcome_check CHECK (outcome IN ('done', 'skipped', 'cancelled', 'lapsed'));
ALTER TABLE gate.task ADD COLUMN place uuid;
UPDATE gate.task t SET place = k.unit FROM gate.link k WHERE k.id = t.link;
UPDATE gate.task t SET outcome = 'lapsed', done_at = k.until FROM gate.link k
 WHERE k.id = t.link AND t.outcome IS NULL AND k.until <= clock_timestamp();
ALTER TABLE gate.task ALTER COLUMN place SET NOT NULL;
DROP INDEX gate.task_open;
CREATE INDEX task_place ON gate.task (place, urgent DESC, due_at, id) WHERE outcome IS NULL;
CREATE INDEX task_patient ON gate.task (patient_id) WHERE outcome IS NULL;

-- Ends the first lines of a place whose links are over; called by what adds one, so that they never gather at the head of the list.
CREATE FUNCTION gate.lapse_work(p_place uuid) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE gate.task t SET outcome = 'lapsed', done_at = f.until
      FROM (SELECT x.id, k.until
              FROM (VALUES (true), (false)) v (urgent) CROSS JOIN LATERAL
                   (SELECT y.id, y.link FROM gate.task y WHERE y.place = p_place AND y.urgent = v.urgent AND y.outcome IS NULL
                     ORDER BY y.due_at, y.id LIMIT 25) x
              JOIN gate.link k ON k.id = x.link WHERE k.until <= clock_timestamp()) f
     WHERE t.id = f.id AND t.outcome IS NULL
$$;

-- As before; somebody whose line lapsed is put on the list anew.
CREATE OR REPLACE FUNCTION gate.ask_work(p_list text, p_site uuid, p_patient uuid, p_unit uuid, p_at timestamptz, p_entry bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE w gate.work_list; v_link bigint; v_place uuid; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO w FROM gate.work_list x WHERE x.list = p_list;
    v_place := gate.work_place(p_site, w.profession);
    UPDATE gate.task t SET outcome = 'lapsed', done_at = k.until FROM gate.link k
     WHERE k.id = t.link AND t.patient_id = p_patient AND t.outcome IS NULL AND k.until <= v_now;
    IF EXISTS (SELECT 1 FROM gate.task t WHERE t.patient_id = p_patient AND t.list = p_list AND t.site = p_site AND t.outcome IS NULL
                 AND t.object IS NULL) THEN
        RETURN;
    END IF;
    PERFORM gate.lapse_work(v_place);
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, 'work_list', v_place, v_now, v_now + make_interval(days => gate.limit_of('work_days')::int), p_entry)
    RETURNING id INTO v_link;
    INSERT INTO gate.task (list, site, place, unit, patient_id, entry, link, opened_at, due_at)
    VALUES (p_list, p_site, v_place, p_unit, p_patient, p_entry, v_link, p_at, p_at + make_interval(hours => w.due_hours));
END $$;

-- As before; a lapsed request may still be told of, by who cares for her.
CREATE OR REPLACE FUNCTION gate.end_work(p_task bigint, p_outcome text, p_reason text, p_by uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE t gate.task; v_now timestamptz := clock_timestamp();
BEGIN
    UPDATE gate.task SET outcome = p_outcome, reason = p_reason, done_at = v_now, done_by = p_by
     WHERE id = p_task AND (outcome IS NULL OR outcome = 'lapsed') RETURNING * INTO t;
    UPDATE gate.link SET until = greatest(v_now, since) WHERE id = t.link AND (until IS NULL OR until > v_now);
END $$;

-- As before, each place by its index; one line more than a roster holds, so that the page says there are more.
CREATE OR REPLACE FUNCTION door.my_work()
RETURNS TABLE (id bigint, list text, patient uuid, unit uuid, opened_at timestamptz, due_at timestamptz, late boolean, object uuid,
               urgent boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp(); v_most int := gate.limit_of('roster') + 1;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'work_list' AND u.act = 'read' AND u.allowed)
        THEN RETURN; END IF;
    RETURN QUERY
    SELECT t.id, t.list, t.patient_id, t.unit, t.opened_at, t.due_at, t.due_at < v_now, t.object, t.urgent
      FROM unnest(gate.places(a)) p CROSS JOIN LATERAL
           (SELECT x.* FROM gate.task x JOIN gate.link k ON k.id = x.link
             WHERE x.place = p AND x.outcome IS NULL AND x.site = a.site AND k.until > v_now
             ORDER BY x.urgent DESC, x.due_at, x.id LIMIT v_most) t
     ORDER BY t.urgent DESC, t.due_at, t.id LIMIT v_most;
END $$;

-- ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Units that receive requests, and of which list: where the list's profession works now, in my legal entity (or my site, if it has none).
-- A request gives the record: what passes from one entity to another is a letter or a message, not a line of its people's list.
CREATE OR REPLACE FUNCTION door.receivers() RETURNS TABLE (unit uuid, list text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp(); v_domain uuid := gate.domain_of(a.site);
BEGIN
    RETURN QUERY
    SELECT DISTINCT u.id, w.list
      FROM public.directory_site s JOIN public.directory_unit u ON u.site_id = s.id JOIN accounts.membership m ON m.unit = u.id
      JOIN accounts.account c ON c.id = m.account JOIN gate.work_list w ON w.profession = m.profession
     WHERE coalesce(s.entity_id, s.id) = v_domain AND u.kind = 'platform' AND w.asked AND c.ended_at IS NULL
       AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now);
END $$;

-- As before, by the same lists of professions.
CREATE OR REPLACE FUNCTION gate.ask_examination(p_patient uuid, p_examination uuid, p_list text, p_unit uuid, p_urgent boolean, p_due timestamptz)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_link bigint; v_site uuid; v_stay uuid; v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('clinical', 'write'))
       OR NOT a.profession = ANY (gate.prescribers() || 'application'::text) THEN RETURN 'category_closed'; END IF;
    IF p_examination IS NULL OR p_urgent IS NULL OR p_due IS NULL OR p_due < v_now - interval '5 minutes'
       OR p_due > v_now + interval '31 days' THEN RETURN 'bad_request'; END IF;
    SELECT u.site_id INTO v_site FROM door.receivers() r JOIN public.directory_unit u ON u.id = r.unit
     WHERE r.unit = p_unit AND r.list = p_list;
    IF NOT FOUND THEN RETURN 'unknown_receiver'; END IF;
    IF EXISTS (SELECT 1 FROM gate.task t WHERE t.object = p_examination) THEN RETURN 'already'; END IF;
    IF gate.made(a, p_patient) IS NOT NULL THEN RETURN 'links_pace'; END IF;
    PERFORM gate.lapse_work(p_unit);
    e := gate.wrote(a, p_patient, 'orders:examination:ask', p_examination::text);
    SELECT k.unit INTO v_stay FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now
       AND (k.until IS NULL OR k.until > v_now) ORDER BY k.since DESC LIMIT 1;
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, 'work_list', p_unit, v_now, v_now + make_interval(days => gate.limit_of('work_days')::int), e.id)
    RETURNING id INTO v_link;
    INSERT INTO gate.task (list, site, place, unit, patient_id, entry, link, opened_at, due_at, object, urgent)
    VALUES (p_list, v_site, p_unit, v_stay, p_patient, e.id, v_link, v_now, p_due, p_examination, p_urgent);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION gate.tell_examination(p_examination uuid, p_row uuid, p_step text, p_words bytea) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t gate.task; v_cares boolean; v_works boolean; v_now timestamptz := clock_timestamp();
BEGIN
    IF p_row IS NULL OR p_step IS NULL OR p_step NOT IN ('done', 'reported', 'cancelled') OR (p_step <> 'done') <> (p_words IS NOT NULL)
       OR length(p_words) > 40000 THEN RETURN 'bad_request'; END IF;
    SELECT * INTO t FROM gate.task x WHERE x.object = p_examination FOR UPDATE;
    v_cares := coalesce(t.patient_id = ANY (gate.opened_patients('clinical', 'write')), false);
    v_works := coalesce(t.patient_id = ANY (gate.opened_patients('clinical', 'read')), false)
        AND EXISTS (SELECT 1 FROM gate.link k WHERE k.id = t.link AND k.unit = ANY (gate.places(a)) AND k.until > v_now)
        AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'work_list' AND u.act = 'read' AND u.allowed);
    IF NOT v_cares AND NOT v_works THEN RETURN 'no_link'; END IF;
    IF t.outcome IS NOT NULL AND t.outcome <> 'lapsed' THEN RETURN 'told_already'; END IF;
    IF NOT v_works AND NOT (CASE p_step
            WHEN 'done' THEN t.list = 'sample' AND a.profession = ANY (gate.samplers())
            WHEN 'cancelled' THEN a.profession = ANY (gate.prescribers()) ELSE false END) THEN
        RETURN 'category_closed';
    END IF;
    IF EXISTS (SELECT 1 FROM public.orders_step s WHERE s.examination_id = p_examination AND s.step = p_step) THEN
        RETURN 'told_already';
    END IF;
    INSERT INTO public.orders_step (id, patient_id, examination_id, step, body, at, author)
    VALUES (p_row, t.patient_id, p_examination, p_step, p_words, v_now, a.account);
    PERFORM gate.wrote(a, t.patient_id, 'orders:examination:'
        || CASE p_step WHEN 'done' THEN 'do' WHEN 'reported' THEN 'report' ELSE 'cancel' END, p_examination::text);
    IF p_step <> 'done' THEN
        PERFORM gate.end_work(t.id, CASE p_step WHEN 'reported' THEN 'done' ELSE 'cancelled' END, NULL, a.account);
    END IF;
    RETURN 'ok';
END $$;

REVOKE ALL ON FUNCTION gate.prescribers(), gate.samplers(), gate.lapse_work(uuid) FROM PUBLIC;

SET LOCAL ROLE owner;
