-- The identity cell names patients for reasons of its own, and more of them a day: telling homonyms apart is its day.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('oversight_day_identity_cell', 30);

CREATE OR REPLACE FUNCTION door.name_patient(p_patient uuid, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting(); e audit.entry; v_code text; v_now timestamptz;
BEGIN
    IF p_patient IS NULL OR NOT coalesce(p_reason = ANY (CASE a.profession
           WHEN 'identity_cell' THEN ARRAY['homonym', 'possible_duplicate', 'doubtful_identity']
           ELSE ARRAY['patient_request', 'complaint', 'incident', 'review', 'authority'] END), false) THEN
        RETURN 'bad_request';
    END IF;
    PERFORM 1 FROM accounts.account WHERE id = a.account FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    IF NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'name' AND o.allowed) THEN
        v_code := 'category_closed';
    ELSIF EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient AND k.account = a.account AND k.basis = 'oversight'
                    AND k.since <= v_now AND k.until > v_now) THEN
        RETURN 'ok';
    ELSIF NOT EXISTS (SELECT 1 FROM gate.token t WHERE t.patient_id = p_patient)
          AND NOT EXISTS (SELECT 1 FROM gate.link k WHERE k.patient_id = p_patient) THEN
        v_code := 'no_link';
    ELSIF (SELECT count(DISTINCT k.patient_id) FROM gate.link k WHERE k.account = a.account AND k.basis = 'oversight'
             AND k.since > v_now - interval '1 day' AND k.patient_id <> p_patient) >= coalesce(gate.limit_of('oversight_day_' || a.profession), gate.limit_of('oversight_day'))
          OR gate.spend_within(a, 'unlinked', ARRAY[p_patient], false) IS NOT NULL THEN
        v_code := 'budget';
    END IF;
    IF v_code IS NOT NULL THEN
        PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], ARRAY['identity'], '{}',
                             'oversight', 'oversight', 'refused', v_code, p_reason, NULL, NULL);
        RETURN v_code;
    END IF;
    e := audit.append('link', a.account, a.session, a.profession, a.site, NULL, ARRAY[p_patient], '{}', '{}', 'oversight', 'oversight',
                      'done', p_reason, NULL, NULL, NULL);
    INSERT INTO gate.link (patient_id, basis, account, since, until, entry)
    VALUES (p_patient, 'oversight', a.account, v_now, v_now + make_interval(mins => gate.limit_of('oversight_minutes')::int), e.id);
    RETURN 'ok';
END $$;

CREATE OR REPLACE FUNCTION door.openings_of(p_patient uuid)
RETURNS TABLE (at timestamptz, kind text, account uuid, name text, profession text, units uuid[], purpose text, basis text, reads text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN
        RAISE EXCEPTION 'not an opened patient' USING ERRCODE = 'EG003';
    END IF;
    -- who names a patient without reading the trail learns who she is, not who takes care of her
    IF EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'name' AND o.allowed)
       AND NOT EXISTS (SELECT 1 FROM gate.oversight o WHERE o.profession = a.profession AND o.page = 'trail' AND o.allowed) THEN RETURN; END IF;
    RETURN QUERY
    SELECT e.at, e.kind, e.account, c.name, e.profession,
           CASE WHEN e.unit IS NOT NULL THEN ARRAY[e.unit] ELSE
               (SELECT array_agg(m.unit) FROM accounts.membership m
                 WHERE m.account = e.account AND m.profession = e.profession AND m.unit IS NOT NULL
                   AND m.since <= e.at AND (m.until IS NULL OR m.until > e.at)) END,
           e.purpose, e.basis, e.reads
      FROM audit.entry e LEFT JOIN accounts.account c ON c.id = e.account
     WHERE e.ids @> ARRAY[p_patient] AND e.kind IN ('open', 'open_new', 'refuse', 'search')
     ORDER BY e.id DESC LIMIT 500;
END $$;

SET LOCAL ROLE owner;
