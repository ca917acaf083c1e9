-- « Présents du site » writes a line of kind `search` too; it is the key to no contact and to no reception.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION gate.search_showed(p_session uuid, p_patient uuid, p_limit text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM audit.entry e
                    WHERE e.kind = 'search' AND e.basis = 'search' AND e.session = p_session
                      AND e.at > clock_timestamp() - make_interval(mins => gate.limit_of(p_limit)::int)
                      AND (p_patient IS NULL OR e.ids @> ARRAY[p_patient]) AND gate.handed_over(e))
$$;

SET LOCAL ROLE owner;
