-- "Qui a ouvert" says when there are more lines than it shows: one more than that is read.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('openings_shown', 500);

CREATE OR REPLACE FUNCTION door.openings_of(p_patient uuid)
RETURNS TABLE (at timestamptz, kind text, account uuid, name text, profession text, units uuid[], purpose text, basis text, reads text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    IF NOT p_patient = ANY (gate.opened_patients('identity', 'read')) THEN
        RAISE EXCEPTION 'not an opened patient' USING ERRCODE = 'EG003';
    END IF;
    -- who names a patient without reading the trail learns who she is, not who takes care of her
    IF gate.names_only(a.profession) THEN RETURN; END IF;
    RETURN QUERY
    SELECT e.at, e.kind, e.account, c.name, e.profession,
           CASE WHEN e.unit IS NOT NULL THEN ARRAY[e.unit] ELSE
               (SELECT array_agg(m.unit) FROM accounts.membership m
                 WHERE m.account = e.account AND m.profession = e.profession AND m.unit IS NOT NULL
                   AND m.since <= e.at AND (m.until IS NULL OR m.until > e.at)) END,
           e.purpose, e.basis, e.reads
      FROM audit.entry e LEFT JOIN accounts.account c ON c.id = e.account
     WHERE e.ids @> ARRAY[p_patient] AND e.kind IN ('open', 'open_new', 'refuse', 'search')
     ORDER BY e.id DESC LIMIT gate.limit_of('openings_shown')::int + 1;
END $$;

SET LOCAL ROLE owner;
