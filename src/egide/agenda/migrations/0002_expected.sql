-- Who is expected in a unit of the actor on one day: ids only, so that the day's people can be opened as one list.
GRANT SELECT ON public.agenda_appointment TO gatekeeper;
SET LOCAL ROLE gatekeeper;

-- At most a roster; nobody in a unit that is not mine, nor of an appointment that was cancelled. Bounds are the caller's midnights.
CREATE FUNCTION door.expected(p_unit uuid, p_since timestamptz, p_until timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 40 SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF a.kind <> 'person' OR NOT p_unit = ANY (a.units) OR p_until - p_since > interval '26 hours' THEN RETURN; END IF;
    RETURN QUERY SELECT DISTINCT m.patient_id FROM public.agenda_appointment m
        WHERE m.unit_id = p_unit AND m.starts_at >= p_since AND m.starts_at < p_until AND m.state <> 'cancelled'
        ORDER BY m.patient_id LIMIT gate.limit_of('roster')::int;
END $$;

-- Who gives appointments in a unit of the actor's site: its members who take care. No patient.
CREATE FUNCTION door.members(p_unit uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); v_now timestamptz := clock_timestamp();
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.directory_unit u WHERE u.id = p_unit AND u.site_id = a.site) THEN RETURN; END IF;
    RETURN QUERY SELECT DISTINCT m.account FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
        WHERE m.unit = p_unit AND c.ended_at IS NULL AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now)
          AND EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = m.profession AND u.basis = 'appointment'
                         AND u.category = 'clinical' AND u.act = 'write' AND u.allowed)
        LIMIT 200;
END $$;

REVOKE ALL ON FUNCTION door.expected(uuid, timestamptz, timestamptz), door.members(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.expected(uuid, timestamptz, timestamptz), door.members(uuid) TO web;

SET LOCAL ROLE owner;
