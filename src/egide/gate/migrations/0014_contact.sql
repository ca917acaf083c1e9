-- One contact of one person, shown on purpose: phone, e-mail, address or INS. In care, an opening of that category under its own
-- purpose; outside it, for ten minutes of a search that showed her, charged as what one discovers.
SET LOCAL ROLE gatekeeper;

INSERT INTO gate.limits VALUES ('contact_minutes', 10);

CREATE FUNCTION gate.contact_category(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN p_kind IN ('phone', 'email', 'address') THEN 'contact' WHEN p_kind = 'ins' THEN 'ins' END
$$;

CREATE FUNCTION gate.open_contact(p_session uuid, p_account uuid, p_patient uuid, p_kind text, p_counted boolean, p_nonce bytea,
                                  p_ticket_hash bytea) RETURNS gate.answer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor; r gate.answer; v_category text := gate.contact_category(p_kind); v_ids uuid[] := ARRAY[p_patient];
    v_purpose text := 'contact_' || p_kind; v_now timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    a := accounts.actor_of(p_session, p_account);
    IF a.state <> 'live' THEN RETURN gate.refuse(a, a.state, v_ids, ARRAY[v_category], '{}', 'contact', NULL, false); END IF;
    IF v_category IS NULL THEN RETURN gate.refuse(a, 'bad_request', v_ids, '{}', '{}', 'contact', NULL, false); END IF;
    v_now := clock_timestamp();
    -- in care, and whom no search of this session has just shown: as any opening, refusals included
    IF p_patient = ANY (gate.linked_among(a, v_ids)) OR NOT EXISTS (
        SELECT 1 FROM audit.entry e WHERE e.kind = 'search' AND e.basis = 'search' AND e.session = p_session AND e.ids @> v_ids
           AND e.at > v_now - make_interval(mins => gate.limit_of('contact_minutes')::int)) THEN
        RETURN gate.open(p_session, p_account, v_ids, NULL, v_purpose, ARRAY[v_category], '{}', p_counted, p_nonce, p_ticket_hash);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM gate.rule u WHERE u.profession = a.profession AND u.basis = 'search' AND u.category = v_category
                     AND u.act = 'read' AND u.allowed) THEN
        RETURN gate.refuse(a, 'category_closed', v_ids, ARRAY[v_category], '{}', v_purpose, NULL, false);
    END IF;
    IF gate.spend_within(a, 'unlinked', v_ids, false) IS NOT NULL THEN
        RETURN gate.refuse(a, 'budget', v_ids, ARRAY[v_category], '{}', v_purpose, NULL, false);
    END IF;
    r.entry := audit.append('open', a.account, a.session, a.profession, a.site, NULL, v_ids, ARRAY[v_category], '{}', v_purpose,
                            'search', 'opened', NULL, NULL, p_nonce, p_ticket_hash);
    r.opening := (r.entry).id; r.nonce := p_nonce; r.resumed := false; r.truncated := false; r.basis := 'search';
    -- shown once: what a search gave is not prolonged
    r.until := v_now + interval '1 minute';
    INSERT INTO gate.lease VALUES (r.opening, p_session, p_nonce, r.until, r.until);
    r.code := 'ok'; r.ids := v_ids; r.reads := ARRAY[v_category]; r.writes := '{}'; r.actor := a;
    RETURN r;
END $$;

-- What the finder masks for a page that holds an opening of that person: values whose category this opening's bases would open.
-- The opening's own row is the trace.
CREATE FUNCTION gate.masked_of(p_session uuid, p_account uuid, p_opening bigint, p_patient uuid) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_bases text[];
BEGIN
    IF a.state <> 'live' THEN RETURN NULL; END IF;
    SELECT string_to_array(e.basis, ',') INTO v_bases FROM audit.entry e JOIN gate.lease l ON l.opening = e.id
     WHERE e.id = p_opening AND e.session = p_session AND l.session = p_session AND l.until > clock_timestamp()
       AND p_patient = ANY (e.ids) AND 'identity' = ANY (e.reads);
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(array_agg(DISTINCT u.category), '{}') FROM gate.rule u WHERE u.profession = a.profession
              AND u.basis = ANY (v_bases) AND u.category IN ('contact', 'ins') AND u.act = 'read' AND u.allowed);
END $$;

REVOKE ALL ON FUNCTION gate.contact_category(text), gate.open_contact(uuid, uuid, uuid, text, boolean, bytea, bytea),
    gate.masked_of(uuid, uuid, bigint, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.open_contact(uuid, uuid, uuid, text, boolean, bytea, bytea) TO keeper;

SET LOCAL ROLE owner;
