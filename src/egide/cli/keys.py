"""`egide keys …` and `egide unlock`: the life of the keeper's master keys, on a base that goes on serving."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from egide.cli.halt import Halt
from egide.cli.processes import environment
from egide.cli.users import user_of
from egide.keeper.client import Keeper, KeeperDown, KeeperLocked, KeeperWithoutBase
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home

app = typer.Typer(help="Les clés maîtresses du gardien : état, renouvellement, phrase.", no_args_is_help=True)

SENTENCES = {
    "wrong_passphrase": "Cette phrase n'est pas la bonne : rien n'est changé ; recommencez, ou cherchez au coffre.",
    "short_passphrase": "Cette phrase est trop courte : il faut 16 caractères au moins, par exemple six mots au sort.",
    "lost_keys": "La phrase est la bonne, mais des clés manquent : restaurez « keeper/ » de sa sauvegarde.",
    "still_used": "Des valeurs de la base tiennent encore à cette version : lancez d'abord « egide keys rotate ».",
    "disk_full": "Le disque du gardien est plein : rien n'est changé ; libérez de la place, puis relancez.",
    "keys_unwritten": (
        "Le dossier des clés du gardien ne s'écrit pas : rien n'est changé ; voyez ses droits, son disque (monté en "
        "lecture seule ?) et « keeper/retired », puis relancez."
    ),
    "sessions_live": (
        "Des sessions vivent encore sous cette version : attendez leur fin (douze heures au plus), ou fermez-les : "
        "« egide keys retire session N --at-once »."
    ),
    "still_live": "Cette version scelle aujourd'hui : renouvelez d'abord la clé (« egide keys rotate »).",
    "unknown_version": "Cette clé n'a pas cette version : voyez « egide keys status ».",
    "chained": "Cette version reste, comme maillon : sans la plus récente elle ne donne rien. Rien à ôter.",
    "not_rotated": "Cette clé ne se renouvelle pas : voyez « Les clés » dans docs/administration.md.",
    "wrong_socket": "Lancez la commande sous le compte propriétaire de la base.",
}
NAMES = (
    "identity, contact, ins, stay, coding, clinical, protected (données) ; trail (mots des accès d'urgence) ; "
    "token (jetons de recherche) ; source (identifiants étrangers) ; enrol (clés de connexion) ; "
    "checkpoint (signature de la trace) ; session (cookies et tickets)"
)
SIGNING, SOURCE, SESSION = "checkpoint", "source", "session"

# What a renewal leaves as it is, by place.
ALTERED = "{place} : {count} valeurs qu'aucune version n'ouvre (altérées) ; laissées telles quelles."
LEFT = {
    "identity.token": "{count} identifiant(s) sans fiche gardent leurs jetons : « egide sweep », puis relancez.",
    "accounts.invitation": "{count} code(s) de clé remis avant cela : ils servent, ou finissent d'eux-mêmes.",
    "accounts.workstation": (
        "{count} poste(s) de travail qu'aucune clé n'a approuvés, ou qu'aucun gardien d'ici n'a marqués : laissés ; "
        "l'ancienne version ôtée, plus personne n'y rouvre d'un toucher. Cherchez qui les a écrits."
    ),
    "accounts.key": (
        "{count} clé(s) de connexion que la trace n'a jamais vu remettre, ou qu'aucun gardien d'ici n'a marquées : "
        "laissées ; l'ancienne version ôtée, elles ne connectent plus personne. Cherchez qui les a écrites."
    ),
}


# Why the program beside the door ended (its exit codes, see egide.keeper.renewal).
STOPPED = {
    4: "Le gardien ne répond plus",
    5: "La base s'est arrêtée pendant le renouvellement",
    6: "Le disque de la base est plein ; libérez de la place",
}


def ask_keeper(home: Home, verb: str, **arguments: Any) -> dict[str, Any]:
    """One verb on the operator's socket; what the keeper refuses is a sentence."""
    keeper = Keeper(home.keeper_socket("ops"))
    try:
        return keeper.call(verb, **arguments)
    except KeeperLocked:
        raise Halt("Le gardien attend sa phrase : lancez « egide unlock ».", 3) from None
    except KeeperWithoutBase:
        raise Halt("Le gardien tourne, mais sa base ne lui répond pas : voyez « egide doctor ».") from None
    except KeeperDown:
        raise Halt("Le gardien ne répond pas : lancez « egide run », sous le compte propriétaire de la base.") from None
    except Refused as refusal:
        raise Halt(SENTENCES.get(refusal.code, f"Le gardien refuse ({refusal.code}).")) from None
    finally:
        keeper.close()


def phrase(question: str) -> str:
    """From the terminal, without echo; else one line of standard input. Never an argument, never the environment."""
    if sys.stdin.isatty():
        return getpass.getpass(question)
    return sys.stdin.readline().rstrip("\n")


def unlock(home: Home) -> str:
    """Gives the keeper its passphrase; one sentence."""
    if not ask_keeper(home, "health").get("locked"):
        return "Le gardien est déjà déverrouillé."
    ask_keeper(home, "unlock", passphrase=phrase("Phrase du gardien : "))
    return "Le gardien est déverrouillé : les dossiers s'ouvrent."


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Pour la surveillance.")] = False,
) -> None:
    """Versions et âge de chaque clé, ce qui reste à resceller, et si une phrase les protège."""
    told = ask_keeper(Home.from_environment(), "keys")
    if as_json:
        print(json.dumps(told, indent=1))
        return
    print("Au repos : " + ("sous une phrase." if told["passphrase"] else "fichiers du compte du gardien, sans phrase."))
    for name, versions in told["versions"].items():
        line = f"  {name:<11} version {max(versions)}, {told['ages'][name] / 86400:.0f} jours"
        if len(versions) > 1:
            former = ", ".join(str(version) for version in versions[:-1])
            line += f" ; ouvre encore {former} : {told['left'].get(name, 0)} à reprendre"
        print(line)


@app.command()
def rotate(key: Annotated[str, typer.Argument(metavar="CLÉ", help=NAMES)]) -> None:
    """Donne une version neuve à une clé et rescelle ce qui l'était par l'ancienne, Égide en marche. Se reprend."""
    home = Home.from_environment()
    version = ask_keeper(home, "rotate", key=key)["version"]
    print(f"{key} : la version {version} sert désormais ; les anciennes sont encore reconnues.")
    last: dict[str, Any] = {}
    for last in _resealing(home, key):
        _show(key, last)
    print()
    for place, count in last.get("unreadable", {}).items():
        print("  " + LEFT.get(place, ALTERED).format(place=place, count=count))
    if key == SESSION and last.get("left"):
        print(f"{last['left']} session(s) finissent sous l'ancienne, en douze heures au plus ; ensuite :")
        print(f"  egide keys retire session {version - 1}   (clé volée : --at-once, tout de suite)")
        print("  Jusque-là l'ancienne reste crue, pour toute session : qui l'a volée en contrefait encore.")
        return
    if last.get("left"):
        print(f"Il reste {last['left']} valeurs : relancez « egide keys rotate {key} ».")
        raise typer.Exit(1)
    if key == SIGNING:
        print(f"La trace est signée par : {(home.keeper_trail / 'latest.vkey').read_text().strip()}")
        print("Donnez cette clé publique à qui vérifie la trace ailleurs (egide audit verify --key).")
    if key == SOURCE:
        print(f"Tout est repris sous la version {version} ; les anciennes restent, comme maillons.")
        return
    print(f"Tout est repris sous la version {version}. Ôtez l'ancienne : egide keys retire {key} {version - 1}")


def _show(key: str, told: dict[str, Any]) -> None:
    if "done" in told and key != SESSION:
        print(f"\r  {key} : {told['done']} valeurs reprises", end="", flush=True)


def _resealing(home: Home, key: str) -> Iterator[dict[str, Any]]:
    """The keeper's own program, under its account; ends with this command (its pipe breaks), and is taken up again."""
    user = user_of("keeper")
    program = subprocess.Popen(
        [sys.executable, "-m", "egide.keeper.renewal", "--home", str(home.root), "--key", key],
        stdout=subprocess.PIPE, cwd="/", env=environment(home, "renewal"), umask=0o077,
        user=user.uid if user else None, group=user.gid if user else None, extra_groups=[] if user else None,
    )  # fmt: skip
    assert program.stdout is not None  # noqa: S101 — asked for just above
    try:
        for line in program.stdout:
            yield json.loads(line)
    finally:
        program.terminate()
        program.wait()
    if program.returncode not in (0, -15):
        why = STOPPED.get(program.returncode, "Le renouvellement s'est arrêté")
        raise Halt(f"{why} : relancez « egide keys rotate {key} », il reprendra.")


@app.command()
def retire(
    key: Annotated[str, typer.Argument(metavar="CLÉ")],
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1)],
    at_once: Annotated[bool, typer.Option("--at-once", help="Clé des sessions : ferme celles qui en vivent.")] = False,
) -> None:
    """N'emploie plus une ancienne version : son fichier passe dans keeper/retired, que vous gardez ou détruisez."""
    home = Home.from_environment()
    ask_keeper(home, "retire", key=key, version=version, at_once=at_once)
    place = home.keeper / "retired" / f"{key}.{version}.key"
    print(f"{key}.{version} n'ouvre plus rien. Fichier mis de côté : {place}")
    print("Détruisez-le quand aucune sauvegarde de la base n'en a plus besoin.")


@app.command()
def passphrase() -> None:
    """Met les clés sous une phrase, ou en change. Désormais le gardien l'attend à chaque démarrage."""
    home = Home.from_environment()
    former = None
    if ask_keeper(home, "keys")["passphrase"]:
        former = phrase("Phrase actuelle : ")
    new = phrase("Nouvelle phrase (16 caractères au moins) : ")
    if sys.stdin.isatty() and phrase("Encore une fois : ") != new:
        raise Halt("Les deux saisies diffèrent : rien n'est changé.")
    ask_keeper(home, "passphrase", new=new, former=former)
    print(
        "Les clés sont sous cette phrase. Sans elle, rien ne pourra être relu : mettez-la au coffre, à part des clés."
    )
    print("Les anciennes sauvegardes de keeper/ portent encore les clés sans elle, ou sous la phrase d'avant.")
