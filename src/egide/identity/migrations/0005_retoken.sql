-- The keeper's keys `token` and `source` are renewed (docs/decisions/0044-keys-that-seal-nothing.md): each token says which version made it.
SET LOCAL ROLE gatekeeper;

-- A constant first: no row is rewritten. Then what the keeper says of the tokens that it is about to write; 1 where it says nothing.
ALTER TABLE identity.token ADD COLUMN version smallint NOT NULL DEFAULT 1;
ALTER TABLE identity.token ALTER COLUMN version SET DEFAULT coalesce(nullif(current_setting('egide.token_version', true), ''), '1')::smallint;
ALTER TABLE gate.token ADD COLUMN version smallint NOT NULL DEFAULT 1;
ALTER TABLE gate.token ALTER COLUMN version SET DEFAULT coalesce(nullif(current_setting('egide.source_version', true), ''), '1')::smallint;

-- Persons who have tokens of another version than p_newest: how many, and the next ones by id.
CREATE FUNCTION identity.tokens_left(p_newest int) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(DISTINCT t.patient_id) FROM identity.token t WHERE t.version <> p_newest
$$;
CREATE FUNCTION identity.tokens_slice(p_newest int, p_after uuid, p_limit int) RETURNS TABLE (patient_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT t.patient_id FROM identity.token t
     WHERE t.patient_id > p_after AND t.version <> p_newest ORDER BY 1 LIMIT least(p_limit, 1000)
$$;

-- What these persons are found by, sealed: every value, present and past.
CREATE FUNCTION identity.found_by(p_ids uuid[])
RETURNS TABLE (patient_id uuid, source text, id uuid, kind text, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT x.patient_id, 'identity_trait', x.id, x.kind::text, x.sealed FROM public.identity_trait x
     WHERE x.patient_id = ANY (p_ids[1:1000])
       AND x.kind IN ('birth_name', 'used_name', 'first_name', 'used_first_name', 'birth_date', 'ipp')
    UNION ALL
    SELECT x.patient_id, 'identity_contact', x.id, x.kind::text, x.sealed FROM public.identity_contact x
     WHERE x.patient_id = ANY (p_ids[1:1000]) AND x.kind = 'phone'
    UNION ALL
    SELECT x.patient_id, 'identity_ins', x.id, 'ins', x.sealed FROM public.identity_ins x WHERE x.patient_id = ANY (p_ids[1:1000])
$$;

-- These persons' tokens from now on. In one commit, so that each is always found under one version; what a page adds meanwhile under
-- the newest stays.
CREATE FUNCTION identity.retoken(p_newest int, p_ids uuid[], p_patient uuid[], p_token bigint[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO identity.token (token, patient_id, version)
    SELECT DISTINCT x.token, x.patient, p_newest FROM unnest(p_token, p_patient) x (token, patient) WHERE x.patient = ANY (p_ids) ORDER BY 1
    ON CONFLICT (token, patient_id) DO UPDATE SET version = excluded.version;
    DELETE FROM identity.token t WHERE t.patient_id = ANY (p_ids) AND t.version <> p_newest;
    RETURN cardinality(p_ids);
END $$;

-- Ids of foreign systems: the former token is blinded again, nothing else is needed.
CREATE FUNCTION gate.sources_left(p_newest int) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM gate.token t WHERE t.kind = 'SRC' AND t.version <> p_newest
$$;
CREATE FUNCTION gate.sources_slice(p_newest int, p_after bigint, p_limit int) RETURNS TABLE (token bigint, version int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.token, t.version FROM gate.token t
     WHERE t.kind = 'SRC' AND t.version <> p_newest AND t.token > p_after ORDER BY 1 LIMIT least(p_limit, 1000)
$$;
CREATE FUNCTION gate.reblind_sources(p_newest int, p_old bigint[], p_new bigint[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE gate.token t SET token = x.new, version = p_newest FROM unnest(p_old, p_new) x (old, new)
     WHERE t.kind = 'SRC' AND t.token = x.old AND t.version <> p_newest;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION identity.tokens_left(int), identity.tokens_slice(int, uuid, int), identity.found_by(uuid[]),
    identity.retoken(int, uuid[], uuid[], bigint[]), gate.sources_left(int), gate.sources_slice(int, bigint, int),
    gate.reblind_sources(int, bigint[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.tokens_left(int), identity.tokens_slice(int, uuid, int), identity.found_by(uuid[]),
    identity.retoken(int, uuid[], uuid[], bigint[]), gate.sources_left(int), gate.sources_slice(int, bigint, int),
    gate.reblind_sources(int, bigint[], bigint[]) TO keeper;

SET LOCAL ROLE owner;
