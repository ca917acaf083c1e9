-- A full sign-in at a workstation takes one's own session up only while half of its twelve hours is left; else it begins another, which ends the
-- former one: whoever shows her full factor is not signed out minutes later.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION accounts.session_at(p_workstation uuid, p_account uuid) RETURNS TABLE (id uuid, ticket_hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.ticket_hash FROM accounts.session s, LATERAL accounts.actor_of(s.id, s.account) a
     WHERE s.workstation = p_workstation AND s.account = p_account AND s.ended_at IS NULL AND s.grade = 'strong'
       AND s.expires_at > clock_timestamp() + interval '6 hours'
       AND a.state IN ('live', 'session_locked') ORDER BY s.created_at DESC LIMIT 1
$$;

-- As before; and whoever sits down anew has no older session waiting there. Every sign-in sits, by a rescue or Pro Santé Connect too, so that
-- ending the workstation ends it; a rescue session ends fifteen minutes after its last opening and is not locked before: no key would reopen it.
CREATE OR REPLACE FUNCTION accounts.sit(p_session uuid, p_workstation uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_now timestamptz; v_account uuid := (SELECT s.account FROM accounts.session s WHERE s.id = p_session);
BEGIN
    PERFORM 1 FROM accounts.workstation WHERE id = p_workstation AND ended_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    v_now := clock_timestamp();
    UPDATE accounts.workstation SET used_at = v_now WHERE id = p_workstation;
    UPDATE accounts.session SET workstation = p_workstation,
           locks_at = CASE grade WHEN 'rescue' THEN locks_at ELSE v_now + accounts.idle(p_workstation) END,
           device = left((SELECT w.name FROM accounts.workstation w WHERE w.id = p_workstation) || ' · ' || device, 120)
     WHERE id = p_session AND ended_at IS NULL AND locks_at > v_now;
    PERFORM accounts.end_each(ARRAY(SELECT x.id FROM accounts.session x WHERE x.workstation = p_workstation AND x.account = v_account
        AND x.id <> p_session AND x.ended_at IS NULL AND x.expires_at > v_now), 'begun_anew');
    PERFORM accounts.end_each(ARRAY(SELECT x.id FROM accounts.session x
        WHERE x.workstation = p_workstation AND x.id <> p_session AND x.ended_at IS NULL AND x.expires_at > v_now
        ORDER BY x.locks_at DESC OFFSET gate.limit_of('station_sessions')::int - 1), 'station_full');
END $$;

SET LOCAL ROLE owner;
