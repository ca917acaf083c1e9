"""Where a chart's time goes in the web process: one client, in this process, each stage's own processor and wall time.

The whole WSGI application is called (middleware, gate, reads, template) as role web, on the running keeper and base.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from measures.ground import Ground, Signed
from measures.report import RESULTS, table, write

WARM, TURNS = 2, 6
HOW = """One client, the WSGI application called in this process, {turns} rounds over {patients} patients, opening
resumed; medians of one chart. Processor time is this thread's; wall time also holds the turns of the keeper, of
PostgreSQL and of whoever else uses the machine."""


def measure(ground: Ground) -> None:
    """Writes results/profile.md and .json, and results/profile.txt (functions by own time)."""
    one = ground.sessions(1, 1)[0][0]
    application = _application()
    stages = _Stages()
    stages.watch()
    for turn in range(WARM + TURNS):
        stages.counting = turn >= WARM
        for patient in one.patients:
            _get(application, ground, one, patient)
            stages.close()
    rows = stages.rows()
    stages.counting = False
    profile = cProfile.Profile()
    profile.enable()
    for patient in one.patients:
        _get(application, ground, one, patient)
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(40)
    RESULTS.mkdir(exist_ok=True)
    lines = [line.rstrip() for line in text.getvalue().replace(sys.prefix, "…").splitlines()]
    (RESULTS / "profile.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    total = rows["whole request"][0]
    write(
        "profile",
        "Where a chart's time goes",
        "python benchmarks/run.py profile",
        {"stages": {name: {"cpu_ms": cpu, "wall_ms": wall} for name, (cpu, wall) in rows.items()}},
        "\n\n".join(
            [
                HOW.format(turns=TURNS, patients=len(one.patients)),
                table(
                    ("Stage", "processor, ms", "of the request, %", "wall, ms"),
                    [
                        (name, f"{cpu:.2f}", f"{100 * cpu / total:.0f}", f"{wall:.2f}")
                        for name, (cpu, wall) in rows.items()
                    ],
                ),
                "Functions by their own time: `profile.txt` (cProfile's own cost included).",
            ]
        ),
    )


def _application() -> Callable[..., Any]:
    from egide.config.wsgi import application

    return application


def _get(application: Callable[..., Any], ground: Ground, one: Signed, patient: str) -> None:
    said: list[str] = []
    answer = application(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/dossier/{patient}/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": str(ground.port),
            "HTTP_HOST": f"localhost:{ground.port}",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in one.cookies.items()),
            "HTTP_EGIDE_PROOF": one.workstation.proof("GET", f"/dossier/{patient}/"),
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "HTTP_ACCEPT_LANGUAGE": "fr",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        },
        lambda status, _headers, _fault=None: said.append(status),
    )
    b"".join(answer)
    answer.close()
    if not said[0].startswith("200"):
        raise SystemExit(f"Le dossier ne s'est pas ouvert : {said[0]}")


class _Stages:
    """Times of named functions, replaced where their callers find them; a stage's time holds its callees'."""

    def __init__(self) -> None:
        self.counting = False
        self._now: dict[str, tuple[float, float]] = {}
        self._all: dict[str, list[tuple[float, float]]] = {}
        self._began = (time.thread_time(), time.perf_counter())

    def watch(self) -> None:
        """The stages of the chart, by the modules that call them."""
        from egide.config import panels
        from egide.gate import opening, reading
        from egide.keeper.client import Keeper

        self._wrap(Keeper, "call", "keeper: the call")
        self._wrap(opening, "open_chart", "gate: the opening, keeper included")
        self._wrap(reading, "_pipeline", "reads: the pipeline, rows to Python")
        self._wrap(panels, "fetch", "reads: pipeline, unsealing, values")
        self._wrap(panels, "days", "timeline: events by day")
        self._wrap(panels, "page", "page: template, frame, answer")

    def _wrap(self, holder: Any, name: str, stage: str) -> None:
        original = getattr(holder, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return original(*arguments, **named)
            finally:
                before = self._now.get(stage, (0.0, 0.0))
                self._now[stage] = (
                    before[0] + time.thread_time() - cpu,
                    before[1] + time.perf_counter() - wall,
                )

        setattr(holder, name, timed)

    def close(self) -> None:
        """End of one request."""
        cpu, wall = time.thread_time(), time.perf_counter()
        self._now["whole request"] = (cpu - self._began[0], wall - self._began[1])
        if self.counting:
            for stage, took in self._now.items():
                self._all.setdefault(stage, []).append(took)
        self._now = {}
        self._began = (time.thread_time(), time.perf_counter())

    def rows(self) -> dict[str, tuple[float, float]]:
        """Stage → (processor ms, wall ms), medians; what no stage holds is Django, middleware and the view."""
        found = {
            stage: (
                statistics.median(cpu for cpu, _ in times) * 1000,
                statistics.median(wall for _, wall in times) * 1000,
            )
            for stage, times in self._all.items()
        }
        top = [name for name in found if name.startswith(("gate:", "reads: pipeline,", "timeline:", "page:"))]
        whole = found["whole request"]
        found["Django, middleware, view: the rest"] = (
            whole[0] - sum(found[name][0] for name in top),
            whole[1] - sum(found[name][1] for name in top),
        )
        found["whole request"] = found.pop("whole request")
        return found
