-- Whoever acts over an administrator acts over all that he administers: what he is homed at is not the whole of it. Until now two people of a
-- site could pose a key on the group's administrator whose account is of that site.
SET LOCAL ROLE gatekeeper;

-- The sites of somebody's office as administrator, today; a line over the group is none of them.
CREATE FUNCTION accounts.sites_of(p_account uuid) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT coalesce(m.site, c.site)), '{}') FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
     WHERE m.account = p_account AND m.profession = 'administrator' AND NOT m.everywhere
       AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp())
$$;

CREATE OR REPLACE FUNCTION accounts.administers(p_account uuid, p_site uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(p_site = ANY (accounts.sites_of(p_account)), false)
        OR EXISTS (SELECT 1 FROM accounts.membership m
                    WHERE m.account = p_account AND m.profession = 'administrator' AND m.everywhere
                      AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp()))
$$;

-- Whether this person's office, as it is or as it is granted for later (a key posed today serves tomorrow), is over more than these sites.
CREATE FUNCTION accounts.reaches_beyond(p_about uuid, p_sites uuid[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM accounts.membership m JOIN accounts.account c ON c.id = m.account
                    WHERE m.account = p_about AND m.profession = 'administrator' AND (m.until IS NULL OR m.until > clock_timestamp())
                      AND (m.everywhere OR NOT coalesce(m.site, c.site) = ANY (p_sites)))
$$;

-- As before, and whatever else the person administers.
CREATE OR REPLACE FUNCTION accounts.elsewhere(a accounts.actor, p_body jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT accounts.administers(a.account, NULL) AND (
        accounts.reaches_beyond((p_body->>'account')::uuid, accounts.sites_of(a.account))
        OR EXISTS (
        SELECT 1 FROM (
            SELECT c.site FROM accounts.account c WHERE c.id = (p_body->>'account')::uuid
            UNION SELECT s.id FROM public.directory_site s WHERE s.id = nullif(p_body->>'site', '')::uuid
            UNION SELECT u.site_id FROM public.directory_unit u
                   WHERE u.id = nullif(p_body->>'unit', '')::uuid OR u.id = ANY (string_to_array(nullif(p_body->>'units', ''), ',')::uuid[])
        ) x WHERE NOT accounts.administers(a.account, x.site)))
$$;

-- As before; and a guard of a site is none over an administrator of more than that site: two guards would pose a key on the group's.
CREATE OR REPLACE FUNCTION accounts.roles_in(a accounts.actor, p_body jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_about uuid := (p_body->>'account')::uuid; v_now timestamptz := clock_timestamp(); v_units uuid[] := accounts.units_of_act(p_body);
        v_home uuid := (SELECT c.site FROM accounts.account c WHERE c.id = v_about); v_named uuid := nullif(p_body->>'site', '')::uuid;
        v_found text[] := '{}';
BEGIN
    IF v_about = a.account THEN v_found := v_found || 'self'::text; END IF;
    IF EXISTS (SELECT 1 FROM accounts.office o WHERE o.profession = a.profession)
       AND (a.profession <> 'administrator' OR NOT accounts.elsewhere(a, p_body)) THEN v_found := v_found || a.profession; END IF;
    IF a.site = coalesce(v_named, v_home) THEN v_found := v_found || ('site_' || a.profession); END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind IN ('cadre', 'chief')
                 AND r.unit_id = ANY (v_units) AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now)) THEN
        v_found := v_found || 'head'::text;
    END IF;
    IF EXISTS (SELECT 1 FROM public.directory_responsibility r WHERE r.professional_id = a.account AND r.kind = 'guard'
                 AND r.site_id = coalesce(v_home, v_named) AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now))
       AND NOT accounts.reaches_beyond(v_about, ARRAY[coalesce(v_home, v_named)]) THEN
        v_found := v_found || 'guard'::text;
    END IF;
    IF a.units && v_units AND v_about <> a.account THEN v_found := v_found || 'colleague'::text; END IF;
    RETURN v_found;
END $$;

CREATE OR REPLACE FUNCTION accounts.sees(a accounts.actor, OUT everybody boolean, OUT units uuid[], OUT sites uuid[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz := clock_timestamp();
BEGIN
    everybody := EXISTS (SELECT 1 FROM accounts.office o JOIN accounts.act_rule r ON r.role = o.profession WHERE o.profession = a.profession)
        AND (a.profession <> 'administrator' OR accounts.administers(a.account, NULL));
    SELECT coalesce(array_agg(r.unit_id) FILTER (WHERE r.kind <> 'guard'), '{}'), coalesce(array_agg(r.site_id) FILTER (WHERE r.kind = 'guard'), '{}')
      INTO units, sites FROM public.directory_responsibility r
     WHERE r.professional_id = a.account AND r.since <= v_now AND (r.until IS NULL OR r.until > v_now);
    IF a.profession = 'administrator' THEN sites := sites || accounts.sites_of(a.account); END IF;
END $$;

REVOKE ALL ON FUNCTION accounts.sites_of(uuid), accounts.reaches_beyond(uuid, uuid[]) FROM PUBLIC;

SET LOCAL ROLE owner;
