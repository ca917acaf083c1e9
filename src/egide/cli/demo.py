"""`egide demo …`: the demonstration's people, accounts and keys. Loading writes only on a base that was born a demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Annotated

import typer

from egide.cli.demo_group import DEMO_PATIENTS, DEMO_SEED, whole_group
from egide.cli.halt import Halt, database_trouble
from egide.kernel import clock
from egide.kernel.home import Home

app = typer.Typer(help="La démonstration : personnes, comptes et clés fictifs.", no_args_is_help=True)
key_app = typer.Typer(help="Clés logicielles de la démonstration.", no_args_is_help=True)
app.add_typer(key_app, name="key")

Patients = Annotated[int, typer.Option(min=1, max=900_000, help="Nombre de personnes.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31, help="Graine : la même rend les mêmes personnes.")]
Today = Annotated[
    str, typer.Option("--today", help="Jour de référence des séjours, AAAA-MM-JJ ; par défaut aujourd'hui.")
]
Username = Annotated[str, typer.Argument(help="Nom de compte, voir « egide demo accounts ».")]
FEWEST_DAYS = 30  # a stay needs some past behind it


@app.command()
def load(patients: Patients = DEMO_PATIENTS, seed: Seed = DEMO_SEED, today: Today = "") -> None:
    """Charge la démonstration : structure et comptes, clés, puis personnes. Une seconde fois n'ajoute rien."""
    from egide.cli.users import user_of
    from egide.keeper.client import KeeperDown
    from egide.kernel.capabilities import Refused
    from egide.rehearsal import staffing

    home = Home.from_environment()
    day = _day(today)
    _need_demo(home)
    demo_user = user_of("demo-keys")
    try:
        added = staffing.install(home, day)
        keys = staffing.make_keys(home.demo_keys, _origin(), (demo_user.uid, demo_user.gid) if demo_user else None)
        staffing.enrol(home, keys)
    except KeeperDown:
        raise Halt("Le gardien ne répond pas : lancez Égide (« make run »), puis recommencez.") from None
    except Refused as refusal:
        raise Halt(f"Le gardien a refusé une clé de démonstration ({refusal.code}).") from None
    except _connection_errors() as error:
        raise _database_halt(error) from None
    staffing.write_listing(home)
    print(f"comptes : {added} ajoutés, {len(keys)} clés", flush=True)
    options = ["--patients", str(patients), "--seed", str(seed), "--today", day.isoformat()]
    if not whole_group(home, patients, seed, day):
        _as_worker(home, ["people", *options])
    _as_worker(home, ["requests", *options])


@app.command(hidden=True)
def people(patients: Patients = DEMO_PATIENTS, seed: Seed = DEMO_SEED, today: Today = "") -> None:
    """La part de « load » qui touche des personnes : rôle worker, compte d'application du site."""
    import time

    home = Home.from_environment()
    day = _day(today)
    _need_demo(home)
    _as_role_worker()
    from django.db import OperationalError

    from egide.keeper.client import KeeperDown
    from egide.kernel.capabilities import Refused
    from egide.rehearsal.load import load as load_people

    began = time.monotonic()
    try:
        with _progress(patients) as advance:
            loaded = load_people(seed, patients, day, advance)
    except KeeperDown:
        raise Halt("Le gardien ne répond pas : lancez Égide (« make run »), puis recommencez.") from None
    except Refused as refusal:
        raise Halt(
            refusal.message if refusal.code == "other_demo" else f"Le chargement est refusé ({refusal.code})."
        ) from None
    except OperationalError as error:
        raise _database_halt(error) from None
    seconds = time.monotonic() - began
    print(
        f"personnes : {loaded.added} ajoutées, {loaded.known} déjà là, en {seconds:.1f} s ({patients / seconds:.0f}/s)"
    )
    for table, rows in loaded.rows.items():
        if rows:
            print(f"  {table:<20} {rows:>9}")


@app.command(hidden=True)
def requests(patients: Patients = DEMO_PATIENTS, seed: Seed = DEMO_SEED, today: Today = "") -> None:
    """La part de « load » qui demande des examens : rôle worker, compte d'application de chaque clinique."""
    home = Home.from_environment()
    day = _day(today)
    _need_demo(home)
    _as_role_worker()
    from django.db import OperationalError

    from egide.keeper.client import KeeperDown
    from egide.kernel.capabilities import Refused
    from egide.rehearsal.requests import ask

    try:
        added = ask(seed, patients, day)
    except KeeperDown:
        raise Halt("Le gardien ne répond pas : lancez Égide (« make run »), puis recommencez.") from None
    except Refused as refusal:
        raise Halt(f"Les demandes d'examens sont refusées ({refusal.code}).") from None
    except OperationalError as error:
        raise _database_halt(error) from None
    print(f"examens demandés : {added} ajoutés")


@app.command()
def truth(patients: Patients = DEMO_PATIENTS, seed: Seed = DEMO_SEED) -> None:
    """Écrit qui est qui, une personne par ligne (JSON), d'après la graine seule."""
    from egide.rehearsal.truth import truth as tell

    for one in tell(seed, patients):
        sys.stdout.write(json.dumps(one, ensure_ascii=False) + "\n")


@app.command()
def accounts() -> None:
    """Liste les comptes de la démonstration et réécrit demo/accounts.json si la base est une démonstration."""
    from egide.rehearsal import staff, staffing

    for account in staff.accounts().values():
        units = ", ".join(unit.name for unit in account.units) or "—"
        print(f"{account.username:<20} {account.name:<22} {account.profession:<18} {units}")
    home = Home.from_environment()
    base = home.base()
    if base is not None and base.demo and os.access(home.demo, os.W_OK):
        staffing.write_listing(home)


@app.command()
def signin(
    username: Username,
    url: Annotated[str, typer.Option(help="Adresse du serveur ; par défaut celle de EGIDE_ORIGIN.")] = "",
    keys_url: Annotated[
        str, typer.Option(envvar="EGIDE_DEMO_KEYS_URL", help="Service des clés ; par défaut le port suivant.")
    ] = "",
    netscape: Annotated[bool, typer.Option("--netscape", help="Format de curl et wget (fichier de cookies).")] = False,
) -> None:
    """Connecte un compte par la vraie cérémonie (défi, clé, preuve) et écrit ses cookies et sa clé de poste."""
    from urllib.parse import urlsplit

    from egide.rehearsal.signin import SignInFailed, sign_in

    address = url or _origin()
    try:
        visitor = sign_in(address, username, keys_url or None)
    except SignInFailed as failure:
        raise Halt(
            f"La connexion de {username} est refusée à l'étape « {failure.step} » ({failure.status} {failure.code})."
        ) from None
    except ValueError:
        raise Halt(f"{address} n'est pas une adresse : donnez par exemple http://localhost:8400.", 2) from None
    except OSError:
        raise Halt(f"{address} ne répond pas : lancez Égide (« make run »), puis recommencez.") from None
    host = urlsplit(address).hostname or "localhost"
    if netscape:
        print("# Netscape HTTP Cookie File")
    for name, value in visitor.cookies.items():
        print(f"{host}\tFALSE\t/\tFALSE\t0\t{name}\t{value}" if netscape else f"{name}={value}")
    if visitor.workstation is not None:
        print(f"{'# ' if netscape else ''}cle_de_poste={visitor.workstation.export()}")


@app.command()
def proof(
    key: Annotated[str, typer.Argument(help="La clé de poste que « egide demo signin » a écrite.")],
    address: Annotated[str, typer.Argument(help="Adresse ou chemin de la requête, par exemple /jour/.")],
    method: Annotated[str, typer.Option(help="Méthode de la requête.")] = "GET",
) -> None:
    """Écrit l'en-tête d'une requête signée, valable vingt secondes, une fois : curl -H "$(egide demo proof …)"."""
    from egide.kernel.proofs import HEADER
    from egide.rehearsal.workstation import Workstation

    try:
        workstation = Workstation.of(key.removeprefix("cle_de_poste="))
    except ValueError:
        raise Halt("Ce n'est pas une clé de poste : donnez celle que « egide demo signin » a écrite.", 2) from None
    print(f"{HEADER}: {workstation.proof(method.upper(), address)}")


@key_app.command("export")
def export_key(username: Username) -> None:
    """Écrit la clé d'un compte pour l'authentificateur virtuel de Chromium (lue par l'opérateur seul)."""
    from egide.rehearsal.softkey import SoftKey

    home = Home.from_environment()
    _need_demo(home)
    _known(username)
    path = home.demo_keys / f"{username}.json"
    try:
        key = SoftKey.load(path)
    except FileNotFoundError:
        raise Halt(f"{username} n'a pas encore de clé : lancez « egide demo load ».") from None
    except ValueError:
        raise Halt(f"{path} n'est pas une clé : effacez-le, puis relancez « egide demo load ».") from None
    print(json.dumps(key.for_chromium()))


def _known(username: str) -> None:
    from egide.rehearsal import staff

    if username not in staff.accounts():
        raise Halt(f"Aucun compte de démonstration ne s'appelle {username!r} : voir « egide demo accounts ».", 2)


def _need_demo(home: Home) -> None:
    from egide.rehearsal.demo_keys import NotADemo, refuse_unless_demo

    try:
        refuse_unless_demo(home)
    except NotADemo as refusal:
        raise Halt(str(refusal), 2) from None


def _origin() -> str:
    return os.environ.get("EGIDE_ORIGIN", f"http://localhost:{os.environ.get('EGIDE_PORT', '8400')}")


def _day(text: str) -> date:
    from datetime import timedelta

    from egide.rehearsal.people import REFERENCE

    if not text:
        return clock.today()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Halt(f"« {text} » n'est pas un jour : donnez-le comme 2026-11-24.", 2) from None
    if not REFERENCE + timedelta(days=FEWEST_DAYS) <= day <= date(2100, 1, 1):
        raise Halt(f"Le jour doit être entre le {REFERENCE + timedelta(days=FEWEST_DAYS)} et le 2100-01-01.", 2)
    return day


def _as_role_worker() -> None:
    """Django, as the worker's role in the base."""
    os.environ["EGIDE_ROLE"] = "worker"
    os.environ["DJANGO_SETTINGS_MODULE"] = "egide.config.settings"
    import django

    django.setup()


def _as_worker(home: Home, arguments: list[str]) -> None:
    """Runs a command of this group as the worker's system user (where there is one), its output on this terminal."""
    from egide.cli.processes import environment
    from egide.cli.users import user_of

    user = user_of("worker")
    passed = {
        name: os.environ[name] for name in ("EGIDE_PORT", "EGIDE_ORIGIN", "TERM", "COLUMNS") if name in os.environ
    }
    done = subprocess.run(
        [sys.executable, "-m", "egide.cli", "demo", *arguments],
        check=False,
        cwd="/",
        env=environment(home, "demo-load", {"EGIDE_ROLE": "worker", **passed}),
        stdin=subprocess.DEVNULL,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        # It has said why; what it had committed stays, and the next run adds the rest.
        raise typer.Exit(done.returncode if done.returncode > 0 else 1)


class _progress:  # noqa: N801 — used as a `with` word
    """A bar on a terminal, nothing elsewhere; gives the function that moves it."""

    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("personnes"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("personnes", total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return lambda done: self._bar.advance(self._task, done)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _connection_errors() -> type[Exception]:
    import psycopg

    return psycopg.OperationalError


def _database_halt(error: Exception) -> Halt:
    why, first = database_trouble(error)
    return Halt(f"{why} : {first}, puis relancez la même commande.")
