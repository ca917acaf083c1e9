"""An audited chart over HTTP against pgbench replaying its statements; both sides in each round."""

from __future__ import annotations

import statistics
import time
from typing import Any

from measures import http_load, replay
from measures.ground import CLIENTS, Ground
from measures.report import spread, table, write

SESSIONS = 20
HOW = """{clients} clients, {rounds} rounds of {seconds} s a side, sides interleaved; **median** (min to max).

One chart = one HTTP request of a signed-in person: the keeper opens (its row durable before anything is read), one
pipeline reads, values are unsealed, the template renders every panel ({size:.0f} kB). "New opening": the rows of
kind `open` in the trail are counted, and must equal the requests. "Resumed": the same person asks for the same chart
again.

The pgbench side sends the statements caught from the program itself, prepared, with the settings of the web's
connection, as role `web` with valid tickets: RESET ALL, BEGIN READ ONLY, CLOSE ALL, door.use_opening, the reads,
COMMIT. "Opening + reads" also calls `gate.open` before, committed by itself as the keeper does, each call a new row.
pgbench derives no key, unseals nothing and renders nothing: that is the point."""
COLUMN = """The second column divides the processor time a chart of one side by the other's: pgbench and PostgreSQL by
web, keeper, PostgreSQL and the load generator. It is what the ratio would be if nobody else used the machine and both
sides kept it busy. The first depends on the neighbours: where Linux shares the processor between sessions (autogroup),
eight PostgreSQL backends get eight shares and the web's one process gets one."""


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
        openings, before, own = ground.openings(), ground.processes(), time.process_time()
        result = http_load.run(ground.port, lists, seconds, once=once)
        after = {**ground.processes(), "load generator": time.process_time()}
        before["load generator"] = own
        made = ground.openings() - openings
        charts = len(result.latencies)
        if once and made != charts:
            raise SystemExit(f"{charts} dossiers, mais {made} ouvertures dans la trace.")
        note(f"http_{name}", result.rate)
        note(f"http_{name}_p50", result.quantile(0.50))
        note(f"http_{name}_p95", result.quantile(0.95))
        note("bytes", result.size)
        for part, used in after.items():
            cpu[name].setdefault(part, []).append((used - before[part]) / charts * 1000)
        note(f"http_{name}_cpu", sum(after.values()) * 1000 / charts - sum(before.values()) * 1000 / charts)

    def over_sql(script: str, role: str) -> None:
        rate, used = prepared.run(script, role, seconds)
        note(f"sql_{script}", rate)
        note(f"sql_{script}_cpu", used)

    for _ in range(rounds):
        ground.forget_openings()
        over_http("new", new, once=True)
        prepared = replay.prepare(ground, sessions)
        over_sql("open_and_reads", replay.ROLE)
        over_http("resumed", again, once=False)
        over_sql("reads", "web")
        over_sql("reads_one_by_one", "web")

    def ratio(ours: str, theirs: str) -> list[float]:
        return [100 * a / b for a, b in zip(found[ours], found[theirs], strict=True)]

    ratios = {
        "new opening / opening + reads": ratio("http_new", "sql_open_and_reads"),
        "new opening / reads only": ratio("http_new", "sql_reads"),
        "resumed opening / reads only": ratio("http_resumed", "sql_reads"),
        "new opening / reads one by one": ratio("http_new", "sql_reads_one_by_one"),
    }
    # what the same two processors would give to each side if nobody else used them
    work = {
        "new opening / opening + reads": ratio("sql_open_and_reads_cpu", "http_new_cpu"),
        "new opening / reads only": ratio("sql_reads_cpu", "http_new_cpu"),
        "resumed opening / reads only": ratio("sql_reads_cpu", "http_resumed_cpu"),
        "new opening / reads one by one": ratio("sql_reads_one_by_one_cpu", "http_new_cpu"),
    }
    data: dict[str, Any] = {
        "rounds": rounds,
        "seconds": seconds,
        "clients": CLIENTS,
        "found": found,
        "ratios": ratios,
        "work": work,
        "cpu_ms": cpu,
    }
    said = HOW.format(clients=CLIENTS, rounds=rounds, seconds=seconds, size=found["bytes"][-1] / 1000)
    write(
        "chart",
        "An audited chart over HTTP",
        "python benchmarks/run.py chart",
        data,
        "\n\n".join([said, *_tables(found, ratios, work, cpu)]),
    )


def _tables(
    found: dict[str, list[float]],
    ratios: dict[str, list[float]],
    work: dict[str, list[float]],
    cpu: dict[str, dict[str, list[float]]],
) -> list[str]:
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
        for part in ("web", "keeper", "postgres", "load generator")
    ]
    return [
        table(
            ("", "charts/s", "processor ms a chart"),
            [(name, spread(found[key]), spread(found[f"{key}_cpu"], 2)) for name, key in rates],
        ),
        table(
            ("Ratio of one round", "charts a second, %", "processor time a chart, %"),
            [(name, spread(values, 1), spread(work[name], 1)) for name, values in ratios.items()],
        ),
        COLUMN,
        table(("Latency", "p50, ms", "p95, ms"), latencies),
        table(("Processor time a chart", "new opening, ms", "resumed, ms"), parts),
    ]
