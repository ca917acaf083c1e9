"""What web and worker may do in the base, compared with the written list; and what gatekeeper's functions name."""

# ruff: noqa: S608, E501 — questions to the catalogue, put together from constants of this file

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from egide.cli.cluster import Cluster

LIST = Path(__file__).with_name("rights.txt")
ROLES = ("web", "worker")
# Functions of gatekeeper that name a table of patient data (gate.md §2), and why. The keeper alone executes those of identity.
_FREE_BEDS = "door.free_beds(uuid)"
_CANDIDATES = "identity.candidates(bigint[],uuid[],uuid)"
NAMES_A_PATIENT_TABLE: dict[str, str] = {
    f"{_FREE_BEDS}: stays_stay": "admissions: ids of the beds of one unit that hold nobody, to who writes stays",
    "door.rescue_beds(): stays_stay": "rescue sessions: ids of the patients of one's own units by bed, which one opens one by one",
    **{
        f"gate.{name}: {table}": "the latest value of each parameter, kept when one is written; returns nothing"
        for name, tables in {
            "keep_latest()": ("record_latest",),
            "find_latest(uuid[],text[],text[])": ("record_amendment", "record_latest", "record_measurement"),
            "latest_after_error()": ("record_measurement",),
        }.items()
        for table in tables
    },
    "door.expected(uuid,timestamp with time zone,timestamp with time zone): agenda_appointment": "agenda: ids of whom one's own unit expects on a day",
    "gate.tell_examination(uuid,uuid,text,bytea): orders_step": "work lists: one step of a request, written by who works on it and writes nothing else of a record; returns a code",
    f"{_CANDIDATES}: identity_contact": "search: the phone of a row shown, masked by the keeper",
    f"{_CANDIDATES}: identity_ins": "search: the INS of a row shown, masked by the keeper",
    f"{_CANDIDATES}: identity_trait": "search: sealed traits of at most 200 persons, for ranking in the keeper",
}
_PRESENT = "identity.present(uuid,uuid)"
_SWEEP = "identity.sweep(uuid)"
_CONTACTS = "identity.contacts_of(uuid,uuid,bigint,uuid)"
NAMES_A_PATIENT_TABLE |= {
    f"{_PRESENT}: identity_trait": "switchboard: sealed names of who lies on one site, for matching in the keeper",
    f"{_CONTACTS}: identity_contact": "contacts of one opened person, masked by the keeper",
    f"{_CONTACTS}: identity_ins": "the INS of one opened person, masked by the keeper",
    **{
        f"identity.found_by(uuid[]): {table}": "renewal of search tokens: what they are made of, sealed, a slice at a time"
        for table in ("identity_trait", "identity_contact", "identity_ins")
    },
    f"{_SWEEP}: identity_patient": "sweep: whether an id that tokens name ever got a row",
    f"{_PRESENT}: stays_stay": "switchboard: their rooms, and whose presence is kept secret",
}
# A function of owner's is below row security: the policies (FORCE) ask its caller's ticket. It rewrites what was signed,
# which no process may do by itself, and only to move it between two categories that the ticket opens.
OWNERS = {"record_restrict(text,uuid,text,bytea,uuid[],bytea[],uuid,text,uuid)"}
OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

QUESTIONS = (
    f"""SELECT 'execute ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE {OURS} AND has_function_privilege(%(role)s, p.oid, 'EXECUTE') AND has_schema_privilege(%(role)s, n.oid, 'USAGE')""",
    # a function that may be executed in a schema that may not be used is still a policy's (gate.opened_patients)
    f"""SELECT 'execute, from policies only, ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE {OURS} AND has_function_privilege(%(role)s, p.oid, 'EXECUTE') AND NOT has_schema_privilege(%(role)s, n.oid, 'USAGE')""",
    f"""SELECT lower(r) || ' ' || n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
               unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
                      || CASE WHEN current_setting('server_version_num')::int < 170000 THEN '{{}}'::text[]
                              ELSE ARRAY['MAINTAIN'] END) r
         WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(%(role)s, c.oid, r)""",
    f"""SELECT lower(r) || ' ' || n.nspname || '.' || c.relname || '.' || a.attname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped,
               unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) r
         WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND has_column_privilege(%(role)s, c.oid, a.attnum, r) AND NOT has_table_privilege(%(role)s, c.oid, r)""",
    f"""SELECT lower(r) || ' ' || n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) r
         WHERE {OURS} AND c.relkind = 'S' AND has_sequence_privilege(%(role)s, c.oid, r)""",
    """SELECT lower(r) || ' schema ' || n.nspname FROM pg_namespace n, unnest(ARRAY['USAGE', 'CREATE']) r
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
          AND has_schema_privilege(%(role)s, n.oid, r)""",
    """SELECT lower(r) || ' database' FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMP']) r
        WHERE has_database_privilege(%(role)s, current_database(), r)""",
    """SELECT 'usage language ' || lanname FROM pg_language WHERE lanpltrusted AND has_language_privilege(%(role)s, oid, 'USAGE')""",
    """SELECT 'member of ' || roleid::regrole::text FROM pg_auth_members WHERE member = %(role)s::text::regrole""",
    """SELECT 'set ' || parname FROM pg_parameter_acl WHERE has_parameter_privilege(%(role)s, parname, 'SET')""",
    # catalogue functions that reach past row security or that signal: closed to PUBLIC, so nothing may be left here
    """SELECT DISTINCT 'execute pg_catalog.' || p.proname FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND (p.proname IN ('set_config', 'pg_notify', 'pg_terminate_backend', 'pg_cancel_backend', 'loread', 'lowrite',
                             'pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'pg_reload_conf',
                             'pg_rotate_logfile', 'pg_switch_wal', 'pg_create_restore_point')
               OR p.proname LIKE 'lo\\_%%' OR p.proname ~ '^pg_(try_)?advisory')
          AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')""",
)


@pytest.fixture
def base(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's eyes; whatever a test breaks is rolled back."""
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        yield connection
        connection.rollback()


def rights(base: psycopg.Connection[Any]) -> list[str]:
    """One line a right: role, right, object; sorted."""
    return sorted(
        f"{role} {row[0]}"
        for role in ROLES
        for question in QUESTIONS
        for row in base.execute(question.encode(), {"role": role})
    )


def definer_faults(base: psycopg.Connection[Any]) -> list[str]:
    """SECURITY DEFINER functions open to PUBLIC, without a fixed search_path, or whose path others may write to."""
    return [
        f"{name}: {fault}"
        for name, public, path, owner in base.execute(
            f"""SELECT p.oid::regprocedure::text, has_function_privilege('public', p.oid, 'EXECUTE'),
                       (SELECT c FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%%'), p.proowner::regrole::text
                  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND {OURS}""".encode()
        ).fetchall()
        for fault in (
            "open to PUBLIC" if public else "",
            "no fixed search_path" if path is None else "",
            "its search_path lets callers put their own objects first"
            if path and ("$user" in path or "public" in path or not path.startswith("search_path=pg_catalog"))
            else "",
            f"owned by {owner}" if owner != "gatekeeper" and name not in OWNERS else "",
        )
        if fault
    ]


def named_patient_tables(base: psycopg.Connection[Any], tables: list[str]) -> list[str]:
    """Functions above row security whose body names a table of patient data, as "function: table"."""
    return sorted(
        f"{name}: {table}"
        for name, body in base.execute(
            f"""SELECT p.oid::regprocedure::text, coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '')
                  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner
                 WHERE {OURS} AND (r.rolbypassrls OR r.rolsuper)""".encode()
        )
        for table in tables
        if table in body
    )


def patient_tables(base: psycopg.Connection[Any]) -> list[str]:
    """Every table of the public schema with a patient."""
    return [
        row[0]
        for row in base.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id'"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        )
    ]


def test_web_and_worker_hold_exactly_the_written_rights(base: psycopg.Connection[Any]) -> None:
    written = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert rights(base) == written


def test_the_written_list_holds_no_right_that_must_never_be(base: psycopg.Connection[Any]) -> None:
    for line in rights(base):
        _, right = line.split(" ", 1)
        assert not right.startswith(("delete", "truncate", "references", "trigger", "maintain", "create", "temp")), line
        assert not right.startswith(("select gate.", "select accounts.", "select audit.", "usage schema gate")), line
        assert not right.startswith(
            (
                "insert directory",
                "update directory",
                "insert reference",
                "update reference",
                "execute pg_catalog",
                "set ",
                "member",
            )
        ), line


def test_security_definer_functions_are_closed_and_keep_their_search_path(base: psycopg.Connection[Any]) -> None:
    assert definer_faults(base) == []


def test_gatekeepers_functions_name_no_patient_table(base: psycopg.Connection[Any]) -> None:
    assert len(patient_tables(base)) == 20
    assert named_patient_tables(base, patient_tables(base)) == sorted(NAMES_A_PATIENT_TABLE)


GRANTS = [
    ("GRANT DELETE ON record_problem TO web", "web delete public.record_problem"),
    ("GRANT TRUNCATE ON record_problem TO PUBLIC", "worker truncate public.record_problem"),
    ("GRANT UPDATE (room) ON directory_bed TO web", "web update public.directory_bed.room"),
    ("GRANT SELECT ON gate.link TO web", "web select gate.link"),
    ("GRANT USAGE ON SCHEMA gate TO web", "web usage schema gate"),
    ("GRANT CREATE ON SCHEMA public TO worker", "worker create schema public"),
    ("GRANT TEMP ON DATABASE egide TO PUBLIC", "web temp database"),
    ("GRANT USAGE ON LANGUAGE plpgsql TO web", "web usage language plpgsql"),
    ("GRANT keeper TO web", "web member of keeper"),
    ("GRANT EXECUTE ON FUNCTION set_config TO web", "web execute pg_catalog.set_config"),
    ("GRANT EXECUTE ON FUNCTION door.my_day TO worker", "worker execute door.my_day("),
    ("GRANT EXECUTE ON FUNCTION gate.forged TO PUBLIC", "web execute, from policies only, gate.forged("),
    ("GRANT USAGE ON SEQUENCE audit.entry_id TO web", "web usage audit.entry_id"),
    ("GRANT SET ON PARAMETER session_replication_role TO web", "web set session_replication_role"),
]


@pytest.mark.parametrize(("grant", "line"), GRANTS, ids=[grant for grant, _ in GRANTS])
def test_a_right_that_is_not_written_is_named(base: psycopg.Connection[Any], grant: str, line: str) -> None:
    before = set(rights(base))
    base.execute(grant.encode())
    assert any(found.startswith(line) for found in set(rights(base)) - before)


DEFINERS = [
    ("GRANT EXECUTE ON FUNCTION door.rule_hash TO PUBLIC", "door.rule_hash(): open to PUBLIC"),
    ("ALTER FUNCTION door.rule_hash RESET search_path", "door.rule_hash(): no fixed search_path"),
    ('ALTER FUNCTION door.rule_hash SET search_path = "$user", public', "door.rule_hash(): its search_path"),
    ("ALTER FUNCTION door.rule_hash SET search_path = public, pg_catalog", "door.rule_hash(): its search_path"),
    ("ALTER FUNCTION door.rule_hash OWNER TO egide_super", "door.rule_hash(): owned by egide_super"),
]


@pytest.mark.parametrize(("breach", "line"), DEFINERS, ids=[breach for breach, _ in DEFINERS])
def test_a_careless_function_is_named(base: psycopg.Connection[Any], breach: str, line: str) -> None:
    base.execute(breach.encode())
    assert any(found.startswith(line) for found in definer_faults(base)), definer_faults(base)


def test_a_gatekeepers_function_that_names_a_patient_table_is_named(base: psycopg.Connection[Any]) -> None:
    base.execute(
        "CREATE FUNCTION gate.peek() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.record_problem';"
        "ALTER FUNCTION gate.peek OWNER TO gatekeeper"
    )
    assert "gate.peek(): record_problem" in named_patient_tables(base, patient_tables(base))
