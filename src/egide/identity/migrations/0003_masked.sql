-- Sealed contacts and INS of one person whom this session holds open, for the keeper's finder to mask.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION identity.contacts_of(p_session uuid, p_account uuid, p_opening bigint, p_patient uuid)
RETURNS TABLE (patient_id uuid, source text, id uuid, kind text, sealed bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_categories text[] := gate.masked_of(p_session, p_account, p_opening, p_patient);
BEGIN
    IF v_categories IS NULL THEN RETURN; END IF;
    RETURN QUERY
    SELECT x.patient_id, 'identity_contact'::text, x.id, x.kind::text, x.sealed FROM public.identity_contact x
     WHERE x.patient_id = p_patient AND 'contact' = ANY (v_categories)
    UNION ALL
    SELECT x.patient_id, 'identity_ins'::text, x.id, 'ins'::text, x.sealed FROM public.identity_ins x
     WHERE x.patient_id = p_patient AND 'ins' = ANY (v_categories)
    LIMIT 200;
END $$;

REVOKE ALL ON FUNCTION identity.contacts_of(uuid, uuid, bigint, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.contacts_of(uuid, uuid, bigint, uuid) TO keeper;

SET LOCAL ROLE owner;
