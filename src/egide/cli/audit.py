"""`egide audit`: checks the trail offline, and exports it for who checks it elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import IO, Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from egide.audit.approvals import Kept, Told, Yeses, kept_in_base, verify_yeses
from egide.audit.lines import UnreadableError, from_base, from_export, size_in_base, write_export
from egide.audit.verifier import Line, Report, verify
from egide.cli.cluster import Cluster
from egide.cli.halt import Halt
from egide.kernel import clock
from egide.kernel.checkpoint import VerifyKey, split_log
from egide.kernel.home import Home
from egide.kernel.merkle import HASH_SIZE

app = typer.Typer(help="La trace des accès : vérifier, exporter.", no_args_is_help=True)

CANNOT = 2  # neither right nor wrong: it could not be checked
STALE = timedelta(minutes=2)


@app.command("verify")
def verify_command(
    source: Annotated[Path | None, typer.Option("--from", help="Un export, au lieu de la base.")] = None,
    trail: Annotated[Path | None, typer.Option(help="Le dossier du gardien (leaves.bin, checkpoints.log).")] = None,
    key: Annotated[Path | None, typer.Option(help="La clé publique, de préférence votre propre copie.")] = None,
) -> None:
    """Vérifie toute la trace. Code 0 : intacte ; 1 : la première feuille fausse est nommée ; 2 : non vérifiée."""
    home = Home.from_environment()
    folder = trail or home.keeper_trail
    public = _key(folder / "checkpoint.vkey")
    held = _key(key) if key else public
    # Checkpoints, then leaves, then rows: each is written in the opposite order, so what is read later holds the rest.
    notes = split_log(_read(folder / "checkpoints.log").decode(errors="replace"))
    told, kept = Told(), list[Kept]()
    with ExitStack() as stack:
        leaves = _open(folder / "leaves.bin", stack) if (folder / "leaves.bin").exists() else None
        in_file = os.fstat(leaves.fileno()).st_size // HASH_SIZE if leaves else 0
        if source:
            lines, total = _exported(_open(source, stack)), in_file
        else:
            conn = _connect(home, stack)
            lines, total = _with_yeses(from_base(conn), conn, kept), size_in_base(conn)
        bar = stack.enter_context(_progress())
        task = bar.add_task("Feuilles", total=total or None)
        try:
            report = verify(
                told.watch(lines),
                notes,
                public,
                _hashes(leaves, in_file) if leaves else None,
                lambda done: bar.update(task, completed=done),
                held,
            )
        except UnreadableError as error:
            raise Halt(f"{source} : {error} ; refaites l'export avec « egide audit export ».", CANNOT) from error
        except psycopg.Error as error:
            raise Halt(
                "La base s'est arrêtée pendant la vérification : relancez-la, puis recommencez.", CANNOT
            ) from error
    yeses = verify_yeses(told, kept) if source is None else None
    raise typer.Exit(_render(report, yeses, with_file=leaves is not None))


@app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(help="Le fichier à écrire (NDJSON) ; il ne doit pas exister.")],
) -> None:
    """Écrit la trace dans un fichier que « egide audit verify --from » vérifie ailleurs, sans la base."""
    home = Home.from_environment()
    base = home.base()
    if file.exists():
        raise Halt(f"{file} existe déjà : donnez un autre nom.", CANNOT)
    aside = file.with_name(file.name + ".part")
    with ExitStack() as stack:
        conn = _connect(home, stack)
        try:
            out = stack.enter_context(
                os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
            )
        except OSError as error:
            raise Halt(f"{file} ne peut être écrit : choisissez un autre dossier.", CANNOT) from error
        bar = stack.enter_context(_progress())
        task = bar.add_task("Feuilles", total=size_in_base(conn) or None)
        try:
            written = write_export(bar.track(from_base(conn), task_id=task), out, base.base_id if base else "")
        except (OSError, psycopg.Error) as error:
            aside.unlink(missing_ok=True)
            why = "le disque est plein" if isinstance(error, OSError) else "la base s'est arrêtée"
            raise Halt(f"L'export n'a pas pu finir, {why} : rien n'est écrit.", CANNOT) from error
    aside.replace(file)
    print(f"{written} lignes écrites dans {file}.")


def _key(path: Path) -> VerifyKey:
    try:
        return VerifyKey.parse(_read(path).decode("ascii"))
    except ValueError as error:
        raise Halt(f"{path} ne contient pas de clé de vérification : donnez-la avec --key.", CANNOT) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Halt(
            f"{path} ne peut être lu : donnez le dossier du gardien avec --trail, la clé avec --key.", CANNOT
        ) from error


def _open(path: Path, stack: ExitStack) -> IO[bytes]:
    try:
        return stack.enter_context(path.open("rb"))
    except OSError as error:
        raise Halt(f"{path} ne peut être lu : vérifiez le chemin et vos droits.", CANNOT) from error


def _connect(home: Home, stack: ExitStack) -> psycopg.Connection:
    try:
        return stack.enter_context(psycopg.connect(Cluster(home).dsn("auditor"), autocommit=True))
    except psycopg.OperationalError as error:
        raise Halt(
            "La base ne répond pas au rôle auditor : démarrez Égide (« egide run »), ou donnez un export avec --from.",
            CANNOT,
        ) from error


def _exported(file: IO[bytes]) -> Iterator[Line]:
    return from_export(line.decode(errors="replace") for line in file)


def _with_yeses(lines: Iterator[Line], conn: psycopg.Connection, kept: list[Kept]) -> Iterator[Line]:
    """The lines; with the first, in their snapshot, the yeses that the base keeps."""
    for number, line in enumerate(lines):
        if number == 0:
            kept += kept_in_base(conn)
        yield line


def _hashes(file: IO[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield file.read(HASH_SIZE)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _render(report: Report, yeses: Yeses | None, *, with_file: bool) -> int:
    for finding in (*report.findings, *(yeses.findings if yeses else ())):
        print(f"FAUX  {finding.text}. [{finding.code}]")
    if report.findings or (yeses and yeses.findings):
        print(f"{_count(report.leaves, 'feuille vérifiée')} avant cela.")
        return 1
    if report.latest is None:
        return CANNOT
    print(
        f"Trace intacte : {_count(report.leaves, 'feuille')} ({_count(report.rows, 'ligne')}, "
        f"{report.gaps} numéro(s) jamais validé(s)), {report.checkpoints} point(s) de contrôle, "
        f"le dernier du {report.latest:%Y-%m-%d à %H:%M:%S} UTC."
    )
    if report.unsigned or report.waiting:
        print(f"{report.unsigned} feuille(s) pas encore signée(s), {report.waiting} ligne(s) en attente de numéro.")
    if report.handovers:
        print(f"La clé qui signe a changé {report.handovers} fois, chaque fois signé par la précédente. Aujourd'hui :")
        print(f"  {report.key}")
    if yeses is None:
        print("Les accords ne se vérifient que sur la base : l'export ne porte ni les actes ni leurs signatures.")
    elif yeses.verified or yeses.old:
        print(f"{_count(yeses.verified, 'accord')} dont la signature est revérifiée contre l'acte et la clé.")
        if yeses.old:
            print(f"{_count(yeses.old, 'accord')} d'une clé posée avant que la trace ne garde sa partie publique.")
    if not with_file:
        print("Sans leaves.bin : vérifié contre les racines signées seules.")
    age = clock.now() - report.latest
    if age > STALE:
        print(f"Attention : aucun point de contrôle depuis {int(age.total_seconds() // 60)} minutes.")
    return 0


def _count(number: int, noun: str) -> str:
    words = noun if number < 2 else " ".join(f"{word}s" for word in noun.split())
    return f"{number:,}".replace(",", "\u202f") + f" {words}"
