-- A caller's phone number, to who books and receives: answered from the agenda only, to be confirmed by who speaks.
SET LOCAL ROLE gatekeeper;

ALTER TABLE gate.search_door DROP CONSTRAINT search_door_door_check;
ALTER TABLE gate.search_door ADD CONSTRAINT search_door_door_check CHECK (door IN ('date', 'number', 'year', 'present', 'phone'));

-- Of these, those whom an appointment makes patients of the actor's team: they are shown as such and cost nothing; nobody else is
-- told of, not even as a number.
CREATE FUNCTION gate.expected_among(p_session uuid, p_account uuid, p_ids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account);
BEGIN
    IF a.state <> 'live' THEN RETURN '{}'; END IF;
    RETURN (SELECT coalesce(array_agg(DISTINCT k.patient_id), '{}') FROM gate.link k
             WHERE k.patient_id = ANY (p_ids) AND k.basis = 'appointment' AND (k.unit = ANY (gate.places(a)) OR k.account = a.account)
               AND k.since <= clock_timestamp() AND k.until > clock_timestamp());
END $$;

REVOKE ALL ON FUNCTION gate.expected_among(uuid, uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.expected_among(uuid, uuid, uuid[]) TO keeper;

SET LOCAL ROLE owner;
