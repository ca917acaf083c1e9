-- Which beds of a unit are free: ids of beds, nothing of who lies in the others.
GRANT SELECT ON public.stays_stay, public.directory_bed TO gatekeeper;
SET LOCAL ROLE gatekeeper;

-- For who admits or moves people, in a unit of the actor's site. A bed is taken from the stay's begin until its discharge.
CREATE FUNCTION door.free_beds(p_unit uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site)
       OR NOT EXISTS (SELECT 1 FROM gate.rule r WHERE r.profession = a.profession AND r.category = 'stay' AND r.act = 'write' AND r.allowed)
        THEN RETURN; END IF;
    RETURN QUERY SELECT b.id FROM public.directory_bed b WHERE b.unit_id = p_unit
        AND NOT EXISTS (SELECT 1 FROM public.stays_stay s WHERE s.bed_id = b.id AND s.discharged_at IS NULL)
        ORDER BY b.room, b.label LIMIT 500;
END $$;

REVOKE ALL ON FUNCTION door.free_beds(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.free_beds(uuid) TO web;

SET LOCAL ROLE owner;
