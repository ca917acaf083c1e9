"""The unit's list over HTTP at 8 clients, and the memory of each process meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from measures import http_load, memory
from measures.ground import CLIENTS, Ground, Signed
from measures.report import spread, table, write

LOOKED_AT = 40  # accounts whose list is counted before the eight are chosen
WANTED = 40  # patients of the list
_LEAST = 8_000
_UNIT = re.compile(r"/unite/[0-9a-f-]{36}/")
_ROW = re.compile(r"/dossier/([0-9a-f-]{36})/\"")
HOW = """{clients} clients, each a person of another session, {rounds} rounds of {seconds} s; **median** (min to max).

Lists of {sizes} patients (the nearest to {wanted} that this base has), {people:,} people in the base. "New opening":
every lease is ended before the round, so that the first request of each session makes its row; then the same list
again, as the open page of a ward asks for it."""


def measure(ground: Ground, rounds: int, seconds: int) -> None:
    """Writes results/lists.*."""
    chosen = _chosen(ground)
    lists = [[http_load.get(one, ground.port, one.unit)] for one, _ in chosen]
    http_load.run(ground.port, lists, 2, once=False, least=_LEAST)
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        ground.forget_openings()
        result = http_load.run(ground.port, lists, seconds, once=False, least=_LEAST)
        for name, value in (
            ("rate", result.rate), ("p50", result.quantile(0.50)), ("p95", result.quantile(0.95)),
            ("p99", result.quantile(0.99)), ("kB", result.size / 1000),
        ):  # fmt: skip
            found.setdefault(name, []).append(value)
    used = memory.of(ground.supervisor)
    with ground.superuser() as connection:
        row = connection.execute("SELECT count(*) FROM identity_patient").fetchone()
    people = int(str(row[0])) if row else 0
    sizes = ", ".join(str(size) for size in sorted({size for _, size in chosen}))
    write(
        "lists",
        "The unit's list over HTTP",
        "python benchmarks/run.py lists",
        {"rounds": rounds, "seconds": seconds, "people": people, "sizes": sizes, "found": found, "memory": used},
        "\n\n".join(
            [
                HOW.format(clients=CLIENTS, rounds=rounds, seconds=seconds, sizes=sizes, wanted=WANTED, people=people),
                table(("", "median (min to max)"), [(name, spread(values, 1)) for name, values in found.items()]),
                "`p50`, `p95`, `p99` in ms; `rate` in lists a second; `kB` of one page.",
                table(
                    ("Process", "processes", "memory of its own and its share of what is shared (PSS), MB"),
                    [(name, str(count), f"{size:,.0f}") for name, (count, size) in used.items()],
                ),
            ]
        ),
    )


def _chosen(ground: Ground) -> Sequence[tuple[Signed, int]]:
    """The eight people whose unit's list is nearest to the wanted length."""
    accounts = json.loads(ground.home.demo_accounts.read_text(encoding="utf-8"))["accounts"]
    carers = [one["username"] for one in accounts if one["profession"] == "nurse" and one.get("units")]
    seen: dict[str, tuple[Signed, int]] = {}
    for username in carers:
        if len(seen) >= LOOKED_AT:
            break
        one, visitor = ground.signed(username)
        with visitor:
            paths = _UNIT.findall(visitor.get(visitor.get("/").headers["location"]).text)
            if paths and paths[0] not in seen:
                size = len(set(_ROW.findall(visitor.get(paths[0]).text)))
                seen[paths[0]] = (one.at(paths[0]), size)
    nearest = sorted(seen.values(), key=lambda pair: abs(pair[1] - WANTED))[:CLIENTS]
    while nearest and len(nearest) < CLIENTS:  # a small base has fewer units than clients
        nearest = [*nearest, *nearest][:CLIENTS]
    if not nearest:
        raise SystemExit("Aucune unité de cette base n'a de liste.")
    return nearest
