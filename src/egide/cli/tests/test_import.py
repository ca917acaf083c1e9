"""`egide import fhir` on a real base: what enters, what does not, and that it enters once."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.cli.cluster import Cluster
from egide.cli.processes import code_path
from egide.cli.supervisor import Supervisor
from egide.interop.fhir.tests import resources as make

TABLES = (
    "identity_patient",
    "identity_trait",
    "identity_contact",
    "stays_stay",
    "record_problem",
    "record_allergy",
    "record_measurement",
    "record_importedfact",
    "record_kept",
    "gate.link",
    "gate.token",
)


@dataclass(frozen=True)
class Place:
    """A unit of a site of its own, and the base it is in."""

    cluster: Cluster
    finess: str
    unit: UUID

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.cluster.superuser_dsn()) as connection:
            return connection.execute(statement, values).fetchall()

    def counts(self) -> dict[str, int]:
        return {table: self.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608

    def start(self, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        source = code_path()  # None where the worker's account could not read the checkout: installed code is the same
        path = {"PYTHONPATH": str(source)} if source else {}
        return subprocess.Popen(
            [sys.executable, "-m", "egide.cli", "import", "fhir", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **path, **environment},
        )

    def run(self, *arguments: object, expected: int = 0, **environment: str) -> tuple[str, str]:
        """What it printed on both streams."""
        started = self.start(*arguments, **environment)
        out, err = started.communicate()
        assert started.returncode == expected, (started.returncode, out, err)
        return out, err

    def take(self, *arguments: object, expected: int = 0) -> dict[str, Any]:
        out, _ = self.run(*arguments, "--site", self.finess, "--unit", "UF1", "--json", expected=expected)
        account: dict[str, Any] = json.loads(out)
        assert account["balanced"]
        return account


@pytest.fixture
def place(house: Supervisor, cluster: Cluster) -> Place:
    site, unit, finess = uuid4(), uuid4(), str(uuid4().int)[:9]
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        connection.execute(
            "INSERT INTO directory_site (id, name, finess, kind, city) VALUES (%s, %s, %s, 'CH', 'Brest')",
            (site, f"Site {finess}", finess),
        )
        connection.execute(
            "INSERT INTO directory_unit (id, site_id, name, code, specialty) VALUES (%s, %s, 'Médecine', 'UF1', '')",
            (unit, site),
        )
    return Place(cluster, finess, unit)


@pytest.fixture
def one() -> str:
    """An id that no other test's patient bears."""
    return uuid4().hex


def whole(one: str) -> tuple[make.Resource, ...]:
    return (
        make.patient(one),
        make.encounter("e1", one),
        make.condition("c1", one),
        make.allergy("a1", one),
        make.pressure("o1", one),
        make.observation("o2", one, **make.quantity("2093-3", 2, "g/L")),
        make.prescription("m1", one),
        make.other("Claim", "k1", patient={"reference": f"Patient/{one}"}),
    )


def added(account: dict[str, Any]) -> dict[str, int]:
    """Type → how many resources were stored or kept aside in this run."""
    sums = {kind: counts["stored"] + sum(counts["kept"].values()) for kind, counts in account["types"].items()}
    return {kind: count for kind, count in sums.items() if count}


def write(folder: Path, name: str, *resources: make.Resource, more: bytes = b"") -> Path:
    (folder / name).write_bytes(make.ndjson(*resources) + more)
    return folder / name


def test_a_patient_enters_whole_is_admitted_and_leaves_a_trail(place: Place, tmp_path: Path, one: str) -> None:
    path = write(tmp_path, "a.ndjson", *whole(one))
    before = place.counts()
    account = place.take(path)
    assert added(account) == {
        "AllergyIntolerance": 1, "Claim": 1, "Condition": 1, "Encounter": 1, "MedicationRequest": 1, "Observation": 2,
        "Patient": 1,
    }  # fmt: skip
    assert account["types"]["Observation"] == {
        "read": 2, "stored": 1, "kept": {"code": 1}, "already": 0, "left": {}, "broken": 0,
    }  # fmt: skip
    after = place.counts()
    assert {table: after[table] - before[table] for table in ("record_measurement", "record_kept")} == {
        "record_measurement": 2, "record_kept": 2,
    }  # fmt: skip
    [(patient, since)] = place.sql("SELECT patient_id, since FROM gate.link WHERE unit = %s", place.unit)
    stays = place.sql(
        "SELECT unit_id, bed_id, admitted_at, discharged_at FROM stays_stay WHERE patient_id = %s", patient
    )
    assert {stay[0] for stay in stays} == {place.unit}
    assert [stay[2] for stay in stays if stay[3] is None] == [since]
    acts = place.sql(
        "SELECT profession, reason, object, site IS NOT NULL FROM audit.entry WHERE kind = 'act' AND ids = %s",
        [patient],
    )
    assert acts == [("application", "interop:patient:import", f"fhir:{account['manifest']}", True)]
    assert place.counts()["identity_patient"] == before["identity_patient"] + 1


def test_a_second_run_adds_nothing_and_later_facts_are_added(place: Place, tmp_path: Path, one: str) -> None:
    path = write(tmp_path, "a.ndjson", *whole(one))
    place.take(path)
    before = place.counts()
    account = place.take(path)
    assert place.counts() == before
    assert added(account) == {}
    assert account["patients"] == {"new": 0, "known": 1, "admitted": 0, "unplaced": 0, "shifted": 0, "refused": 0}
    write(tmp_path, "b.ndjson", make.observation("o3", one))
    account = place.take(tmp_path)
    assert added(account) == {"Observation": 1}
    assert account["types"]["Observation"]["stored"] == 1
    assert account["types"]["Observation"]["already"] == 2


def test_a_bundle_and_its_lines_are_the_same_patient(place: Place, tmp_path: Path, one: str) -> None:
    place.take(write(tmp_path, "a.ndjson", *whole(one)))
    before = place.counts()
    (tmp_path / "b.json").write_text(json.dumps(make.bundle(*whole(one))))
    again = place.take(tmp_path / "b.json")["types"]
    assert sum(counts["stored"] for counts in again.values()) == 0
    after = place.counts()
    kept = after.pop("record_kept") - before.pop("record_kept")
    assert after == before
    assert kept == 2, "other bytes are another version, kept beside the first"


def test_a_broken_line_is_named_and_changes_nothing_of_that_patient(place: Place, tmp_path: Path, one: str) -> None:
    place.take(write(tmp_path, "a.ndjson", *whole(one)))
    before = place.counts()
    secret = "Kergoat-Secret"
    bad = make.condition("c9", one, code={"text": secret}, onsetDateTime=secret)
    path = write(tmp_path, "b.ndjson", *whole(one), make.observation("o9", one), bad, more=f'{{"{secret}'.encode())
    account = place.take(path, expected=1)
    assert [(item["file"], item["line"], item["reason"]) for item in account["broken"]] == [
        ("b.ndjson", 10, "date"),
        ("b.ndjson", 11, "not_json"),
    ]
    assert account["types"]["Observation"]["left"]["patient_broken"] == 3
    assert place.counts() == before
    out, err = place.run(path, "--site", place.finess, "--unit", "uf1", expected=1)
    assert "b.ndjson:10" in out
    assert secret not in out + err


def test_the_future_waits_for_shift_dates(place: Place, tmp_path: Path, one: str) -> None:
    taken = "2180-05-07T01:23:45-04:00"
    ahead = (make.patient(one, birthDate="2130-01-01"), make.pressure("o1", one, effectiveDateTime=taken))
    path = write(tmp_path, "a.ndjson", *ahead)
    before = place.counts()
    account = place.take(path, expected=1)
    assert account["types"]["Patient"]["left"] == {"in_future": 1}
    assert place.counts() == before
    assert place.take(path, "--shift-dates")["patients"]["shifted"] == 1
    here = "SELECT patient_id FROM gate.link WHERE unit = %s"
    shifted = f"SELECT DISTINCT taken_at FROM record_measurement WHERE patient_id = ({here})"  # noqa: S608
    [(moved,)] = place.sql(shifted, place.unit)
    assert moved.astimezone(UTC).time() == datetime.fromisoformat(taken).astimezone(UTC).time()
    assert timedelta(0) < datetime.now(UTC) - moved < timedelta(days=2)
    later = write(
        tmp_path, "b.ndjson", *ahead, make.observation("o2", one, effectiveDateTime="2180-05-06T01:23:45-04:00")
    )
    assert added(place.take(later, "--shift-dates")) == {"Observation": 1}
    assert sorted(place.sql(shifted, place.unit)) == [(moved - timedelta(days=1),), (moved,)]


def test_two_imports_at_once_enter_everyone_once(place: Place, tmp_path: Path, one: str) -> None:
    ids = [f"{one}-{number}" for number in range(25)]
    facts = [make.observation(f"o{number}", ident) for ident in ids for number in range(40)]
    path = write(tmp_path, "a.ndjson", *(make.patient(ident) for ident in ids), *facts)
    before = place.counts()
    with ThreadPoolExecutor(2) as pool:
        accounts = list(pool.map(place.take, [path, path]))
    assert sum(account["types"]["Patient"]["stored"] for account in accounts) == len(ids)
    assert sum(account["types"]["Observation"]["stored"] for account in accounts) == len(facts)
    after = place.counts()
    assert after["record_measurement"] - before["record_measurement"] == len(facts)
    links = place.sql("SELECT basis, count(*) FROM gate.link WHERE unit = %s GROUP BY 1", place.unit)
    assert links == [("stay", len(ids))]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_who_entered_is_whole_and_the_rest_follows(
    place: Place, tmp_path: Path, one: str, how: signal.Signals
) -> None:
    ids = [f"{one}-{number}" for number in range(60)]
    facts = [make.observation(f"o{number}", ident) for ident in ids for number in range(30)]
    path = write(tmp_path, "a.ndjson", *(make.patient(ident) for ident in ids), *facts)
    entered = "SELECT count(*) FROM gate.link WHERE unit = %s"
    started = place.start(path, "--site", place.finess, "--unit", "UF1")
    while started.poll() is None and place.sql(entered, place.unit)[0][0] < 5:
        time.sleep(0.005)
    started.send_signal(how)
    _, said = started.communicate()
    if how is signal.SIGINT and started.returncode:  # it may have been done already
        assert "Interrompu après" in said
        assert "Traceback" not in said
    numbers = (
        "SELECT l.patient_id, count(m.id) FROM gate.link l LEFT JOIN record_measurement m USING (patient_id)"
        " WHERE l.unit = %s GROUP BY 1"
    )
    assert {count for _, count in place.sql(numbers, place.unit)} == {30}
    account = place.take(path)
    assert account["patients"]["new"] + account["patients"]["known"] == len(ids)
    assert [count for _, count in place.sql(numbers, place.unit)] == [30] * len(ids)


def test_what_is_kept_aside_is_whole_and_nobody_s_stands_apart(place: Place, tmp_path: Path, one: str) -> None:
    organization = make.other("Organization", uuid4().hex, name="Clinique Été")
    orphan = make.observation("o7", f"{one}-absent")
    secret = make.condition("c7", one, meta={"security": [{"code": "R"}]})
    account = place.take(write(tmp_path, "a.ndjson", *whole(one), organization, orphan, secret))
    assert account["types"]["Organization"]["kept"] == {"no_patient": 1}
    assert account["types"]["Observation"]["kept"] == {"code": 1, "patient_absent": 1}
    assert account["types"]["Condition"]["kept"] == {"restricted": 1}
    here = "SELECT patient_id FROM gate.link WHERE unit = %s"
    mine = place.sql(f"SELECT type, category FROM record_kept WHERE patient_id = ({here})", place.unit)  # noqa: S608
    assert sorted(mine) == [("Claim", "clinical"), ("Condition", "protected"), ("Observation", "clinical")]
    before = place.counts()
    again = place.take(tmp_path / "a.ndjson")
    assert added(again) == {}
    assert place.counts() == before
    # who was absent comes: what was kept for her is hers
    place.take(write(tmp_path, "b.ndjson", make.patient(f"{one}-absent")))
    kept = place.sql(
        "SELECT count(*) FROM record_kept k JOIN gate.link l USING (patient_id)"
        " WHERE l.unit = %s AND k.reason = 'patient_absent'",
        place.unit,
    )
    assert kept == [(1,)]


def test_a_full_unit_admits_no_more_and_everyone_enters(place: Place, tmp_path: Path, one: str) -> None:
    place.sql("INSERT INTO directory_bed (id, unit_id, room, label) VALUES (%s, %s, '1', 'P') RETURNING id",
              uuid4(), place.unit)  # fmt: skip
    people = [make.patient(f"{one}-{number}") for number in range(8)]  # one bed: five are admitted (unit_fill_floor)
    staying = make.encounter("e1", f"{one}-7", status="in-progress", period={"start": "2026-01-01"})
    account = place.take(write(tmp_path, "a.ndjson", *people, staying), expected=1)
    told = account["patients"]
    assert (told["new"], told["admitted"], told["unplaced"], told["refused"]) == (7, 5, 2, 1)
    assert account["types"]["Encounter"]["left"] == {"unit_full": 1}
    assert place.sql("SELECT count(*) FROM gate.link WHERE unit = %s", place.unit) == [(5,)]
    assert added(place.take(tmp_path / "a.ndjson", expected=1)) == {}


def test_names_of_any_kind_enter_sealed(place: Place, tmp_path: Path, one: str) -> None:
    words = "Zz" + "é" * 200 + "😀<b>'; DROP TABLE x;--"
    odd = make.patient(one, name=[{"family": words, "given": [words]}], telecom=[{"system": "phone", "value": words}])
    place.take(write(tmp_path, "a.ndjson", odd, make.condition("c1", one, code={"text": words})))
    found = place.sql("SELECT count(*) FROM record_problem WHERE strpos(encode(label, 'escape'), 'DROP') > 0")
    assert found == [(0,)]


@pytest.mark.parametrize("case", ["site", "unit", "path", "empty", "binary", "truncated", "option", "unborn", "down"])
def test_what_cannot_be_done_is_one_sentence_and_writes_nothing(
    place: Place, tmp_path: Path, one: str, case: str
) -> None:
    good = write(tmp_path, "a.ndjson", *whole(one))
    (tmp_path / "empty").mkdir()
    (tmp_path / "home").mkdir()
    paths: list[object] = [good]
    site, unit, environment = place.finess, "UF1", {}
    match case:
        case "site":
            site = "ailleurs"
        case "unit":
            unit = "ailleurs"
        case "path":
            paths = [good, tmp_path / "absent"]
        case "empty":
            paths = [tmp_path / "empty"]
        case "binary":
            (tmp_path / "b.json").write_bytes(b"\x89PNG\x00")
            paths = [tmp_path]
        case "truncated":
            (tmp_path / "b.ndjson.gz").write_bytes(b"\x1f\x8b\x08")
            paths = [tmp_path]
        case "option":
            paths = [good, "--shift-date"]
        case "unborn":
            environment = {"EGIDE_HOME": str(tmp_path / "home")}
        case "down":
            base = {"base_id": "0" * 32, "demo": True, "born": "2026-01-01T00:00:00+00:00", "signature": ""}
            (tmp_path / "home" / "base.json").write_text(json.dumps(base))
            environment = {"EGIDE_HOME": str(tmp_path / "home")}
    before = place.counts()
    out, err = place.run(*paths, "--site", site, "--unit", unit, expected=2, **environment)
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert place.counts() == before
