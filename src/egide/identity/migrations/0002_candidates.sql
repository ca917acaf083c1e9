-- Sealed traits of the persons whom these tokens name: at most 200, most hits first. The keeper unseals and ranks.
GRANT SELECT ON public.identity_trait, public.identity_contact, public.identity_ins TO gatekeeper;
SET LOCAL ROLE gatekeeper;

-- Without p_whole: of each, what ranking needs. With it: of those persons among them (ten at most), all that a row shows.
-- Planned for the tokens at hand: a plan for any list of tokens would take the table for small.
CREATE FUNCTION identity.candidates(p_tokens bigint[], p_whole uuid[] DEFAULT '{}')
RETURNS TABLE (patient_id uuid, source text, id uuid, kind text, sealed bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF cardinality(p_tokens) > 400 OR cardinality(p_whole) > 10 THEN RETURN; END IF;
    IF cardinality(p_whole) = 0 THEN
        RETURN QUERY
        WITH found AS MATERIALIZED (
            SELECT t.patient_id AS i, count(*) AS hits FROM identity.token t WHERE t.token = ANY (p_tokens)
             GROUP BY t.patient_id ORDER BY 2 DESC, 1 LIMIT 200)
        SELECT x.patient_id, 'identity_trait', x.id, x.kind::text, x.sealed FROM found f
          JOIN public.identity_trait x ON x.patient_id = f.i
         WHERE x.kind IN ('birth_name', 'used_name', 'first_name', 'used_first_name', 'birth_date', 'birth_place');
    ELSE
        RETURN QUERY
        WITH found AS MATERIALIZED (
            SELECT DISTINCT t.patient_id AS i FROM identity.token t
             WHERE t.token = ANY (p_tokens) AND t.patient_id = ANY (p_whole))
        SELECT x.patient_id, 'identity_trait', x.id, x.kind::text, x.sealed FROM found f
          JOIN public.identity_trait x ON x.patient_id = f.i
        UNION ALL
        SELECT x.patient_id, 'identity_contact', x.id, x.kind::text, x.sealed FROM found f
          JOIN public.identity_contact x ON x.patient_id = f.i WHERE x.kind = 'phone'
        UNION ALL
        SELECT x.patient_id, 'identity_ins', x.id, 'ins', x.sealed FROM found f
          JOIN public.identity_ins x ON x.patient_id = f.i;
    END IF;
END $$;

REVOKE ALL ON FUNCTION identity.candidates(bigint[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.candidates(bigint[], uuid[]) TO keeper;

SET LOCAL ROLE owner;
