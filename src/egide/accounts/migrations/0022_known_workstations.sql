-- A workstation is one that somebody's key approved; and it is looked up by its id, however many a site has.
SET LOCAL ROLE gatekeeper;

-- The mark is given when the act is written down, before any yes: whoever only asked has it. So the row counts with the act that enrolled it,
-- done and approved; every approval stands under the trail, where `egide audit verify` checks its assertion.
CREATE OR REPLACE FUNCTION accounts.workstation_of(p_point bytea) RETURNS TABLE (id uuid, site uuid, name text, mac bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.id, w.site, w.name, w.mac FROM accounts.workstation w JOIN accounts.act t ON t.id = w.act
     WHERE w.point = p_point AND w.ended_at IS NULL AND t.kind = 'enrol_station' AND t.done_at IS NOT NULL
       AND (t.body::jsonb->>'account', t.body::jsonb->>'site', t.body::jsonb->>'point') = (w.id::text, w.site::text, encode(w.point, 'hex'))
       AND EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = t.id)
$$;

-- Workstations of the sites that the reader answers for, by name; p_only: this one alone, ended long ago or not. One row without id when there
-- is none, or when it is refused.
DROP FUNCTION door.workstations(uuid);
CREATE FUNCTION door.workstations(p_only uuid)
RETURNS TABLE (code text, id uuid, site uuid, name text, place text, enrolled_at timestamptz, enrolled_by text, used_at timestamptz,
               ended_at timestamptz, sessions int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); s record := accounts.sees(a);
BEGIN
    code := 'ok';
    IF NOT (s.everybody OR cardinality(s.sites) > 0) THEN
        code := accounts.refuse_act(a, 'station', NULL, NULL, 'category_closed');
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'ok', w.id, w.site, w.name, w.place, w.enrolled_at, c.name, w.used_at, w.ended_at,
           (SELECT count(*)::int FROM accounts.session x WHERE x.workstation = w.id AND x.ended_at IS NULL AND x.expires_at > clock_timestamp())
      FROM accounts.workstation w JOIN accounts.account c ON c.id = w.enrolled_by
     WHERE (s.everybody OR w.site = ANY (s.sites))
       AND CASE WHEN p_only IS NULL THEN w.ended_at IS NULL OR w.ended_at > clock_timestamp() - interval '30 days' ELSE w.id = p_only END
     ORDER BY w.ended_at IS NOT NULL, accounts.plain(w.name), w.id LIMIT 500;
    IF NOT FOUND THEN RETURN NEXT; END IF;
END $$;

REVOKE ALL ON FUNCTION door.workstations(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door.workstations(uuid) TO web;

SET LOCAL ROLE owner;
