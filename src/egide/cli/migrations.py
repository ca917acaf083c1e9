"""The base's structure: which migrations the code brings, which the base has, and bringing one to the other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg

import egide
from egide.cli.cluster import Cluster
from egide.cli.halt import Halt

MIGRATE = [sys.executable, "-m", "egide.cli", "migrate"]


def in_code() -> set[tuple[str, str]]:
    """(app, name) of every migration that the installed code brings, read from the folders: Django need not load."""
    rooms = Path(egide.__file__).parent
    return {(path.parent.parent.name, path.stem) for path in rooms.glob("**/migrations/[0-9]*.py")}


def in_base(cluster: Cluster) -> set[tuple[str, str]]:
    """(app, name) of every migration applied to the base; empty before the first. Asked by the operator's own role."""
    with psycopg.connect(cluster.dsn("migrator"), options="-c role=owner") as connection:
        if connection.execute("SELECT to_regclass('public.django_migrations')").fetchone() == (None,):
            return set()
        return {(app, name) for app, name in connection.execute("SELECT app, name FROM django_migrations")}


def refuse_newer(applied: set[tuple[str, str]]) -> None:
    """Halts on a base that a newer Égide has changed: this code would misread it."""
    if unknown := sorted(applied - in_code()):
        app, name = unknown[0]
        raise Halt(
            f"Cette base vient d'une version plus récente d'Égide (elle a {app}.{name}, inconnu ici) : "
            "installez cette version, ou restaurez la sauvegarde faite avant le changement."
        )


def apply(verbosity: int = 1) -> None:
    """Runs Django's migrate here, as the role migrator. The caller must be the operator: the secret is theirs."""
    os.environ["EGIDE_ROLE"] = "migrator"
    os.environ["DJANGO_SETTINGS_MODULE"] = "egide.config.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=verbosity)
