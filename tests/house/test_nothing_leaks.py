"""What was typed, read or signed stands in no log, no running statement, no environment and no command line."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from egide.cli.supervisor import Supervisor
from egide.gate.tests.browser import Browser
from egide.gate.tests.factories import Hospital

Browse = Callable[..., Browser]


@pytest.fixture
def day(hospital: Hospital, browser: Browse, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """A day's traces: a name, a comment, a wrong value, a fault, each planted; the cookie, the ticket and a key."""
    planted = {name: f"{name}{secrets.token_hex(6)}".upper() for name in ("nom", "texte", "faux", "sql", "cle")}
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name=planted["nom"], first_name=planted["nom"])
    _, cookie = hospital.signed_in("physician", unit)
    page = browser(cookie)
    page.client.raise_request_exception = False
    chart = f"/dossier/{patient.id}/"
    for path in ("/", f"/unite/{unit}/", chart, f"{chart}acces/", f"{chart}courbe/"):
        page.get(path)
    page.post(f"{chart}constantes/", {"pulse": "80", "comment": planted["texte"]})
    page.post(
        f"{chart}constantes/", {"pulse": planted["faux"], "bp": planted["faux"], "comment": planted["faux"] + "\x00"}
    )
    page.post("/patients/", {"q": planted["nom"], "name": planted["nom"]})
    opened = hospital.open(cookie, patient.id, write=("clinical",))
    with hospital.connect("web") as web:
        for statement in (f"SELECT '{planted['sql']}'::date", f"SELECT {planted['sql']}", f"'{planted['sql']}"):
            with pytest.raises(psycopg.Error):
                web.execute(statement.encode())
        with pytest.raises(psycopg.Error):
            web.execute("SELECT door.use_opening(%s)", (planted["sql"],))
    hospital.sql("UPDATE identity_trait SET sealed = %s WHERE patient_id = %s", planted["sql"].encode(), patient.id)
    assert page.get(chart).status_code == 500
    with pytest.raises(Exception, match="bad_request"):
        hospital.web.call("open", cookie=cookie, ids=[planted["cle"]], purpose="care", read=["identity"], write=[])
    return planted | {
        "cookie": cookie, "ticket": opened["ticket"].split(".")[1], "patient": str(patient.id),
        "key": opened["keys"][0][2][1].hex(), "python": caplog.text,
    }  # fmt: skip


def logs(house: Supervisor) -> Iterator[tuple[str, bytes]]:
    for path in sorted(house.home.log.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


def test_no_log_holds_what_was_typed_read_or_signed(house: Supervisor, day: dict[str, str]) -> None:
    python = day.pop("python")
    found = [
        (name, what) for name, content in logs(house) for what, planted in day.items() if planted.encode() in content
    ]
    found += [("python", what) for what, planted in day.items() if planted in python]
    assert found == []
    assert {"postgres.json", "keeper.log"} <= {name for name, _ in logs(house)}


def test_the_log_of_the_base_says_no_statement_at_all(house: Supervisor, day: dict[str, str]) -> None:
    lines = [json.loads(line) for line in dict(logs(house))["postgres.json"].decode().splitlines()]
    assert not {key for line in lines for key in line} & {"statement", "query", "internal_query"}
    for line in lines:
        told = json.dumps({key: value for key, value in line.items() if key != "ps"})  # what kind of command it was
        assert "SELECT" not in told
        assert "identity_trait" not in told
        assert re.fullmatch(r"[A-Za-z ]{0,40}", line.get("ps", ""))


def test_running_statements_show_neither_ticket_nor_value(hospital: Hospital, day: dict[str, str]) -> None:
    shown = " ".join(
        str(row) for row in hospital.sql("SELECT query FROM pg_stat_activity WHERE usename <> 'egide_super'")
    )
    assert shown
    for what in ("nom", "texte", "faux", "cookie", "ticket", "key"):
        assert day[what] not in shown


def test_no_secret_stands_in_an_environment_or_a_command_line(house: Supervisor, hospital: Hospital) -> None:
    held = [path.read_text(encoding="ascii").strip().rsplit(":", 1)[1] for path in house.home.secrets.rglob("pgpass")]
    held += [path.read_bytes().hex() for path in house.home.keeper_masters.glob("*.key")]
    assert len(held) > 10
    told: list[bytes] = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            for name in ("environ", "cmdline"):
                try:
                    told.append((process / name).read_bytes())
                except OSError:
                    continue
    everything = b"\n".join(told)
    assert [secret[:8] for secret in held if secret.encode() in everything] == []


def test_one_process_reads_no_other_ones_secret(house: Supervisor) -> None:
    """As root each process has an account of its own; its folder is shut to the others."""
    import pwd

    if os.geteuid() != 0:
        pytest.skip("under one account there is no wall, and `egide doctor` says so")
    home = house.home
    closed: dict[str, list[Path]] = {
        "egide-web": [home.pgpass(role) for role in ("super", "migrator", "keeper", "worker", "auditor")]
        + [home.keeper_masters, home.keeper_state, home.keeper_trail / "leaves.bin", home.pg],
        "egide-worker": [home.pgpass("web"), home.pgpass("keeper"), home.keeper_masters],
        "egide-keeper": [home.pgpass("super"), home.pgpass("migrator"), home.pg],
        "egide-demo": [home.pgpass("web"), home.keeper_masters, home.pg],
    }
    for user, paths in closed.items():
        entry = pwd.getpwnam(user)
        for path in paths:
            done: Any = subprocess.run(
                ["ls" if path.is_dir() else "cat", str(path)], user=entry.pw_uid, group=entry.pw_gid, extra_groups=[],
                capture_output=True, check=False,
            )  # fmt: skip
            assert done.returncode != 0, (user, path)
