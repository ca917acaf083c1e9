"""`egide demo load` of a whole group: bars on the terminal, a way out, sentences; the work is `rehearsal.bulk`'s."""

from __future__ import annotations

import sys
import time
from datetime import date
from typing import Final, Self

import psycopg

from egide.cli.halt import Halt
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home

DEMO_SEED: Final = 1
DEMO_PATIENTS: Final = 300  # of a base that `make run` made, when no number was said
ASKED: Final = "demo-asked"  # the number that was said, in the home

_TITLES = {"copying": "personnes", "building": "index et clés"}
_SAID = {
    "signed_in": "Quelqu'un s'est connecté pendant le chargement : ce qui est chargé reste. Relancez la commande, "
    "le reste viendra par la voie ordinaire, plus lente.",
    "down": "Le gardien ou PostgreSQL ne répond plus : ce qui est chargé reste ; relancez Égide, puis la commande.",
    "producer_died": "Un des deux producteurs s'est arrêté : ce qui est chargé reste ; relancez la même commande.",
}


def people_of(home: Home) -> tuple[int, int] | None:
    """Seed and number of the demo's people here, loaded or on their way; None where none was asked for yet."""
    from egide.rehearsal.bulk import Bulk

    if standing := Bulk(home).standing():  # of a base that was restored too, without our mark beside it
        return standing.seed, standing.count
    asked = home.root / ASKED
    return (DEMO_SEED, int(asked.read_text(encoding="ascii"))) if asked.exists() else None


def whole_group(home: Home, patients: int, seed: int, today: date) -> bool:
    """Load at full scale where it is worth it and may be done; False leaves it to the ordinary load."""
    from egide.rehearsal import bulk

    try:
        standing = bulk.Bulk(home).standing()
        if standing is None and patients < bulk.FEWEST:
            return False
        if standing is not None and standing.loaded:
            print(f"reprise : {standing.loaded} personnes sont déjà là", flush=True)
        began = time.monotonic()
        with _Bars() as bars:
            told = bulk.Told(bars.stage, bars.more)
            if not bulk.load(home, seed, patients, today, told):
                return False
    except Refused as refusal:
        raise Halt(_SAID.get(refusal.code, refusal.message)) from None
    except psycopg.OperationalError as error:
        if error.sqlstate == "53100":
            raise Halt(
                "Le disque de la base est plein : libérez de la place, puis relancez la même commande."
            ) from None
        raise Halt(_SAID["down"]) from None
    except KeyboardInterrupt:
        raise Halt("Interrompu : ce qui est chargé reste. Relancez la même commande pour reprendre.", 130) from None
    seconds = time.monotonic() - began
    if told.rows:
        people = told.rows["identity_patient"]
        print(f"personnes : {people} ajoutées en {seconds:.1f} s ({people / seconds:.0f}/s) ; "
              + " ; ".join(f"{name} {spent:.0f} s" for name, spent in bars.spent.items()))  # fmt: skip
        for table, rows in told.rows.items():
            print(f"  {table:<20} {rows:>9}")
    else:
        print(f"personnes : 0 ajoutées, {patients} déjà là")
    return True


class _Bars:
    """One bar a stage on a terminal, a line every half-minute elsewhere; keeps how long each stage took."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("Ctrl-C suspend"),
            disable=not sys.stderr.isatty(),
        )
        self._task: object = None
        self._stage, self._since, self._done, self._total, self._said = "", 0.0, 0, 0, 0.0
        self.spent: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._bar.stop()

    def stage(self, name: str, total: int) -> None:
        """A stage begins, with so much to do."""
        self._end()
        self._stage, self._since, self._done, self._total = _TITLES[name], time.monotonic(), 0, total
        self._said = self._since
        self._task = self._bar.add_task(self._stage, total=total)

    def more(self, count: int) -> None:
        """So much more is done."""
        self._done += count
        self._bar.advance(self._task, count)  # type: ignore[arg-type]
        if self._bar.disable and time.monotonic() - self._said > 30:
            self._said = time.monotonic()
            print(f"  {self._stage} : {self._done} sur {self._total}", flush=True)

    def _end(self) -> None:
        if self._stage:
            self.spent[self._stage] = time.monotonic() - self._since
