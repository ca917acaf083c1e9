-- Whose staff an actor sees: everybody's for an office that some act asks for; a cadre's and a chief's own units, a guard's own site.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION accounts.sees(a accounts.actor, OUT everybody boolean, OUT units uuid[], OUT sites uuid[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp();
BEGIN
    everybody := EXISTS (SELECT 1 FROM accounts.office o JOIN accounts.act_rule r ON r.role = o.profession WHERE o.profession = a.profession);
    SELECT coalesce(array_agg(r.unit_id) FILTER (WHERE r.kind <> 'guard'), '{}'), coalesce(array_agg(r.site_id) FILTER (WHERE r.kind = 'guard'), '{}')
      INTO units, sites FROM public.directory_responsibility r
     WHERE r.professional_id = a.account AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now);
END $$;

SET LOCAL ROLE owner;
