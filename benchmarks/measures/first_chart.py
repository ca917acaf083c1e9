"""From a clone with nothing installed to the first chart: `make run` in a fresh clone with a fresh EGIDE_HOME, timed.

Nothing of this machine is reused but Python, make and the package index: no environment, no base, no pip cache.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from egide.rehearsal.signin import Visitor, sign_in
from measures.report import table, write

PORT = 8640
WHO = "claire.morvan"
OPEN = "Égide est ouverte"
DEADLINE = 900.0
HOW = """`git clone` of this repository, then `make run` with an empty EGIDE_HOME, no pip cache, {who}; seconds since
the command was typed. Clicks are counted on the served pages: the address that `make run` prints is opened; the sign-in
page offers the accounts of the demonstration; the list of the unit is the page that follows; each of its rows leads to
a chart. A second start in the same home follows."""


def measure() -> None:
    """Writes results/first_chart.*."""
    checkout = Path(__file__).resolve().parent.parent.parent
    work = Path(tempfile.mkdtemp(prefix="egide-first-", dir="/var/lib" if os.geteuid() == 0 else None))
    work.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("EGIDE_", "PYTHON"))},
        "EGIDE_HOME": str(work / "home"),
        "EGIDE_PORT": str(PORT),
        "PIP_NO_CACHE_DIR": "1",
    }
    try:
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", checkout, work / "clone"], check=True)
        first, clicks, steps = _start(work / "clone", environment, look=True)
        second, _, _ = _start(work / "clone", environment, look=False)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    rows = [(what, f"{seconds:.1f}") for what, seconds in steps]
    rows.append(("second start, until the address is printed", f"{second:.1f}"))
    write(
        "first_chart",
        "Fresh machine to first chart",
        "python benchmarks/run.py first_chart",
        {"seconds": first, "clicks": clicks, "steps": steps, "second_start": second},
        "\n\n".join(
            [
                HOW.format(who="as root" if os.geteuid() == 0 else "as a plain user"),
                f"**{first:.0f} s and {clicks} clicks** (wanted: at most 180 s and 5 clicks).",
                table(("", "s"), rows),
            ]
        ),
    )


def _start(clone: Path, environment: dict[str, str], *, look: bool) -> tuple[float, int, list[tuple[str, float]]]:
    """Seconds until the end, clicks, and what was reached when; everything is stopped again."""
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    steps: list[tuple[str, float]] = []
    opened, lines = threading.Event(), list[str]()

    def listen() -> None:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            steps.append((line.strip(), time.monotonic() - began))
            if OPEN in line:
                opened.set()
        opened.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        opened.wait(DEADLINE)
        if not any(OPEN in line for line in lines):
            raise SystemExit("make run n'a pas abouti :\n" + "\n".join(lines[-15:]))
        clicks = _to_chart(steps, began) if look else 0
        took = time.monotonic() - began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(90)
    known = [(what, at) for what, at in steps if at <= took and (OPEN in what or what in _MOMENTS)]
    return took, clicks, known


_MOMENTS = (
    "the sign-in page offers the account",
    "signed in, the list of the unit is there",
    "the first chart is there",
)


def _to_chart(steps: list[tuple[str, float]], began: float) -> int:
    """Walks as a person does; one click an account, one a patient."""
    url = f"http://localhost:{PORT}"
    with Visitor(url) as visitor:
        answer = visitor.get("/connexion/")
        if WHO not in answer.text:
            raise SystemExit("La page de connexion n'offre pas le compte de démonstration.")
    steps.append((_MOMENTS[0], time.monotonic() - began))
    clicks = 1
    with sign_in(url, WHO) as visitor:
        answer = visitor.get("/")
        while answer.status in (301, 302, 303):
            answer = visitor.get(answer.headers["location"])
        found = re.search(r'href="(/dossier/[0-9a-f-]{36}/)', answer.text)
        if answer.status != 200 or found is None:
            raise SystemExit("La première page n'est pas la liste de l'unité.")
        steps.append((_MOMENTS[1], time.monotonic() - began))
        clicks += 1
        chart = visitor.get(found[1])
        if chart.status != 200 or "timeline" not in chart.text:
            raise SystemExit("Le dossier ne s'ouvre pas.")
        steps.append((_MOMENTS[2], time.monotonic() - began))
    return clicks
