"""The demo on a real base: what was loaded, decrypted, is what the seed tells; a second run adds nothing."""

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

import psycopg
import pytest

from egide.cli.cluster import Cluster
from egide.cli.supervisor import Supervisor
from egide.keeper.client import Keeper
from egide.keeper.masters import load as load_masters
from egide.kernel import sealing, tokens
from egide.kernel.home import Home
from egide.kernel.softkey_id import SOFTWARE_AAGUID
from egide.rehearsal import hospital, staff, staffing
from egide.rehearsal.rows import SYSTEM
from egide.rehearsal.truth import truth
from egide.rehearsal.workstation import Workstation

PEOPLE, SEED, TODAY = 300, 1, "2026-11-24"


def egide(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    return subprocess.run(
        [sys.executable, "-m", "egide.cli", *arguments], capture_output=True, text=True, check=False, env=environment
    )


def counts(cluster: Cluster) -> dict[str, int]:
    tables = (
        "identity_patient", "identity_trait", "identity_contact", "identity_ins", "stays_stay", "record_problem",
        "record_allergy", "record_measurement", "gate.link", "gate.token", "accounts.account", "accounts.membership",
        "accounts.key", "directory_bed", "directory_professional",
    )  # fmt: skip
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # type: ignore[index] # noqa: S608


@pytest.fixture(scope="module")
def loaded(house: Supervisor) -> subprocess.CompletedProcess[str]:
    """The standard demo, in two slices, on the session's base (where other tests may have drawn people of theirs)."""
    done = egide("demo", "load", "--patients", str(PEOPLE), "--seed", str(SEED), "--today", TODAY)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def masters(home: Home) -> dict[str, bytes]:
    """The keeper's own masters, read from its folder: the test stands where no process of Égide stands."""
    return {path.name.split(".")[0]: path.read_bytes() for path in home.keeper_masters.glob("*.1.key")}


@pytest.fixture(scope="module")
def patients(loaded: subprocess.CompletedProcess[str], cluster: Cluster, home: Home) -> dict[int, UUID]:
    """The demo's people by index, found by their blind tokens."""
    chain = load_masters(home.keeper_masters, home.keeper_birth).sources
    wanted = {tokens.source_token(chain, SYSTEM, str(index)): index for index in range(PEOPLE)}
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        rows = connection.execute(
            "SELECT token, patient_id FROM gate.token WHERE kind = 'SRC' AND token = ANY(%s)", (list(wanted),)
        ).fetchall()
    return {wanted[token]: patient for token, patient in rows}


def unsealed(
    masters: dict[str, bytes], category: str, patient: UUID, table: str, column: str, row: UUID, sealed: bytes
) -> Any:
    import msgpack

    keys = {1: sealing.patient_key(masters[category], category, patient)}
    return msgpack.unpackb(
        sealing.unseal(keys, bytes(sealed), sealing.associated(table, column, row, category)), raw=False
    )


def test_the_truth_is_what_the_base_holds(
    patients: dict[int, UUID], cluster: Cluster, masters: dict[str, bytes]
) -> None:
    ids = list(patients.values())
    found: dict[UUID, dict[str, Any]] = defaultdict(lambda: {"traits": [], "contacts": [], "ins": None})
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        for table, category, name in (
            ("identity_trait", "identity", "traits"),
            ("identity_contact", "contact", "contacts"),
        ):
            for row, patient, kind, sealed in connection.execute(
                f"SELECT id, patient_id, kind, sealed FROM {table} WHERE patient_id = ANY(%s)",  # noqa: S608
                (ids,),
            ):
                value = unsealed(masters, category, patient, table, "sealed", row, sealed)
                found[patient][name].append({"kind": kind, **value})
        for row, patient, sealed in connection.execute(
            "SELECT id, patient_id, sealed FROM identity_ins WHERE patient_id = ANY(%s)", (ids,)
        ):
            found[patient]["ins"] = unsealed(masters, "ins", patient, "identity_ins", "sealed", row, sealed)
        stays = connection.execute(
            "SELECT patient_id, unit_id, bed_id, discharged_at FROM stays_stay WHERE patient_id = ANY(%s)", (ids,)
        ).fetchall()
    for patient, unit, bed, discharged in stays:
        found[patient]["unit_id"] = str(unit)
        found[patient]["present"] = found[patient].get("present", False) or discharged is None
        assert (bed is not None) == (discharged is None)

    def ordered(values: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(value, sort_keys=True) for value in values)

    told = list(truth(SEED, PEOPLE))
    assert len(found) == len(told) == PEOPLE
    for one in told:
        stored = found[patients[one["index"]]]
        assert ordered(stored["traits"]) == ordered(one["traits"])
        assert ordered(stored["contacts"]) == ordered(one["contacts"])
        assert stored["ins"] == one["ins"]
        assert (stored["unit_id"], stored["present"]) == (one["unit_id"], one["present"])


def test_the_command_prints_the_truth_from_the_seed_alone(loaded: subprocess.CompletedProcess[str], home: Home) -> None:
    done = egide("demo", "truth", "--patients", "20", "--seed", str(SEED))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    # Presence depends on how many people share the beds; who they are does not.
    assert [one["now"] for one in lines] == [one["now"] for one in truth(SEED, PEOPLE)][:20]
    planted = [value["v"].encode() for one in lines for value in one["contacts"] if value["kind"] in ("email", "phone")]
    for folder, _, names in os.walk(home.root):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118
            if os.path.isfile(path) and "/pg/" not in path:  # noqa: PTH113
                with open(path, "rb") as file:  # noqa: PTH123
                    content = file.read()
                assert not any(text in content for text in planted), path


def test_every_bed_holds_one_and_every_present_patient_is_measured(patients: dict[int, UUID], cluster: Cluster) -> None:
    ids = list(patients.values())
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        present = connection.execute(
            "SELECT patient_id, unit_id, bed_id FROM stays_stay WHERE discharged_at IS NULL AND patient_id = ANY(%s)",
            (ids,),
        ).fetchall()
        measured: dict[UUID, int] = dict(
            connection.execute(
                "SELECT patient_id, count(DISTINCT taken_at::date) FROM record_measurement"
                " WHERE code = '8480-6' AND patient_id = ANY(%s) GROUP BY 1",
                (ids,),
            ).fetchall()
        )
        authors = {
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT author FROM record_measurement WHERE patient_id = ANY(%s)", (ids,)
            )
        }
        linked = {
            (row[0], row[1])
            for row in connection.execute(
                "SELECT patient_id, unit FROM gate.link WHERE until IS NULL AND patient_id = ANY(%s)", (ids,)
            )
        }
    per_unit = Counter(unit for _, unit, _ in present)
    assert {per_unit[unit.id] for unit in hospital.UNITS} == {unit.occupied for unit in hospital.UNITS}
    assert len({bed for _, _, bed in present}) == len(present)
    assert all(measured[patient] >= 14 for patient, _, _ in present)
    assert linked == {(patient, unit) for patient, unit, _ in present}
    assert authors <= {one.id for one in staff.accounts().values() if one.profession == "nurse"}


def test_a_second_run_adds_nothing(loaded: subprocess.CompletedProcess[str], cluster: Cluster) -> None:
    before = counts(cluster)
    for day in (TODAY, "2026-12-24"):
        again = egide("demo", "load", "--patients", str(PEOPLE), "--seed", str(SEED), "--today", day)
        assert again.returncode == 0, again.stderr
        assert "0 ajoutées" in again.stdout
        assert counts(cluster) == before


@pytest.mark.parametrize(
    "arguments", [("--patients", str(PEOPLE), "--seed", "6"), ("--patients", "420", "--seed", str(SEED))]
)
def test_another_demo_on_the_same_base_is_refused_and_leaves_nothing(
    loaded: subprocess.CompletedProcess[str], cluster: Cluster, arguments: tuple[str, ...]
) -> None:
    tables = ("identity_patient", "identity_trait", "stays_stay", "record_measurement", "gate.link")
    before = {table: counts(cluster)[table] for table in tables}
    done = egide("demo", "load", *arguments, "--today", TODAY)
    assert done.returncode == 1
    assert "démonstration d'une autre graine" in done.stderr
    assert "Traceback" not in done.stderr
    assert {table: counts(cluster)[table] for table in tables} == before


def test_accounts_are_told_and_hold_one_key_each(
    loaded: subprocess.CompletedProcess[str], cluster: Cluster, home: Home
) -> None:
    told = json.loads(home.demo_accounts.read_text())["accounts"]
    assert home.demo_accounts.stat().st_mode & 0o777 == 0o644
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        rows = connection.execute(
            "SELECT c.username, count(DISTINCT k.id), min(m.profession), array_agg(DISTINCT m.unit::text),"
            " bool_and(k.aaguid = %s) FROM accounts.account c JOIN accounts.key k ON k.account = c.id"
            " JOIN accounts.membership m ON m.account = c.id AND m.until IS NULL"
            " WHERE c.kind = 'person' AND c.id = ANY(%s) GROUP BY 1",
            (SOFTWARE_AAGUID, [account.id for account in staff.accounts().values()]),
        ).fetchall()
    assert len(rows) == len(told) == 1400
    for username, keys, profession, units, software in rows:
        one = next(account for account in told if account["username"] == username)
        assert (keys, profession, software) == (1, one["profession"], True)
        assert sorted(unit for unit in units if unit) == sorted(one["units"])


def test_the_keeper_admits_each_key(
    loaded: subprocess.CompletedProcess[str], home: Home, request: pytest.FixtureRequest
) -> None:
    """The ceremony without the web: challenge, the key of the folder, proof; and no session without verification."""
    keeper = Keeper(home.keeper_socket("web"))
    request.addfinalizer(keeper.close)
    origin = os.environ["EGIDE_ORIGIN"]
    keys = staffing.make_keys(home.demo_keys, origin)
    for key in keys:
        begun = keeper.call("sign_in", step="begin")
        response = key.assertion(begun["options"], origin)
        done = keeper.call(
            "sign_in", step="finish", challenge_id=begun["challenge_id"], response=response, device="test",
            device_key=Workstation().point,
        )  # fmt: skip
        assert done["actor"]["username"] == key.username
    begun = keeper.call("sign_in", step="begin")
    with pytest.raises(Exception, match="no_user_verification"):
        keeper.call(
            "sign_in",
            step="finish",
            challenge_id=begun["challenge_id"],
            response=keys[0].assertion(begun["options"], origin, verified=False),
            device="test",
            device_key=Workstation().point,
        )


def test_the_key_export_is_for_the_operator(loaded: subprocess.CompletedProcess[str]) -> None:
    done = egide("demo", "key", "export", "claire.morvan")
    assert json.loads(done.stdout)["rpId"] == "localhost"
    unknown = egide("demo", "key", "export", "personne")
    assert (unknown.returncode, unknown.stdout) == (2, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("load", "--patients", "0"),
        ("load", "--patients", "many"),
        ("load", "--today", "24/11/2026"),
        ("load", "--today", "2020-01-01"),
        ("truth", "--seed", "-1"),
        ("key", "export", "../x"),
        ("signin", "claire.morvan", "--url", "not an address"),
        ("signin", "claire.morvan", "--url", "http://localhost:1"),
        ("proof", "no key", "/jour/"),
        ("proof", "AAAA", "/jour/"),
    ],
)
def test_wrong_arguments_are_one_sentence(house: Supervisor, arguments: tuple[str, ...]) -> None:
    done = egide("demo", *arguments)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert len(re.findall(r"\S", done.stderr)) > 10
