"""The command `egide`: each group of commands stands in its own file; here they are gathered, their refusals said."""

from __future__ import annotations

import importlib
import io
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from egide.cli.halt import Halt, end, record, sentence_for
from egide.kernel.home import Home

app = typer.Typer(
    name="egide",
    help="Égide, dossier patient hospitalier.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# One file each, with an `app`; those not written yet are skipped.
GROUPS = {
    "demo": "demo",
    "reference": "reference",
    "audit": "audit",
    "import": "import_",
    "drill": "drill",
    "setup": "setup",
    "keys": "keys",
}


def _gather() -> None:
    for name, module in GROUPS.items():
        try:
            group = importlib.import_module(f"egide.cli.{module}")
        except ModuleNotFoundError as error:
            if error.name != f"egide.cli.{module}":
                raise
            continue
        app.add_typer(group.app, name=name)


@app.command()
def run(
    port: Annotated[int, typer.Option(envvar="EGIDE_PORT", min=1, max=65534, help="Port sur 127.0.0.1.")] = 8400,
    demo: Annotated[
        bool | None, typer.Option("--demo/--real", help="Ce que la base doit être ; à sa naissance, une démonstration.")
    ] = None,
    patients: Annotated[
        int | None,
        typer.Option(min=1, max=900_000, help="Démonstration : nombre de personnes d'une base neuve (300 par défaut)."),
    ] = None,
    then: Annotated[str | None, typer.Option(help="Commande à exécuter une fois ouverte ; puis tout s'arrête.")] = None,
) -> None:
    """Démarre tout, surveille, et arrête tout sur Ctrl-C."""
    from egide.cli.run_lock import running
    from egide.cli.supervisor import Supervisor

    home = Home.from_environment()
    if then and running(home):
        import shlex
        import subprocess

        raise typer.Exit(subprocess.run(shlex.split(then), check=False).returncode)
    raise typer.Exit(Supervisor(home, port, demo=demo, patients=patients).run(then))


@app.command()
def stop() -> None:
    """Arrête l'Égide qui tourne sur EGIDE_HOME, et attend sa fin."""
    from egide.cli import run_lock

    home = Home.from_environment()
    print("Égide est arrêtée." if run_lock.stop(home) else f"Aucune Égide ne tourne sur {home.root}.")


@app.command()
def unlock() -> None:
    """Donne au gardien sa phrase, demandée ici ; elle n'est jamais un argument."""
    from egide.cli import keys

    print(keys.unlock(Home.from_environment()))


@app.command()
def migrate() -> None:
    """Met la structure de la base à jour (rôle migrator) ; PostgreSQL doit tourner."""
    from egide.cli.migrations import apply

    apply()


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Pour la surveillance.")] = False,
) -> None:
    """Dit l'état de la base : droits, cloisons, clés, journal. Code 0 : bien ; 1 : à regarder ; 2 : à corriger."""
    from egide.cli.doctor import examine, render

    findings = examine(Home.from_environment())
    raise typer.Exit(render(findings, as_json=as_json))


Folder = Annotated[Path, typer.Option(file_okay=False, help="Dossier ; celui de la base n'est pas celui des clés.")]
Recipients = Annotated[
    list[str] | None, typer.Option("--to", help="Destinataire age (age1…) ; plusieurs fois, chacun l'ouvre.")
]


@app.command()
def backup(
    base: Folder,
    keys: Folder,
    to: Recipients = None,
    in_clear: Annotated[
        bool, typer.Option("--in-clear", help="Sans chiffrer : qui a les deux dossiers lit tout.")
    ] = False,
) -> None:
    """Sauvegarde Égide en marche, chiffrée : les clés dans un dossier, la base dans un autre."""
    from egide.cli import age
    from egide.cli import backup as saving

    if bool(to) == in_clear:
        raise Halt(
            "Donnez --to DESTINATAIRE (age1… ; « egide identity FICHIER » en fait un), "
            "ou --in-clear si un autre outil chiffre."
        )
    for line in saving.backup(Home.from_environment(), base, keys, age.recipients(to or ())):
        print(line)


@app.command()
def restore(
    base: Folder,
    keys: Folder,
    identity: Annotated[Path | None, typer.Option(dir_okay=False, help="Fichier de l'identité qui ouvre.")] = None,
    fingerprint: Annotated[str | None, typer.Option(help="Empreinte notée quand la sauvegarde fut faite.")] = None,
) -> None:
    """Remet dans un EGIDE_HOME neuf ce qu'« egide backup » a sauvegardé ; puis « egide run »."""
    from egide.cli import age
    from egide.cli import backup as saving

    home = Home.from_environment()
    saving.restore(home, base, keys, age.identities(identity) if identity else (), fingerprint)
    print(f"Restauré dans {home.root}. Lancez « egide run », puis « egide doctor » et « egide audit verify ».")


@app.command()
def identity(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Fichier neuf, hors de cette machine.")],
) -> None:
    """Fait l'identité qui ouvrira les sauvegardes, dans un fichier à garder hors ligne ; dit son destinataire."""
    from egide.cli import age

    print(age.make_identity(file))


@app.command()
def sweep() -> None:
    """Retire les jetons de recherche des créations restées sans suite, et dit combien."""
    from egide.cli.sweep import sweep as swept

    print(swept(Home.from_environment()))


def _misuse(error: TyperException) -> Halt:
    """Wrong arguments: the parser's message and where to read what is right."""
    context = getattr(error, "ctx", None)
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    return Halt(f"{message} (voir « {context.command_path if context else 'egide'} --help »)", 2)


def main() -> None:
    """Runs `egide`, and turns everything that stops a command into one sentence and an exit code."""
    home = Home.from_environment()
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # a lost connection is a sentence of ours
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without French letters is no reason to fail
    try:
        _gather()
        result = app(standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except (Abort, KeyboardInterrupt):
        code = end(Halt("Interrompu.", 130))
    except TyperException as error:
        code = end(_misuse(error))
    except Halt as halt:
        code = end(halt)
    except BrokenPipeError:
        code = 0
    except OSError as error:
        code = end(sentence_for(error, home) or record(error, home))
    except Exception as error:  # noqa: BLE001 — the last resort: nothing but a sentence may reach the screen
        code = end(record(error, home))
    sys.exit(code)
