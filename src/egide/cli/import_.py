"""`egide import …`: foreign records enter a unit.

The operator's process opens the files, a confined one parses them, and what writes runs as egide-worker.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from egide.cli.halt import Halt, database_trouble
from egide.cli.users import user_of

if TYPE_CHECKING:
    from collections import Counter

    from rich.progress import Progress
    from rich.table import Table

    from egide.interop.fhir.actions import Import
    from egide.interop.fhir.reading import Reading
    from egide.interop.fhir.sources import SourceFile
    from egide.interop.fhir.tally import Tally

app = typer.Typer(help="Faire entrer des dossiers venus d'ailleurs.", no_args_is_help=True)

_NAMED_ON_SCREEN = 50
_BECAME = ("new", "known", "admitted", "unplaced", "shifted", "refused")
_WIDE = 120  # columns, where nothing says how many there are
_AGAIN = "ce qui est entré est complet ; relancez : rien n'entrera deux fois"


@app.callback()
def _group() -> None:
    """Faire entrer des dossiers venus d'ailleurs."""


@app.command()
def fhir(
    paths: Annotated[
        list[Path], typer.Argument(metavar="CHEMIN…", help="Fichiers ou dossiers FHIR R4 (.json, .ndjson, .gz).")
    ],
    site: Annotated[str, typer.Option(metavar="S", help="Le site : FINESS, nom ou identifiant.")],
    unit: Annotated[
        str, typer.Option(metavar="U", help="L'unité où les patients sont admis : code, nom ou identifiant.")
    ],
    shift_dates: Annotated[
        bool,
        typer.Option("--shift-dates", help="Ramène chaque patient daté du futur vers le passé, par jours entiers."),
    ] = False,
    source: Annotated[
        str,
        typer.Option(metavar="NOM", help="Nom de la source ; à défaut, le système du premier identifiant de chacun."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Le compte en JSON sur la sortie standard.")] = False,
) -> None:
    """Fait entrer un dossier FHIR et admet chaque patient dans l'unité ; ce qui n'y a pas de place est gardé à part.

    Repris : Patient, Encounter, Condition, AllergyIntolerance, Observation (mesures), MedicationRequest,
    MedicationStatement, MedicationAdministration, Immunization, Procedure, DocumentReference. Le reste est conservé,
    scellé, compté.

    Code 0 : tout est compté ; 1 : des lignes sont défectueuses ou des patients refusés ; 2 : rien n'est écrit.
    """
    from egide.interop.fhir.reading import read
    from egide.interop.fhir.sources import SourceRefused, files_of

    try:
        files = files_of(paths)
        unit_id, site_id = _place(site, unit)
        with _progress() as bar:
            total = sum(file.path.stat().st_size for file in files)
            task = bar.add_task("Lecture", total=total)
            with read(files, source.strip(), lambda size: bar.advance(task, size)) as reading:
                _become_worker()
                run = _write(bar, reading, site_id, unit_id, shift=shift_dates)
    except SourceRefused as refused:
        raise Halt(str(refused), 2) from None
    except KeyboardInterrupt:
        raise Halt("Interrompu pendant la lecture : rien n'est écrit.", 2) from None
    _report(run, reading, files, as_json=as_json)
    if run.tally.named or run.patients["refused"]:
        raise typer.Exit(1)


def _place(site: str, unit: str) -> tuple[UUID, UUID]:
    """Unit and site ids; refuses an unknown name, a base or a keeper that does not answer."""
    os.environ |= {"EGIDE_ROLE": "worker", "DJANGO_SETTINGS_MODULE": "egide.config.settings"}
    from egide.kernel.home import Home

    if Home.from_environment().base() is None:
        raise Halt("Aucune base n'est née ici : lancez d'abord « egide run ».", 2)
    import django

    django.setup()
    from django.db import DatabaseError, connection

    from egide.accounts.session import keeper
    from egide.directory.models import Site, Unit
    from egide.keeper.client import KeeperDown
    from egide.kernel.capabilities import Refused

    try:
        sites = list(Site.objects.order_by("name"))
        found = _one("site", site, [(each.id, (each.finess, each.name)) for each in sites])
        units = list(Unit.objects.filter(site_id=found).order_by("code"))
        place = _one("unité", unit, [(each.id, (each.code, each.name)) for each in units])
        with suppress(Refused):  # an answer of any kind: it is there
            keeper().call("health")
    except DatabaseError as error:
        why, first = database_trouble(error)
        raise Halt(f"{why} : {first}, puis recommencez.", 2) from None
    except KeeperDown:
        raise Halt("Le gardien ne répond pas : attendez qu'il redémarre ou lancez « egide run ».", 2) from None
    finally:
        keeper().close()
        connection.close()
    return place, found


def _one(what: str, wanted: str, known: Sequence[tuple[UUID, tuple[str, str]]]) -> UUID:
    text = wanted.strip().casefold()
    matches = [ident for ident, names in known if text in (str(ident), *(name.casefold() for name in names))]
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(f"« {name} » ({code})" for _, (code, name) in known[:20]) or "aucun"
    verdict = f"Plusieurs {what}s s'appellent ainsi" if matches else f"Aucun {what} de ce nom"
    if what != "site" and not matches:
        verdict = f"Aucune {what} de ce nom sur ce site"
    raise Halt(f"{verdict} : choisissez parmi {names}.", 2)


def _become_worker() -> None:
    """The files are read: what writes is the worker's own account, which alone may speak to the keeper for imports."""
    user = user_of("worker")
    if user is not None:
        os.setgroups([])
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)


def _write(bar: Progress, reading: Reading, site_id: UUID, unit_id: UUID, *, shift: bool) -> Import:
    from django.db import DatabaseError

    from egide.gate.applications import sign_in
    from egide.interop.fhir.actions import Import
    from egide.interop.fhir.sources import SourceRefused
    from egide.keeper.client import KeeperDown
    from egide.kernel.capabilities import Refused
    from egide.kernel.clock import now

    task = bar.add_task(f"Écriture de {_number(reading.patients)} patients", total=reading.resources)
    run: Import | None = None
    try:
        run = Import(sign_in(site_id, reading.manifest, "import"), reading.manifest, unit_id, now(), shift)
        for handled in run.take(reading.persons):
            bar.update(task, completed=handled)
        run.app.end()
    except KeyboardInterrupt:
        raise _stopped("Interrompu", run) from None
    except DatabaseError as error:
        raise _stopped(database_trouble(error)[0], run) from None
    except KeeperDown:
        raise _stopped("Le gardien a cessé de répondre", run) from None
    except Refused as refused:
        raise _stopped(f"Le gardien refuse ({refused.code})", run) from None
    except SourceRefused as refused:
        raise _stopped(str(refused).rstrip("."), run) from None
    run.tally.add(reading.tally)
    return run


def _stopped(why: str, run: Import | None) -> Halt:
    written = sum(run.patients[what] for what in ("new", "known")) if run else 0
    if not written:
        return Halt(f"{why} : rien n'est écrit ; recommencez quand « egide doctor » dit que tout va bien.", 2)
    return Halt(f"{why} après {written} patients : {_AGAIN}.", 1)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Bars on the error stream, so that --json stays alone on the other."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    count = TextColumn("{task.completed:,.0f}/{task.total:,.0f}")
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield bar


def _report(run: Import, reading: Reading, files: Sequence[SourceFile], *, as_json: bool) -> None:
    names = [file.name for file in files]
    if as_json:
        account = run.tally.as_json(names)
        account["files"] = len(files)
        account["manifest"] = reading.manifest
        account["patients"] = {
            what: run.patients[what] for what in ("new", "known", "admitted", "unplaced", "shifted", "refused")
        }
        typer.echo(json.dumps(account, ensure_ascii=False, indent=2))
        return
    _table(run, names)


def _counts(tally: Tally) -> Table:
    from rich.table import Table

    table = Table(title="Import FHIR", title_justify="left")
    table.add_column("Type", no_wrap=True)
    for heading in ("lus", "repris", "gardés à part", "déjà là", "laissés", "défectueux"):
        table.add_column(heading, justify="right")
    for kind in tally.types():
        counts = (
            tally.read[kind], tally.stored[kind], tally.kept_of(kind), tally.already[kind], tally.left_of(kind),
            tally.broken[kind],
        )  # fmt: skip
        table.add_row(kind, *(_number(count) for count in counts))
    totals = (tally.read, tally.stored, tally.kept, tally.already, tally.left, tally.broken)
    table.add_section()
    table.add_row("Total", *(_number(column.total()) for column in totals))
    return table


def _reasons(title: str, tally: Tally, counted: Counter[tuple[str, str]], said: dict[str, str]) -> Iterator[Table]:
    from rich.table import Table

    table = Table("Type", "pourquoi", title=title, title_justify="left")
    table.add_column("nombre", justify="right")
    for kind in tally.types():
        for (name, reason), count in sorted(counted.items(), key=lambda item: -item[1]):
            if name == kind and count:
                table.add_row(kind, said[reason], _number(count))
    if table.row_count:
        yield table


def _table(run: Import, names: Sequence[str]) -> None:
    from rich.console import Console

    from egide.interop.fhir.tally import BROKEN, KEPT, LEFT, LEFT_OUT

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDE
    tally = run.tally
    console.print(_counts(tally))
    for table in (*_reasons("Gardés à part", tally, tally.kept, KEPT), *_reasons("Laissés", tally, tally.left, LEFT)):
        console.print(table)
    for reason, count in sorted(tally.left_out.items()):
        console.print(f"À l'intérieur de ressources reprises : {_number(count)} × {LEFT_OUT[reason]}.")
    if tally.whole:
        console.print(f"Gardées entières en plus, pour ces parties : {_number(tally.whole)} ressources.")
    for item in tally.named[:_NAMED_ON_SCREEN]:
        where = f"{names[item.place.file]}:{item.place.line}" + (
            f", entrée {item.place.entry}" if item.place.entry else ""
        )
        what = f" (champ {item.field})" if item.field else ""
        console.print(f"Ligne défectueuse — {where} : {BROKEN[item.reason]}{what}.")
    hidden = tally.broken.total() - len(tally.named[:_NAMED_ON_SCREEN])
    if hidden:
        console.print(f"… et {_number(hidden)} autres lignes défectueuses : --json en nomme jusqu'à mille.")
    people = run.patients
    console.print(
        f"Patients : {people['new']} nouveaux, {people['known']} déjà connus, {people['admitted']} admis dans l'unité, "
        f"{people['shifted']} ramenés dans le passé, {people['refused']} refusés."
    )
    if people["unplaced"]:
        console.print(
            f"{people['unplaced']} sont entrés sans être admis : l'unité compte déjà 1,2 fois ses lits. La recherche"
            " les trouve ; une unité sans lits en admet 200."
        )
    console.print("Les sommes concordent." if tally.balanced() else "LES SOMMES NE CONCORDENT PAS : signalez-le.")


def _number(count: int) -> str:
    """With narrow no-break spaces between thousands, as French writes them."""
    return f"{count:,}".replace(",", "\u202f")
