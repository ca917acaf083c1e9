-- The latest standing value of each parameter of each patient, kept by triggers whoever writes. A list over a unit reads it:
-- under row security only the policy's own condition uses an index (docs/decisions/0012), so a search for the latest value
-- would read every value that the unit's patients ever had.
GRANT SELECT ON public.record_measurement, public.record_amendment TO gatekeeper;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.record_latest TO gatekeeper;
REVOKE INSERT, UPDATE ON public.record_latest FROM web, worker;
SET LOCAL ROLE gatekeeper;

-- What was written is the latest, unless a later one stands.
CREATE FUNCTION gate.keep_latest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.record_latest AS l (id, patient_id, category, code, value, taken_at)
    SELECT DISTINCT ON (w.patient_id, w.category, w.code) w.id, w.patient_id, w.category, w.code, w.value, w.taken_at
      FROM written w ORDER BY w.patient_id, w.category, w.code, w.taken_at DESC, w.id DESC
    ON CONFLICT (patient_id, category, code) DO UPDATE
       SET id = excluded.id, value = excluded.value, taken_at = excluded.taken_at
     WHERE (excluded.taken_at, excluded.id) > (l.taken_at, l.id);
    RETURN NULL;
END $$;

-- The latest of some parameters, found again among the values that stand.
CREATE FUNCTION gate.find_latest(p_patients uuid[], p_categories text[], p_codes text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM public.record_latest l USING unnest(p_patients, p_categories, p_codes) t(patient_id, category, code)
     WHERE l.patient_id = t.patient_id AND l.category = t.category AND l.code = t.code;
    INSERT INTO public.record_latest (id, patient_id, category, code, value, taken_at)
    SELECT DISTINCT ON (m.patient_id, m.category, m.code) m.id, m.patient_id, m.category, m.code, m.value, m.taken_at
      FROM unnest(p_patients, p_categories, p_codes) t(patient_id, category, code)
      JOIN public.record_measurement m ON m.patient_id = t.patient_id AND m.category = t.category AND m.code = t.code
     WHERE NOT EXISTS (SELECT 1 FROM public.record_amendment e
                        WHERE e.patient_id = m.patient_id AND e.target = m.id AND e.kind = 'error')
     ORDER BY m.patient_id, m.category, m.code, m.taken_at DESC, m.id DESC;
END;

-- A value entered in error: the one before it is the latest again.
CREATE FUNCTION gate.latest_after_error() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM gate.find_latest(array_agg(t.patient_id), array_agg(t.category), array_agg(t.code)) FROM (
        SELECT DISTINCT m.patient_id, m.category::text, m.code::text FROM written w
          JOIN public.record_measurement m ON m.id = w.target AND m.patient_id = w.patient_id
         WHERE w.kind = 'error' AND w.fact = 'measurement') t HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- A row changed: nothing of ours changes a value, but what is sealed beside it is sealed again when keys turn.
CREATE FUNCTION gate.latest_after_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM gate.find_latest(array_agg(t.patient_id), array_agg(t.category), array_agg(t.code)) FROM (
        SELECT c.patient_id, c.category::text, c.code::text FROM (
            SELECT b.id, b.patient_id, b.category, b.code, b.value, b.taken_at FROM was b
            EXCEPT SELECT n.id, n.patient_id, n.category, n.code, n.value, n.taken_at FROM written n) c
        UNION
        SELECT c.patient_id, c.category::text, c.code::text FROM (
            SELECT n.id, n.patient_id, n.category, n.code, n.value, n.taken_at FROM written n
            EXCEPT SELECT b.id, b.patient_id, b.category, b.code, b.value, b.taken_at FROM was b) c) t HAVING count(*) > 0;
    RETURN NULL;
END $$;

INSERT INTO public.record_latest (id, patient_id, category, code, value, taken_at)
SELECT DISTINCT ON (m.patient_id, m.category, m.code) m.id, m.patient_id, m.category, m.code, m.value, m.taken_at
  FROM public.record_measurement m
 WHERE NOT EXISTS (SELECT 1 FROM public.record_amendment e
                    WHERE e.patient_id = m.patient_id AND e.target = m.id AND e.kind = 'error')
 ORDER BY m.patient_id, m.category, m.code, m.taken_at DESC, m.id DESC;

REVOKE ALL ON FUNCTION gate.keep_latest(), gate.find_latest(uuid[], text[], text[]), gate.latest_after_error(),
    gate.latest_after_change() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.keep_latest(), gate.latest_after_error(), gate.latest_after_change() TO owner;

SET LOCAL ROLE owner;
CREATE TRIGGER keep_latest AFTER INSERT ON public.record_measurement
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION gate.keep_latest();
CREATE TRIGGER latest_after_change AFTER UPDATE ON public.record_measurement
    REFERENCING OLD TABLE AS was NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION gate.latest_after_change();
CREATE TRIGGER latest_after_error AFTER INSERT ON public.record_amendment
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION gate.latest_after_error();
