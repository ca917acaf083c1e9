-- As before; the links of the site's units that ended over the years are not walked any more.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION identity.present(p_session uuid, p_account uuid)
RETURNS TABLE (patient_id uuid, id uuid, kind text, sealed bytea, unit uuid, room text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 2000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_now timestamptz := clock_timestamp(); v_units uuid[];
BEGIN
    IF a.state <> 'live' OR NOT EXISTS (SELECT 1 FROM gate.search_door d
                                         WHERE d.profession = a.profession AND d.door = 'present' AND d.allowed) THEN
        RETURN;
    END IF;
    v_units := ARRAY(SELECT u.id FROM public.directory_unit u WHERE u.site_id = a.site);
    RETURN QUERY
    WITH here AS MATERIALIZED (
        SELECT DISTINCT ON (k.patient_id) k.patient_id AS i, k.unit AS in_unit,
               (SELECT b.room FROM public.stays_stay s JOIN public.directory_bed b ON b.id = s.bed_id
                 WHERE s.patient_id = k.patient_id AND s.unit_id = k.unit AND s.discharged_at IS NULL
                 ORDER BY s.admitted_at DESC LIMIT 1) AS in_room
          FROM gate.living(v_units, v_now) k
         WHERE k.basis = 'stay' AND k.since <= v_now
           AND NOT EXISTS (SELECT 1 FROM public.stays_stay s
                            WHERE s.patient_id = k.patient_id AND s.discharged_at IS NULL AND s.kept_secret)
         ORDER BY k.patient_id, k.since DESC LIMIT 3000)
    SELECT x.patient_id, x.id, x.kind::text, x.sealed, h.in_unit, h.in_room::text FROM here h
      JOIN public.identity_trait x ON x.patient_id = h.i
     WHERE x.kind IN ('birth_name', 'used_name', 'first_name', 'used_first_name', 'birth_date');
END $$;

SET LOCAL ROLE owner;
