-- Key life (docs/decisions/0041-key-life.md): sealed values are found and replaced beside the keeper, one compare-and-swap each.
-- Nothing here returns a value in clear, and nothing of it is executable by another role than keeper.
SET LOCAL ROLE gatekeeper;

-- Every sealed column of a table of patient data: bytea, in a table under forced row security with id and patient_id. The
-- category is the row's own column where there is one; else the column's comment ("sealed: clinical"); else the policy's.
CREATE FUNCTION gate.sealed_columns() RETURNS TABLE (place text, col text, category text, own_category boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.relname::text, a.attname::text,
           coalesce(substring(col_description(c.oid, a.attnum) FROM '^sealed: ([a-z]+)$'),
                    (SELECT substring(pg_get_expr(p.polqual, p.polrelid) FROM 'opened_patients\(''([a-z]+)''')
                       FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'opened_read')),
           EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'category' AND NOT o.attisdropped)
             AND col_description(c.oid, a.attnum) IS NULL
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relrowsecurity AND c.relforcerowsecurity
       AND a.atttypid = 'bytea'::regtype AND a.attnum > 0 AND NOT a.attisdropped
       AND EXISTS (SELECT FROM pg_attribute i WHERE i.attrelid = c.oid AND i.attname = 'id' AND NOT i.attisdropped)
       AND EXISTS (SELECT FROM pg_attribute i WHERE i.attrelid = c.oid AND i.attname = 'patient_id' AND NOT i.attisdropped)
     ORDER BY 1, 2
$$;

-- How many values of a column are sealed under another version than p_newest.
CREATE FUNCTION gate.sealed_left(p_place text, p_col text, p_category text, p_newest int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE s record; v_count bigint;
BEGIN
    SELECT * INTO STRICT s FROM gate.sealed_columns() k WHERE k.place = p_place AND k.col = p_col;
    EXECUTE format('SELECT count(*) FROM public.%1$I WHERE %2$I IS NOT NULL AND substring(%2$I FROM 2 FOR 2) <> $1%3$s',
                   s.place, s.col, CASE WHEN s.own_category THEN ' AND category = $2' ELSE '' END)
       INTO v_count USING substring(int4send(p_newest) FROM 3), p_category;
    RETURN v_count;
END $$;

-- The next values, by id, sealed under another version than p_newest.
CREATE FUNCTION gate.sealed_slice(p_place text, p_col text, p_category text, p_newest int, p_after uuid, p_limit int)
RETURNS TABLE (id uuid, patient_id uuid, sealed bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE s record;
BEGIN
    SELECT * INTO STRICT s FROM gate.sealed_columns() k WHERE k.place = p_place AND k.col = p_col;
    RETURN QUERY EXECUTE format(
        'SELECT id, patient_id, %2$I FROM public.%1$I WHERE id > $3 AND %2$I IS NOT NULL'
        ' AND substring(%2$I FROM 2 FOR 2) <> $1%3$s ORDER BY id LIMIT $4',
        s.place, s.col, CASE WHEN s.own_category THEN ' AND category = $2' ELSE '' END)
       USING substring(int4send(p_newest) FROM 3), p_category, p_after, least(p_limit, 1000);
END $$;

-- Replaces ciphertexts that are still what was read; how many were. A row that a page changed meanwhile is left to the next pass.
CREATE FUNCTION gate.reseal(p_place text, p_col text, p_id uuid[], p_old bytea[], p_new bytea[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE s record; v_count int;
BEGIN
    SELECT * INTO STRICT s FROM gate.sealed_columns() k WHERE k.place = p_place AND k.col = p_col;
    EXECUTE format('UPDATE public.%1$I t SET %2$I = x.new FROM unnest($1, $2, $3) x (id, old, new)'
                   ' WHERE t.id = x.id AND t.%2$I = x.old', s.place, s.col) USING p_id, p_old, p_new;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- The words of break-glasses, sealed under the trail's key.
CREATE FUNCTION gate.words_left(p_newest int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM gate.words WHERE substring(sealed FROM 2 FOR 2) <> substring(int4send(p_newest) FROM 3)
$$;
CREATE FUNCTION gate.words_slice(p_newest int, p_after uuid, p_limit int) RETURNS TABLE (id uuid, sealed bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.id, w.sealed FROM gate.words w
     WHERE w.id > p_after AND substring(w.sealed FROM 2 FOR 2) <> substring(int4send(p_newest) FROM 3)
     ORDER BY w.id LIMIT least(p_limit, 1000)
$$;
CREATE FUNCTION gate.reseal_words(p_id uuid[], p_old bytea[], p_new bytea[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_count int;
BEGIN
    UPDATE gate.words t SET sealed = x.new FROM unnest(p_id, p_old, p_new) x (id, old, new)
     WHERE t.id = x.id AND t.sealed = x.old;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- What is done to the keys is a row like any other: no account (the operator's own console), the key and its version.
CREATE FUNCTION gate.key_act(p_what text, p_key text, p_version int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (audit.append('keys', NULL, NULL, NULL, NULL, NULL, '{}', '{}', '{}', NULL, NULL, 'ok', p_what,
                         p_key || '.' || p_version, NULL, NULL)).id
$$;

REVOKE ALL ON FUNCTION gate.sealed_columns(), gate.sealed_left(text, text, text, int),
    gate.sealed_slice(text, text, text, int, uuid, int), gate.reseal(text, text, uuid[], bytea[], bytea[]),
    gate.words_left(int), gate.words_slice(int, uuid, int), gate.reseal_words(uuid[], bytea[], bytea[]),
    gate.key_act(text, text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.sealed_columns(), gate.sealed_left(text, text, text, int),
    gate.sealed_slice(text, text, text, int, uuid, int), gate.reseal(text, text, uuid[], bytea[], bytea[]),
    gate.words_left(int), gate.words_slice(int, uuid, int), gate.reseal_words(uuid[], bytea[], bytea[]),
    gate.key_act(text, text, int) TO keeper;

SET LOCAL ROLE owner;
-- Tables protected before this migration; later ones get it from ProtectTable.
DO $$
DECLARE t text; c text;
BEGIN
    FOR t, c IN SELECT k.relname, a.attname FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid
                 WHERE k.relnamespace = 'public'::regnamespace AND k.relforcerowsecurity
                   AND a.atttypid = 'bytea'::regtype AND a.attnum > 0 AND NOT a.attisdropped LOOP
        EXECUTE format('GRANT SELECT, UPDATE (%I) ON public.%I TO gatekeeper', c, t);
    END LOOP;
END $$;
