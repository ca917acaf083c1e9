"""`egide drill`: the thief against the running server of this home. Exit code 1 when an attack was not survived."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from egide.cli.demo_group import DEMO_PATIENTS, DEMO_SEED, people_of
from egide.cli.halt import Halt
from egide.kernel.home import Home

app = typer.Typer(help="L'exercice du voleur, contre le serveur en marche.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def drill(
    only: Annotated[str, typer.Option(help="Numéros d'attaques, séparés par des virgules ; toutes par défaut.")] = "",
    url: Annotated[str, typer.Option(help="Adresse du serveur ; par défaut celle de EGIDE_ORIGIN.")] = "",
    keys_url: Annotated[
        str, typer.Option(envvar="EGIDE_DEMO_KEYS_URL", help="Service des clés ; par défaut le port suivant.")
    ] = "",
    patients: Annotated[
        int | None,
        typer.Option(min=1, max=900_000, help="Personnes de la démonstration ; par défaut ce que dit la base."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31, help="Graine de la démonstration ; par défaut ce que dit la base.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Pour une machine.")] = False,
) -> None:
    """Joue les attaques de la table et dit lesquelles ont été tenues. Code 0 : toutes ; 1 : au moins une non."""
    numbers = _numbers(only)
    home = Home.from_environment()
    if home.server() is not None:
        raise Halt("L'exercice vole la base embarquée : il ne se joue pas sur un serveur par URL.", 2)
    base = home.base()
    if base is None or not base.demo:
        raise Halt("L'exercice ne se joue que sur une base née de démonstration : donnez son dossier à EGIDE_HOME.", 2)
    origin = url or os.environ.get("EGIDE_ORIGIN") or f"http://localhost:{os.environ.get('EGIDE_PORT', '8400')}"
    os.environ |= {"EGIDE_ROLE": "web", "DJANGO_SETTINGS_MODULE": "egide.config.settings", "EGIDE_ORIGIN": origin}
    import django

    django.setup()
    import psycopg
    from rich.console import Console

    from egide.cli.cluster import find_binaries
    from egide.cli.rights import MAY_EXECUTE
    from egide.rehearsal.drill import report, run
    from egide.rehearsal.drill.loot import Truth
    from egide.rehearsal.drill.stage import NoStage, Stage
    from egide.rehearsal.signin import SignInFailed
    from egide.rehearsal.truth import truth

    told = Console(stderr=True)
    try:
        everybody = Truth(truth(*_who_is_there(home, seed, patients)))
        stage = Stage(home, origin, everybody, find_binaries() / "pg_dump", MAY_EXECUTE["web"], keys_url or None)
        outcomes = run.play(
            stage, numbers, lambda number: told.print(f"attaque {number}…") if told.is_terminal else None
        )
    except NoStage as refusal:
        raise Halt(str(refusal), 2) from None
    except SignInFailed as failure:
        raise Halt(
            f"La connexion de l'exercice échoue à l'étape « {failure.step} » ({failure.status} {failure.code})."
        ) from None
    except ConnectionRefusedError:
        raise Halt(f"{origin} ne répond pas : lancez Égide (« make run »), puis recommencez.") from None
    except psycopg.OperationalError:
        raise Halt("PostgreSQL ne répond pas : lancez Égide (« make run »), puis recommencez.") from None
    if as_json:
        sys.stdout.write(report.as_json(outcomes, numbers) + "\n")
    else:
        report.print_report(outcomes, numbers, Console())
    raise typer.Exit(1 if report.misses(outcomes) else 0)


def _who_is_there(home: Home, seed: int | None, patients: int | None) -> tuple[int, int]:
    """Seed and number of the demo's people; a Halt when others are asked for than those a load brought.

    Against the wrong people nothing that leaves is anybody's: the drill would pass for want of knowing them.
    """
    found = people_of(home)
    there = found or (DEMO_SEED, DEMO_PATIENTS)
    asked = (there[0] if seed is None else seed, there[1] if patients is None else patients)
    if found and asked != there:
        raise Halt(f"Cette base a été chargée de {there[1]} personnes, graine {there[0]} : ne dites rien d'autre.", 2)
    return asked


def _numbers(only: str) -> list[int]:
    """The numbers asked for; a Halt for what is none."""
    from egide.rehearsal.drill.table import ATTACKS

    asked = [part.strip() for part in only.split(",") if part.strip()]
    known = {str(attack.number): attack.number for attack in ATTACKS}
    if wrong := [part for part in asked if part not in known]:
        raise Halt(f"Aucune attaque ne porte le numéro {wrong[0]} : ils vont de 1 à {len(known)}.", 2)
    return [known[part] for part in asked]
