-- What a prescriber asks of a laboratory or an imaging unit: a line of that unit's list for each request, with the link that opens
-- the person to whoever works there, until the result is given, the request cancelled, or sixty days.
SET LOCAL ROLE gatekeeper;

-- `asked`: a list that requests feed, unit by unit; the others are fed by events, for a whole profession of a site.
ALTER TABLE gate.work_list ADD COLUMN asked boolean NOT NULL DEFAULT false;
UPDATE gate.work_list SET asked = true WHERE list IN ('sample', 'image');
ALTER TABLE gate.task ADD COLUMN object uuid, ADD COLUMN urgent boolean NOT NULL DEFAULT false;
DROP INDEX gate.task_once;
CREATE UNIQUE INDEX task_once ON gate.task (patient_id, list, site) WHERE outcome IS NULL AND object IS NULL;
CREATE UNIQUE INDEX task_object ON gate.task (object) WHERE object IS NOT NULL;

-- Units that receive requests, and of which list: where the list's profession works now.
CREATE FUNCTION door.receivers() RETURNS TABLE (unit uuid, list text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp();
BEGIN
    PERFORM gate.acting();
    RETURN QUERY
    SELECT DISTINCT u.id, w.list FROM public.directory_unit u JOIN accounts.membership m ON m.unit = u.id
      JOIN accounts.account c ON c.id = m.account JOIN gate.work_list w ON w.profession = m.profession
     WHERE u.kind = 'platform' AND w.asked AND c.ended_at IS NULL AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now);
END $$;

-- The act's row, under the opening of this ticket; of somebody who works by list, what she may write is this alone.
CREATE FUNCTION gate.wrote(a accounts.actor, p_patient uuid, p_verb text, p_object text) RETURNS audit.entry
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE o record;
BEGIN
    SELECT x.purpose, x.basis, x.unit INTO o FROM audit.entry x
     WHERE x.id = split_part(current_setting('egide.ticket', true), '.', 1)::bigint;
    RETURN audit.append('act', a.account, a.session, a.profession, a.site, o.unit, ARRAY[p_patient], '{}', ARRAY['clinical'],
                        o.purpose, o.basis, 'done', p_verb, p_object, NULL, NULL);
END $$;

-- Called in the transaction that writes the request, before it: the link and the line of that unit's list. Returns a code; `already`
-- when the same request was sent twice.
CREATE FUNCTION gate.ask_examination(p_patient uuid, p_examination uuid, p_list text, p_unit uuid, p_urgent boolean, p_due timestamptz)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_link bigint; v_site uuid; v_stay uuid; v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('clinical', 'write'))
       OR a.profession NOT IN ('physician', 'midwife', 'intern', 'application') THEN RETURN 'category_closed'; END IF;
    IF p_examination IS NULL OR p_urgent IS NULL OR p_due IS NULL OR p_due < v_now - interval '5 minutes'
       OR p_due > v_now + interval '31 days' THEN RETURN 'bad_request'; END IF;
    SELECT u.site_id INTO v_site FROM door.receivers() r JOIN public.directory_unit u ON u.id = r.unit
     WHERE r.unit = p_unit AND r.list = p_list;
    IF NOT FOUND THEN RETURN 'unknown_receiver'; END IF;
    IF EXISTS (SELECT 1 FROM gate.task t WHERE t.object = p_examination) THEN RETURN 'already'; END IF;
    IF gate.made(a, p_patient) IS NOT NULL THEN RETURN 'links_pace'; END IF;
    e := gate.wrote(a, p_patient, 'orders:examination:ask', p_examination::text);
    SELECT k.unit INTO v_stay FROM gate.link k WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now
       AND (k.until IS NULL OR k.until > v_now) ORDER BY k.since DESC LIMIT 1;
    INSERT INTO gate.link (patient_id, basis, unit, since, until, entry)
    VALUES (p_patient, 'work_list', p_unit, v_now, v_now + make_interval(days => gate.limit_of('work_days')::int), e.id)
    RETURNING id INTO v_link;
    INSERT INTO gate.task (list, site, unit, patient_id, entry, link, opened_at, due_at, object, urgent)
    VALUES (p_list, v_site, v_stay, p_patient, e.id, v_link, v_now, p_due, p_examination, p_urgent);
    RETURN 'ok';
END $$;
CREATE FUNCTION door.ask_examination(p_patient uuid, p_examination uuid, p_list text, p_unit uuid, p_urgent boolean, p_due timestamptz)
RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.ask_examination(p_patient, p_examination, p_list, p_unit, p_urgent, p_due), 'ask_examination', p_patient,
                     concat_ws(':', p_list, p_unit))
$$;

-- What became of a request: done, reported (the result) or cancelled (why), told by whoever works on it, whom the list opened and
-- who writes nothing else of a record; a sample also by who takes it on the ward, a cancellation by who may ask. What it ends, it ends
-- in this commit: the line and its link. Somebody else's request and none at all get the same answer.
CREATE FUNCTION gate.tell_examination(p_examination uuid, p_row uuid, p_step text, p_words bytea) RETURNS text
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
    IF t.outcome IS NOT NULL THEN RETURN 'told_already'; END IF;
    IF NOT v_works AND NOT (CASE p_step
            WHEN 'done' THEN t.list = 'sample' AND a.profession IN ('physician', 'midwife', 'intern', 'nurse')
            WHEN 'cancelled' THEN a.profession IN ('physician', 'midwife', 'intern') ELSE false END) THEN
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
CREATE FUNCTION door.tell_examination(p_examination uuid, p_row uuid, p_step text, p_words bytea) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.tell_examination(p_examination, p_row, p_step, p_words), 'tell_examination', NULL, p_examination::text)
$$;

-- As before, and: urgent first; what is asked of a unit of mine, if my profession works by list. The link says whose line it is.
DROP FUNCTION door.my_work();
CREATE FUNCTION door.my_work()
RETURNS TABLE (id bigint, list text, patient uuid, unit uuid, opened_at timestamptz, due_at timestamptz, late boolean, object uuid,
               urgent boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT t.id, t.list, t.patient_id, t.unit, t.opened_at, t.due_at, t.due_at < clock_timestamp(), t.object, t.urgent
      FROM gate.task t JOIN gate.work_list w ON w.list = t.list JOIN gate.link k ON k.id = t.link
     WHERE t.site = a.site AND (w.profession = a.profession OR t.object IS NOT NULL) AND t.outcome IS NULL
       AND k.unit = ANY (gate.places(a)) AND k.until > clock_timestamp()
       AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'work_list' AND u.act = 'read' AND u.allowed)
     ORDER BY t.urgent DESC, t.due_at, t.id LIMIT gate.limit_of('roster')::int;
END $$;

-- As before; what was asked for is done by telling its result, not by a tick.
CREATE OR REPLACE FUNCTION gate.close_task(p_id bigint, p_outcome text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); t gate.task;
BEGIN
    IF p_outcome IS NULL OR p_outcome NOT IN ('done', 'skipped')
       OR (p_outcome = 'skipped') <> (p_reason IS NOT NULL AND p_reason IN ('not_concerned', 'done_elsewhere', 'duplicate')) THEN
        RETURN 'bad_request';
    END IF;
    SELECT x.* INTO t FROM gate.task x JOIN gate.work_list w ON w.list = x.list
     WHERE x.id = p_id AND x.site = a.site AND w.profession = a.profession AND x.object IS NULL FOR UPDATE OF x;
    IF NOT FOUND THEN RETURN 'no_link'; END IF;
    IF t.outcome IS NOT NULL THEN RETURN 'already'; END IF;
    PERFORM gate.end_work(t.id, p_outcome, p_reason, a.account);
    PERFORM audit.append('work', a.account, a.session, a.profession, a.site, t.unit, ARRAY[t.patient_id], '{}', '{}', NULL, 'work_list',
                         p_outcome, p_reason, t.list, NULL, NULL);
    RETURN 'ok';
END $$;

REVOKE ALL ON FUNCTION door.receivers(), gate.wrote(accounts.actor, uuid, text, text), door.my_work(),
    gate.ask_examination(uuid, uuid, text, uuid, boolean, timestamptz), door.ask_examination(uuid, uuid, text, uuid, boolean, timestamptz),
    gate.tell_examination(uuid, uuid, text, bytea), door.tell_examination(uuid, uuid, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.receivers(), door.my_work(), door.ask_examination(uuid, uuid, text, uuid, boolean, timestamptz),
    door.tell_examination(uuid, uuid, text, bytea) TO web;
GRANT EXECUTE ON FUNCTION door.ask_examination(uuid, uuid, text, uuid, boolean, timestamptz), door.receivers() TO worker;

SET LOCAL ROLE owner;
