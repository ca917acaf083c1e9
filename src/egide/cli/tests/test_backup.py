"""A backup of an Égide that serves, restored elsewhere: everything is there, opens, and the trail goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from egide.cli import age, manifest, premises
from egide.cli import backup as saving
from egide.cli.halt import Halt
from egide.cli.supervisor import Supervisor
from egide.gate.opening import chart_from
from egide.gate.tests.factories import Hospital, Patient, Person
from egide.keeper.client import Keeper
from egide.kernel.home import Home


@pytest.fixture
def places() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="egide-backup-", dir="/var/lib" if os.geteuid() == 0 else None))
    root.chmod(0o755)
    for name in ("base", "keys"):
        (root / name).mkdir()
    yield root
    shutil.rmtree(root, ignore_errors=True)


def health_of(house: Supervisor) -> dict[str, Any]:
    keeper = Keeper(house.home.keeper_socket("ops"))
    try:
        return keeper.call("health")
    finally:
        keeper.close()


def patients(house: Supervisor) -> int:
    with psycopg.connect(house.cluster.superuser_dsn()) as connection:
        row = connection.execute("SELECT count(*) FROM identity_patient").fetchone()
    return int(row[0]) if row else -1


def opened(hospital: Hospital, person: Person) -> list[dict[str, Any]]:
    return hospital.entries(account=person.account, kind="open")


def birth_name(hospital: Hospital, cookie: str, patient: Patient) -> str:
    """What the chart's keys unseal there, opened by a session of before."""
    chart = chart_from(hospital.open(cookie, patient.id))
    row = patient.trait_ids["birth_name"]
    sealed = hospital.value("SELECT sealed FROM identity_trait WHERE id = %s", row)
    return str(chart.unseal("identity", patient.id, "identity_trait", "sealed", row, sealed)["v"])


def test_what_is_saved_while_it_serves_opens_where_it_is_restored_and_its_trail_goes_on(
    house: Supervisor, hospital: Hospital, places: Path
) -> None:
    if house.home.server() is not None:
        pytest.skip("a server's own tools save its base")
    unit = hospital.unit()
    patient, other = hospital.patients(unit, 2)
    nurse, cookie = hospital.signed_in("nurse", unit)
    hospital.open(cookie, patient.id)
    identity = places / "identity"
    saving.backup(house.home, places / "base", places / "keys", age.recipients([age.make_identity(identity)]))
    (base,), (keys,) = (places / "base").iterdir(), (places / "keys").iterdir()
    assert {path.name for path in base.iterdir()} & {path.name for path in keys.iterdir()} == {manifest.NAME}
    assert {path.suffix for folder in (base, keys) for path in folder.iterdir()} == {age.SUFFIX, ".json"}
    assert {path.stat().st_mode & 0o77 for path in (base, keys)} == {0}
    hospital.open(cookie, other.id)  # after the copy: not in it
    assert [entry["ids"] for entry in opened(hospital, nurse)] == [[patient.id], [other.id]]
    there = Supervisor(Home(places / "home"), house.port, demo=None, durable=False)
    saving.restore(there.home, base, keys, age.identities(identity))
    try:
        premises.prepare(there.home)
        there.start_postgres()
        there.migrate()
        there.start_keeper()
        assert patients(there) == patients(house)
        restored = Hospital(there.cluster, there.home, hospital.origin)
        try:
            assert [entry["ids"] for entry in opened(restored, nurse)] == [[patient.id]]
            assert birth_name(restored, cookie, patient) == patient.birth_name
            assert [entry["ids"] for entry in opened(restored, nurse)] == [[patient.id], [patient.id]]
        finally:
            restored.close()
        health = health_of(there)
        assert health["halted"] is None
        assert not [alarm for alarm in health["alarms"] if alarm["code"] in ("lost", "missing", "altered")]
        assert health["base_id"] == health_of(house)["base_id"]
        verified = subprocess.run(
            [sys.executable, "-m", "egide.cli", "audit", "verify"], capture_output=True, text=True, check=False,
            env={
                **os.environ,
                "EGIDE_HOME": str(there.home.root),
                "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
            },
        )  # fmt: skip
        assert verified.returncode == 0, verified.stdout + verified.stderr
    finally:
        there.stop_all()


def test_one_place_for_both_a_place_that_is_none_and_a_home_that_has_a_base_are_refused(
    house: Supervisor, places: Path
) -> None:
    with pytest.raises(Halt, match="deux lieux"):
        saving.backup(house.home, places / "base", places / "base")
    with pytest.raises(Halt, match="n'est pas un dossier"):
        saving.backup(house.home, places / "base", places / "nowhere")
    with pytest.raises(Halt, match="a déjà une base"):
        saving.restore(house.home, places / "base", places / "keys")
    with pytest.raises(Halt, match="manque"):
        saving.restore(Home(places / "new"), places / "base", places / "keys")
    assert list((places / "base").iterdir()) == []
