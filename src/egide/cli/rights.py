"""What PostgreSQL must answer about the processes' roles: the written lists, and the questions that find what differs.

`egide doctor` and the house tests ask the same questions; a new door function is written here in the same commit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Any, Final

import psycopg

# The roles that processes sign in with while Égide is open. None may be above row security or own anything.
PROCESS_ROLES: Final = ("keeper", "web", "worker", "live", "auditor")

_COMMON: Final = frozenset(
    {
        "door.append_act(text,uuid,text)",
        "door.refused(text,uuid)",
        "door.rule_hash()",
        "door.use_opening(text)",
        "gate.acting_account()",
        "gate.opened_patients(text,text)",
    }
)
MAY_EXECUTE: Final = {
    "web": _COMMON
    | {
        "door.act(uuid)",
        "door.activity()",
        "door.acts_waiting()",
        "door.ask_advice(uuid,uuid,uuid)",
        "door.ask_examination(uuid,uuid,text,uuid,boolean,timestamp with time zone)",
        "door.ask_to_join(uuid)",
        "door.book(uuid,uuid,uuid,timestamp with time zone)",
        "door.carers_of(uuid)",
        "door.close_task(bigint,text,text)",
        "door.current_plans()",
        "door.declare_shift(uuid)",
        "door.declare_staff(uuid,uuid)",
        "door.draw_month(date)",
        "door.drawn_to_explain()",
        "door.draws()",
        "door.end_care(uuid,bigint)",
        "door.end_mandate(bigint)",
        "door.end_plan()",
        "door.end_shift(uuid)",
        "door.end_staff(uuid)",
        "door.flag_sensitive(uuid,text)",
        "door.expected(uuid,timestamp with time zone,timestamp with time zone)",
        "door.free_beds(uuid)",
        "door.link_counts(uuid)",
        "door.link(uuid,text,uuid,timestamp with time zone,timestamp with time zone)",
        "door.mandates()",
        "door.may_ask(text)",
        "door.my_account_notices()",
        "door.members(uuid)",
        "door.my_day()",
        "door.my_drawn()",
        "door.my_notices()",
        "door.my_openings()",
        "door.my_rescue()",
        "door.my_sessions()",
        "door.my_sites()",
        "door.my_work()",
        "door.name_carer(uuid,text,uuid,uuid)",
        "door.name_patient(uuid,text)",
        "door.needs_colleague()",
        "door.next_number(text)",
        "door.open_by_commission(uuid,text)",
        "door.openings_of(uuid)",
        "door.person(uuid)",
        "door.person_history(uuid,bigint)",
        "door.read_account_notice(bigint)",
        "door.opens_rescues()",
        "door.read_notice(bigint)",
        "door.receive(uuid)",
        "door.receivers()",
        "door.rescue_beds()",
        "door.rescues()",
        "door.refuse_act(uuid)",
        "door.review(bigint,text)",
        "door.review_drawn(bigint,text)",
        "door.reviews()",
        "door.sees_staff()",
        "door.shifts_of(uuid)",
        "door.staff(text,text,uuid,uuid,text,integer)",
        "door.take_in(uuid,uuid)",
        "door.tell_examination(uuid,uuid,text,bytea)",
        "door.trail(timestamp with time zone,timestamp with time zone,uuid,uuid,uuid,text,text,text,bigint)",
        "door.unbook(uuid,uuid,uuid,timestamp with time zone)",
        "door.unit_change(uuid)",
        "door.unlink(uuid,text,uuid,timestamp with time zone)",
        "door.watched(uuid)",
        "door.workstations(uuid)",
        "public.record_restrict(text,uuid,text,bytea,uuid[],bytea[],uuid,text,uuid)",
    },
    "worker": _COMMON
    | {
        "door.ask_examination(uuid,uuid,text,uuid,boolean,timestamp with time zone)",
        "door.receivers()",
        "door.book(uuid,uuid,uuid,timestamp with time zone)",
        "door.link(uuid,text,uuid,timestamp with time zone,timestamp with time zone)",
        "door.unbook(uuid,uuid,uuid,timestamp with time zone)",
        "door.unlink(uuid,text,uuid,timestamp with time zone)",
    },
    "live": frozenset[str](),
    "auditor": frozenset({"audit.approvals()"}),
}
MAY_DO: Final = {"web": {"SELECT", "INSERT", "UPDATE"}, "worker": {"SELECT", "INSERT", "UPDATE"}, "auditor": {"SELECT"}}


def above_row_security(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Process roles with an attribute or a membership that goes around the policies, or that own something."""
    rows = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles"
        " WHERE rolname = ANY(%s)",
        [list(PROCESS_ROLES)],
    ).fetchall()
    names = ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION")
    for role, *flags in rows:
        yield from (f"{role} : {name}" for name, flag in zip(names, flags, strict=True) if flag)
    yield from (f"{role} : absent" for role in PROCESS_ROLES if role not in {row[0] for row in rows})
    for member, group in connection.execute(
        "SELECT pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members"
        " WHERE pg_get_userbyid(member) = ANY(%s)",
        [list(PROCESS_ROLES)],
    ):
        yield f"{member} : membre de {group}"
    for role, count in connection.execute(
        "SELECT pg_get_userbyid(refobjid), count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass"
        " AND deptype = 'o' AND pg_get_userbyid(refobjid) = ANY(%s) GROUP BY 1",
        [list(PROCESS_ROLES)],
    ):
        yield f"{role} : propriétaire de {count} objets"


def altered_roles(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Defaults that a role gave itself (ALTER ROLE … SET needs no right here): they would bind its next connections."""
    for role, setting in connection.execute(
        "SELECT pg_get_userbyid(setrole), unnest(setconfig) FROM pg_db_role_setting WHERE setrole <> 0 ORDER BY 1, 2"
    ):
        if setting != "TimeZone=UTC":
            yield f"{role} : {setting}"


def foreign_secret(connection: psycopg.Connection[Any], role: str, secret: str) -> bool:
    """Whether the server would accept another secret than this one: a role may change its own.

    RFC 5802: StoredKey = H(HMAC(SaltedPassword, "Client Key")).
    """
    row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]).fetchone()
    match = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):.+", row[0] or "") if row else None
    if match is None:
        return True
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), base64.b64decode(match[2]), int(match[1]))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return not hmac.compare_digest(stored, base64.b64decode(match[3]))


def unexpected_functions(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Functions of ours that a role may execute and the list does not name, or the reverse."""
    for role, expected in MAY_EXECUTE.items():
        found = {
            row[0]
            for row in connection.execute(
                "SELECT n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')'"
                "  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " WHERE n.nspname !~ '^(pg_|information_schema)' AND has_function_privilege(%s, p.oid, 'EXECUTE')",
                [role],
            )
        }
        found = {name.replace(", ", ",") for name in found}
        yield from (f"{role} peut exécuter {name}" for name in sorted(found - expected))
        yield from (f"{role} ne peut pas exécuter {name}" for name in sorted(expected - found))


def open_functions(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """SECURITY DEFINER functions open to PUBLIC or without a fixed search_path; catalogue functions left open."""
    for name, public, free in connection.execute(
        "SELECT p.oid::regprocedure::text, has_function_privilege('public', p.oid, 'EXECUTE'),"
        "       NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%')"
        "  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE p.prosecdef AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1"
    ):
        if public:
            yield f"{name} est ouverte à tous"
        if free:
            yield f"{name} n'a pas de search_path fixe"
    for (name,) in connection.execute(
        "SELECT DISTINCT p.proname FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace"
        " AND (p.proname IN ('set_config', 'pg_notify', 'pg_terminate_backend', 'pg_cancel_backend')"
        "      OR p.proname LIKE 'lo\\_%' OR p.proname ~ '^pg_(try_)?advisory')"
        " AND has_function_privilege('web', p.oid, 'EXECUTE') ORDER BY 1"
    ):
        yield f"web peut exécuter {name}"


def uncovered_tables(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Tables with a patient that a process may touch and that lack row security, FORCE or a policy; unsafe views."""
    for name, kind, covered, safe_view in connection.execute(
        "SELECT c.oid::regclass::text, c.relkind::text,"
        "       c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = c.oid),"
        "       coalesce('security_invoker=true' = ANY(c.reloptions), false)"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        "  AND n.nspname !~ '^(pg_|information_schema)'"
        "   AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'patient_id'"
        "               AND NOT a.attisdropped)"
        "   AND EXISTS (SELECT 1 FROM unnest(%s::text[]) r WHERE has_any_column_privilege(r, c.oid, 'SELECT')"
        "               OR has_any_column_privilege(r, c.oid, 'UPDATE') OR has_any_column_privilege(r, c.oid, 'INSERT')"
        "               OR has_table_privilege(r, c.oid, 'DELETE'))"
        " ORDER BY 1",
        [list(PROCESS_ROLES)],
    ):
        if kind == "m" or (kind == "v" and not safe_view):
            yield f"{name} est une vue qui échappe au cloisonnement"
        elif kind != "v" and not covered:
            yield f"{name} porte des patients sans cloisonnement forcé"


def excessive_rights(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Table rights beyond what a role ever needs, rights outside the schema public, CREATE and TEMP."""
    for role, schema, table, right in connection.execute(
        "SELECT a.grantee::regrole::text, n.nspname, c.relname, a.privilege_type"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a"
        " WHERE n.nspname !~ '^(pg_|information_schema)' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.grantee <> 0"
        "   AND a.grantee::regrole::text = ANY(%s) ORDER BY 1, 2, 3, 4",
        [list(PROCESS_ROLES)],
    ):
        beyond_schema = schema != "public" and role != "auditor"
        if beyond_schema or right not in MAY_DO.get(role, set()):
            yield f"{role} : {right} sur {schema}.{table}"
    for role in PROCESS_ROLES:
        for right, held in connection.execute(
            "SELECT 'CREATE sur la base', has_database_privilege(%(role)s, current_database(), 'CREATE')"
            " UNION ALL SELECT 'TEMP sur la base', has_database_privilege(%(role)s, current_database(), 'TEMP')"
            " UNION ALL SELECT 'CREATE sur ' || nspname, has_schema_privilege(%(role)s, oid, 'CREATE')"
            "  FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'",
            {"role": role},
        ):
            if held:
                yield f"{role} : {right}"


def covered_count(connection: psycopg.Connection[Any]) -> int:
    """How many tables with a patient stand under forced row security."""
    row = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id'"
        " WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND c.relforcerowsecurity"
    ).fetchone()
    return int(row[0]) if row else 0
