"""How a result is written: the numbers as JSON, and a page that says the command, the machine and what was counted."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"


def machine() -> dict[str, Any]:
    """Processor, memory, kernel, versions, load: what a figure means nothing without."""
    cpu = _line("/proc/cpuinfo", "model name") or platform.processor()
    memory = int(_line("/proc/meminfo", "MemTotal").split()[0])
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 1024 / 1024, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": [round(x, 2) for x in os.getloadavg()],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
    }


def _line(path: str, name: str) -> str:
    lines = Path(path).read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or os.environ.get("EGIDE_BENCH_COMMIT", "?")


def spread(values: Sequence[float], places: int = 0) -> str:
    """`median (min to max)`."""
    low, middle, high = (f"{x:,.{places}f}" for x in (min(values), statistics.median(values), max(values)))
    return f"**{middle}** ({low} to {high})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def write(name: str, title: str, command: str, data: dict[str, Any], text: str) -> None:
    """results/<name>.json and .md; prints the page."""
    RESULTS.mkdir(exist_ok=True)
    where = machine()
    numbers = json.dumps({"command": command, "machine": where, **data}, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(numbers + "\n", encoding="utf-8")
    page = (
        f"# {title}\n\n`{command}`, {where['at']}, commit {where['commit']}; {where['cores']} × {where['cpu']}, "
        f"{where['memory_gib']} GiB, Linux {where['kernel']}, Python {where['python']}, load average at the end "
        f"{where['load_average'][0]} (shared machine: ratios of one run hold, absolute figures do not).\n\n{text}\n"
    )
    (RESULTS / f"{name}.md").write_text(page, encoding="utf-8")
    print(page, flush=True)
