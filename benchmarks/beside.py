"""Does searching delay openings? `open` alone, beside eight searching desks, and with both in one process as before.

    python benchmarks/beside.py [--people 100000] [--rounds 5] [--seconds 8] [--home DIR]

A base of its own, as search.py makes it. One client opens new charts one after the other; eight others, in a process of
their own, search without a pause. The three situations take turns within each round, so that the ratio of their medians
holds on a machine where others run. Writes results/beside.md and .json.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import statistics
import tempfile
import threading
import time
import uuid
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psycopg
from measures.report import table, write
from search import SEED, SITE, Slips, a_session, load, pass_of, quantile

from egide.cli import premises
from egide.cli.supervisor import Supervisor
from egide.keeper import finding, masters, server
from egide.keeper.client import Keeper
from egide.keeper.signin import Ceremony
from egide.keeper.verbs import Verbs
from egide.kernel.home import Home
from egide.rehearsal import people

PATIENTS, DESKS = 100, 8
HOW = """{patients} patients in the opener's unit, {people:,} people in the base; {rounds} rounds of {seconds} s a
situation, in turn. An opening is new each time: decided, spent, its row committed, its keys derived. A search is exact
(name, first name, date). *Apart*: as Égide runs, two programs. *Together*: the same verbs in one process, as before
this was decided, without the trail's sequencer (its idle figure is the better for it). On two shared cores the desks
also take processor time from PostgreSQL, which both need: that part no process of ours can give back."""


class Together:
    """Both programs' verbs in one process: what the keeper was."""

    def __init__(self, keys: masters.Masters) -> None:
        self._door = Verbs(keys, Ceremony("http://localhost"), Unheard())
        self._finder = finding.Finding(keys, Unheard(), at_once=100)  # type: ignore[arg-type] — a door unheard too

    def answer(self, kind: str, conn: psycopg.Connection[Any], request: dict[str, Any]) -> dict[str, Any]:
        """To whom the socket is."""
        return (self._finder if kind == "finder" else self._door).answer(kind, conn, request)


class Unheard:
    """A trail and a door that keep nothing."""

    def expect(self, entry_id: int, leaf: bytes) -> None:
        """Nothing."""

    def count(self, told: dict[str, Any], ids: list[uuid.UUID]) -> None:
        """Nothing."""

    def health(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class Elsewhere(Home):
    """The same home with the keeper's sockets in another folder."""

    @property
    def keeper_run(self) -> Path:
        return self.root / "together"


def serve_together(root: Path) -> None:
    """In a process of its own, until it is ended."""
    home = Elsewhere(root)
    keys = masters.load(home.keeper_masters, home.keeper_birth)
    server.Server(home, Together(keys), ("web", "finder")).start()
    threading.Event().wait()


def search_without_pause(path: Path, cookie: str, count: int, stop: Event, done: Any) -> None:
    """Eight desks; how many searches they made."""
    totals = [0] * DESKS

    def desk(number: int) -> None:
        slips, draw, line = Slips(number), random.Random(number), Keeper(path)
        asked = [slips.exact(people.person(SEED, draw.randrange(count))) for _ in range(200)]
        while not stop.is_set():
            line.call("search", cookie=cookie, typed=draw.choice(asked))
            totals[number] += 1
        line.close()

    threads = [threading.Thread(target=desk, args=(number,)) for number in range(DESKS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    done.put(sum(totals))


def openings(path: Path, cookie: str, patients: list[uuid.UUID], seconds: float) -> list[float]:
    """Milliseconds of each new opening, one after the other."""
    line, took = Keeper(path), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        line.call(
            "open", cookie=cookie, ids=[random.choice(patients).bytes], purpose=f"care {uuid.uuid4().hex[:16]}",
            read=["identity", "stay", "clinical"], write=["clinical"], counted=False,
        )  # fmt: skip
        took.append((time.perf_counter() - began) * 1000)
    line.close()
    return took


def a_ward(conn: psycopg.Connection[Any]) -> tuple[uuid.UUID, uuid.UUID, list[uuid.UUID]]:
    """A nurse's session on a unit of many patients."""
    session, account = a_session(conn)
    unit = uuid.uuid4()
    conn.execute(
        "INSERT INTO directory_site (id, name, finess, kind, city) VALUES (%s, 'Mesure', '000000001', 'MCO', 'Brest')"
        " ON CONFLICT DO NOTHING", (SITE,),
    )  # fmt: skip
    conn.execute(
        "INSERT INTO directory_unit (id, site_id, name, code, specialty) VALUES (%s, %s, 'Mesure', %s, '')",
        (unit, SITE, unit.hex[:8]),
    )
    conn.execute("UPDATE accounts.membership SET profession = 'nurse', unit = %s WHERE account = %s", (unit, account))
    conn.execute("UPDATE accounts.session SET profession = 'nurse' WHERE id = %s", (session,))
    rows = conn.execute("SELECT patient_id FROM identity_patient ORDER BY patient_id LIMIT %s", (PATIENTS,)).fetchall()
    patients = [row[0] for row in rows]
    conn.execute(
        "INSERT INTO gate.link (patient_id, basis, unit, since, entry)"
        " SELECT i, 'stay', %s, now(), 0 FROM unnest(%s) i",
        (unit, patients),
    )
    return session, account, patients


def measure(
    home: Home, nurse: str, clerk: str, patients: list[uuid.UUID], count: int, rounds: int, seconds: float
) -> dict[str, dict[str, list[float]]]:
    """p50, p95 and number of searches of each situation, a value a round."""
    together = Elsewhere(home.root)
    situations: dict[str, tuple[Home, bool]] = {
        "apart, nobody searches": (home, False), "apart, eight desks search": (home, True),
        "together, nobody searches": (together, False), "together, eight desks search": (together, True),
    }  # fmt: skip
    found: dict[str, dict[str, list[float]]] = {
        name: {"p50": [], "p95": [], "openings": [], "searches": []} for name in situations
    }
    for _ in range(rounds):
        for name, (where, busy) in situations.items():
            searches = 0.0
            ask = partial(openings, where.keeper_socket("web"), nurse, patients, seconds)
            if busy:
                stop, done = multiprocessing.Event(), multiprocessing.Queue()
                child = multiprocessing.Process(
                    target=search_without_pause, args=(where.keeper_socket("finder"), clerk, count, stop, done)
                )
                child.start()
                time.sleep(1.5)  # the desks are all at work
                took = ask()
                stop.set()
                searches = done.get() / (seconds + 1.5)
                child.join()
            else:
                took = ask()
            for key, value in (
                ("p50", quantile(took, 0.5)), ("p95", quantile(took, 0.95)), ("openings", len(took) / seconds),
                ("searches", searches),
            ):  # fmt: skip
                found[name][key].append(value)
            print(name, {key: round(values[-1], 2) for key, values in found[name].items()}, flush=True)
    return found


def main() -> None:
    """Makes the base, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    os.umask(0o022)
    root = arguments.home or Path(tempfile.mkdtemp(prefix="egide-beside-", dir="/var/lib"))
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    os.environ |= {"EGIDE_HOME": str(root), "DJANGO_SETTINGS_MODULE": "egide.config.settings"}
    home = Home(root)
    house = Supervisor(home, 8498, demo=True, durable=True)
    both = multiprocessing.get_context("spawn").Process(target=serve_together, args=(root,), daemon=True)
    try:
        premises.prepare(house.home)
        house.start_postgres()
        house.migrate()
        house.start_keeper()
        keys = masters.load(home.keeper_masters, home.keeper_birth)
        with psycopg.connect(house.cluster.superuser_dsn(), autocommit=True) as conn:
            here = conn.execute("SELECT count(*) FROM identity_patient").fetchone()
            known = int(here[0]) if here else 0
            if known < arguments.people:
                load(conn, keys, known, arguments.people)
            clerk = a_session(conn)
            session, account, patients = a_ward(conn)
        both.start()
        time.sleep(3)
        found = measure(
            home, pass_of(keys, session, account), pass_of(keys, *clerk), patients, arguments.people,
            arguments.rounds, arguments.seconds,
        )  # fmt: skip
    finally:
        if both.is_alive():
            both.kill()
        house.stop_all()
        if arguments.home is None:
            shutil.rmtree(root, ignore_errors=True)
    middle = {name: {key: statistics.median(values) for key, values in one.items()} for name, one in found.items()}
    rows = [
        (name, *(f"{middle[name][key]:.2f}" for key in ("p50", "p95")),
         *(f"{middle[name][key]:.0f}" for key in ("openings", "searches")))
        for name in found
    ]  # fmt: skip
    ratios = []
    for way in ("apart", "together"):
        idle, busy = middle[f"{way}, nobody searches"], middle[f"{way}, eight desks search"]
        ratios.append((way, f"{busy['p50'] / idle['p50']:.2f}", f"{busy['p95'] / idle['p95']:.2f}"))
    text = "\n\n".join(
        [
            HOW.format(
                patients=PATIENTS, people=arguments.people, rounds=arguments.rounds, seconds=f"{arguments.seconds:g}"
            ),
            table(("`open`, medians of the rounds", "p50, ms", "p95, ms", "openings/s", "searches/s"), rows),
            table(("Busy against idle", "p50", "p95"), ratios),
        ]
    )
    command = f"python benchmarks/beside.py --people {arguments.people} --rounds {arguments.rounds}"
    write("beside", "Openings beside searches", command, {"found": found}, text)


if __name__ == "__main__":
    main()
