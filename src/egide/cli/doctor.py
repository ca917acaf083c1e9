"""`egide doctor`: what an administrator must know of a running base, each point with its verdict and a sentence."""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import psycopg

from egide.cli import migrations, rights, roles, server
from egide.cli.cluster import Cluster
from egide.cli.halt import Halt
from egide.cli.run_lock import running
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home

CHECKPOINT_LATE: Final = 60  # seconds; the keeper signs every 10 s
KEY_OLD: Final = 2 * 365  # days: rotation is due


class Verdict(IntEnum):
    """Ordered: the worst of all is the exit code."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """One point examined. `details` names what differs, never a patient."""

    subject: str
    verdict: Verdict
    sentence: str
    details: tuple[str, ...] = ()


def examine(home: Home) -> list[Finding]:
    """Everything that can be told of this home; a point that cannot be reached is itself a finding."""
    if not home.root.exists():
        raise Halt(f"Aucune base dans {home.root} : lancez « make run », ou donnez le bon EGIDE_HOME.")
    asking = "super" if home.server() is None else "migrator"
    if not os.access(home.pgpass(asking), os.R_OK):
        raise Halt(f"Lancez « egide doctor » sous le compte propriétaire de {home.root}.")
    findings = [_accounts(home), _disk(home), _birth(home), _supervised(home)]
    cluster = Cluster(home)
    try:
        with psycopg.connect(cluster.dsn(asking), connect_timeout=5) as connection:
            findings += [_place(home, connection), *_database(connection), *_closed(connection)]
            findings += [_live(connection), _secrets(cluster, connection, asking), _structure(cluster)]
    except psycopg.OperationalError:
        findings.append(Finding("PostgreSQL", Verdict.ERROR, "ne répond pas : lancez « make run »."))
    return findings + _keeper(home)


def render(findings: list[Finding], *, as_json: bool) -> int:
    """Prints the findings and returns the exit code: that of the worst."""
    worst = max(finding.verdict for finding in findings)
    if as_json:
        rows = [dataclasses.asdict(f) | {"verdict": f.verdict.name.lower()} for f in findings]
        print(json.dumps({"verdict": worst.name.lower(), "findings": rows}, ensure_ascii=False, indent=1))
        return int(worst)
    marks = {Verdict.OK: "bien", Verdict.WARNING: "à regarder", Verdict.ERROR: "à corriger"}
    for finding in findings:
        print(f"{marks[finding.verdict]:<11} {finding.subject:<24} {finding.sentence}")
        for detail in finding.details[:20]:
            print(f"{'':<36} – {detail}")
    return int(worst)


def _accounts(home: Home) -> Finding:
    """Which processes share a system account, told by who owns their secrets."""
    owners: dict[str, list[str]] = {}
    for process in ("keeper", "web", "worker", "live", "auditor"):
        owners.setdefault(_owner(home.pgpass(process).parent), []).append(process)
    if home.server() is None:
        owners.setdefault(_owner(home.pg), []).append("postgres")
    if len(owners) == 1:
        account = next(iter(owners))
        return Finding(
            "comptes système",
            Verdict.WARNING,
            f"tous tournent sous {account} : une exécution de code ici ouvre tout ; en root, chacun a le sien.",
        )
    shared = tuple(f"{account} : {', '.join(names)}" for account, names in owners.items() if len(names) > 1)
    if shared:
        return Finding("comptes système", Verdict.ERROR, "des processus partagent un compte.", shared)
    return Finding("comptes système", Verdict.OK, f"un par processus ({', '.join(sorted(owners))}).")


def _owner(path: Path) -> str:
    try:
        uid = path.stat().st_uid
    except FileNotFoundError:
        return "absent"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _disk(home: Home) -> Finding:
    usage = shutil.disk_usage(home.root)
    free = f"{usage.free / 1024**3:.1f} Gio libres"
    if usage.free < 1024**3:
        return Finding("disque", Verdict.ERROR, f"{free} : libérez de la place.")
    if usage.free < usage.total / 10:
        return Finding("disque", Verdict.WARNING, f"{free}, moins d'un dixième.")
    return Finding("disque", Verdict.OK, f"{free}.")


def _birth(home: Home) -> Finding:
    base = home.base()
    if base is None:
        return Finding("naissance", Verdict.ERROR, "la base n'est pas née : lancez « make run ».")
    if base.born > datetime.now(UTC):
        return Finding("naissance", Verdict.ERROR, "l'horloge est antérieure à la naissance : mettez-la à l'heure.")
    kind = "démonstration : aucune vraie personne ne doit y entrer" if base.demo else "base réelle"
    return Finding("naissance", Verdict.OK, f"{kind} ; {base.base_id}, née le {base.born:%d/%m/%Y}.")


def _supervised(home: Home) -> Finding:
    if running(home):
        return Finding("superviseur", Verdict.OK, "en marche.")
    return Finding("superviseur", Verdict.ERROR, "arrêté : lancez « make run ».")


def _live(connection: psycopg.Connection[Any]) -> Finding:
    """Whether the live channel hears PostgreSQL: its one connection, as role live."""
    heard = connection.execute("SELECT 1 FROM pg_stat_activity WHERE usename = 'live' LIMIT 1").fetchone()
    if heard:
        return Finding("canal direct", Verdict.OK, "à l'écoute.")
    return Finding(
        "canal direct", Verdict.ERROR, "n'écoute pas : les pages ouvertes se vident moins vite, voyez log/live.log."
    )


def _database(connection: psycopg.Connection[Any]) -> list[Finding]:
    covered = rights.covered_count(connection)
    questions: tuple[tuple[str, Callable[[psycopg.Connection[Any]], Iterable[str]], str, str], ...] = (
        ("rôles", rights.above_row_security, "aucun ne passe au-dessus du cloisonnement.", "un rôle passe au-dessus."),
        ("fonctions permises", rights.unexpected_functions, "exactement la liste écrite.", "la liste n'est pas tenue."),
        ("fonctions ouvertes", rights.open_functions, "aucune.", "des fonctions sont ouvertes à tous."),
        ("droits sur les tables", rights.excessive_rights, "rien de trop.", "des droits en trop."),
        (
            "cloisonnement",
            rights.uncovered_tables,
            f"{covered} tables de patients, toutes cloisonnées.",
            "des tables de patients ne sont pas cloisonnées.",
        ),
    )
    findings = []
    for subject, question, well, badly in questions:
        details = tuple(question(connection))
        verdict = Verdict.ERROR if details else Verdict.OK
        findings.append(Finding(subject, verdict, badly if details else well, details))
    return findings


def _place(home: Home, connection: psycopg.Connection[Any]) -> Finding:
    """Where the base is, and whether what passes between it and us can be read or forged on the way."""
    version = f"PostgreSQL {connection.info.server_version // 10000}"
    place = home.server()
    if place is None:
        return Finding("PostgreSQL", Verdict.OK, f"{version}, embarqué, par sa socket seulement.")
    where = f"{version} sur {place['host']}, base {place['dbname']}"
    if server.near(place["host"]):
        return Finding("PostgreSQL", Verdict.OK, f"{where}, sans sortir de la machine.")
    if not connection.pgconn.ssl_in_use or place.get("sslmode") not in server.PROVEN:
        return Finding(
            "PostgreSQL", Verdict.ERROR, f"{where} : la liaison n'est pas protégée ; relancez la préparation."
        )
    return Finding("PostgreSQL", Verdict.OK, f"{where}, liaison chiffrée, serveur prouvé.")


def _closed(connection: psycopg.Connection[Any]) -> list[Finding]:
    """What the server left open of what Égide closes, item by item, each with its consequence."""
    findings = []
    for measure in roles.MEASURES:
        left = tuple(measure.open_still(connection))
        sentence = f"{len(left)} à fermer : {measure.consequence}." if left else "fermé."
        findings.append(Finding(measure.subject, Verdict.ERROR if left else Verdict.OK, sentence, left))
    return findings


def _secrets(cluster: Cluster, connection: psycopg.Connection[Any], asking: str) -> Finding:
    """A superuser compares the verifiers; without one each role tries its own, and the server accepts one only."""

    def foreign(role: str) -> bool:
        if asking == "super":
            return rights.foreign_secret(connection, role, cluster.secret(role))
        try:
            psycopg.connect(cluster.dsn(role), connect_timeout=5).close()
        except psycopg.OperationalError:
            return True
        return False

    wrong = tuple(role for role in roles.LOGIN_ROLES if foreign(role))
    repair = "un redémarrage le rend" if asking == "super" else "« egide setup database » le rend"
    if wrong:
        return Finding("mots de passe", Verdict.ERROR, f"un rôle a changé le sien ; cherchez qui, {repair}.", wrong)
    return Finding("mots de passe", Verdict.OK, f"les nôtres ({len(roles.LOGIN_ROLES)} rôles).")


def _structure(cluster: Cluster) -> Finding:
    applied, brought = migrations.in_base(cluster), migrations.in_code()
    if applied == brought:
        return Finding("structure", Verdict.OK, f"à jour ({len(applied)} migrations).")
    details = tuple(f"{app}.{name}" for app, name in sorted(applied ^ brought))
    return Finding("structure", Verdict.ERROR, "ne correspond pas au code : relancez « make run ».", details)


def _keeper(home: Home) -> list[Finding]:
    from egide.keeper.client import Keeper, KeeperDown

    keeper = Keeper(home.keeper_socket("ops"))
    try:
        health = keeper.call("health")
    except (KeeperDown, Refused):
        return [Finding("gardien", Verdict.ERROR, "ne répond pas : aucun dossier ne s'ouvre ; voir log/keeper.log.")]
    finally:
        keeper.close()
    if health.get("locked"):
        return [Finding("gardien", Verdict.ERROR, "attend sa phrase : rien ne s'ouvre ; lancez « egide unlock ».")]
    return [Finding("gardien", Verdict.OK, "répond."), _finder(home), _keys(health), _trail(health)]


def _finder(home: Home) -> Finding:
    from egide.keeper.client import Keeper, KeeperDown

    finder = Keeper(home.keeper_socket("finder"))
    try:
        held = finder.call("health")["keys"]
    except (KeeperDown, Refused):
        return Finding("recherche", Verdict.ERROR, "ne répond pas : personne n'est cherché ; voir log/finder.log.")
    finally:
        finder.close()
    return Finding("recherche", Verdict.OK, f"répond, à part du gardien, avec {len(held)} clés seulement.")


def _keys(health: dict[str, Any]) -> Finding:
    ages = {name: float(seconds) / 86400 for name, seconds in health["key_ages"].items()}
    oldest = max(ages.values(), default=0.0)
    told = f"{len(ages)} clés, la plus ancienne a {oldest:.0f} jours"
    if oldest > KEY_OLD:
        old = tuple(f"{name} : {days:.0f} jours" for name, days in ages.items() if days > KEY_OLD)
        return Finding("clés", Verdict.WARNING, f"{told} : prévoyez leur renouvellement.", old)
    return Finding("clés", Verdict.OK, f"{told}.")


def _trail(health: dict[str, Any]) -> Finding:
    alarms = tuple(json.dumps(alarm, ensure_ascii=False) for alarm in health.get("alarms", ()))
    size, at = health.get("tree_size", 0), health.get("checkpoint_at")
    if alarms or health.get("halted"):
        return Finding(
            "journal des accès", Verdict.ERROR, f"{len(alarms)} alarmes : lancez « egide audit verify ».", alarms
        )
    if at is None:
        verdict = Verdict.WARNING if size else Verdict.OK
        return Finding("journal des accès", verdict, f"{size} feuilles, pas encore de point de contrôle signé.")
    age = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    signed = health.get("signed_size", size)
    if signed < size and age > CHECKPOINT_LATE:
        return Finding("journal des accès", Verdict.WARNING, f"le dernier point de contrôle a {age:.0f} s.")
    return Finding(
        "journal des accès", Verdict.OK, f"{size} feuilles, dernier point de contrôle signé il y a {age:.0f} s."
    )
