"""The operator's console and what is looked at from behind, on a running clinic."""

from __future__ import annotations

import json
import subprocess
import sys

from egide.keeper.client import Keeper
from egide.rehearsal.signin import Visitor, sign_in
from tests.journeys.clinic import Clinic

NURSE = "claire.morvan"


def signed_in(clinic: Clinic) -> Visitor:
    return sign_in(clinic.url, NURSE, f"http://localhost:{clinic.port + 1}")


def a_chart(clinic: Clinic, nurse: Visitor) -> str:
    """The address of a chart she takes care of."""
    accounts = json.loads(clinic.home.demo_accounts.read_text())["accounts"]
    unit = next(one["units"][0] for one in accounts if one["username"] == NURSE)
    row = clinic.sql(
        "SELECT s.patient_id FROM stays_stay s JOIN directory_unit u ON u.id = s.unit_id"
        " WHERE s.discharged_at IS NULL AND (u.code = %s OR u.id::text = %s) ORDER BY 1 LIMIT 1", unit, str(unit),
    )  # fmt: skip
    path = f"/dossier/{row[0][0]}/"
    assert nurse.get(path).status == 200
    return path


def versions_of(clinic: Clinic, key: str) -> dict[int, bytes]:
    """Masters by version, as another program of the keeper's user gets them."""
    door = Keeper(clinic.home.keeper_socket("trail"))
    try:
        found: dict[int, bytes] = door.call("masters", names=[key])["keys"][key]
        return found
    finally:
        door.close()


def headers(clinic: Clinic, table: str, column: str) -> set[int]:
    """Key versions that the sealed values of a column bear."""
    rows = clinic.sql(f"SELECT DISTINCT get_byte({column}, 2) FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608
    return {row[0] for row in rows}


def say(clinic: Clinic, *command: str, typed: str = "", expected: int = 0) -> str:
    """One `egide …` with something typed on its standard input; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "egide.cli", *command], env=clinic._environment(), input=typed, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == expected, (done.stdout, done.stderr)
    return done.stdout + done.stderr
