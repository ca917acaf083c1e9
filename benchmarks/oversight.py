"""Oversight: pages of the trail by filter over millions of lines, and what its indexes cost each line written.

    python benchmarks/oversight.py [--lines 3000000] [--times 20]

Makes a base of its own in a throwaway EGIDE_HOME (deleted at the end), writes synthetic lines as superuser (1,400
accounts, 60 units, 700,000 patients, 60 days, weights invented), then asks as a DPO: `door.trail` on a connection of
the role web under her ticket, and the whole page through Django. No network.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src")]

from egide.cli import premises  # noqa: E402
from egide.cli.supervisor import Supervisor  # noqa: E402
from egide.kernel.home import Home  # noqa: E402

PORT = 8497
DAYS = 60
LINES = """
INSERT INTO audit.entry (id, xid, at, kind, account, session, profession, site, unit, ids, reads, writes, purpose,
                         basis, verdict, reason, object, nonce, ticket_hash, salt)
SELECT nextval('audit.entry_id'), pg_current_xact_id(), %(start)s + g * %(step)s::interval, k.kind,
       md5('account' || (power(random(), 2) * 1400)::int)::uuid, md5('session' || g / 40)::uuid, 'nurse', NULL,
       CASE WHEN k.kind = 'open' AND random() < 0.3 THEN md5('unit' || (random() * 60)::int)::uuid END,
       ARRAY[md5('patient' || (random() * 700000)::int)::uuid], '{identity,stay,clinical}', '{}',
       CASE WHEN r < 0.7 THEN 'care' WHEN r < 0.98 THEN 'unit_list' WHEN r < 0.9995 THEN 'print'
            ELSE 'access_review' END,
       CASE WHEN r < 0.95 THEN 'stay' WHEN r < 0.999 THEN 'team' WHEN r < 0.9999 THEN 'advice' ELSE 'oversight' END,
       'opened', CASE WHEN k.kind = 'refuse' THEN 'no_link' END, NULL, NULL, NULL, sha256(int8send(g))
  FROM (SELECT g, random() AS r, random() AS q FROM generate_series(%(first)s::bigint, %(last)s::bigint) g) d,
       LATERAL (SELECT CASE WHEN q < 0.9 THEN 'open' WHEN q < 0.97 THEN 'act' WHEN q < 0.985 THEN 'refuse'
                            WHEN q < 0.9998 THEN 'search' ELSE 'break_glass' END AS kind) k
"""
INDEXES = ("entry_at", "entry_account", "entry_unit", "entry_kind", "entry_purpose", "entry_basis")


def hashed(word: str, number: int) -> str:
    """The uuid that the SQL above makes of a word and a number."""
    import hashlib

    return str(UUID(hashlib.md5(f"{word}{number}".encode(), usedforsecurity=False).hexdigest()))


def fill(hospital: Any, lines: int) -> None:
    """Writes the lines, in slices; the sequencer is told that they are numbered, or it would hash them all."""
    start = datetime.now(UTC) - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / lines
    for first in range(0, lines, 250_000):
        with hospital.connect("super") as connection, connection.transaction():
            connection.execute(
                LINES.encode(),
                {"start": start, "step": step, "first": first, "last": min(lines, first + 250_000) - 1},
            )
            connection.execute("UPDATE audit.horizon SET (seen, numbered) = (SELECT max(id), max(id) FROM audit.entry)")
    hospital.sql(
        "INSERT INTO accounts.account (id, username, name, kind, site) SELECT md5('account' || g)::uuid, 'essai.' || g,"
        " 'Essai ' || g, 'person', %s FROM generate_series(0, 1400) g",
        hospital.site,
    )
    hospital.sql(
        "INSERT INTO gate.purse (account, profession, site, class, at, ring_day)"
        " SELECT id, 'nurse', site, c, now(), array_fill(2, ARRAY[24]) FROM accounts.account,"
        " unnest('{linked,unlinked,confirmed,search}'::text[]) c WHERE username LIKE 'essai.%%'"
    )
    hospital.sql("VACUUM ANALYZE audit.entry")


def questions() -> dict[str, Callable[[random.Random], dict[str, str]]]:
    """Filters by name; each draws its values."""
    return {
        "nothing, 7 days": lambda _: {},
        "nothing, 60 days": lambda _: {"days": "60"},
        "busy account, 60 days": lambda draw: {"account": hashed("account", draw.randrange(20)), "days": "60"},
        "any account, 7 days": lambda draw: {"account": hashed("account", draw.randrange(1400))},
        "unit, 60 days": lambda draw: {"unit": hashed("unit", draw.randrange(60)), "days": "60"},
        "patient, 60 days": lambda draw: {"patient": hashed("patient", draw.randrange(700_000)), "days": "60"},
        "refusals, 60 days": lambda _: {"kind": "refuse", "days": "60"},
        "break-glasses, 60 days": lambda _: {"kind": "break_glass", "days": "60"},
        "rare purpose, 60 days": lambda _: {"purpose": "access_review", "days": "60"},
        "rare basis, 60 days": lambda _: {"basis": "oversight", "days": "60"},
        "account × kind, 60 days": lambda draw: {
            "account": hashed("account", draw.randrange(20)), "kind": "break_glass", "days": "60",
        },
        "unit × rare purpose, 60 days": lambda draw: {
            "unit": hashed("unit", draw.randrange(60)), "purpose": "print", "days": "60",
        },
        "unit × basis that never meet": lambda draw: {
            "unit": hashed("unit", draw.randrange(60)), "basis": "break_glass", "days": "60",
        },
        "one old day": lambda draw: {"days": "1", "back": str(draw.randrange(10, 50))},
        "an old page": lambda draw: {"days": "60", "before": str(draw.randrange(10_000, 1_000_000))},
    }  # fmt: skip


def quantiles(taken: list[float]) -> dict[str, float]:
    """p50 and worst, in milliseconds."""
    return {"p50_ms": round(statistics.median(taken), 1), "max_ms": round(max(taken), 1)}


def by_sql(hospital: Any, ticket: str, asked: dict[str, str]) -> float:
    """One question on a connection of the role web, commit included, in ms."""
    until = datetime.now(UTC) - timedelta(days=int(asked.get("back", "0")))
    begun = time.perf_counter()
    with hospital.as_web(ticket) as connection:
        connection.execute(
            "SELECT * FROM door.trail(%s, %s, %s::uuid, %s::uuid, %s::uuid, %s, %s, %s, %s::bigint)",
            (until - timedelta(days=int(asked.get("days", "7"))), until, asked.get("account"), asked.get("unit"),
             asked.get("patient"), asked.get("kind"), asked.get("purpose"), asked.get("basis"), asked.get("before")),
        ).fetchall()  # fmt: skip
    return (time.perf_counter() - begun) * 1000


def by_page(browser: Any, asked: dict[str, str]) -> float:
    """The page with the same filters, through Django, in ms."""
    until = datetime.now(UTC).date() - timedelta(days=int(asked.get("back", "0")))
    since = until - timedelta(days=int(asked.get("days", "7")) - 1)
    named = {key: value for key, value in asked.items() if key not in {"days", "back"}}
    query = "&".join(f"{key}={value}" for key, value in (named | {"since": str(since), "until": str(until)}).items())
    begun = time.perf_counter()
    answer = browser.get(f"/surveillance/?{query}")
    taken = (time.perf_counter() - begun) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"the page answered {answer.status_code}")
    return taken


def writing(hospital: Any, count: int = 3000) -> float:
    """Microseconds a line appended, all in one transaction."""
    with hospital.connect("super") as connection, connection.transaction():
        begun = time.perf_counter()
        connection.execute(
            "SELECT count(audit.append('open', md5('account' || g)::uuid, NULL, 'nurse', NULL,"
            " md5('unit' || g %% 60)::uuid,"
            " ARRAY[md5('patient' || g)::uuid], '{identity}', '{}', 'care', 'stay', 'opened'))"
            " FROM generate_series(1, %s) g",
            (count,),
        )
        return (time.perf_counter() - begun) / count * 1e6


def measure(hospital: Any, lines: int, times: int) -> dict[str, Any]:
    """Everything, as results/oversight.json holds it."""
    from egide.gate.tests.browser import Browser

    begun = time.perf_counter()
    fill(hospital, lines)
    filled = time.perf_counter() - begun
    _, cookie = hospital.signed_in("dpo")
    ticket, browser = hospital.web.call("who", cookie=cookie)["ticket"], Browser(cookie)
    draw = random.Random(1)
    found: dict[str, Any] = {}
    for name, one in questions().items():
        asked = [one(draw) for _ in range(times)]
        by_sql(hospital, ticket, asked[0])
        by_page(browser, asked[0])
        print(name, flush=True)
        found[name] = {
            "sql": quantiles([by_sql(hospital, ticket, each) for each in asked]),
            "page": quantiles([by_page(browser, each) for each in asked]),
        }
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        browser.get("/surveillance/activite/")
        taken.append((time.perf_counter() - begun) * 1000)
    found["activity of 1,400 accounts"] = {"page": quantiles(taken)}
    written = {"with_us": round(min(writing(hospital) for _ in range(5)), 1)}
    for name in INDEXES:
        hospital.sql(f"DROP INDEX audit.{name}")
    written["without_us"] = round(min(writing(hospital) for _ in range(5)), 1)
    return {
        "command": f"python benchmarks/oversight.py --lines {lines} --times {times}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, shared",
        "lines": lines, "filled_s": round(filled), "questions": found, "one_line_written": written,
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The same as a page."""
    rows = [
        f"| {name} | {found.get('sql', {}).get('p50_ms', '')} | {found.get('sql', {}).get('max_ms', '')}"
        f" | {found['page']['p50_ms']} | {found['page']['max_ms']} |"
        for name, found in result["questions"].items()
    ]
    written = result["one_line_written"]
    return "\n".join([
        "# Oversight: the trail by filter", "",
        f"`{result['command']}`, {result['machine']}: other work ran beside, the worst values say so.", "",
        f"{result['lines']:,} lines over {DAYS} days. Target: a page under 300 ms. In ms, commit included:", "",
        "| Asked | SQL p50 | SQL max | page p50 | page max |", "|---|---|---|---|---|", *rows, "",
        f"One line written: {written['with_us']} µs with these indexes, {written['without_us']} µs without.", "",
    ])  # fmt: skip


def main() -> None:
    """Measures in a house of its own; writes results/oversight.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--times", type=int, default=20)
    arguments = parser.parse_args()
    os.umask(0o022)
    root = Path(tempfile.mkdtemp(prefix="egide-bench-", dir="/var/lib" if os.geteuid() == 0 else None))
    root.chmod(0o755)
    os.environ |= {
        "EGIDE_HOME": str(root), "EGIDE_PORT": str(PORT), "EGIDE_ORIGIN": f"http://localhost:{PORT}",
        "DJANGO_SETTINGS_MODULE": "egide.config.settings",
    }  # fmt: skip
    house = Supervisor(Home(root), PORT, demo=True, durable=False)
    try:
        premises.prepare(house.home)
        house.start_postgres()
        house.migrate()
        house.start_keeper()
        import django

        django.setup()
        from egide.gate.tests.factories import Hospital

        hospital = Hospital(house.cluster, Home(root), f"http://localhost:{PORT}")
        result = measure(hospital, arguments.lines, arguments.times)
        hospital.close()
    finally:
        house.stop_all()
        shutil.rmtree(root, ignore_errors=True)
    (HERE / "results" / "oversight.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (HERE / "results" / "oversight.md").write_text(table(result), encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
