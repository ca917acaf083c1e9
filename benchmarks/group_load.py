"""Loads a whole group and times each phase: `EGIDE_BENCH_GROUP_HOME=… python benchmarks/group_load.py [--people N]`.

That home is a base that holds nobody yet; it is kept (unlike the other benchmarks' bases), for figures at full size.
Without it, 20,000 people go into a base that is thrown away, and nothing is written to results/.
Runs `egide run --patients N --then true`: structure, staff, people by COPY, indexes and foreign keys, until pages are
served. Every half-second the memory and processor time of the base's processes are read from /proc.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from measures.report import table, write  # noqa: E402 — the folder is put on the path above

_DONE = re.compile(r"personnes : (\d+) ajoutées en ([0-9.]+) s .*personnes (\d+) s ; index et clés (\d+) s")
_ROWS = re.compile(r"^  ([a-z_.]+) +(\d+)$", re.MULTILINE)
_TICKS = os.sysconf("SC_CLK_TCK")
HOW = """A base of its own on the embedded PostgreSQL (fsync on, synchronous commits, checksums); two producers.
*People* is from the first opening to the last commit; *index* is every index and foreign key built again, tokens put in
order, statistics. Proportional memory (PSS) is the peak of each kind of process, sampled twice a second."""


def kind_of(command: list[bytes]) -> str:
    """What a process of the base is, from its command line."""
    text = b" ".join(command).decode("utf-8", "replace")
    for word, kind in (("rehearsal.producer", "producer"), ("finding", "finder"), ("egide.keeper", "keeper"),
                       ("postgres", "postgres"), ("granian", "web")):  # fmt: skip
        if word in text:
            return kind
    return "others"


def sample(home: Path, peaks: dict[str, dict[str, float]]) -> None:
    """One look at every process of this home: memory (MiB, the kind's sum) and processor time (s, the latest)."""
    now: dict[str, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            theirs = os.fsencode(str(home)) in b" ".join(command)
            if not theirs and b"postgres" in command[0]:
                theirs = (entry / "cwd").readlink() == home / "pg"
            if not theirs:
                continue
            lines = (entry / "smaps_rollup").read_text().splitlines()
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        kind = kind_of(command)
        now[kind] = now.get(kind, 0.0) + sum(int(x.split()[1]) for x in lines if x.startswith("Pss:")) / 1024
        one = peaks.setdefault(kind, {"pss_mib": 0.0, "cpu_s": 0.0})
        one.setdefault(entry.name, 0.0)
        one[entry.name] = max(one[entry.name], (int(stat[11]) + int(stat[12])) / _TICKS)
    for kind, memory in now.items():
        peaks[kind]["pss_mib"] = max(peaks[kind]["pss_mib"], memory)


def size_of(folder: Path) -> int:
    """Bytes under a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def measure(home: Path, people: int) -> dict[str, Any]:
    """Loads, and gives what was seen."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "egide.cli", "run", "--demo", "--patients", str(people), "--then", "true"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"EGIDE_HOME": str(home)},
    )  # fmt: skip
    said: list[str] = []
    peaks: dict[str, dict[str, float]] = {}
    reader = threading.Thread(target=lambda: said.extend(child.stdout or ()))
    reader.start()
    while child.poll() is None:
        sample(home, peaks)
        time.sleep(0.5)
    reader.join()
    text = "".join(said)
    sys.stdout.write(text)
    done = _DONE.search(text)
    if child.returncode or done is None:
        raise SystemExit("the load did not end well")
    whole = time.monotonic() - began
    return {
        "people": int(done[1]),
        "seconds": float(done[2]),
        "phases": {"people": int(done[3]), "index": int(done[4])},
        "first_start_seconds": round(whole, 1),
        "people_a_second": round(int(done[1]) / float(done[2])),
        "rows": {name: int(count) for name, count in _ROWS.findall(text)},
        "bytes": size_of(home / "pg"),
        "processes": {
            kind: {"pss_mib": round(seen["pss_mib"]), "cpu_s": round(sum(v for k, v in seen.items() if k.isdigit()))}
            for kind, seen in sorted(peaks.items())
        },
    }


def page(found: dict[str, Any], load: list[float]) -> str:
    """What was measured, as Markdown."""
    rows = sum(found["rows"].values())
    phases = table(
        ("phase", "s", "people/s", "rows/s"),
        [
            (name, str(seconds), f"{found['people'] / max(seconds, 1):,.0f}", f"{rows / max(seconds, 1):,.0f}")
            for name, seconds in (*found["phases"].items(), ("whole load", round(found["seconds"])))
        ],
    )
    memory = table(
        ("processes", "peak memory, MiB (PSS)", "processor time, s"),
        [(kind, str(one["pss_mib"]), str(one["cpu_s"])) for kind, one in found["processes"].items()],
    )
    counted = table(("table", "rows"), [(name, f"{count:,}") for name, count in found["rows"].items()])
    told = (
        f"{found['people']:,} people, {rows:,} rows in {found['seconds']:.0f} s; "
        f"data folder {found['bytes'] / 2**30:.1f} GiB; "
        f"pages served {found['first_start_seconds']:.0f} s after the command. Load average before: {load[0]}."
    )
    return f"{HOW}\n\n{told}\n\n{phases}\n\n{memory}\n\n{counted}"


def main() -> None:
    """Measures; writes results/group_load.* where the base is kept."""
    kept = os.environ.get("EGIDE_BENCH_GROUP_HOME")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=758_912 if kept else 20_000)
    people = parser.parse_args().people
    load = [round(x, 2) for x in os.getloadavg()]
    if kept:
        found = measure(Path(kept).absolute(), people)
        command = "EGIDE_BENCH_GROUP_HOME=… python benchmarks/group_load.py"
        write("group_load", "A whole group, loaded", command, {"load_before": load, **found}, page(found, load))
        return
    with tempfile.TemporaryDirectory(prefix="egide-group-", dir="/var/lib" if os.geteuid() == 0 else None) as home:
        Path(home).chmod(0o755)
        print(page(measure(Path(home), people), load))


if __name__ == "__main__":
    main()
