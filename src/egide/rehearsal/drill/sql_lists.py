"""The statements of attack 22, by what they try. Literals only: nothing here comes from outside."""

# ruff: noqa: S608, ISC004, E501 — writing hostile SQL is what this file is for

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID, uuid4

PATIENT_TABLES: Final = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')
   AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'patient_id') ORDER BY 1
"""

OUR_FUNCTIONS: Final = """
SELECT n.nspname || '.' || p.proname || '(' || replace(oidvectortypes(p.proargtypes), ', ', ',') || ')' FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_function_privilege(p.oid, 'EXECUTE')
"""
CALLS: Final = """
SELECT n.nspname || '.' || p.proname, p.proargtypes::regtype[]::text[] FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'door' AND has_function_privilege(p.oid, 'EXECUTE')
"""
# Functions that signal other sessions, take locks outside tables, touch files, or write past row security.
RISKY_FUNCTIONS: Final = r"""
SELECT DISTINCT p.proname FROM pg_proc p
 WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')
   AND (p.proname ~ '^(lo_|loread|lowrite|pg_(try_)?advisory|pg_(terminate|cancel)_backend)'
        OR p.proname ~ '^pg_(read_|ls_|stat_file|rotate|reload|promote|switch|backup)'
        OR p.proname IN ('set_config', 'pg_notify', 'pg_logical_emit_message')) ORDER BY 1
"""


# What only reads or changes rows: on a table that has none, no policy is asked, and nothing is told.
ON_ROWS: Final = ("SELECT ", "COPY ", "DECLARE ", "INSERT ", "UPDATE ", "DELETE ", "MERGE ")


def on_table(table: str) -> Iterator[str]:
    """Everything one may try on a table of patients."""
    yield f"SELECT * FROM {table}"
    yield f"SELECT count(*) FROM {table}"
    yield f"SELECT count(*) FROM {table} TABLESAMPLE SYSTEM (100)"
    yield f"COPY (SELECT * FROM {table}) TO STDOUT"
    yield f"COPY {table} TO STDOUT"
    yield f"INSERT INTO {table} SELECT * FROM {table}"
    yield f"UPDATE {table} SET patient_id = patient_id"
    yield f"UPDATE {table} SET patient_id = '{uuid4()}' RETURNING *"
    yield f"DELETE FROM {table}"
    yield f"TRUNCATE {table}"
    yield f"SELECT * FROM {table} FOR UPDATE"
    yield f"MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE"
    yield f"SET LOCAL row_security = off; SELECT * FROM {table}"
    yield f"DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM {table}; FETCH ALL FROM kept"
    yield f"CREATE INDEX ON {table} (patient_id)"
    yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
    yield f"CREATE POLICY mine ON {table} USING (true)"
    yield f"DROP POLICY opened_read ON {table}"
    yield f"CREATE TRIGGER mine AFTER INSERT ON {table} EXECUTE FUNCTION pg_notify('a', 'b')"
    yield f"CREATE RULE mine AS ON SELECT TO {table} DO INSTEAD SELECT 1"
    yield f"COMMENT ON TABLE {table} IS 'mine'"
    yield f"REINDEX TABLE {table}"
    # PostgreSQL only warns when nothing could be granted: the division fails unless something was.
    yield f"GRANT ALL ON {table} TO PUBLIC; SELECT 1 / has_table_privilege('live', '{table}', 'DELETE')::int"


def writes(patient: UUID) -> list[str]:
    """A measurement, a problem, an identity, a stay of this patient, and changes of what she has."""
    row = uuid4()
    return [
        "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at, author)"
        f" VALUES ('{row}', '{patient}', 'clinical', '8867-4', 60, '/min', now(), now(), '{row}')",
        "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at, author)"
        f" VALUES ('{row}', '{patient}', 'protected', '8867-4', 60, '/min', now(), now(), '{row}')",
        "INSERT INTO record_problem (id, patient_id, category, system, code, label, recorded_at, author)"
        f" VALUES ('{row}', '{patient}', 'protected', 'x', 'x', '', now(), '{row}') ON CONFLICT (id) DO NOTHING",
        f"INSERT INTO identity_trait (id, patient_id, kind, sealed) VALUES ('{row}', '{patient}', 'birth_name', '')",
        f"INSERT INTO identity_contact (id, patient_id, kind, sealed) VALUES ('{row}', '{patient}', 'phone', '')",
        f"INSERT INTO stays_stay (id, patient_id, unit_id, nda, admitted_at) SELECT '{row}', '{patient}', id, '', now()"
        " FROM directory_unit LIMIT 1",
        f"UPDATE record_measurement SET value = 1 WHERE patient_id = '{patient}' AND category = 'protected'",
        f"UPDATE identity_trait SET sealed = '' WHERE patient_id = '{patient}' RETURNING *",
        f"UPDATE stays_stay SET discharged_at = now() WHERE patient_id = '{patient}'",
    ]


def escapes(own: UUID, foreign: UUID) -> list[str]:
    """Ways for a row of mine to become another's, or of another category, and the reverse."""
    return [
        f"UPDATE record_measurement SET patient_id = '{foreign}' WHERE patient_id = '{own}'",
        f"UPDATE record_measurement SET category = 'protected' WHERE patient_id = '{own}'",
        f"UPDATE record_measurement SET patient_id = '{own}' WHERE patient_id = '{foreign}' RETURNING *",
        f"UPDATE record_measurement m SET value = 1 FROM record_problem p WHERE m.patient_id = '{foreign}' RETURNING p.*",
        f"MERGE INTO record_measurement m USING (SELECT '{foreign}'::uuid AS p) s ON m.patient_id = s.p"
        " WHEN MATCHED THEN UPDATE SET value = 1",
        f"WITH x AS (UPDATE record_measurement SET value = 1 WHERE patient_id = '{foreign}' RETURNING *) SELECT * FROM x",
    ]


# Refused in a transaction, whatever the ticket.
POWERS: Final = (
    *(f"SET ROLE {role}" for role in ("owner", "gatekeeper", "migrator", "keeper", "worker", "auditor", "egide_super")),
    *(f"SET SESSION AUTHORIZATION {role}" for role in ("owner", "keeper", "worker", "egide_super")),
    "SET SESSION_REPLICATION_ROLE = replica",
    "SET LOCAL log_statement = 'all'",
    "SET LOCAL session_preload_libraries = 'x'",
    "SET LOCAL dynamic_library_path = '/tmp'",
    "SET LOCAL allow_system_table_mods = on",
    "SELECT set_config('egide.ticket', 'x', false)",
    "UPDATE pg_settings SET setting = 'x' WHERE name = 'application_name'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/egide-drill'",
    "COPY directory_unit FROM '/etc/passwd'",
    "DO $$ BEGIN PERFORM 1; END $$",
    "DO LANGUAGE sql 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE TABLE mine (a int)",
    "CREATE TABLE public.mine AS SELECT 1",
    "CREATE TEMP TABLE mine (a int)",
    "SELECT 1 INTO TEMP mine",
    "CREATE TEMP VIEW mine AS SELECT 1",
    "CREATE VIEW public.mine AS SELECT * FROM identity_trait",
    "CREATE FUNCTION public.mine(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION door.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OPERATOR public.= (FUNCTION = uuid_eq, LEFTARG = uuid, RIGHTARG = uuid)",
    "CREATE CAST (uuid AS int) WITHOUT FUNCTION",
    "CREATE AGGREGATE public.mine(int) (SFUNC = int4pl, STYPE = int)",
    "CREATE TYPE public.mine AS (a int)",
    "CREATE SEQUENCE public.mine",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION file_fdw",
    "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION mine()",
    "CREATE LANGUAGE plpython3u",
    "CREATE ROLE mine",
    "ALTER ROLE web BYPASSRLS",
    "ALTER ROLE web SUPERUSER",
    "GRANT owner TO web",
    "GRANT gatekeeper TO web",
    "ALTER FUNCTION gate.opened_patients(text, text) OWNER TO web",
    "ALTER FUNCTION door.use_opening(text) SECURITY INVOKER",
    "ALTER DATABASE egide OWNER TO web",
    "ALTER SCHEMA public OWNER TO web",
    "LOAD 'auto_explain'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT pg_ls_logdir()",
    "SELECT lo_create(0)",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "SELECT pg_notify('a', 'b')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_physical_replication_slot('mine')",
    "SELECT pg_logical_slot_peek_changes('mine', NULL, NULL)",
    "SELECT dblink('host=/tmp', 'SELECT 1')",
    "SELECT nextval('audit.entry_id')",
    "SELECT setval('audit.entry_id', 1)",
    "SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', 'identity_trait', 'attname', 'kind',"
    " 'inherited', false, 'null_frac', 0.5::real)",
    "SELECT * FROM pg_prepared_xacts WHERE gid = 'x' AND 1/(SELECT 0) = 1",
    "PREPARE TRANSACTION 'mine'",
    "SECURITY LABEL ON TABLE identity_trait IS 'mine'",
    "DROP TABLE identity_trait",
    "DROP FUNCTION gate.opened_patients(text, text)",
    "DROP OWNED BY owner",
    "REASSIGN OWNED BY owner TO web",
)
# Refused outside a transaction.
POWERS_ALONE: Final = (
    "ALTER SYSTEM SET log_statement = 'all'",
    "CREATE DATABASE mine",
    "DROP DATABASE template1",
    "CHECKPOINT",
    "CREATE TABLESPACE mine LOCATION '/tmp'",
    "CREATE SUBSCRIPTION mine CONNECTION 'host=/tmp' PUBLICATION mine",
)
# No right to revoke in PostgreSQL, no patient datum either: said, not counted.
NUISANCES: Final = (
    "LOCK TABLE identity_trait IN ACCESS EXCLUSIVE MODE",
    "NOTIFY egide, 'drill'",
    "SET LOCAL statement_timeout = 0",
    "ALTER ROLE web SET search_path = pg_catalog",
    "ALTER ROLE web PASSWORD 'drill'",
    "SELECT pg_sleep(0.01)",
    "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'identity_patient'",
)
CLOSED_CATALOGUE: Final = (
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_authid",
    "pg_shadow",
    "pg_user_mapping",
    "pg_hba_file_rules",
    "pg_file_settings",
    "pg_largeobject",
    "pg_subscription",
    "pg_backend_memory_contexts",
    "pg_shmem_allocations",
    "pg_stat_statements",
)
CLOSED_TABLES: Final = (
    "gate.link",
    "gate.token",
    "gate.seen",
    "gate.lease",
    "gate.purse",
    "accounts.account",
    "accounts.session",
    "accounts.key",
    "accounts.membership",
    "audit.entry",
    "audit.entry_0000",
    "audit.leaf",
    "audit.horizon",
    "django_migrations",
)


def rights(patient: UUID, unit: UUID, session: UUID) -> list[str]:
    """Rows that would be a right, a link, a session, a lease, a trail; and reading them."""
    account = uuid4()
    writes_ = [
        f"INSERT INTO gate.link (patient_id, basis, unit, since, entry) VALUES ('{patient}', 'stay', '{unit}', now(), 1)",
        "UPDATE gate.rule SET allowed = true",
        "UPDATE gate.limits SET value = 10000",
        f"UPDATE accounts.session SET expires_at = now() + interval '1 year' WHERE id = '{session}'",
        "INSERT INTO accounts.session (id, account, profession, grade, ticket_hash, expires_at)"
        f" VALUES ('{account}', '{account}', 'physician', 'strong', '', now() + interval '1 day')",
        f"INSERT INTO accounts.membership (account, profession, unit, since) VALUES ('{account}', 'nurse', '{unit}', now())",
        "UPDATE accounts.key SET revoked_at = NULL",
        f"INSERT INTO gate.lease VALUES (1, '{session}', '', now() + interval '1 day', now() + interval '1 day')",
        "DELETE FROM gate.purse",
        "UPDATE audit.entry SET account = NULL",
        "DELETE FROM audit.leaf",
        f"SELECT door.link('{patient}', 'stay', '{unit}', now(), NULL)",
        f"SELECT door.unlink('{patient}', 'stay', '{unit}', now())",
        f"SELECT gate.open('{session}', '{account}', ARRAY['{patient}'::uuid], NULL, 'care', ARRAY['identity'], '{{}}',"
        " false, '', '')",
        "SELECT audit.append('open')",
        f"SELECT gate.forged('{account}')",
        f"SELECT accounts.add_person('{account}', 'drill', 'drill', '{unit}')",
    ]
    return writes_ + [f"SELECT * FROM {table} LIMIT 1" for table in CLOSED_TABLES]


def call_of(name: str, types: list[str], patient: UUID) -> str:
    """A function of the door asked with another patient's id, and something plausible in every other place."""
    plausible = {"uuid": f"'{patient}'", "bigint": "1", "text": "'accepted'", "date": "current_date"}
    plausible |= {"timestamp with time zone": "now() - interval '1 day'", "integer": "1", "boolean": "true"}
    return f"SELECT * FROM {name}({', '.join(plausible.get(one, 'NULL') for one in types)})"


def door_calls(foreign: UUID) -> list[str]:
    """What is open to the web, asked for somebody else."""
    return [
        f"SELECT * FROM door.openings_of('{foreign}')",
        f"SELECT door.append_act('record:measurement:create', '{foreign}', 'x')",
        "SELECT door.append_act('record:measurement:create', NULL, 'x')",
        "SELECT door.append_act('not an act', NULL, 'x')",
        f"SELECT door.use_opening('{'0' * 18}.{'0' * 64}')",
    ]


def leaky(own: UUID) -> list[str]:
    """Each fails, or quotes a value, if it meets a row that the policy hides; `own` is the only patient opened."""
    mine = f"patient_id = '{own}'"
    return [
        f"SELECT 1 FROM record_problem WHERE 1 / (CASE WHEN {mine} THEN 1 ELSE 0 END) = 1",
        f"SELECT 1 FROM identity_trait WHERE (CASE WHEN {mine} THEN '1' ELSE patient_id::text END)::int = 1",
        f"SELECT 1 FROM stays_stay WHERE sqrt(CASE WHEN {mine} THEN 1 ELSE -1 END) > 0",
        f"SELECT 1 FROM record_measurement m JOIN stays_stay p ON 1 / (CASE WHEN m.{mine} THEN 1 ELSE 0 END) = 1 LIMIT 1",
        f"SELECT (CASE WHEN {mine} THEN 1 ELSE 1 / (value - value) END) FROM record_measurement",
        f"SELECT 1 FROM identity_trait ORDER BY (CASE WHEN {mine} THEN '1' ELSE patient_id::text END)::int LIMIT 1",
        f"UPDATE record_measurement SET value = 1 WHERE 1 / (CASE WHEN {mine} THEN 1 ELSE 0 END) = 1",
    ]
