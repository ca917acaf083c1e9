"""What goes in, a second: people of the demo, and resources of FHIR folders (EGIDE_BENCH_FHIR, `:` between folders).

On a base of its own that is thrown away: both commands write. Times are the commands' own, start of Python included.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from egide.rehearsal import hospital
from measures.ground import SOURCE, Ground, ground, interpreter
from measures.report import table, write

_DONE = re.compile(r"personnes : (\d+) ajoutées.* en ([0-9.]+) s")
HOW = """A fresh base that is thrown away. Demo people: the first start's own `egide demo load`, the time it tells
(rows of identity, contact, INS, stay, problem, allergy, measurement: sealed and trailed, in slices of 200).
Import: `egide import fhir FOLDER --site … --unit … --shift-dates`, wall time of the whole command; "read" counts every
resource of the folder, "stored" those that Égide takes; the others are kept aside, sealed, in the same run. Memory: the
most that one process of all imports took, the confined parser or the writer. Target: 20,000 resources a minute."""


def measure() -> None:
    """Writes results/loads.*."""
    home = tempfile.mkdtemp(prefix="egide-load-", dir="/var/lib" if os.geteuid() == 0 else None)
    Path(home).chmod(0o755)
    kept = {name: os.environ.get(name) for name in ("EGIDE_BENCH_HOME", "EGIDE_BENCH_PORT", "EGIDE_HOME")}
    os.environ |= {"EGIDE_BENCH_HOME": home, "EGIDE_BENCH_PORT": "8660"}
    try:
        with ground() as here:
            people = _people(here)
            folders = filter(None, os.environ.get("EGIDE_BENCH_FHIR", "").split(":"))
            imports = [_import(here, Path(folder)) for folder in folders]
    finally:
        shutil.rmtree(home, ignore_errors=True)
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    rows = [_row("demo people", people["people"], people["rows"], people["seconds"], ("people", "rows"))]
    rows += [
        _row(f"import {one['folder']}", one["read"], one["stored"], one["seconds"], ("read", "stored"))
        for one in imports
    ]
    told = [
        f"{one['folder']}: {one['read'] * 60 / one['seconds']:,.0f} resources a minute, {one['kept']:,} kept aside,"
        f" {one['peak_mib']} MiB."
        for one in imports
    ]
    write(
        "loads",
        "What goes in, a second",
        "EGIDE_BENCH_FHIR=… python benchmarks/run.py loads",
        {"people": people, "imports": imports},
        "\n\n".join([HOW, table(("", "people or read", "rows or stored", "s", "rate"), rows), "\n".join(told)]),
    )


def _row(what: str, first: int, second: int, seconds: float, words: tuple[str, str]) -> tuple[str, ...]:
    rate = f"**{first / seconds:,.0f} {words[0]}/s**, {second / seconds:,.0f} {words[1]}/s"
    return what, f"{first:,}", f"{second:,}", f"{seconds:.1f}", rate


def _egide(here: Ground, *arguments: str) -> tuple[str, float]:
    began = time.monotonic()
    where = {"EGIDE_HOME": str(here.home.root), "EGIDE_PORT": str(here.port), "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [interpreter(), "-m", "egide.cli", *arguments],
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):  # 1: some lines were faulty, and counted
        raise SystemExit(f"egide {arguments[0]} a échoué : {done.stderr[-400:]}")
    return done.stdout, time.monotonic() - began


def _people(here: Ground) -> dict[str, Any]:
    said = here.home.log_file("demo-load").read_text(encoding="utf-8")
    found = _DONE.search(said)
    if found is None:
        raise SystemExit(f"egide demo load n'a pas dit son compte : {said[-300:]}")
    rows = sum(int(count) for count in re.findall(r"^  \w+ +(\d+)$", said, re.MULTILINE))
    return {"people": int(found[1]), "rows": rows, "seconds": float(found[2])}


def _import(here: Ground, folder: Path) -> dict[str, Any]:
    said, took = _egide(
        here, "import", "fhir", str(folder), "--site", hospital.SITE.name, "--unit", hospital.MEDICINE.code,
        "--shift-dates", "--json",
    )  # fmt: skip
    types = json.loads(said)["types"].values()
    return {
        "folder": folder.name,
        "read": sum(one["read"] for one in types),
        "stored": sum(one["stored"] for one in types),
        "kept": sum(sum(one["kept"].values()) for one in types),
        "seconds": took,
        "peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }
