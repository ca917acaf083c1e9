"""A PostgreSQL server reached by URL: prepared once by a superuser of whom nothing is kept, then reached by our roles.

The roles of a server belong to all its databases: one server is one Égide's, and its roles bear that Égide's mark.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from egide.cli import passfiles, roles
from egide.cli.halt import Halt
from egide.cli.roles import Measure
from egide.cli.users import ensure_folder
from egide.kernel.home import SERVER_PARAMETERS, Home

OLDEST: Final = 15  # what the tests run on
PROVEN: Final = ("verify-ca", "verify-full")
_MARK: Final = "Égide "

Prepared = list[tuple[Measure, list[str]]]


def parameters(url: str) -> dict[str, str]:
    """What an administrator's URL says; Halt when it cannot be read, holds a password, or would trust any server."""
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        raise Halt(
            "Cette adresse n'est pas celle d'un serveur PostgreSQL : écrivez postgresql://COMPTE@MACHINE:5432/postgres."
        ) from None
    if "password" in found:
        raise Halt(
            "Ôtez le mot de passe de l'adresse : il serait lisible dans la liste des processus. Il est demandé, ou lu "
            "du fichier que nomme « passfile= »."
        )
    if not found.get("host"):
        raise Halt("L'adresse ne nomme pas de machine : écrivez postgresql://COMPTE@MACHINE:5432/postgres.")
    if not near(found["host"]) and found.get("sslmode") not in PROVEN:
        raise Halt(
            f"{found['host']} est une autre machine : ajoutez sslmode=verify-full et sslrootcert=FICHIER à l'adresse, "
            "pour que nul ne se fasse passer pour ce serveur."
        )
    return found


def near(host: str) -> bool:
    """Whether a server is on this machine: nothing passes over a network."""
    return host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")


def prepare(home: Home, url: str, database: str, ask: Callable[[], str], *, renew: bool = False) -> Prepared:
    """Roles, database and hardening on a server; returns what it refused. `ask` gives the superuser's password.

    `renew`: fresh secrets for every role, each written only once the server knows it. Nothing of the superuser is kept.
    """
    if (home.pg / "PG_VERSION").exists():
        raise Halt(f"{home.root} a déjà sa base embarquée : donnez un autre dossier à EGIDE_HOME.")
    place = parameters(url)
    with _signed_in(place, ask) as admin:
        if admin.info.server_version // 10000 < OLDEST:
            raise Halt(f"Ce serveur est PostgreSQL {admin.info.server_version // 10000} : il faut {OLDEST} au moins.")
        mark = _place_of(home, place, database)
        _refuse_foreign_roles(admin, mark)
        for role in roles.LOGIN_ROLES:
            passfiles.ensure(home, role)
        drafts = {role: passfiles.draft(home, role) for role in roles.LOGIN_ROLES} if renew else {}
        with _refusals_in_words(), _member_of_all(admin, mark):
            roles.make_roles(admin, lambda role: passfiles.secret(drafts.get(role) or home.pgpass(role)))
            for role, path in drafts.items():
                path.replace(home.pgpass(role))
            roles.make_database(admin, database)
            with _signed_in(place | {"dbname": database}, ask) as inside:
                left = roles.harden(inside)
    reach(home)
    return left


@contextmanager
def _signed_in(place: dict[str, str], ask: Callable[[], str]) -> Iterator[psycopg.Connection[Any]]:
    """The administrator's own connection: by what libpq finds (peer, passfile), else by the password asked for."""
    fixed = (
        {"connect_timeout": "10"}
        | place
        | {"application_name": "egide setup", "dbname": place.get("dbname", "postgres")}
    )
    try:
        connection = psycopg.connect(make_conninfo("", **fixed), autocommit=True)
    except psycopg.OperationalError as error:
        if "no password supplied" not in str(error):
            raise Halt(_unreachable(place, error)) from None
        try:
            connection = psycopg.connect(make_conninfo("", **fixed, password=ask()), autocommit=True)
        except psycopg.OperationalError as again:
            raise Halt(_unreachable(place, again)) from None
    with connection:
        yield connection


def _unreachable(place: dict[str, str], error: psycopg.OperationalError) -> str:
    """The sentence for what libpq says; its words name hosts and accounts, never a secret."""
    said = str(error)
    where = f"{place.get('host')}:{place.get('port', '5432')}"
    if "password authentication failed" in said:
        return f"Le serveur {where} refuse ce mot de passe pour {place.get('user', 'ce compte')}."
    if "certificate" in said or "SSL" in said:
        return f"Le serveur {where} ne prouve pas qui il est : vérifiez sslmode et sslrootcert, et son certificat."
    if any(words in said for words in ("does not exist", "not permitted", "permission denied", "pg_hba")):
        return f"Le serveur {where} n'ouvre pas cette base à {place.get('user', 'ce compte')} : voyez son pg_hba.conf."
    return f"Le serveur {where} ne répond pas : vérifiez l'adresse, le port et le pare-feu."


def _place_of(home: Home, place: dict[str, str], database: str) -> str:
    """Writes where the server is (database.json), before anything is made there; returns this Égide's mark."""
    ensure_folder(home.root, None, 0o755) if home.root.exists() else home.root.mkdir(mode=0o755, parents=True)
    names: tuple[str, ...] = SERVER_PARAMETERS
    kept = {name: place[name] for name in names if name in place} | {"dbname": database}
    former: dict[str, str] = {}
    if home.server_json.exists():
        former = json.loads(home.server_json.read_text(encoding="utf-8"))
        if (former["host"], former["dbname"]) != (kept["host"], database) and home.base() is not None:
            raise Halt(
                f"La base de {home.root} est née sur {former['host']} ({former['dbname']}) : donnez la même adresse, "
                f"ou, ses données déplacées, changez d'abord {home.server_json}."
            )
    if (root := kept.get("sslrootcert", "system")) != "system":
        kept["sslrootcert"] = str(_own_copy(home, Path(root)))
    kept["mark"] = former.get("mark") or secrets.token_hex(8)
    draft = home.server_json.with_suffix(".new")
    draft.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(home.server_json)
    return kept["mark"]


def _own_copy(home: Home, certificate: Path) -> Path:
    """The authority's certificate, public, where every process may read it."""
    ensure_folder(home.conf, None, 0o755)
    own = home.conf / "server-ca.pem"
    if certificate.absolute() != own:
        try:
            shutil.copyfile(certificate, own)
        except OSError as error:
            raise Halt(
                f"{certificate} ne peut être lu ({error.strerror}) : donnez le certificat de l'autorité."
            ) from None
    own.chmod(0o644)
    return own


def _refuse_foreign_roles(admin: psycopg.Connection[Any], mark: str) -> None:
    """Roles of our names that this Égide did not make are somebody else's: they are not touched."""
    foreign = [
        name
        for name, comment in admin.execute(
            "SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1",
            [[*roles.GROUP_ROLES, *roles.LOGIN_ROLES]],
        )
        if comment != _MARK + mark
    ]
    if foreign:
        raise Halt(
            f"Ce serveur a déjà des rôles nommés {', '.join(foreign)}, qui ne sont pas de cet Égide : donnez-lui un "
            "serveur à lui (les rôles sont communs à toutes les bases d'un serveur)."
        )


@contextmanager
def _member_of_all(admin: psycopg.Connection[Any], mark: str) -> Iterator[None]:
    """Makes and marks the roles; an administrator who is no superuser is a member of them while he prepares."""
    for role in (*roles.GROUP_ROLES, *roles.LOGIN_ROLES):
        name = sql.Identifier(role)
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            with admin.transaction():
                admin.execute(sql.SQL("CREATE ROLE {}").format(name))
                admin.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(_MARK + mark)))
    row = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and row[0]:
        yield
        return
    owners = sql.SQL(", ").join(map(sql.Identifier, ("owner", "gatekeeper", "migrator")))
    admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owners))
    try:
        yield
    finally:
        admin.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(owners))


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    """What Égide cannot do without, refused by the server: said, and to be run again once it is allowed."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise Halt(
            f"Ce compte n'a pas les droits qu'il faut ({error.diag.message_primary}) : relancez avec un "
            "superutilisateur, ou un compte qui a CREATEROLE, CREATEDB et BYPASSRLS."
        ) from None


def reach(home: Home) -> None:
    """Every role signs in with its own secret; a Halt says which does not, and what to do."""
    for role in roles.LOGIN_ROLES:
        place = {"connect_timeout": "10"} | home.connection(role)
        if not os.access(home.pgpass(role), os.R_OK):
            raise Halt(
                f"Le secret {home.pgpass(role)} manque : remettez-le de la sauvegarde, ou relancez "
                "« egide setup database »."
            )
        try:
            psycopg.connect(make_conninfo("", **place, application_name=f"egide {role}")).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Halt(
                    f"Le serveur {place['host']} refuse le secret du rôle {role} : quelqu'un l'a changé, ou la "
                    "préparation n'est pas finie ; relancez « egide setup database »."
                ) from None
            raise Halt(_unreachable(place, error)) from None
