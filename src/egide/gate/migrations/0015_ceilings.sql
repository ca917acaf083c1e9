-- What the keeper's own ceilings need of the base: a line when something was withheld, an alarm told to the RSSI, the disclosures
-- of the last day for a keeper that lost its counts, and the fresh factor (one's own key over an act of its own).
SET LOCAL ROLE gatekeeper;

-- An opening or a search that the keeper did not hand over: its line says opened, this one says that nothing left.
CREATE FUNCTION gate.withheld(p_session uuid, p_account uuid, p_entry bigint, p_code text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); v_ids uuid[] := (SELECT e.ids FROM audit.entry e WHERE e.id = p_entry);
BEGIN
    DELETE FROM gate.lease WHERE opening = p_entry;
    PERFORM audit.append('refuse', a.account, a.session, a.profession, a.site, NULL, coalesce(v_ids, '{}'), '{}', '{}', 'ceiling', NULL,
                         'refused', p_code, p_entry::text, NULL, NULL);
END $$;

-- A count past its alarm, told to every RSSI, in the commit of its line.
CREATE FUNCTION gate.ceiling_alarm(p_session uuid, p_account uuid, p_scope text, p_window text, p_outside boolean, p_total int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE a accounts.actor := accounts.actor_of(p_session, p_account); e audit.entry; v_rssi uuid[];
BEGIN
    e := audit.append('alarm', a.account, a.session, a.profession, a.site, NULL, '{}', '{}', '{}', 'ceiling', NULL, 'raised', 'ceiling',
                      concat_ws(';', p_scope, p_window, CASE WHEN p_outside THEN 'outside' ELSE 'linked' END, p_total), NULL, NULL);
    SELECT array_agg(DISTINCT m.account) INTO v_rssi FROM accounts.membership m
     WHERE m.profession = 'rssi' AND m.since <= clock_timestamp() AND (m.until IS NULL OR m.until > clock_timestamp());
    PERFORM gate.notify(coalesce(v_rssi, '{}'), 'ceiling', e.id, NULL, a.account);
END $$;

-- Who was shown whom in the last day, by lines after p_after; a search that discovered somebody counts all it showed.
CREATE FUNCTION gate.disclosures(p_after bigint, p_limit int)
RETURNS TABLE (id bigint, at timestamptz, outside boolean, session uuid, account uuid, site uuid, ids uuid[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.id, e.at, CASE e.kind WHEN 'search' THEN true
                                   ELSE string_to_array(e.basis, ',') <@ ARRAY['break_glass', 'sheet', 'oversight', 'search'] END,
           e.session, e.account, e.site, e.ids
      FROM audit.entry e
     WHERE e.id > greatest(p_after, (gate.ids_between(clock_timestamp() - interval '1 day', clock_timestamp())).low - 1)
       AND e.at > clock_timestamp() - interval '1 day' AND e.session IS NOT NULL AND e.site IS NOT NULL AND e.profession <> 'application'
       AND (e.kind IN ('open', 'open_new') OR e.kind = 'search' AND e.verdict = 'shown' AND e.object !~ 'discovered=0;')
     ORDER BY e.id LIMIT p_limit
$$;

-- The asker's own yes was checked and stands: the act is done, once.
CREATE FUNCTION gate.fresh_done(p_act uuid, p_session uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE accounts.act t SET done_at = clock_timestamp()
     WHERE t.id = p_act AND t.kind = 'fresh_factor' AND t.session = p_session AND t.done_at IS NULL AND t.expires_at > clock_timestamp()
       AND EXISTS (SELECT 1 FROM accounts.approval v WHERE v.act = t.id AND v.account = t.account);
    RETURN CASE WHEN FOUND THEN 'ok' ELSE 'act_ended' END;
END $$;

REVOKE ALL ON FUNCTION gate.withheld(uuid, uuid, bigint, text), gate.ceiling_alarm(uuid, uuid, text, text, boolean, int),
    gate.disclosures(bigint, int), gate.fresh_done(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gate.withheld(uuid, uuid, bigint, text), gate.ceiling_alarm(uuid, uuid, text, text, boolean, int),
    gate.disclosures(bigint, int), gate.fresh_done(uuid, uuid) TO keeper;

SET LOCAL ROLE owner;
