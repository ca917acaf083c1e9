-- What the live channel is told, in the commit of the fact: that a session may be over, that a unit's list moved. Hints and ids of
-- sessions and units only: the channel asks the keeper before any page is told to go.
SET LOCAL ROLE gatekeeper;

CREATE FUNCTION accounts.tell_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('egide_live', 'session ' || NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER UPDATE OF ended_at, frozen_at, expires_at ON accounts.session FOR EACH ROW
    WHEN (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.frozen_at IS DISTINCT FROM OLD.frozen_at OR NEW.expires_at <> OLD.expires_at)
    EXECUTE FUNCTION accounts.tell_session();

-- An account, a profession or a shift that ends may end every session of the person, or change her units.
CREATE FUNCTION accounts.tell_sessions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_account uuid := coalesce(to_jsonb(NEW) ->> 'account', to_jsonb(NEW) ->> 'id')::uuid;
BEGIN
    PERFORM pg_notify('egide_live', 'session ' || s.id) FROM accounts.session s
     WHERE s.account = v_account AND s.ended_at IS NULL AND s.expires_at > clock_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER UPDATE OF ended_at ON accounts.account FOR EACH ROW
    WHEN (NEW.ended_at IS DISTINCT FROM OLD.ended_at) EXECUTE FUNCTION accounts.tell_sessions();
CREATE TRIGGER told AFTER UPDATE OF until ON accounts.membership FOR EACH ROW
    WHEN (NEW.until IS DISTINCT FROM OLD.until) EXECUTE FUNCTION accounts.tell_sessions();
CREATE TRIGGER told AFTER INSERT OR UPDATE ON accounts.shift FOR EACH ROW EXECUTE FUNCTION accounts.tell_sessions();

-- Once a statement and unit, however many rows a load brings.
CREATE FUNCTION gate.tell_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('egide_live', 'unit ' || x.unit)
       FROM (SELECT DISTINCT m.unit FROM moved m WHERE m.basis = 'stay' AND m.unit IS NOT NULL) x;
    RETURN NULL;
END $$;
CREATE TRIGGER told_came AFTER INSERT ON gate.link REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION gate.tell_units();
CREATE TRIGGER told_left AFTER UPDATE ON gate.link REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION gate.tell_units();

REVOKE ALL ON FUNCTION accounts.tell_session(), accounts.tell_sessions(), gate.tell_units() FROM PUBLIC;

SET LOCAL ROLE owner;
