"""An audited chart over HTTP against pgbench replaying its statements; both sides in each round."""

from __future__ import annotations

import statistics
from typing import Any

from measures import http_load, replay
from measures.ground import CLIENTS, Ground
from measures.report import spread, table, write

SESSIONS = 20


def measure(ground: Ground, rounds: int, seconds: int) -> None:
    """Writes results/chart.*; each round runs every side once, `seconds` each."""
    sessions = ground.sessions(SESSIONS)
    prepared = replay.prepare(ground, sessions)
    new = [http_load.requests(person, ground.port) for person in sessions]
    again = [http_load.requests(person[:1], ground.port) for person in sessions]
    http_load.run(ground.port, again, 2, once=False)
    found: dict[str, list[float]] = {}
    cpu: dict[str, dict[str, list[float]]] = {"new": {}, "resumed": {}}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    def over_http(name: str, lists: list[list[bytes]], *, once: bool) -> None:
        before, openings = ground.processes(), ground.openings()
        result = http_load.run(ground.port, lists, seconds, once=once)
        after, made = ground.processes(), ground.openings() - openings
        charts = len(result.latencies)
        if once and made != charts:
            raise SystemExit(f"{charts} dossiers, mais {made} ouvertures dans la trace.")
        note(f"http_{name}", result.rate)
        note(f"http_{name}_p50", result.quantile(0.50))
        note(f"http_{name}_p95", result.quantile(0.95))
        note("bytes", result.size)
        for part, used in after.items():
            cpu[name].setdefault(part, []).append((used - before[part]) / charts * 1000)

    for _ in range(rounds):
        ground.forget_openings()
        over_http("new", new, once=True)
        prepared = replay.prepare(ground, sessions)
        note("sql_open_and_reads", prepared.tps("open_and_reads", replay.ROLE, seconds))
        over_http("resumed", again, once=False)
        note("sql_reads", prepared.tps("reads", "web", seconds))
        note("sql_reads_one_by_one", prepared.tps("reads_one_by_one", "web", seconds))

    def ratio(ours: str, theirs: str) -> list[float]:
        return [100 * a / b for a, b in zip(found[ours], found[theirs], strict=True)]

    ratios = {
        "new opening / opening + reads": ratio("http_new", "sql_open_and_reads"),
        "new opening / reads only": ratio("http_new", "sql_reads"),
        "resumed opening / reads only": ratio("http_resumed", "sql_reads"),
        "new opening / reads one by one": ratio("http_new", "sql_reads_one_by_one"),
    }
    data: dict[str, Any] = {"rounds": rounds, "seconds": seconds, "clients": CLIENTS, "found": found, "ratios": ratios, "cpu_ms": cpu}
    write("chart", "An audited chart over HTTP", "python benchmarks/run.py chart", data, _text(found, ratios, cpu, rounds, seconds))


def _text(
    found: dict[str, list[float]],
    ratios: dict[str, list[float]],
    cpu: dict[str, dict[str, list[float]]],
    rounds: int,
    seconds: int,
) -> str:
    rates = [
        ("HTTP, each request a new opening", "http_new"),
        ("HTTP, opening already there (resumed)", "http_resumed"),
        ("pgbench, opening + reads", "sql_open_and_reads"),
        ("pgbench, reads only, one pipeline as we do", "sql_reads"),
        ("pgbench, reads only, one round trip a statement", "sql_reads_one_by_one"),
    ]
    latencies = [
        (name, spread(found[f"http_{key}_p50"], 1), spread(found[f"http_{key}_p95"], 1))
        for name, key in (("new opening", "new"), ("resumed", "resumed"))
    ]
    parts = [
        (part, f"{statistics.median(cpu['new'][part]):.2f}", f"{statistics.median(cpu['resumed'][part]):.2f}")
        for part in ("web", "keeper", "postgres")
    ]
    return "\n\n".join(
        [
            f"{CLIENTS} clients, {rounds} rounds of {seconds} s a side, sides interleaved; median (min to max). One chart = "
            f"one HTTP request of a signed-in person: the keeper opens (its row durable before anything is read), one "
            f"pipeline reads, values are unsealed, the template renders every panel ({found['bytes'][-1] / 1000:.0f} kB). "
            "“New opening”: the trail's rows of kind `open` are counted and must equal the requests. The pgbench side sends "
            "the statements caught from the program itself, prepared, as role `web` with valid tickets: BEGIN READ ONLY, "
            "CLOSE ALL, `door.use_opening`, six reads, COMMIT; “opening + reads” also calls `gate.open` before, committed "
            "by itself as the keeper does. pgbench derives no key, unseals nothing and renders nothing: that is the point.",
            table(("", "charts/s"), [(name, spread(found[key])) for name, key in rates]),
            table(("Ratio of one round", "%"), [(name, spread(values, 1)) for name, values in ratios.items()]),
            table(("Latency", "p50, ms", "p95, ms"), latencies),
            table(("Processor time a chart", "new opening, ms", "resumed, ms"), parts),
        ]
    )
