"""`egide setup database`: prepares a PostgreSQL server by URL; run again, it repairs, and renews secrets on request."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from egide.cli import server
from egide.cli.halt import Halt
from egide.cli.users import ensure_accounts
from egide.kernel.home import DATABASE, Home

app = typer.Typer(help="Prépare ce dont Égide a besoin.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group even with one command."""


@app.command()
def database(
    admin_url: Annotated[
        str,
        typer.Option(help="postgresql://COMPTE@MACHINE:PORT/BASE, sans mot de passe ; il est demandé, jamais gardé."),
    ],
    name: Annotated[str, typer.Option("--database", help="Nom de la base d'Égide sur ce serveur.")] = DATABASE,
    renew: Annotated[bool, typer.Option("--renew-secrets", help="Donne à chaque rôle un mot de passe neuf.")] = False,
) -> None:
    """Crée rôles, base et fermetures sur un serveur PostgreSQL (15 au moins) ; peut être relancée."""
    home = Home.from_environment()
    ensure_accounts()
    asked: list[str] = []

    def ask() -> str:
        if not asked:
            asked.append(_password())
        return asked[0]

    left = server.prepare(home, admin_url, name, ask, renew=renew)
    place = home.server() or {}
    print(f"La base {place['dbname']} de {place['host']} est prête ; rien de votre compte n'est gardé.")
    if renew:
        print(
            "Les mots de passe des rôles sont neufs ; les processus en marche s'en servent à leur prochaine connexion."
        )
    for measure, items in left:
        print(f"Refusé par ce serveur : {measure.subject} ({len(items)}) — {measure.consequence}.")
    if left:
        print("« egide doctor » les nomme un à un.")


def _password() -> str:
    """From the terminal without echo, else the first line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass("Mot de passe de ce compte sur le serveur : ")
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise Halt(
            "Ce serveur demande un mot de passe : lancez la commande dans un terminal, ou donnez-le sur l'entrée."
        )
    return line
