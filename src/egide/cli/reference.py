"""`egide reference …`: public classifications brought up to date by the operator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from egide.cli.halt import Halt, database_trouble

app = typer.Typer(help="Les référentiels publics : CIM-10.", no_args_is_help=True)
importing = typer.Typer(help="Remplacer un référentiel par un fichier publié.", no_args_is_help=True)
app.add_typer(importing, name="import")

_LARGEST = 20_000_000  # bytes; the ATIH's file holds under two million


@app.callback()
def _group() -> None:
    """Les référentiels publics : CIM-10."""


@importing.command()
def cim10(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="LIBCIM10MULTI.TXT de l'ATIH (UTF-8 ou Latin-1).")],
) -> None:
    """Remplace la CIM-10 par le fichier entier de l'ATIH. Une ligne incomprise : rien ne change."""
    from egide.reference import rules

    try:
        raw = file.read_bytes()
    except OSError:
        raise Halt(f"{file} ne se lit pas : vérifiez le chemin et les droits.", 2) from None
    if len(raw) > _LARGEST:
        raise Halt(f"{file} dépasse {_LARGEST // 1_000_000} Mo : ce n'est pas le fichier de l'ATIH.", 2)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        found = list(rules.rows(text.splitlines()))
    except ValueError as wrong:
        raise Halt(f"{file}, ligne {wrong} : ni code et libellé, ni les six champs de l'ATIH.", 2) from None
    if not found:
        raise Halt(f"{file} ne contient aucun code. Rien n'a changé.", 2)
    print(f"CIM-10 : {_replace(found)} codes.")


def _replace(found: list[tuple[str, str]]) -> int:
    os.environ |= {"EGIDE_ROLE": "migrator", "DJANGO_SETTINGS_MODULE": "egide.config.settings"}
    import django

    django.setup()
    from django.db import DatabaseError, connection

    from egide.reference.loading import replace
    from egide.reference.models import Diagnosis

    try:
        return replace(Diagnosis, found)
    except DatabaseError as error:
        why, first = database_trouble(error)
        raise Halt(f"{why} : {first}, puis recommencez. Rien n'a changé.", 2) from None
    finally:
        connection.close()
