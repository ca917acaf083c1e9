-- Who is told: the physicians of the unit where she stays; where there is none, the unit's head and cadre; else the DPOs. Never the
-- one who asks. Who answers for a unit stands in the directory once people are administered there.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION gate.heads_of(p_unit uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_found uuid[] := '{}';
BEGIN
    IF to_regclass('public.directory_responsibility') IS NOT NULL THEN
        EXECUTE 'SELECT coalesce(array_agg(DISTINCT c.id), ''{}'') FROM public.directory_responsibility r
                   JOIN accounts.account c ON c.id = r.professional_id AND c.ended_at IS NULL
                  WHERE r.unit_id = $1 AND r.since <= clock_timestamp() AND (r.until IS NULL OR r.until > clock_timestamp())'
           INTO v_found USING p_unit;
    END IF;
    RETURN v_found;
END $$;

CREATE OR REPLACE FUNCTION gate.responsible_for(p_patient uuid, p_but uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_found uuid[]; v_now timestamptz := clock_timestamp();
BEGIN
    SELECT array_agg(DISTINCT m.account) INTO v_found
      FROM gate.link k JOIN accounts.membership m ON m.unit = k.unit JOIN accounts.account c ON c.id = m.account AND c.ended_at IS NULL
     WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now)
       AND m.profession = 'physician' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now) AND m.account <> p_but;
    IF v_found IS NULL THEN
        SELECT array_agg(DISTINCT h) INTO v_found FROM gate.link k, unnest(gate.heads_of(k.unit)) h
         WHERE k.patient_id = p_patient AND k.basis = 'stay' AND k.since <= v_now AND (k.until IS NULL OR k.until > v_now) AND h <> p_but;
    END IF;
    IF v_found IS NULL THEN
        SELECT array_agg(DISTINCT m.account) INTO v_found FROM accounts.membership m
          JOIN accounts.account c ON c.id = m.account AND c.ended_at IS NULL
         WHERE m.profession = 'dpo' AND m.since <= v_now AND (m.until IS NULL OR m.until > v_now) AND m.account <> p_but;
    END IF;
    RETURN coalesce(v_found, '{}');
END $$;

REVOKE ALL ON FUNCTION gate.heads_of(uuid) FROM PUBLIC;

SET LOCAL ROLE owner;
