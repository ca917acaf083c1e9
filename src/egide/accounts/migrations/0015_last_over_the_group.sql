-- One administrator of the whole group must stay: without him no site that has none of its own is ever administered again.
SET LOCAL ROLE gatekeeper;

-- Whether this person's office is over the group, and nobody else's is.
CREATE FUNCTION accounts.last_over_the_group(p_about uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT accounts.administers(p_about, NULL)
       AND NOT EXISTS (SELECT 1 FROM unnest(accounts.holders(ARRAY['administrator'])) i WHERE i <> p_about AND accounts.administers(i, NULL))
$$;

CREATE OR REPLACE FUNCTION accounts.last_of_office(p_about uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT accounts.last_over_the_group(p_about)
        OR (p_about = ANY (accounts.holders(ARRAY['administrator'])) AND cardinality(accounts.holders(ARRAY['administrator'])) <= 2)
$$;

CREATE OR REPLACE FUNCTION accounts.do_end_membership(t accounts.act, p_dry boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE b jsonb := t.body::jsonb; m accounts.membership; v_until timestamptz;
BEGIN
    IF coalesce(b->>'membership', '') !~ '^[0-9]{1,18}$' THEN RETURN 'bad_request'; END IF;
    SELECT * INTO m FROM accounts.membership x WHERE x.id = (b->>'membership')::bigint AND x.account = (b->>'account')::uuid FOR UPDATE;
    IF m.id IS NULL THEN RETURN 'unknown_person'; END IF;
    IF m.until <= clock_timestamp() OR m.since > clock_timestamp() THEN RETURN 'already_ended_here'; END IF;
    IF coalesce(b->>'until', '') <> '' AND accounts.instant(b->>'until') IS NULL THEN RETURN 'bad_date'; END IF;
    IF m.everywhere AND accounts.last_over_the_group(m.account) THEN RETURN 'last_of_office'; END IF;
    v_until := coalesce(greatest(accounts.instant(nullif(b->>'until', '')), clock_timestamp()), clock_timestamp());
    IF p_dry THEN RETURN 'ok'; END IF;
    UPDATE accounts.membership SET until = v_until WHERE id = m.id;
    PERFORM accounts.write_down(t, 'grant', 'ended', m.profession, m.unit, NULL);
    PERFORM accounts.tell(ARRAY[m.account], 'membership_ended', m.account, t.account, t.id);
    RETURN 'ok';
END $$;

REVOKE ALL ON FUNCTION accounts.last_over_the_group(uuid) FROM PUBLIC;

SET LOCAL ROLE owner;
