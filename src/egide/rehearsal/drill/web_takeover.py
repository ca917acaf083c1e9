"""Attack 21: the thief's code runs in a web worker. Here: a program under the web's own user, with its environment.

R counts persons opened beyond what the live session that passed by may open itself. Where all processes share one
account there is no wall to try: said, neither pass nor miss.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from egide.rehearsal.drill import inside_web
from egide.rehearsal.drill.glass import account_id
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import Account, NoStage, Stage, bearer_of, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Visitor, default_keys_url
from egide.rehearsal.workstation import ProvingKeeper

NUMBER: Final = 21
FOREIGN: Final = 20
CEILING: Final = 30  # twice the busiest hour of one person (keeper/ceilings.toml)
SWEPT, ROUND = 600, 9  # people looked for at most (a desk knows a fifth of a group), and how many between two emptyings
PATIENCE_SECONDS: Final = 120
# What the web process may read and change in the home; conf holds no secret and names who may connect.
READS: Final = frozenset({"base.json", "demo/accounts.json", "secrets/web/pgpass", "log/web.log"})
READS_UNDER: Final = ("conf/", "demo-loaded", "run.lock", "venv.lock", "log/web.log")
WRITES: Final = frozenset({"log/web.log", "secrets/web", "secrets/web/pgpass"})  # its own
REFUSALS: Final = frozenset(
    {"no_link", "not_your_unit", "session_ended", "wrong_socket", "bad_request", "unknown_session", "act_ended",
     "closed", "unknown_key", "bad_assertion", "category_closed", "too_many", "opening_ended"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Running:
    """One process of this home: its pid, its user, its environment, its interpreter."""

    pid: int
    uid: int
    variables: dict[str, str]
    python: str


def play(stage: Stage) -> Outcome:
    """Find the processes, run the thief's program as the web's user, judge what it found."""
    outcome = Outcome(NUMBER, t_waits="alarme du gardien à 1,3 fois l'heure chargée ; rien ne voit l'intrusion")
    running = _running(stage)
    web = running.get("web")
    if web is None:
        raise NoStage("Le serveur web de ce dossier ne tourne pas ici : jouez l'attaque 21 sur la machine d'Égide.")
    shared = sorted(name for name, one in running.items() if one.uid == web.uid and name != "web")
    if shared:
        outcome.no_wall = f"un seul compte : pas de mur (le serveur web est aussi le compte de {', '.join(shared)})"
        return outcome
    if os.geteuid() != 0:
        outcome.no_wall = "à jouer en root : prendre le compte du serveur web le demande"
        return outcome
    thief, victim = stage.pair()
    with stage.sign_in(thief) as passing, stage.sign_in(victim) as other:
        given = _given(stage, running, (thief, passing), (victim, other))
        found = _inside(web, given)
        _judge(outcome, found, given, web)
        _recorded(stage, outcome, session_of(passing), given)
        _ceilings(stage, web, outcome, given, session_of(passing))
        alive = passing.get(f"/unite/{thief.units[0]}/").status == other.get(f"/unite/{victim.units[0]}/").status == 200
        outcome.check("fausse alerte : les deux sessions vives travaillent toujours", alive)
    outcome.note(
        "dit ouvertement : ce code voit passer les sessions vives, ouvre leurs patients liés, cherche dans leur bourse,"
        " peut faire signer à quelqu'un un autre accès d'urgence que celui qu'il lit ; chaque ouverture est inscrite"
    )
    outcome.note("ses refus ne gèlent rien : c'est le serveur web qui dit au gardien si une demande vient de nos pages")
    return outcome


# ── setting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _running(stage: Stage) -> dict[str, Running]:
    """This home's processes by name; the web's is the worker that serves."""
    mark = str(stage.home.root)
    found: dict[str, Running] = {}
    for entry in sorted((one for one in Path("/proc").iterdir() if one.name.isdigit()), key=lambda one: int(one.name)):
        try:
            command = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            owner = entry.stat().st_uid
            mine = os.geteuid() in (0, owner)
            text = (entry / "environ").read_bytes().decode("utf-8", "replace") if mine else ""
        except OSError:
            continue
        variables = dict(part.split("=", 1) for part in text.split("\0") if "=" in part)
        name = variables.get("EGIDE_PROCESS", "") if variables.get("EGIDE_HOME") == mark else ""
        if "egide.keeper" in command and mark in command:
            name = "keeper"
        elif "egide.keeper.finding" in command and mark in command:
            name = "finder"
        if name in ("postgres", "keeper", "finder", "web", "demo-keys"):
            found[name] = Running(int(entry.name), owner, variables, command[0])
    return found


def _given(
    stage: Stage, running: dict[str, Running], thief: tuple[Account, Visitor], victim: tuple[Account, Visitor]
) -> dict[str, Any]:
    own = patients_in(thief[1].get(f"/unite/{thief[0].units[0]}/").text)
    theirs = patients_in(victim[1].get(f"/unite/{victim[0].units[0]}/").text)
    opened = stage.trail(session_of(victim[1]), "open")
    with stage.judge() as judge:
        site = judge.execute("SELECT id FROM directory_site ORDER BY id LIMIT 1").fetchone()
    if site is None or not opened:
        raise NoStage("L'exercice demande une unité ouverte par la victime.")
    return {
        "home": str(stage.home.root),
        "site": str(site["id"]),
        "cookie": ProvingKeeper(stage.home.keeper_socket("web")).passing(bearer_of(thief[1])),
        "own": own,
        "foreign": theirs[:FOREIGN],
        "other_unit": victim[0].units[0],
        "other_session": str(session_of(victim[1])),
        "other_account": str(account_id(stage, victim[0])),
        "other_opening": int(opened[-1]["id"]),
        "pids": {name: one.pid for name, one in running.items() if name != "web"} | {"superviseur": os.getppid()},
        "keys_port": urlsplit(stage.keys_url or default_keys_url(stage.origin)).port,
        "usernames": [one.username for one in stage.accounts],
    }


def _inside(web: Running, given: dict[str, Any]) -> dict[str, Any]:
    """The thief's program under the web's user and group, in its environment; what it printed."""
    text = Path(inside_web.__file__).read_text(encoding="utf-8")
    done = subprocess.run(
        [web.python, "-c", text],
        input=json.dumps(given),
        env=web.variables,
        cwd="/",
        user=web.uid,
        group=pwd.getpwuid(web.uid).pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise NoStage(f"Le programme du voleur n'a pas tourné : {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge(outcome: Outcome, found: dict[str, Any], given: dict[str, Any], web: Running) -> None:
    faults = [f"{name}: {part['fault']}" for name, part in found.items() if isinstance(part, dict) and "fault" in part]
    if not outcome.check("témoin : chaque essai a pu être fait", not faults, "; ".join(faults)):
        return
    outcome.check("témoin : le programme est bien le compte du serveur web", found["uid"] == web.uid)
    own = set(READS) <= set(found["readable"]) | {"log/web.log"}
    outcome.check("témoin : il lit son propre secret", own and "secrets/web/pgpass" in found["readable"])
    more = [one for one in found["readable"] if one not in READS and not one.startswith(READS_UNDER)]
    outcome.check(
        "il ne lit ni clé maîtresse, ni secret d'un autre, ni clé de démonstration, ni journal, ni donnée", not more,
        ", ".join(more[:5]),
    )  # fmt: skip
    written = [one for one in found["writable"] if one not in WRITES]
    outcome.check("il ne change aucun fichier du dossier, ni du code", not written, ", ".join(written[:5]))
    for name, what in (
        ("processes", "il ne voit ni ne touche la mémoire d'un autre processus"),
        ("other_sockets", "les prises d'import, d'enrôlement et d'audit lui sont fermées"),
        ("database", "aucun autre rôle de la base, ni table de droits, de clés ou de jetons"),
        ("demo_keys", "le service des clés de démonstration ne signe pas pour lui"),
        ("powers", "aucun autre compte ne lui est ouvert"),
    ):
        outcome.check(what, not found[name], ", ".join(str(one) for one in found[name][:5]))
    _spoken(outcome, found["own_socket"], given)


def _ceilings(stage: Stage, web: Running, outcome: Outcome, given: dict[str, Any], session: UUID) -> None:
    """The keeper counts for itself: with the base's own counters emptied as fast as they fill (its owner is the thief's
    accomplice), the same live cookie discovers no more than a session's ceiling, and an alarm is told."""
    known = sorted({(min(stage.truth.names[who][0])[:4], born) for who, born in stage.truth.births()})[:SWEPT]
    discovered: set[str] = set()
    codes: set[str] = set()
    rounds = iter([known[start : start + ROUND] for start in range(0, len(known), ROUND)])
    for some in rounds:
        found = _swept(stage, web, given, session, some)
        if not outcome.check("témoin : le balayage a pu être fait", "fault" not in found, str(found.get("fault"))):
            return
        discovered |= set(found["discovered"])
        codes |= set(found["codes"])
        if "fresh_factor" in codes:
            break
    outcome.check(
        f"le plafond du gardien tient sans les compteurs de la base : {CEILING} personnes par session et heure",
        "fresh_factor" in codes and 0 < len(discovered) <= CEILING, f"{len(discovered)} personnes, {sorted(codes)}",
    )  # fmt: skip
    last = next(rounds, [])
    found = _swept(stage, web, given, session, last)
    more = set(found.get("discovered", ())) - discovered
    outcome.check(
        "plafond du gardien : un tour de plus ne découvre personne de plus",
        len(last) == len(found.get("codes", ())) > 0 and not more,
        f"{len(more)} de plus, {sorted(set(found.get('codes', ())))} {found.get('fault', '')}",
    )
    outcome.note(f"par recherche, un cookie vif sans les compteurs de la base : {len(discovered)} personnes, puis rien")
    spoken = _inside(web, given)["own_socket"]["codes"]
    outcome.check("les soins liés continuent au-delà du plafond", spoken["témoin"] == "ok", spoken["témoin"])
    rows = stage.trail(session, "refuse") + stage.trail(session, "alarm")
    said = {row["reason"] for row in rows}
    outcome.check(
        "le refus du gardien et son alarme sont dans la trace", {"fresh_factor", "ceiling"} <= said, str(said)
    )


def _swept(
    stage: Stage, web: Running, given: dict[str, Any], session: UUID, known: list[tuple[str, str]]
) -> dict[str, Any]:
    """One round of the sweep, the base's counters emptied before it."""
    with stage.judge() as judge:
        judge.execute(
            "DELETE FROM gate.purse WHERE account = (SELECT account FROM accounts.session WHERE id = %s)"
            " AND class IN ('unlinked', 'search', 'confirmed')", (session,)
        )  # fmt: skip
    found: dict[str, Any] = _inside(web, {**given, "sweep": known})["sweep"]
    return found


def _spoken(outcome: Outcome, spoken: dict[str, Any], given: dict[str, Any]) -> None:
    codes: dict[str, str] = spoken["codes"]
    beyond = set(spoken["opened"]) - set(given["own"])
    outcome.r += len(beyond)
    outcome.check("témoin : le cookie vif ouvre un patient lié", codes["témoin"] == "ok", codes["témoin"])
    outcome.check("le cookie vif n'ouvre que ses patients liés", not beyond, f"{len(beyond)} au-delà")
    odd = {name: code for name, code in codes.items() if name != "témoin" and code not in REFUSALS}
    outcome.check("tout autre verbe, cookie ou acte est refusé", not odd, str(odd)[:200])


def _recorded(stage: Stage, outcome: Outcome, session: UUID, given: dict[str, Any]) -> None:
    said = {str(one) for row in stage.trail(session, "refuse") for one in row["ids"]}
    with stage.judge() as judge:
        forged = judge.execute(
            "SELECT count(*)::int AS n FROM audit.entry WHERE account = %s"
            " AND at > clock_timestamp() - interval '5 minutes' AND verdict = 'refused' AND reason LIKE '%%forged%%'",
            (UUID(given["other_account"]),),
        ).fetchone()
    held = said >= set(given["foreign"]) and forged is not None and forged["n"] > 0
    outcome.recorded = outcome.check("refus et cookie forgé sont dans la trace", held, f"{len(said)} refus, {forged}")
