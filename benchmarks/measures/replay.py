"""The other side of the ratio: pgbench replays the very statements of the chart, prepared, through the same socket.

The statements are taken from the program itself while it serves a chart, so they cannot drift from it.
https://www.postgresql.org/docs/18/pgbench.html
"""

from __future__ import annotations

import os
import re
import resource
import secrets
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import sql

from egide.cli.cluster import find_binaries
from egide.kernel.home import DATABASE, SUPERUSER
from measures.ground import CLIENTS, Ground, Signed

# Charts of one patient in a row before the client draws another pair, by a small query that pgbench must make besides.
CHANGE_EVERY = 16
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_COUNT = re.compile(r"^number of transactions actually processed: ([0-9]+)", re.MULTILINE)
SETUP = """
    CREATE SCHEMA IF NOT EXISTS bench;
    CREATE TABLE IF NOT EXISTS bench.pair (n int PRIMARY KEY, session uuid, account uuid, ids uuid[], ticket text);
    GRANT USAGE ON SCHEMA bench TO PUBLIC;
    GRANT SELECT ON bench.pair TO PUBLIC;
    TRUNCATE bench.pair;
"""
ROLE = "bench"  # may become web and keeper in turn: pgbench signs in once, the real house twice


@dataclass(frozen=True)
class Replay:
    """Scripts for pgbench, and what they need to run."""

    ground: Ground
    folder: Path
    pairs: int
    passfile: Path

    def run(self, script: str, role: str, seconds: int, clients: int = CLIENTS) -> tuple[float, float]:
        """Charts a second without the time to connect; processor ms a chart, pgbench's own included."""
        before, pgbench = self.ground.processes()["postgres"], _children()
        user = SUPERUSER if role == "super" else role
        passfile = self.passfile if role == ROLE else self.ground.home.pgpass(role)
        done = subprocess.run(
            [
                find_binaries() / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds),
                "-f", self.folder / f"{script}.sql", "-D", "turn=0", "-D", f"pairs={self.pairs}",
                "-h", self.ground.home.socket_dir, "-U", user, DATABASE,
            ],
            env={**os.environ, "PGPASSFILE": str(passfile), "PGOPTIONS": _session_options()},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        rate, count = _TPS.search(done.stdout), _COUNT.search(done.stdout)
        if done.returncode or rate is None or count is None:
            raise SystemExit(f"pgbench a échoué : {done.stderr[-400:]}")
        time.sleep(0.5)  # its backends end a little later, and only then is their time counted as the server's
        used = self.ground.processes()["postgres"] - before + _children() - pgbench
        return float(rate[1]), used / int(count[1]) * 1000


def _session_options() -> str:
    """What the web's own connections set, so that both sides plan alike."""
    from django.conf import settings

    return str(settings.DATABASES["default"]["OPTIONS"].get("options", ""))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def chart_call() -> dict[str, Any]:
    """What the chart's view asks of the gate: the categories of its decorator."""
    from egide.config import panels

    kind, read, write, purpose = panels.chart.gate  # type: ignore[attr-defined]
    if kind != "chart":
        raise SystemExit("La vue du dossier n'ouvre plus un dossier.")
    return {"read": list(read), "write": list(write), "purpose": purpose}


def chart_reads(ground: Ground, one: Signed) -> list[tuple[str, Sequence[Any]]]:
    """The reads of one chart, caught while the program makes them."""
    from django.test import RequestFactory

    from egide.config import panels
    from egide.gate import reading

    caught: list[tuple[str, Sequence[Any]]] = []
    original = reading._pipeline  # noqa: SLF001 — the one place where the statements stand together

    def catch(ticket: str, reads: Sequence[reading.Read[Any]]) -> list[reading.Rows]:
        caught.extend((read.sql, read.params) for read in reads)
        return original(ticket, reads)

    reading._pipeline = catch  # noqa: SLF001
    try:
        request = RequestFactory(headers={"host": f"localhost:{ground.port}"}).get("/")
        request.COOKIES.update(one.cookies)
        request.META["HTTP_EGIDE_PROOF"] = one.workstation.proof("GET", "/")
        answer = panels.chart(request, patient=UUID(one.patients[0]))
    finally:
        reading._pipeline = original  # noqa: SLF001
    if answer.status_code != 200 or not caught:
        raise SystemExit("Le dossier ne s'est pas ouvert : rien à rejouer.")
    return caught


def prepare(ground: Ground, sessions: Sequence[Sequence[Signed]]) -> Replay:
    """Fills bench.pair with openings that are valid now, and writes the scripts."""
    reads = chart_reads(ground, sessions[0][0])
    call = chart_call()
    folder = Path(tempfile.mkdtemp(prefix="egide-bench-"))
    folder.chmod(0o755)
    secret, password = secrets.token_bytes(32), secrets.token_hex(16)
    keeper = ground.keeper()
    rows: list[tuple[Any, ...]] = []
    for person in sessions:
        for patient in person[0].patients[:CHANGE_EVERY]:
            opened = keeper.call("open", cookie=person[0].cookie, ids=[UUID(patient).bytes], counted=False, **call)
            session, account = (UUID(bytes=opened["actor"][name]) for name in ("session", "account"))
            rows.append((len(rows), session, account, [UUID(patient)], opened["ticket"]))
    role = sql.Identifier(ROLE)
    with ground.superuser() as connection:
        connection.execute(SETUP)
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT IN ROLE web, keeper").format(role))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(DATABASE), role))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
        connection.cursor().executemany("INSERT INTO bench.pair VALUES (%s, %s, %s, %s, %s)", rows)
    passfile = folder / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:{ROLE}:{password}\n")

    body = "\n".join(f"{_statement(text, parameters)};" for text, parameters in reads)
    transaction = f"RESET ALL;\nBEGIN READ ONLY;\nCLOSE ALL;\nSELECT door.use_opening(%s);\n{body}\nCOMMIT;"
    piped = "\\startpipeline\n" + transaction + "\n\\endpipeline\n"
    draw = (
        f"\\set turn (:turn + 1) % {CHANGE_EVERY}\n\\if :turn = 1\n\\set k random(0, :pairs - 1)\n"
        "SELECT session, account, ids, ticket FROM bench.pair WHERE n = :k \\gset\n\\endif\n"
    )
    # the purpose is part of an opening's scope: a fresh one makes each call a new opening, as each patient does
    opening = (
        "\\set fresh random(1, 1000000000)\n"
        "SELECT opening FROM gate.open(:session, :account, :ids, NULL, 'care ' || :fresh, "
        f"'{_array(call['read'])}', '{_array(call['write'])}', false, decode('{secrets.token_hex(16)}', 'hex'), "
        f"decode('{sha256(secret).hexdigest()}', 'hex')) \\gset\n"
    )
    scripts = {
        "reads": draw + piped % ":ticket",
        "reads_one_by_one": draw + transaction % ":ticket" + "\n",
        "open": draw + opening,
        "open_and_reads": f"{draw}SET ROLE keeper;\n{opening}SET ROLE web;\n"
        + piped % f":opening || '.{secret.hex()}'",
    }
    for name, text in scripts.items():
        (folder / f"{name}.sql").write_text(text)
    return Replay(ground, folder, len(rows), passfile)


def _statement(text: str, parameters: Sequence[Any]) -> str:
    """psycopg's placeholders become pgbench's: ids are the client's variable, the rest is written out."""
    parts = text.split("%s")
    filled = parts[0]
    for part, parameter in zip(parts[1:], parameters, strict=True):
        filled += _written(parameter) + part
    return filled


def _written(parameter: Any) -> str:
    if isinstance(parameter, list) and parameter and isinstance(parameter[0], UUID):
        return ":ids"
    if isinstance(parameter, list):
        return f"'{_array(parameter)}'"
    return str(parameter) if isinstance(parameter, int) else f"'{parameter}'"


def _array(words: Sequence[str]) -> str:
    return "{" + ",".join(words) + "}"
