-- The occupied beds of my units, without a name: a rescue session opens no list, it opens one patient, and finds her by her bed.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION door.rescue_beds()
RETURNS TABLE (unit uuid, room text, label text, patient uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF a.grade <> 'rescue' OR NOT EXISTS (SELECT 1 FROM gate.rule r WHERE r.profession = a.profession AND r.basis = 'stay'
                                            AND r.category = 'identity' AND r.act = 'read' AND r.allowed) THEN RETURN; END IF;
    RETURN QUERY SELECT s.unit_id, coalesce(b.room::text, ''), coalesce(b.label::text, ''), s.patient_id
      FROM public.stays_stay s LEFT JOIN public.directory_bed b ON b.id = s.bed_id
     WHERE s.unit_id = ANY (a.units) AND s.discharged_at IS NULL AND s.admitted_at <= clock_timestamp()
       AND EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = s.patient_id AND k.unit = s.unit_id AND k.basis = 'stay'
                     AND k.since <= clock_timestamp() AND (k.until IS NULL OR k.until > clock_timestamp()))
     ORDER BY s.unit_id, b.room NULLS LAST, b.label LIMIT 200;
END $$;

REVOKE ALL ON FUNCTION door.rescue_beds() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.rescue_beds() TO web;

SET LOCAL ROLE owner;
