-- The trail: one row an opening, refusal or act; one leaf a row or a gap. Owned by gatekeeper.
-- Format of leaves and checkpoints: docs/decisions/0010-trail-leaf-and-checkpoint.md

SET LOCAL ROLE gatekeeper;

CREATE SCHEMA audit;
REVOKE ALL ON SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO keeper, auditor;

CREATE SEQUENCE audit.entry_id AS bigint CACHE 1;

CREATE TABLE audit.entry (
    id          bigint      NOT NULL PRIMARY KEY,
    xid         xid8        NOT NULL,
    at          timestamptz NOT NULL,
    kind        text        NOT NULL,
    account     uuid,
    session     uuid,
    profession  text,
    site        uuid,
    unit        uuid,
    ids         uuid[],
    reads       text[],
    writes      text[],
    purpose     text,
    basis       text,
    verdict     text,
    reason      text,
    object      text,
    nonce       bytea,
    ticket_hash bytea,
    salt        bytea       NOT NULL CHECK (octet_length(salt) = 32)
) PARTITION BY RANGE (id);

-- « Qui a ouvert ce dossier »
CREATE INDEX entry_ids ON audit.entry USING gin (ids);

CREATE TABLE audit.leaf (
    seq      bigint NOT NULL PRIMARY KEY CHECK (seq >= 0),
    entry_id bigint NOT NULL UNIQUE,          -- no foreign key: a gap has no row, and payloads are purged before leaves
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32)
);

-- One row, compared and updated by whoever numbers: of two sequencers one is refused.
CREATE TABLE audit.horizon (
    one           boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (one),
    size          bigint  NOT NULL DEFAULT 0, -- leaves so far
    seen          bigint  NOT NULL DEFAULT 0, -- the sequencer has looked at every id up to here
    numbered      bigint  NOT NULL DEFAULT 0, -- every id up to here has its leaf
    partition_end bigint  NOT NULL DEFAULT 0, -- first id without a partition
    CHECK (0 <= numbered AND numbered <= seen)
) WITH (fillfactor = 50);
INSERT INTO audit.horizon DEFAULT VALUES;

CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, audit
AS $$
BEGIN
    RAISE EXCEPTION 'la trace ne se modifie pas : % sur %.% refusé', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.leaf
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON audit.horizon
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- The next partition of 5,000,000 ids. Made aside, then attached: CREATE … PARTITION OF would lock out every opening.
CREATE FUNCTION audit.add_partition() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
DECLARE
    low  bigint;
    high bigint;
    name text;
BEGIN
    SELECT partition_end INTO STRICT low FROM audit.horizon FOR UPDATE;
    high := low + 5000000;
    name := 'entry_' || lpad((low / 5000000)::text, 4, '0');
    EXECUTE format('CREATE TABLE audit.%I (LIKE audit.entry INCLUDING ALL)', name);
    -- statement triggers of the parent do not fire for one who names the partition
    EXECUTE format('CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I
                    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()', name);
    EXECUTE format('ALTER TABLE audit.entry ATTACH PARTITION audit.%I FOR VALUES FROM (%s) TO (%s)', name, low, high);
    UPDATE audit.horizon SET partition_end = high;
    RETURN high;
END
$$;
SELECT audit.add_partition();
SELECT audit.add_partition();

-- Appends one row; called by gatekeeper's own functions only. The transaction id is taken before the serial: whoever
-- holds serial n has a transaction id older than any taken after n was seen, which is what proves a gap (sequencer).
CREATE FUNCTION audit.append(
    kind text, account uuid DEFAULT NULL, session uuid DEFAULT NULL, profession text DEFAULT NULL,
    site uuid DEFAULT NULL, unit uuid DEFAULT NULL, ids uuid[] DEFAULT NULL, reads text[] DEFAULT NULL,
    writes text[] DEFAULT NULL, purpose text DEFAULT NULL, basis text DEFAULT NULL, verdict text DEFAULT NULL,
    reason text DEFAULT NULL, object text DEFAULT NULL, nonce bytea DEFAULT NULL, ticket_hash bytea DEFAULT NULL
) RETURNS audit.entry
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, audit
AS $$
DECLARE
    mine xid8 := pg_current_xact_id();
    line audit.entry;
BEGIN
    INSERT INTO audit.entry (id, xid, at, kind, account, session, profession, site, unit, ids, reads, writes,
                             purpose, basis, verdict, reason, object, nonce, ticket_hash, salt)
    VALUES (nextval('audit.entry_id'), mine, clock_timestamp(), append.kind, append.account, append.session,
            append.profession, append.site, append.unit, append.ids, append.reads, append.writes, append.purpose,
            append.basis, append.verdict, append.reason, append.object, append.nonce, append.ticket_hash,
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    RETURNING * INTO line;
    RETURN line;
END
$$;

-- ── Numbering: all that the keeper may do here ──────────────────────────────────────────────────────────────────────

-- Where numbering stands. `drawn`: the last serial handed out; read before the rows, never with them.
CREATE FUNCTION audit.numbering(OUT size bigint, OUT seen bigint, OUT numbered bigint, OUT partition_end bigint,
                                OUT drawn bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
BEGIN
    SELECT h.size, h.seen, h.numbered, h.partition_end INTO STRICT size, seen, numbered, partition_end
      FROM audit.horizon h;
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - 1 END INTO STRICT drawn FROM audit.entry_id s;
END
$$;

-- Committed rows of ]after, upto] and of `among`. STABLE: it sees exactly the snapshot of the statement that calls it.
CREATE FUNCTION audit.rows(after bigint, upto bigint, among bigint[]) RETURNS SETOF audit.entry
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
    SELECT * FROM audit.entry e WHERE e.id > after AND e.id <= upto
    UNION ALL
    SELECT * FROM audit.entry e WHERE e.id = ANY (among) AND NOT (e.id > after AND e.id <= upto)
    ORDER BY id
$$;

-- Ids looked at that have no leaf yet.
CREATE FUNCTION audit.unnumbered() RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
    SELECT n FROM audit.horizon h, generate_series(h.numbered + 1, h.seen) n
     WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.entry_id = n)
$$;

-- Writes leaves `first`, `first` + 1, … ; refuses if the tree has another size.
CREATE FUNCTION audit.number(first bigint, entries bigint[], hashes bytea[], seen bigint, numbered bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$
BEGIN
    UPDATE audit.horizon h
       SET size = first + cardinality(entries), seen = number.seen, numbered = number.numbered
     WHERE h.size = first AND h.seen <= number.seen AND h.numbered <= number.numbered;
    IF NOT FOUND OR cardinality(entries) <> cardinality(hashes) THEN
        RAISE EXCEPTION 'numérotation refusée : l''arbre n''a pas % feuilles', first;
    END IF;
    INSERT INTO audit.leaf (seq, entry_id, hash)
    SELECT first + n - 1, e, h FROM unnest(entries, hashes) WITH ORDINALITY AS t (e, h, n);
END
$$;

CREATE FUNCTION audit.leaves(first bigint, upto bigint) RETURNS SETOF audit.leaf
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$ SELECT * FROM audit.leaf l WHERE l.seq >= first AND l.seq < upto ORDER BY l.seq $$;

CREATE FUNCTION audit.leaves_of(entries bigint[]) RETURNS SETOF audit.leaf
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit
AS $$ SELECT * FROM audit.leaf l WHERE l.entry_id = ANY (entries) $$;

REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA audit FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT SELECT ON audit.entry, audit.leaf, audit.horizon TO auditor;
GRANT EXECUTE ON FUNCTION audit.add_partition(), audit.numbering(), audit.rows(bigint, bigint, bigint[]),
    audit.unnumbered(), audit.number(bigint, bigint[], bytea[], bigint, bigint), audit.leaves(bigint, bigint),
    audit.leaves_of(bigint[]) TO keeper;

SET LOCAL ROLE owner;
