-- Whom a search looks among: those whom the actor's legal entity knows; the whole group is asked for by one more act, counted.
-- And the sweep of what a creation that came to nothing left behind. docs/decisions/0039-search-domain.md
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('group_minute', 12), ('group_hour', 100), ('group_day', 300), ('group_month', 4000);

-- Who knows a person: a legal entity, or a site that stands alone. Written by whatever makes somebody known there.
CREATE TABLE identity.known (patient_id uuid NOT NULL, domain uuid NOT NULL, PRIMARY KEY (patient_id, domain));

CREATE FUNCTION gate.domain_of(p_site uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT s.entity_id FROM public.directory_site s WHERE s.id = p_site), p_site)
$$;

-- A stay, an appointment, a residence, a transfer or a reception makes a person known to the entity of the unit, or of the desk.
-- Once a statement: a load copies a million links.
CREATE FUNCTION gate.note_known() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO identity.known (patient_id, domain)
    SELECT DISTINCT f.patient_id, coalesce(s.entity_id, s.id)
      FROM fresh f LEFT JOIN public.directory_unit u ON u.id = f.unit
      JOIN public.directory_site s ON s.id = coalesce(u.site_id, (SELECT e.site FROM audit.entry e WHERE e.id = f.entry AND f.unit IS NULL))
     WHERE f.basis IN ('stay', 'appointment', 'residence', 'transfer', 'arrival')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER note_known AFTER INSERT ON gate.link REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION gate.note_known();

-- As before, and the application's entity knows whom it brings.
CREATE OR REPLACE FUNCTION gate.open_new(p_session uuid, p_account uuid, p_new uuid[], p_subject int[], p_token bigint[],
                              p_purpose text, p_read text[], p_write text[], p_nonce bytea, p_ticket_hash bytea,
                              p_found_subject int[], p_found_token bigint[])
RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r gate.answer;
BEGIN
    r := gate.open_new(p_session, p_account, p_new, p_subject, p_token, p_purpose, p_read, p_write, p_nonce, p_ticket_hash);
    IF r.code = 'ok' AND 'identity' = ANY (r.writes) THEN
        INSERT INTO identity.token (token, patient_id)
        SELECT DISTINCT x.token, r.ids[x.subject] FROM unnest(p_found_subject, p_found_token) x (subject, token)
         WHERE r.ids[x.subject] IS NOT NULL ORDER BY 1
        ON CONFLICT DO NOTHING;
        INSERT INTO identity.known (patient_id, domain)
        SELECT DISTINCT i, gate.domain_of((r.actor).site) FROM unnest(r.ids) i WHERE i IS NOT NULL
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN r;
END $$;

INSERT INTO identity.known (patient_id, domain)
SELECT DISTINCT k.patient_id, coalesce(s.entity_id, s.id)
  FROM gate.link k LEFT JOIN public.directory_unit u ON u.id = k.unit
  JOIN public.directory_site s ON s.id = coalesce(u.site_id, (SELECT e.site FROM audit.entry e WHERE e.id = k.entry AND k.unit IS NULL))
 WHERE k.basis IN ('stay', 'appointment', 'residence', 'transfer', 'arrival')
UNION
SELECT DISTINCT i, gate.domain_of(e.site) FROM audit.entry e, unnest(e.ids) i
 WHERE e.kind = 'open_new' AND e.verdict = 'opened' AND e.site IS NOT NULL
ON CONFLICT DO NOTHING;

-- Before the whole group is looked among: its own pace. `may_search` has said the rest.
CREATE FUNCTION gate.may_search_group(p_session uuid, p_account uuid, p_door text) RETURNS gate.search_answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.search_answer; p gate.purse; v_passed text;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.no_search(a, a.state, p_door); END IF;
    IF a.grade = 'rescue' THEN RETURN gate.no_search(a, 'search_rescue', p_door); END IF;
    p := gate.purse_move(gate.purse_now(a, 'group'), NULL, 1);
    v_passed := gate.passed(p);
    IF v_passed IS NOT NULL THEN RETURN gate.no_search(a, 'search_group_' || v_passed, p_door); END IF;
    PERFORM gate.keep(p);
    r.code := 'ok'; r.actor := a;
    RETURN r;
END $$;

REVOKE ALL ON identity.known FROM PUBLIC;
REVOKE ALL ON FUNCTION gate.domain_of(uuid), gate.note_known(), gate.may_search_group(uuid, uuid, text),
    gate.open_new(uuid, uuid, uuid[], int[], bigint[], text, text[], text[], bytea, bytea, int[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.may_search_group(uuid, uuid, text) TO keeper;

SET LOCAL ROLE owner;
