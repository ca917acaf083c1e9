"""The base that is measured: a home and a port of its own, the house started by `egide run`, its people signed in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import RemoteDisconnected
from pathlib import Path

import psycopg

from egide.cli.cluster import Cluster
from egide.cli.run_lock import running
from egide.kernel.home import Home
from egide.rehearsal import hospital
from egide.rehearsal.signin import Visitor, sign_in
from egide.rehearsal.workstation import Bearer, ProvingKeeper, Workstation
from measures.memory import MARKS

SOURCE = Path(__file__).resolve().parent.parent.parent / "src"
CLIENTS = 8
READERS = ("nurse", "physician", "care_assistant")  # professions to whom a chart opens with its clinical part
_CHART = re.compile(r"/dossier/([0-9a-f-]{36})/")


@dataclass(frozen=True)
class Signed:
    """One session of one person: her cookies, her unit's page and the patients its list shows."""

    username: str
    account: str
    cookies: dict[str, str]
    workstation: Workstation
    patients: tuple[str, ...]
    unit: str = ""

    def at(self, unit: str) -> Signed:
        """The same session, on a unit's page."""
        return replace(self, unit=unit)

    @property
    def cookie(self) -> Bearer:
        """The session cookie with what proves it."""
        return Bearer.of(self.cookies["egide_session"], self.workstation)


@dataclass(frozen=True)
class Ground:
    """A running house."""

    home: Home
    port: int
    supervisor: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        """Autocommit, as the superuser."""
        return psycopg.connect(Cluster(self.home).superuser_dsn(), autocommit=True)

    def sessions(self, each: int, people: int = CLIENTS) -> list[list[Signed]]:
        """`each` sessions of `people` different persons, by the real ceremony; one list a person."""
        accounts = [one for one in hospital.ACCOUNTS if one.profession in READERS and one.units][:people]
        if len(accounts) < people:
            raise SystemExit(f"La démonstration n'a que {len(accounts)} comptes qui ouvrent des dossiers.")
        found = []
        for account in accounts:
            mine: list[Signed] = []
            for _ in range(each):
                with _signed_in(self.url, account.username) as visitor:
                    patients = mine[0].patients if mine else _patients(visitor)
                    workstation = visitor.workstation or Workstation()
                    signed = Signed(account.username, str(account.id), dict(visitor.cookies), workstation, patients)
                    mine.append(signed)
            found.append(mine)
        return found

    def signed(self, username: str) -> tuple[Signed, Visitor]:
        """One session of one account of the demo, and its visitor still connected."""
        visitor = _signed_in(self.url, username)
        return Signed(username, "", dict(visitor.cookies), visitor.workstation or Workstation(), ()), visitor

    def keeper(self) -> ProvingKeeper:
        """A line to the keeper; a pass is used again for a minute, so that the call itself is measured."""
        return ProvingKeeper(self.home.keeper_socket("web"), keep=60.0)

    def forget_openings(self) -> None:
        """Ends every lease, as fifteen quiet minutes would: the next request of any session is an opening again."""
        with self.superuser() as connection:
            connection.execute("DELETE FROM gate.lease")

    def openings(self) -> int:
        """Rows of kind `open` in the trail."""
        with self.superuser() as connection:
            row = connection.execute("SELECT count(*) FROM audit.entry WHERE kind = 'open'").fetchone()
        return int(str(row[0])) if row else 0

    def processes(self) -> dict[str, float]:
        """Processor seconds used so far by web, keeper and PostgreSQL (ended backends included)."""
        parents: dict[int, list[int]] = {}
        used: dict[int, float] = {}
        names: dict[int, str] = {}
        ticks = os.sysconf("SC_CLK_TCK")
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                names[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, IndexError):
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            used[int(entry.name)] = sum(int(x) for x in fields[11:15]) / ticks
        total = dict.fromkeys(MARKS, 0.0)

        def add(pid: int, part: str | None) -> None:
            for child in parents.get(pid, []):
                line = names.get(child, "")
                own = part or next((p for p, mark in MARKS.items() if mark in line), None)
                if own is not None:
                    total[own] += used[child]
                add(child, own)

        add(self.supervisor, None)
        return total


def _signed_in(url: str, username: str) -> Visitor:
    """A kept connection may be closed by the server between two steps; the ceremony is then begun again."""
    for _ in range(4):
        with suppress(BrokenPipeError, ConnectionResetError, RemoteDisconnected):
            return sign_in(url, username)
    return sign_in(url, username)


def _patients(visitor: Visitor) -> tuple[str, ...]:
    place = visitor.get("/").headers["location"]
    return tuple(dict.fromkeys(_CHART.findall(visitor.get(place).text)))


def default_home() -> Home:
    """EGIDE_BENCH_HOME; else a folder beside the usual homes, never the one people work in."""
    named = os.environ.get("EGIDE_BENCH_HOME", "")
    if named:
        return Home(Path(named).absolute())
    return Home(Path("/var/lib/egide-bench") if os.geteuid() == 0 else Path.cwd() / ".egide-bench")


def interpreter() -> str:
    """A Python that the processes' own users can start, with Égide's packages."""
    return os.environ.get("EGIDE_BENCH_PYTHON", sys.executable)


@contextmanager
def ground() -> Iterator[Ground]:
    """The house running on the bench's own home; one that already runs there is used and left running."""
    home, port = default_home(), int(os.environ.get("EGIDE_BENCH_PORT", "8600"))
    os.environ["EGIDE_HOME"] = str(home.root)
    if running(home):
        yield Ground(home, port, int((home.root / "run.lock").read_text()))
        return
    log = Path(os.environ.get("TMPDIR", "/tmp")) / "egide-bench.log"  # noqa: S108 — a log of starts, no datum in it
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [interpreter(), "-m", "egide.cli", "run", "--port", str(port)], stdout=out, stderr=out, env=environment
        )
    try:
        deadline = time.monotonic() + 180
        while "Égide est ouverte" not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"La base de mesure ne démarre pas : voir {log}.")
            time.sleep(0.2)
        yield Ground(home, port, process.pid)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(90)
