-- Candidates among those whom the actor's legal entity knows (p_site), or among all (NULL); and the sweep of tokens that name
-- nobody, which is whole-base work and reads who has a row.
GRANT SELECT ON public.identity_patient TO gatekeeper;
SET LOCAL ROLE gatekeeper;

DROP FUNCTION identity.candidates(bigint[], uuid[]);

-- As before (0002). `known` is asked once a token found, by its key: joined, the planner might walk the whole entity.
CREATE FUNCTION identity.candidates(p_tokens bigint[], p_whole uuid[], p_site uuid)
RETURNS TABLE (patient_id uuid, source text, id uuid, kind text, sealed bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE v_domain uuid;
BEGIN
    IF cardinality(p_tokens) > 400 OR cardinality(p_whole) > 10 THEN RETURN; END IF;
    IF p_site IS NOT NULL THEN v_domain := gate.domain_of(p_site); END IF;
    IF cardinality(p_whole) = 0 THEN
        RETURN QUERY
        WITH hit AS MATERIALIZED (
            SELECT t.patient_id AS i, count(*) AS hits FROM identity.token t WHERE t.token = ANY (p_tokens) GROUP BY t.patient_id),
        found AS MATERIALIZED (
            SELECT h.i, h.hits FROM hit h
             WHERE v_domain IS NULL
                OR v_domain = (SELECT k.domain FROM identity.known k WHERE k.patient_id = h.i AND k.domain = v_domain)
             ORDER BY 2 DESC, 1 LIMIT 200)
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

-- Ids that a creation committed and whose rows never came: their tokens go. Not those that an opening may still be writing; nor
-- what an import keeps aside, which has no search token. One row of the trail says how many; `full` persons, `near` tokens.
CREATE FUNCTION identity.sweep() RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.search_answer; v_ids uuid[]; v_tokens int;
BEGIN
    PERFORM pg_current_xact_id();
    WITH busy AS MATERIALIZED (
        SELECT DISTINCT i FROM gate.lease l JOIN audit.entry e ON e.id = l.opening, unnest(e.ids) i
         WHERE e.kind = 'open_new' AND l.until > clock_timestamp())
    SELECT coalesce(array_agg(o.i), '{}') INTO v_ids
      FROM (SELECT DISTINCT t.patient_id AS i FROM identity.token t
             WHERE NOT EXISTS (SELECT 1 FROM public.identity_patient p WHERE p.patient_id = t.patient_id)) o
     WHERE NOT EXISTS (SELECT 1 FROM busy b WHERE b.i = o.i);
    DELETE FROM identity.token t WHERE t.patient_id = ANY (v_ids);
    GET DIAGNOSTICS v_tokens = ROW_COUNT;
    DELETE FROM identity.known k WHERE k.patient_id = ANY (v_ids);
    UPDATE gate.link k SET until = greatest(k.since, clock_timestamp())
     WHERE k.patient_id = ANY (v_ids) AND (k.until IS NULL OR k.until > clock_timestamp());
    r.code := 'ok'; r.shown := '{}'; r.linked := '{}'; r.full := cardinality(v_ids); r.near := v_tokens; r.masked := 0;
    r.entry := audit.append('sweep', NULL, NULL, NULL, NULL, NULL, v_ids[1:200], '{}', '{}', 'sweep', NULL, 'done', NULL,
                            concat_ws(';', 'persons=' || r.full, 'tokens=' || v_tokens), NULL, NULL);
    RETURN r;
END $$;

REVOKE ALL ON FUNCTION identity.candidates(bigint[], uuid[], uuid), identity.sweep() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.candidates(bigint[], uuid[], uuid), identity.sweep() TO keeper;

SET LOCAL ROLE owner;
