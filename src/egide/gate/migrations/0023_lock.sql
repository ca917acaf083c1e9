-- A locked session reads nothing by what it opened before.
SET LOCAL ROLE gatekeeper;

CREATE OR REPLACE FUNCTION gate.opened_patients(p_category text, p_mode text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_ticket text := current_setting('egide.ticket', true); v_ids uuid[];
    v_id text := split_part(v_ticket, '.', 1); v_secret text := split_part(v_ticket, '.', 2);
BEGIN
    -- Lengths apart from the pattern: counted repetitions ({64}) cost 25 µs a match.
    IF v_ticket ~ '^[0-9]+\.[0-9a-f]+$' AND length(v_id) <= 18 AND length(v_secret) = 64 THEN
        -- Three rows by their keys, one after the other: joined, the planner walked all live sessions, at each of a chart's
        -- thirty questions.
        SELECT CASE WHEN p_category = ANY (CASE p_mode WHEN 'read' THEN e.reads WHEN 'write' THEN e.writes ELSE '{}' END)
                    THEN e.ids ELSE '{}' END
          INTO v_ids
          FROM audit.entry e
         WHERE e.id = v_id::bigint AND e.ticket_hash = sha256(decode(v_secret, 'hex'))
           AND e.session = (SELECT l.session FROM gate.lease l WHERE l.opening = v_id::bigint AND l.until > clock_timestamp())
           AND (SELECT s.ended_at IS NULL AND s.frozen_at IS NULL AND s.expires_at > clock_timestamp()
                       AND (s.locks_at > clock_timestamp() OR s.grade = 'application')
                  FROM accounts.session s WHERE s.id = e.session);
        IF FOUND THEN RETURN v_ids; END IF;
    END IF;
    RAISE EXCEPTION 'no valid opening' USING ERRCODE = 'EG001';
END $$;

SET LOCAL ROLE owner;
