-- The charts that this session holds open: ids and until when. Their names are another opening.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION door.my_openings()
RETURNS TABLE (patient uuid, until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := gate.acting();
BEGIN
    RETURN QUERY
    SELECT o.patient, o.until FROM (
        SELECT e.ids[1] AS patient, max(l.until) AS until, max(e.id) AS latest
          FROM gate.lease l JOIN audit.entry e ON e.id = l.opening
         WHERE l.session = a.session AND l.until > clock_timestamp() AND e.kind = 'open' AND e.purpose = 'care'
           AND cardinality(e.ids) = 1 GROUP BY e.ids[1]) o
     ORDER BY o.latest DESC LIMIT 8;
END $$;

GRANT EXECUTE ON FUNCTION door.my_openings() TO web;

SET LOCAL ROLE owner;
