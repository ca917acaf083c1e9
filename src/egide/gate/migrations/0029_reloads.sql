-- A page that is reloaded when what opened it has ended is refused and written; it is no denial: it asks for nothing new.
SET LOCAL ROLE gatekeeper;

-- Whether this very session once opened this patient, or this unit's list. Not what a search showed it (basis `search`): from there to a
-- chart is a step further, which counts. Asked on a denial only.
CREATE FUNCTION gate.had_opened(p_session uuid, p_patient uuid, p_unit uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM gate.lease l JOIN audit.entry e ON e.id = l.opening
                    WHERE l.session = p_session AND e.session = p_session AND e.kind = 'open' AND e.basis <> 'search'
                      AND CASE WHEN p_patient IS NULL THEN e.unit = p_unit ELSE e.ids @> ARRAY[p_patient] END)
$$;
REVOKE ALL ON FUNCTION gate.had_opened(uuid, uuid, uuid) FROM PUBLIC;

-- As before, and: what this session had opened itself counts for nothing.
CREATE OR REPLACE FUNCTION gate.refuse(a accounts.actor, p_code text, p_ids uuid[], p_read text[], p_write text[], p_purpose text,
                            p_unit uuid, p_counted boolean) RETURNS gate.answer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.answer; v_after timestamptz := clock_timestamp() - make_interval(mins => gate.limit_of('denial_minutes')::int);
    v_ids uuid[]; v_at timestamptz[]; i uuid;
BEGIN
    r.entry := audit.append('refuse', a.account, a.session, a.profession, a.site, p_unit, p_ids, p_read, p_write,
                            p_purpose, NULL, 'refused', p_code, NULL, NULL, NULL);
    r.code := p_code; r.actor := a; r.ids := '{}'; r.reads := '{}'; r.writes := '{}';
    -- Containment follows valid proofs only: a page full of hostile images or a pasted link (p_counted false) freezes nobody,
    -- nor does a patient who has left the unit since the list was shown, an emergency access or a shift that has run out.
    IF p_counted AND p_code IN ('no_link', 'not_your_unit') AND a.state = 'live' THEN
        i := coalesce(p_ids[1], p_unit);
        IF NOT EXISTS (SELECT 1 FROM gate.link l WHERE l.patient_id = i AND (l.unit = ANY (gate.places(a)) OR l.account = a.account))
           AND NOT gate.had_opened(a.session, p_ids[1], p_unit) THEN
            -- refusals at one instant count one after the other
            PERFORM 1 FROM accounts.session s WHERE s.id = a.session FOR NO KEY UPDATE;
            SELECT coalesce(array_agg(d.id), '{}'), coalesce(array_agg(d.t), '{}') INTO v_ids, v_at
              FROM accounts.session s, unnest(s.denied_ids, s.denied_at) AS d (id, t)
             WHERE s.id = a.session AND d.t > v_after AND d.id <> i;
            v_ids := v_ids || i; v_at := v_at || clock_timestamp();
            UPDATE accounts.session SET denied_ids = v_ids, denied_at = v_at,
                   frozen_at = CASE WHEN cardinality(v_ids) >= gate.limit_of('denials') THEN clock_timestamp() END
             WHERE id = a.session AND frozen_at IS NULL;
        END IF;
    END IF;
    RETURN r;
END $$;

SET LOCAL ROLE owner;
