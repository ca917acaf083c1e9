"""The roles of a base, its database, and what is closed before any table exists: the one definition, for the embedded
server and for one reached by URL. What a server may refuse is a `Measure`, with the consequence in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from egide.kernel.home import DATABASE

LOGIN_ROLES: Final = ("migrator", "keeper", "web", "worker", "live", "auditor")
GROUP_ROLES: Final = ("owner", "gatekeeper")
ABOVE_ROW_SECURITY: Final = ("gatekeeper", "migrator")

Link = psycopg.Connection[Any]

# Nothing a statement carries may reach the server's log. An error's own message may quote a value ("invalid input
# syntax for type date: …"), so errors of statements are told to their client only; it keeps LOG, FATAL and PANIC.
QUIET: Final = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_statement": "none",
}
# Extensions that write statements on their own; only looked at: what a hospital loads is its administrator's to unload.
_TALKATIVE: Final = {
    "auto_explain.log_min_duration": "-1",
    "pgaudit.log": "none",
    "pg_stat_monitor.pgsm_normalized_query": "on",
}

# What any role may do in a fresh PostgreSQL and must not here: write past row security's reach (large objects), signal
# (notify, advisory locks), end others' work, or change settings that policies and functions read.
_CLOSED_FUNCTIONS: Final[LiteralString] = """
    SELECT p.oid::regprocedure::text
      FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace
       AND (p.proname IN ('set_config', 'pg_notify', 'pg_terminate_backend', 'pg_cancel_backend', 'loread', 'lowrite')
            OR p.proname = 'pg_logical_emit_message'
            OR p.proname LIKE 'lo\\_%' OR p.proname ~ '^pg_(try_)?advisory')
       AND has_function_privilege('public', p.oid, 'EXECUTE')
     ORDER BY 1
"""


# ── roles and database ──────────────────────────────────────────────────────────────────────────────────────────────


def make_roles(connection: Link, secret: Callable[[str], str]) -> None:
    """Roles with exactly our attributes, and their secrets; connected to any database, autocommit. May be run again."""
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    for role in (*GROUP_ROLES, *LOGIN_ROLES):
        if role not in known:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        _set_flags(connection, role)
        name = sql.Identifier(role)
        connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(name))
        connection.execute(sql.SQL("ALTER ROLE {} SET TimeZone = 'UTC'").format(name))
        if role in LOGIN_ROLES:
            set_secret(connection, role, secret(role))
    for group in GROUP_ROLES:
        connection.execute(
            sql.SQL("GRANT {} TO migrator WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(group))
            if connection.info.server_version >= 160000
            else sql.SQL("GRANT {} TO migrator").format(sql.Identifier(group))
        )


def _set_flags(connection: Link, role: str) -> None:
    """Only what differs is changed: a managed server's administrator may not even repeat NOSUPERUSER."""
    wanted = {
        "SUPERUSER": False,
        "CREATEDB": False,
        "CREATEROLE": False,
        "REPLICATION": False,
        "INHERIT": False,
        "LOGIN": role in LOGIN_ROLES,
        "BYPASSRLS": role in ABOVE_ROW_SECURITY,
    }
    found = connection.execute(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolinherit, rolcanlogin, rolbypassrls"
        "  FROM pg_roles WHERE rolname = %s",
        [role],
    ).fetchone()
    assert found is not None  # noqa: S101 — made just before
    flags = [
        word if flag else f"NO{word}"
        for (word, flag), is_now in zip(wanted.items(), found, strict=True)
        if flag != is_now
    ]
    if flags:
        words = sql.SQL(" ").join(map(_keyword, flags))
        connection.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), words))


def set_secret(connection: Link, role: str, secret: str) -> None:
    """The server sees the SCRAM verifier only, never the secret."""
    verifier = connection.pgconn.encrypt_password(secret.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def make_database(connection: Link, database: str = DATABASE) -> None:
    """The database, sorted by code point whatever the server's C library, and who may enter it."""
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        place = (
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            if connection.info.server_version >= 170000
            else "LOCALE 'C.UTF-8'"
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER owner TEMPLATE template0 ENCODING 'UTF8' {}").format(
                sql.Identifier(database), _keyword(place)
            )
        )
    name = sql.Identifier(database)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.SQL(", ").join(map(sql.Identifier, LOGIN_ROLES)))
    )
    connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO owner, gatekeeper").format(name))


# ── hardening ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Measure:
    """One thing to close inside the database: `open_still` names what is not closed, `close` closes it."""

    subject: str
    consequence: str
    open_still: Callable[[Link], Iterable[str]]
    close: Callable[[Link], None]


def harden(connection: Link) -> list[tuple[Measure, list[str]]]:
    """Closes everything in the connected database; returns what the server did not let close, empty when all is well.

    A refused REVOKE is a mere warning where the caller has another right on the object: only looking tells.
    """
    left = []
    for measure in MEASURES:
        try:
            with connection.transaction():
                measure.close(connection)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
            pass
        if found := list(measure.open_still(connection)):
            left.append((measure, found))
    return left


def _names(connection: Link, query: LiteralString) -> list[str]:
    return [row[0] for row in connection.execute(query).fetchall()]


def _open_functions(connection: Link) -> list[str]:
    return _names(connection, _CLOSED_FUNCTIONS)


def _close_functions(connection: Link) -> None:
    for function in _open_functions(connection):
        # The name comes from the catalogue, quoted by regprocedure itself.
        connection.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    connection.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO gatekeeper, migrator")
    # its triggers tell the live channel that a session or a unit's list moved
    connection.execute("GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO gatekeeper")


def _leakproof(connection: Link) -> list[str]:
    return _names(connection, "SELECT oid::regprocedure::text FROM pg_proc WHERE proleakproof ORDER BY 1")


def _end_leakproof(connection: Link) -> None:
    for function in _leakproof(connection):
        connection.execute(f"ALTER FUNCTION {function} NOT LEAKPROOF")


def _open_language(connection: Link) -> list[str]:
    return _names(
        connection,
        "SELECT lanname::text FROM pg_language"
        " WHERE lanpltrusted AND lanispl AND has_language_privilege('public', oid, 'USAGE')",
    )


def _close_language(connection: Link) -> None:
    connection.execute("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC")
    connection.execute("GRANT USAGE ON LANGUAGE plpgsql TO owner, gatekeeper, migrator")


def _open_schema(connection: Link) -> list[str]:
    return _names(
        connection,
        "SELECT 'public : ' || what FROM (VALUES ('CREATE'), ('USAGE')) t (what)"
        " WHERE has_schema_privilege('public', 'public', what)"
        " UNION ALL SELECT 'public : appartient à ' || nspowner::regrole FROM pg_namespace"
        " WHERE nspname = 'public' AND nspowner <> 'owner'::regrole",
    )


def _close_schema(connection: Link) -> None:
    connection.execute("ALTER SCHEMA public OWNER TO owner")
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute("GRANT USAGE ON SCHEMA public TO gatekeeper, web, worker, auditor")


def _open_databases(connection: Link) -> list[str]:
    return _names(
        connection,
        "SELECT datname || ' : ' || what FROM pg_database, (VALUES ('CONNECT'), ('TEMP')) t (what)"
        " WHERE datallowconn AND has_database_privilege('public', oid, what)"
        "   AND datname IN ('postgres', 'template1', current_database()) ORDER BY 1",
    )


def _close_databases(connection: Link) -> None:
    for closed in ("postgres", "template1"):
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [closed]).fetchone():
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(closed)))


def _open_defaults(connection: Link) -> list[str]:
    return _names(
        connection,
        "SELECT role FROM unnest(ARRAY['owner', 'gatekeeper', 'migrator']) role"
        " WHERE NOT EXISTS (SELECT 1 FROM pg_default_acl WHERE defaclrole::regrole::text = role"
        "   AND defaclnamespace = 0 AND defaclobjtype = 'f')",
    )


def _close_defaults(connection: Link) -> None:
    """A new function is open to nobody until its migration says to whom."""
    connection.execute(
        "ALTER DEFAULT PRIVILEGES FOR ROLE owner, gatekeeper, migrator REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"
    )


def _own_settings(connection: Link) -> list[str]:
    return _names(
        connection,
        "SELECT pg_get_userbyid(setrole) || ' : ' || s FROM pg_db_role_setting, unnest(setconfig) s"
        " WHERE setrole <> 0 AND s <> 'TimeZone=UTC' AND pg_get_userbyid(setrole) IN"
        " ('owner', 'gatekeeper', 'migrator', 'keeper', 'web', 'worker', 'live', 'auditor') ORDER BY 1",
    )


def _end_own_settings(connection: Link) -> None:
    """A role may set its own defaults: what an intruder left ends here."""
    for role in LOGIN_ROLES:
        connection.execute(
            sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(
                sql.Identifier(role), sql.Identifier(connection.info.dbname)
            )
        )


def talkative(connection: Link) -> Iterator[str]:
    """Settings by which the server's log would receive values, as they bind this very connection."""
    wanted = QUIET | _TALKATIVE
    for name, value in connection.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) ORDER BY name", [list(wanted)]
    ):
        if value != wanted[name]:
            yield f"{name} = {value}"


def _silence(connection: Link) -> None:
    """Where the server's own file does not say so, the database does; it binds the connections made after."""
    loud = {line.split(" = ")[0] for line in talkative(connection)}
    for name, value in QUIET.items():
        if name in loud:
            setting = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            database = sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(connection.info.dbname))
            connection.execute(database + setting)
            connection.execute(setting)  # this connection too, so that looking again tells the truth


MEASURES: Final = (
    Measure(
        "fonctions de PostgreSQL",
        "un processus détourné peut les appeler : réglages que lisent les règles, gros objets hors du cloisonnement, "
        "signaux et verrous qui gênent les autres",
        _open_functions,
        _close_functions,
    ),
    Measure(
        "opérateurs dits étanches",
        "une condition peut être examinée avant le cloisonnement : du code exécuté dans le serveur web apprend, sans "
        "ticket ni ligne de trace, si un patient a tel code ou telle date (ADR 0012)",
        _leakproof,
        _end_leakproof,
    ),
    Measure(
        "langage plpgsql",
        "un processus détourné peut exécuter des blocs de code dans la base ; le cloisonnement tient, l'abus de "
        "ressources devient facile",
        _open_language,
        _close_language,
    ),
    Measure("schéma public", "un rôle étranger à Égide peut y lire ou y créer", _open_schema, _close_schema),
    Measure(
        "bases du serveur",
        "un rôle peut entrer dans une base du serveur où rien n'est fermé, et y déposer des données",
        _open_databases,
        _close_databases,
    ),
    Measure(
        "droits par défaut",
        "une fonction nouvelle serait ouverte à tous jusqu'à ce que sa migration la ferme",
        _open_defaults,
        _close_defaults,
    ),
    Measure(
        "réglages des rôles",
        "un rôle s'est donné des réglages, qui lieront ses prochaines connexions",
        _own_settings,
        _end_own_settings,
    ),
    Measure(
        "journal du serveur",
        "des valeurs de patients (paramètres, messages d'erreur) peuvent y être écrites, pour qui lit ce journal",
        talkative,
        _silence,
    ),
)


def _keyword(words: str) -> sql.Composable:
    return sql.SQL(words)  # only ever words of this file
