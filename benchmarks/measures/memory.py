"""Memory of each process of a running house."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

MARKS = {
    "live channel": "egide.live",
    "web": "granian",
    "finder": "egide.keeper.find",
    "keeper": "egide.keeper",
    "demo keys": "egide.rehearsal.demo_keys",
    "postgres": "bin/postgres",
}


def of(supervisor: int) -> dict[str, tuple[int, float]]:
    """By name: how many processes, and their memory in MB (PSS: what is shared is divided between those who share)."""
    found: dict[str, tuple[int, float]] = {"supervisor": (1, _pss(supervisor))}

    def add(pid: int, part: str | None) -> None:
        for child in _children(pid):
            line = ""
            with suppress(OSError):
                line = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            own = part or next((name for name, mark in MARKS.items() if mark in line), "other")
            count, size = found.get(own, (0, 0.0))
            found[own] = (count + 1, size + _pss(child))
            add(child, own)

    add(supervisor, None)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _pss(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    return 0.0
