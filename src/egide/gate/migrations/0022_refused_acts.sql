-- Acts whose refusals were returned without a row (gate.md §2: a refusal is a row, and is returned). Each keeps its body, out of the
-- web's reach, behind a door of the same name that writes what it answers.
SET LOCAL ROLE gatekeeper;

-- The code as it came; its row, when it refused. What had been done already is no refusal.
CREATE FUNCTION gate.told(p_code text, p_act text, p_patient uuid, p_object text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor;
BEGIN
    IF p_code NOT IN ('ok', 'already', 'no_plan') THEN
        a := gate.acting();
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL,
                             CASE WHEN p_patient IS NULL THEN '{}' ELSE ARRAY[p_patient] END, '{}', '{}', p_act, NULL, 'refused', p_code,
                             left(p_object, 200), NULL, NULL);
    END IF;
    RETURN p_code;
END $$;

ALTER FUNCTION door.name_carer(uuid, text, uuid, uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.name_carer(uuid, text, uuid, uuid) FROM web;
CREATE FUNCTION door.name_carer(p_patient uuid, p_basis text, p_account uuid, p_unit uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.name_carer(p_patient, p_basis, p_account, p_unit), 'name_carer', p_patient, concat_ws(':', p_basis, coalesce(p_account, p_unit)))
$$;
REVOKE ALL ON FUNCTION door.name_carer(uuid, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.name_carer(uuid, text, uuid, uuid) TO web;

ALTER FUNCTION door.end_care(uuid, bigint) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.end_care(uuid, bigint) FROM web;
CREATE FUNCTION door.end_care(p_patient uuid, p_link bigint) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.end_care(p_patient, p_link), 'end_care', p_patient, p_link::text)
$$;
REVOKE ALL ON FUNCTION door.end_care(uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.end_care(uuid, bigint) TO web;

ALTER FUNCTION door.ask_advice(uuid, uuid, uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.ask_advice(uuid, uuid, uuid) FROM web;
CREATE FUNCTION door.ask_advice(p_patient uuid, p_account uuid, p_unit uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.ask_advice(p_patient, p_account, p_unit), 'ask_advice', p_patient, coalesce(p_account, p_unit)::text)
$$;
REVOKE ALL ON FUNCTION door.ask_advice(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.ask_advice(uuid, uuid, uuid) TO web;

ALTER FUNCTION door.take_in(uuid, uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.take_in(uuid, uuid) FROM web;
CREATE FUNCTION door.take_in(p_patient uuid, p_account uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.take_in(p_patient, p_account), 'take_in', p_patient, p_account::text)
$$;
REVOKE ALL ON FUNCTION door.take_in(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.take_in(uuid, uuid) TO web;

ALTER FUNCTION door.close_task(bigint, text, text) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.close_task(bigint, text, text) FROM web;
CREATE FUNCTION door.close_task(p_id bigint, p_outcome text, p_reason text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.close_task(p_id, p_outcome, p_reason), 'close_task', NULL, p_id::text)
$$;
REVOKE ALL ON FUNCTION door.close_task(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.close_task(bigint, text, text) TO web;

ALTER FUNCTION door.end_plan() SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.end_plan() FROM web;
CREATE FUNCTION door.end_plan() RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.end_plan(), 'end_plan', NULL, NULL)
$$;
REVOKE ALL ON FUNCTION door.end_plan() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.end_plan() TO web;

ALTER FUNCTION door.flag_sensitive(uuid, text) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.flag_sensitive(uuid, text) FROM web;
CREATE FUNCTION door.flag_sensitive(p_patient uuid, p_reason text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.flag_sensitive(p_patient, p_reason), 'flag_sensitive', p_patient, NULL)
$$;
REVOKE ALL ON FUNCTION door.flag_sensitive(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.flag_sensitive(uuid, text) TO web;

ALTER FUNCTION door.declare_staff(uuid, uuid) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.declare_staff(uuid, uuid) FROM web;
CREATE FUNCTION door.declare_staff(p_patient uuid, p_account uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.declare_staff(p_patient, p_account), 'declare_staff', p_patient, p_account::text)
$$;
REVOKE ALL ON FUNCTION door.declare_staff(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.declare_staff(uuid, uuid) TO web;

ALTER FUNCTION door.end_mandate(bigint) SET SCHEMA gate;
REVOKE EXECUTE ON FUNCTION gate.end_mandate(bigint) FROM web;
CREATE FUNCTION door.end_mandate(p_id bigint) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.end_mandate(p_id), 'end_mandate', NULL, p_id::text)
$$;
REVOKE ALL ON FUNCTION door.end_mandate(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.end_mandate(bigint) TO web;

-- A refusal that SQL had to raise, in the middle of an act, was rolled back with it: its row, afterwards, in the same session.
CREATE FUNCTION door.refused(p_code text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_code IN ('already_in', 'unit_full', 'links_pace', 'rescue_closed') THEN RETURN gate.told(p_code, 'act', NULL, NULL); END IF;
    RETURN 'bad_request';
END $$;

-- This patient works here. Once: whoever could point the row at somebody else would reopen a record to its own person, or shut one
-- to somebody who takes care. The person named and the DPO are told.
CREATE OR REPLACE FUNCTION gate.declare_staff(p_patient uuid, p_account uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_known uuid;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN RETURN 'category_closed'; END IF;
    IF NOT EXISTS (SELECT 1 FROM accounts.account c WHERE c.id = p_account AND c.kind = 'person') THEN RETURN 'unknown_colleague'; END IF;
    SELECT s.account INTO v_known FROM gate.staff_patient s WHERE s.patient_id = p_patient;
    IF v_known IS NOT NULL THEN RETURN CASE WHEN v_known = p_account THEN 'ok' ELSE 'staff_known' END; END IF;
    e := audit.append('watch', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'staff', NULL, 'begun',
                      NULL, p_account::text, NULL, NULL);
    INSERT INTO gate.staff_patient (patient_id, account, by_account, entry) VALUES (p_patient, p_account, a.account, e.id)
    ON CONFLICT (patient_id) DO NOTHING;
    IF NOT FOUND THEN RETURN 'staff_known'; END IF;
    PERFORM gate.notify(accounts.holders(ARRAY['dpo']) || p_account, 'staff_declared', e.id, NULL, a.account);
    RETURN 'ok';
END $$;

-- A mistake is lifted by another person than who made it, never by the person it shuts out; the DPO is told.
CREATE FUNCTION gate.end_staff(p_patient uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; s gate.staff_patient;
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('stay', 'write')) THEN RETURN 'category_closed'; END IF;
    SELECT * INTO s FROM gate.staff_patient x WHERE x.patient_id = p_patient FOR UPDATE;
    IF NOT FOUND THEN RETURN 'already'; END IF;
    IF a.account IN (s.account, s.by_account) THEN RETURN 'another_person'; END IF;
    DELETE FROM gate.staff_patient x WHERE x.patient_id = p_patient;
    e := audit.append('watch', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'staff', NULL, 'ended',
                      NULL, s.account::text, NULL, NULL);
    PERFORM gate.notify(accounts.holders(ARRAY['dpo']), 'staff_ended', e.id, NULL, a.account);
    RETURN 'ok';
END $$;
CREATE FUNCTION door.end_staff(p_patient uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gate.told(gate.end_staff(p_patient), 'end_staff', p_patient, NULL)
$$;

-- A notice goes to nobody who has left or is suspended, whoever made the list.
CREATE OR REPLACE FUNCTION gate.notify(p_accounts uuid[], p_kind text, p_entry bigint, p_patient uuid, p_by uuid) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO gate.notice (account, kind, entry, patient_id, by_account)
    SELECT DISTINCT c.id, p_kind, p_entry, p_patient, p_by FROM accounts.account c
     WHERE c.id = ANY (p_accounts) AND c.id <> p_by AND c.ended_at IS NULL AND c.suspended_at IS NULL
$$;

-- One contact on purpose: one's own record stays shut, and a rescue session opens by links alone, as everywhere else.
ALTER FUNCTION gate.open_contact(uuid, uuid, uuid, text, boolean, bytea, bytea) RENAME TO open_contact_shown;
REVOKE EXECUTE ON FUNCTION gate.open_contact_shown(uuid, uuid, uuid, text, boolean, bytea, bytea) FROM keeper;
CREATE FUNCTION gate.open_contact(p_session uuid, p_account uuid, p_patient uuid, p_kind text, p_counted boolean, p_nonce bytea,
                                  p_ticket_hash bytea) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state = 'live' AND gate.contact_category(p_kind) IS NOT NULL THEN
        IF EXISTS (SELECT 1 FROM gate.staff_patient s WHERE s.patient_id = p_patient AND s.account = a.account) THEN
            RETURN gate.refuse(a, 'own_record', ARRAY[p_patient], ARRAY[gate.contact_category(p_kind)], '{}', 'contact_' || p_kind, NULL, false);
        ELSIF a.grade = 'rescue' THEN
            RETURN gate.open(p_session, p_account, ARRAY[p_patient], NULL, 'contact_' || p_kind, ARRAY[gate.contact_category(p_kind)], '{}',
                             p_counted, p_nonce, p_ticket_hash);
        END IF;
    END IF;
    RETURN gate.open_contact_shown(p_session, p_account, p_patient, p_kind, p_counted, p_nonce, p_ticket_hash);
END $$;

-- Who was shown whom in the last day, as the keeper counts it: not what it withheld, nor « Présents du site », which has its own clock.
CREATE OR REPLACE FUNCTION gate.disclosures(p_after bigint, p_limit int)
RETURNS TABLE (id bigint, at timestamptz, outside boolean, session uuid, account uuid, site uuid, ids uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.id, e.at, CASE e.kind WHEN 'search' THEN true
                                   ELSE string_to_array(e.basis, ',') <@ ARRAY['break_glass', 'sheet', 'oversight', 'search'] END,
           e.session, e.account, e.site, e.ids
      FROM audit.entry e
     WHERE e.id > greatest(p_after, (gate.ids_between(clock_timestamp() - interval '1 day', clock_timestamp())).low - 1)
       AND e.at > clock_timestamp() - interval '1 day' AND e.session IS NOT NULL AND e.site IS NOT NULL AND e.profession <> 'application'
       AND (e.kind IN ('open', 'open_new')
            OR e.kind = 'search' AND e.purpose <> 'present' AND e.verdict = 'shown' AND e.object !~ 'discovered=0;')
       AND NOT EXISTS (SELECT 1 FROM audit.entry w WHERE w.kind = 'refuse' AND w.purpose = 'ceiling' AND w.id > e.id
                          AND w.object = e.id::text)
     ORDER BY e.id LIMIT p_limit
$$;

REVOKE ALL ON FUNCTION gate.told(text, text, uuid, text), gate.end_staff(uuid), door.end_staff(uuid), door.refused(text),
    gate.open_contact(uuid, uuid, uuid, text, boolean, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.end_staff(uuid), door.refused(text) TO web;
GRANT EXECUTE ON FUNCTION door.refused(text) TO worker;
GRANT EXECUTE ON FUNCTION gate.open_contact(uuid, uuid, uuid, text, boolean, bytea, bytea) TO keeper;

SET LOCAL ROLE owner;
