-- The sweep goes onward: from the last id that it named, by the index on persons. Asked from the start each time, a base of which many
-- creations came to nothing was read whole for every two hundred of them.
SET LOCAL ROLE gatekeeper;

DROP FUNCTION identity.sweep();
-- Of persons after p_after, 200 at most a call, so that the row of the trail names each; `shown` says whom, in order: it is asked again
-- from the last of them until a call finds fewer.
CREATE FUNCTION identity.sweep(p_after uuid) RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.search_answer; v_ids uuid[]; v_tokens int;
BEGIN
    PERFORM pg_current_xact_id();
    WITH busy AS MATERIALIZED (
        SELECT DISTINCT i FROM gate.lease l JOIN audit.entry e ON e.id = l.opening, unnest(e.ids) i
         WHERE e.kind = 'open_new' AND l.until > clock_timestamp())
    SELECT coalesce(array_agg(x.i ORDER BY x.i), '{}') INTO v_ids
      FROM (SELECT DISTINCT t.patient_id AS i FROM identity.token t
             WHERE t.patient_id > p_after AND NOT EXISTS (SELECT 1 FROM public.identity_patient p WHERE p.patient_id = t.patient_id)
               AND NOT EXISTS (SELECT 1 FROM busy b WHERE b.i = t.patient_id)
             ORDER BY 1 LIMIT 200) x;
    DELETE FROM identity.token t WHERE t.patient_id = ANY (v_ids);
    GET DIAGNOSTICS v_tokens = ROW_COUNT;
    DELETE FROM identity.known k WHERE k.patient_id = ANY (v_ids);
    UPDATE gate.link k SET until = greatest(k.since, clock_timestamp())
     WHERE k.patient_id = ANY (v_ids) AND (k.until IS NULL OR k.until > clock_timestamp());
    r.code := 'ok'; r.shown := v_ids; r.linked := '{}'; r.full := cardinality(v_ids); r.near := v_tokens; r.masked := 0;
    r.entry := audit.append('sweep', NULL, NULL, NULL, NULL, NULL, v_ids, '{}', '{}', 'sweep', NULL, 'done', NULL,
                            concat_ws(';', 'persons=' || r.full, 'tokens=' || v_tokens), NULL, NULL);
    RETURN r;
END $$;

REVOKE ALL ON FUNCTION identity.sweep(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.sweep(uuid) TO keeper;

SET LOCAL ROLE owner;
