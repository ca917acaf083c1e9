"""What the keeper's `open` and `resume` cost, over its socket, at 1 and 8 clients, against the SQL function itself.

Clients are threads of one process that blocks in the socket; the direct side is the same threads with psycopg.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg

from egide.cli.cluster import Cluster
from measures.ground import CLIENTS, Ground, Signed
from measures.replay import chart_call
from measures.report import spread, table, write

SESSIONS = 6
HOW = """Threads of one process, {rounds} rounds of {seconds} s a side, sides interleaved; **median** (min to max).

`open`: a new opening each (row, purse, lease, the keys of what was opened), committed before it is answered. `open
again`: the same person opens the same chart within fifteen minutes: no row, the same opening. `resume`: ticket and keys
of an opening known by its number. Direct: `gate.open(…)` and `gate.resume(…)` by role keeper over psycopg, prepared,
autocommit: no cookie checked, no ticket made, no key derived, no leaf remembered for the sequencer."""
Call = Callable[[], None]


def measure(ground: Ground, rounds: int, seconds: int) -> None:
    """Writes results/openings.*."""
    sessions = ground.sessions(SESSIONS)
    call = chart_call()
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for clients in (1, CLIENTS):
            for name, maker in (
                ("open, direct", _direct_open),
                ("open, keeper", _keeper_open),
                ("open again, keeper", _keeper_again),
                ("resume, direct", _direct_resume),
                ("resume, keeper", _keeper_resume),
            ):
                ground.forget_openings()
                makers = [maker(ground, person, call) for person in sessions[:clients]]
                before = ground.processes()
                count, took = _run(makers, seconds)
                used = ground.processes()
                found.setdefault(f"{name}, {clients}", []).append(count / took)
                server = sum(used[part] - before[part] for part in ("keeper", "postgres"))
                found.setdefault(f"{name}, {clients}, cpu", []).append(server / count * 1000)
    rows = [
        (
            f"{name}, {clients} client{'s' if clients > 1 else ''}",
            spread(found[f"{name}, {clients}"]),
            spread([clients * 1000 / rate for rate in found[f"{name}, {clients}"]], 2),
            spread(found[f"{name}, {clients}, cpu"], 2),
        )
        for clients in (1, CLIENTS)
        for name in ("open, direct", "open, keeper", "open again, keeper", "resume, direct", "resume, keeper")
    ]
    shares = [
        (f"{verb}, {clients}", _share(found, verb, clients)) for verb in ("open", "resume") for clients in (1, CLIENTS)
    ]
    write(
        "openings",
        "Opening and resuming in the keeper",
        "python benchmarks/run.py openings",
        {"rounds": rounds, "seconds": seconds, "found": found},
        "\n\n".join(
            [
                HOW.format(rounds=rounds, seconds=seconds),
                table(("", "a second", "ms each", "processor ms (keeper + PostgreSQL)"), rows),
                table(("Through the keeper, of direct", "%"), shares),
            ]
        ),
    )


def _share(found: dict[str, list[float]], verb: str, clients: int) -> str:
    pairs = zip(found[f"{verb}, keeper, {clients}"], found[f"{verb}, direct, {clients}"], strict=True)
    return spread([100 * through / direct for through, direct in pairs])


def _run(makers: Sequence[Call], seconds: float) -> tuple[int, float]:
    """How many calls all clients made together, and in how long."""
    counts = [0] * len(makers)
    gate = threading.Barrier(len(makers) + 1, timeout=30)
    faults: list[BaseException] = []

    def client(place: int, call: Call) -> None:
        try:
            call()
            gate.wait()
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                call()
                counts[place] += 1
        except BaseException as fault:  # noqa: BLE001 — told by the main thread
            faults.append(fault)
            gate.abort()

    threads = [threading.Thread(target=client, args=pair) for pair in enumerate(makers)]
    for thread in threads:
        thread.start()
    try:
        gate.wait()
    except threading.BrokenBarrierError:
        raise SystemExit(f"Une mesure a échoué : {faults}") from None
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(f"Une mesure a échoué : {faults}")
    return sum(counts), time.perf_counter() - began


def _fresh() -> str:
    """Part of a purpose never asked before: it belongs to the scope of an opening, so each call is a new one."""
    return os.urandom(8).hex()


def _keeper_open(ground: Ground, person: Sequence[Signed], call: dict[str, Any]) -> Call:
    keeper = ground.keeper()
    one, patient = person[0], UUID(person[0].patients[0]).bytes
    asked = {name: value for name, value in call.items() if name != "purpose"}

    def run() -> None:
        keeper.call("open", cookie=one.cookie, ids=[patient], counted=False, purpose=f"care {_fresh()}", **asked)

    return run


def _keeper_again(ground: Ground, person: Sequence[Signed], call: dict[str, Any]) -> Call:
    keeper = ground.keeper()
    one, patient = person[0], UUID(person[0].patients[0]).bytes

    def run() -> None:
        keeper.call("open", cookie=one.cookie, ids=[patient], counted=False, **call)

    return run


def _keeper_resume(ground: Ground, person: Sequence[Signed], call: dict[str, Any]) -> Call:
    keeper = ground.keeper()
    one = person[0]
    opened = keeper.call("open", cookie=one.cookie, ids=[UUID(one.patients[0]).bytes], counted=False, **call)

    def run() -> None:
        keeper.call("resume", cookie=one.cookie, opening=opened["opening"])

    return run


def _direct(ground: Ground) -> psycopg.Connection[Any]:
    return psycopg.connect(Cluster(ground.home).dsn("keeper"), autocommit=True, prepare_threshold=1)


def _who(ground: Ground, one: Signed, call: dict[str, Any]) -> tuple[UUID, UUID, int]:
    opened = ground.keeper().call("open", cookie=one.cookie, ids=[UUID(one.patients[0]).bytes], counted=False, **call)
    return UUID(bytes=opened["actor"]["session"]), UUID(bytes=opened["actor"]["account"]), opened["opening"]


def _direct_open(ground: Ground, person: Sequence[Signed], call: dict[str, Any]) -> Call:
    conn, one = _direct(ground), person[0]
    session, account, _ = _who(ground, one, call)
    patients = [UUID(one.patients[0])]

    def run() -> None:
        conn.execute(
            "SELECT r.code, r.opening FROM gate.open(%s, %s, %s, NULL, %s, %s, %s, false, %s, %s) r",
            (session, account, patients, f"care {_fresh()}", call["read"], call["write"], secrets.token_bytes(16),
             secrets.token_bytes(32)),
        ).fetchone()  # fmt: skip

    return run


def _direct_resume(ground: Ground, person: Sequence[Signed], call: dict[str, Any]) -> Call:
    conn, one = _direct(ground), person[0]
    session, account, opening = _who(ground, one, call)

    def run() -> None:
        conn.execute("SELECT r.code, r.nonce FROM gate.resume(%s, %s, %s) r", (session, account, opening)).fetchone()

    return run
