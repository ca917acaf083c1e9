-- Restricting a fact, or giving it back to who cares: its category changes and its words are sealed again, under an opening
-- that reads and writes both. What was signed is rewritten nowhere else: this function changes the category or nothing, and
-- writes its own line of the trail, so that no sealing can be slipped in silently. It runs as owner, whom the policies of
-- the tables bind as they bind the web (FORCE): a row that the ticket does not open is not there.
SET LOCAL ROLE gatekeeper;
GRANT USAGE ON SCHEMA door TO owner;
GRANT EXECUTE ON FUNCTION door.append_act(text, uuid, text) TO owner;
SET LOCAL ROLE owner;

CREATE FUNCTION public.record_restrict(p_fact text, p_row uuid, p_to text, p_words bytea, p_ends uuid[], p_reasons bytea[],
                                       p_restriction uuid, p_why text, p_author uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_patient uuid; v_from text := CASE p_to WHEN 'protected' THEN 'clinical' WHEN 'clinical' THEN 'protected' END;
BEGIN
    IF p_fact = 'note' THEN
        UPDATE public.record_note SET category = p_to, body = p_words WHERE id = p_row AND category = v_from
        RETURNING patient_id INTO v_patient;
    ELSIF p_fact = 'problem' THEN
        UPDATE public.record_problem SET category = p_to, label = p_words WHERE id = p_row AND category = v_from
        RETURNING patient_id INTO v_patient;
    END IF;
    IF v_patient IS NULL OR p_author IS DISTINCT FROM gate.acting_account() THEN RETURN 'bad_request'; END IF;
    UPDATE public.record_amendment a SET category = p_to, reason = e.reason FROM unnest(p_ends, p_reasons) AS e (id, reason)
     WHERE a.id = e.id AND a.target = p_row AND a.patient_id = v_patient;
    IF EXISTS (SELECT 1 FROM public.record_amendment a WHERE a.target = p_row AND a.patient_id = v_patient AND a.category = v_from) THEN
        RETURN 'bad_request';  -- somebody ended it meanwhile: the caller rolls back, and looks again
    END IF;
    INSERT INTO public.record_restriction (id, patient_id, fact, target, kind, why, recorded_at, author)
    VALUES (p_restriction, v_patient, p_fact, p_row, CASE p_to WHEN 'protected' THEN 'restrict' ELSE 'release' END, p_why,
            clock_timestamp(), p_author);
    PERFORM door.append_act('record:' || p_fact || ':' || CASE p_to WHEN 'protected' THEN 'restrict' ELSE 'release' END,
                            v_patient, p_row::text);
    RETURN 'ok';
END $$;
REVOKE ALL ON FUNCTION public.record_restrict(text, uuid, text, bytea, uuid[], bytea[], uuid, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.record_restrict(text, uuid, text, bytea, uuid[], bytea[], uuid, text, uuid) TO web;
