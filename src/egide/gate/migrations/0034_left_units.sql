-- What was opened counts for a day, so the census does too: whoever covered another unit this morning and left it found her own unit closed
-- until the evening. As many units as one may hold at once, the latest left; a walk over a whole site goes on meeting the cap.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION gate.left_today(p_account uuid, p_now timestamptz) RETURNS uuid[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(x.unit), '{}')
      FROM (SELECT h.unit FROM accounts.shift h
             WHERE h.account = p_account AND h.until > p_now - interval '1 day' AND h.until <= p_now
             GROUP BY h.unit ORDER BY max(h.until) DESC LIMIT gate.limit_of('shifts')::int) x
$$;

CREATE OR REPLACE FUNCTION gate.census_cap(p_places uuid[], p_account uuid, p_now timestamptz) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(gate.limit_of('linked_floor'), ceil(count(*) * gate.limit_of('linked_census_factor')))::int
      FROM ((SELECT k.patient_id FROM unnest(p_places || gate.left_today(p_account, p_now)) p CROSS JOIN LATERAL
                (SELECT l.patient_id FROM gate.living(ARRAY[p], p_now) l WHERE l.since <= p_now
                  LIMIT gate.limit_of('census_most')::int) k
              LIMIT gate.limit_of('census_most')::int)
            UNION
            (SELECT l.patient_id FROM gate.living_of(p_account, p_now) l WHERE l.since <= p_now
              LIMIT gate.limit_of('census_most')::int)) x
$$;

REVOKE ALL ON FUNCTION gate.left_today(uuid, timestamptz) FROM PUBLIC;

SET LOCAL ROLE owner;
