"""A whole group's load by COPY, on bases of its own: what is in, what it leaves, what a cut or a sign-in does to it."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgpack
import psycopg
import pytest

from egide.cli import premises
from egide.cli.processes import check_interpreter
from egide.cli.supervisor import Supervisor
from egide.gate.tests.factories import Hospital
from egide.keeper.client import Keeper
from egide.kernel import sealing, tokens
from egide.kernel.home import Home
from egide.rehearsal import bulk, clinic, people, rows, shelving, staffing
from egide.rehearsal.producer import Producer
from egide.rehearsal.truth import truth
from egide.rehearsal.workstation import Workstation
from tests.journeys.clinic import eventually

PEOPLE, SEED, TODAY, PORT = 700, 3, date(2026, 11, 24), 8499
ORIGIN = f"http://localhost:{PORT}"
CATALOGUE = """
SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
 WHERE c.relnamespace::regnamespace::text IN ('public', 'gate', 'identity')
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
  FROM pg_constraint WHERE connamespace::regnamespace::text IN ('public', 'gate', 'identity') AND contype <> 'n'
UNION ALL
SELECT concat_ws(' ', 'table', oid::regclass, relrowsecurity, relforcerowsecurity, relacl) FROM pg_class
 WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text IN ('public', 'gate', 'identity')
UNION ALL
SELECT concat_ws(' ', 'schema', nspname, nspacl) FROM pg_namespace WHERE nspname IN ('public', 'gate', 'identity')
"""


@contextmanager
def new_base() -> Iterator[Supervisor]:
    """PostgreSQL and keeper on a migrated demo base that holds the group's staff and nobody else."""
    root = Path(tempfile.mkdtemp(prefix="egide-bulk-", dir="/var/lib" if os.geteuid() == 0 else None))
    root.chmod(0o755)
    house = Supervisor(Home(root), PORT, demo=True, durable=False)
    try:
        premises.prepare(house.home)
        check_interpreter(house.home)
        house.start_postgres()
        house.migrate()
        house.start_keeper()
        staffing.install(house.home, TODAY)
        yield house
    finally:
        house.stop_all()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def base() -> Iterator[Supervisor]:
    with new_base() as house:
        yield house


def environment_of(house: Supervisor) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
        "EGIDE_HOME": str(house.home.root),
        "EGIDE_PORT": str(PORT),
        "EGIDE_ORIGIN": ORIGIN,
    }


def egide_load(house: Supervisor, count: int = PEOPLE, seed: int = SEED) -> subprocess.CompletedProcess[str]:
    arguments = ["--patients", str(count), "--seed", str(seed), "--today", TODAY.isoformat()]
    return subprocess.run(
        [sys.executable, "-m", "egide.cli", "demo", "load", *arguments],
        capture_output=True, text=True, check=False, env=environment_of(house),
    )  # fmt: skip


def begun(house: Supervisor, count: int) -> subprocess.Popen[str]:
    """The same command, under way."""
    arguments = ["--patients", str(count), "--seed", str(SEED), "--today", TODAY.isoformat()]
    return subprocess.Popen(
        [sys.executable, "-m", "egide.cli", "demo", "load", *arguments], env=environment_of(house),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def committed(house: Supervisor) -> int:
    """Blocks that are in the base."""
    return int(ask(house, "SELECT count(*) FROM rehearsal.block")[0][0])


def ask(house: Supervisor, question: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(house.cluster.superuser_dsn()) as connection:
        return connection.execute(question.encode(), values).fetchall()


def catalogue(house: Supervisor) -> set[str]:
    return {row[0] for row in ask(house, CATALOGUE)}


@pytest.fixture(scope="module")
def loaded(base: Supervisor) -> set[str]:
    """A load begun, cut in the middle of its third block, then while it built indexes, then run to its end.

    Gives the catalogue of before.
    """
    before = catalogue(base)
    load = bulk.Bulk(base.home)
    load.begin(SEED, PEOPLE, TODAY)
    assert len(catalogue(base)) < len(before) - 30
    cut = Producer(base.home, SEED, PEOPLE, TODAY, (30, 7))
    assert next(cut.run(iter([0, 1])))[0] == 400
    cut._block(2)  # opened, its rows gathered: never committed
    cut.connection.close()
    cut.keeper.close()
    standing = load.standing()
    assert standing is not None
    assert (standing.loaded, standing.stage) == (400, "copying")
    load.copy(standing, bulk.Told())

    def cut_too(name: str) -> None:
        raise InterruptedError(name)

    with pytest.raises(InterruptedError):
        shelving.put_back(load.connect, cut_too)
    done = egide_load(base)
    assert done.returncode == 0, done.stderr
    return before


def masters(house: Supervisor) -> dict[str, bytes]:
    return {path.name.split(".")[0]: path.read_bytes() for path in house.home.keeper_masters.glob("*.1.key")}


def patients(house: Supervisor) -> dict[int, Any]:
    """The demo's people by index, found by their blind tokens."""
    key = masters(house)["source"]
    wanted = {tokens.source_token([key], rows.SYSTEM, str(index)): index for index in range(PEOPLE)}
    found = ask(house, "SELECT token, patient_id FROM gate.token WHERE kind = 'SRC'")
    return {wanted[token]: patient for token, patient in found}


def test_everybody_is_there_once_and_decrypted_is_what_the_seed_tells(base: Supervisor, loaded: set[str]) -> None:
    key, who = masters(base), {patient: index for index, patient in patients(base).items()}
    assert len(who) == ask(base, "SELECT count(*) FROM identity_patient")[0][0] == PEOPLE

    def opened(category: str, table: str, column: str, row: Any, patient: Any, sealed: bytes) -> Any:
        keys = {1: sealing.patient_key(key[category], category, patient)}
        return msgpack.unpackb(sealing.unseal(keys, sealed, sealing.associated(table, column, row, category)))

    told = {one["index"]: one for one in truth(SEED, PEOPLE)}
    for table, category, name in (
        ("identity_trait", "identity", "traits"),
        ("identity_contact", "contact", "contacts"),
    ):
        stored: dict[int, list[str]] = {index: [] for index in told}
        for row, patient, kind, sealed in ask(base, f"SELECT id, patient_id, kind, sealed FROM {table}"):  # noqa: S608
            value = {"kind": kind, **opened(category, table, "sealed", row, patient, sealed)}
            stored[who[patient]].append(repr(sorted(value.items())))
        for index, one in told.items():
            assert sorted(stored[index]) == sorted(repr(sorted(value.items())) for value in one[name])
    reasons: dict[int, list[str]] = {index: [] for index in told}
    for row, patient, sealed in ask(base, "SELECT id, patient_id, reason FROM agenda_appointment"):
        reasons[who[patient]].append(opened("clinical", "agenda_appointment", "reason", row, patient, sealed))
    for index in range(0, PEOPLE, 7):
        chart = clinic.facts(SEED, PEOPLE, people.person(SEED, index), TODAY)
        assert sorted(reasons[index]) == sorted(one.reason for one in chart.meetings)


def test_clear_columns_hold_what_was_drawn(base: Supervisor, loaded: set[str]) -> None:
    """The binary format is ours: every type it writes is read back."""
    by_index = patients(base)
    for index in range(0, PEOPLE, 50):
        chart = clinic.facts(SEED, PEOPLE, people.person(SEED, index), TODAY)
        measured = ask(
            base,
            "SELECT taken_at, recorded_at, value, author FROM record_measurement WHERE patient_id = %s",
            by_index[index],
        )
        assert sorted((at, recorded, float(value), who) for at, recorded, value, who in measured) == sorted(
            (one.taken_at, one.recorded_at, one.value, one.author) for one in chart.measures
        )
        stays = ask(base, "SELECT unit_id, bed_id, admitted_at, discharged_at FROM stays_stay WHERE patient_id = %s"
                    " ORDER BY admitted_at DESC", by_index[index])  # fmt: skip
        assert stays == [
            (stay.unit.id, stay.bed.id if stay.bed else None, stay.admitted_at, stay.discharged_at)
            for stay in chart.stays
        ]
        problems = ask(base, "SELECT code, onset, ended FROM record_problem WHERE patient_id = %s", by_index[index])
        assert sorted(problems, key=str) == sorted(
            ((one.kind.code, one.onset, one.ended) for one in chart.problems), key=str
        )


def test_links_are_those_of_the_facts_under_the_opening_of_their_block(base: Supervisor, loaded: set[str]) -> None:
    present = ask(base, "SELECT patient_id, unit_id FROM stays_stay WHERE discharged_at IS NULL ORDER BY 1")
    linked = ask(base, "SELECT patient_id, unit FROM gate.link WHERE basis = 'stay' AND until IS NULL ORDER BY 1")
    assert present == linked
    assert present
    assert ask(base, "SELECT count(*) FROM gate.link WHERE basis = 'appointment'")[0][0] > 50
    strangers = ask(base, "SELECT count(*) FROM gate.link l JOIN audit.entry e ON e.id = l.entry"
                    " WHERE l.basis <> 'work_list' AND (e.kind <> 'open_new' OR NOT l.patient_id = ANY (e.ids))"
                    )  # fmt: skip
    assert strangers == [(0,)]


def test_every_clinic_asks_for_examinations_of_people_who_lie_there(base: Supervisor, loaded: set[str]) -> None:
    asked = ask(base, "SELECT u.site_id, r.kind, count(*) FROM orders_examination r"
                " JOIN directory_unit u ON u.id = r.unit_id"
                " JOIN stays_stay s ON s.patient_id = r.patient_id AND s.discharged_at IS NULL"
                " JOIN directory_unit w ON w.id = s.unit_id AND w.site_id = u.site_id GROUP BY 1, 2")  # fmt: skip
    assert sum(number for *_, number in asked) == ask(base, "SELECT count(*) FROM orders_examination")[0][0] > 0
    assert {kind for _, kind, _ in asked} == {"laboratory", "imaging"}
    assert ask(base, "SELECT count(*) FROM gate.task WHERE object IS NOT NULL AND outcome IS NULL") == ask(
        base, "SELECT count(*) FROM orders_examination"
    )


def test_tokens_are_the_keepers_own_and_lie_by_value(base: Supervisor, loaded: set[str]) -> None:
    blinder = tokens.Blinder(masters(base)["token"])
    key = masters(base)["source"]
    for index, patient in itertools.islice(patients(base).items(), 0, None, 60):
        source = [tokens.source_token([key], rows.SYSTEM, str(index))]
        found = tokens.Traits.parse(rows.traits_of(people.person(SEED, index)))
        stored = ask(base, "SELECT token FROM identity.token WHERE patient_id = %s ORDER BY token", patient)
        assert [one for (one,) in stored] == blinder.of_person(found, repr(source).encode())
    lying = [one for (one,) in ask(base, "SELECT token FROM identity.token ORDER BY ctid")]
    assert lying == sorted(lying)


def test_the_base_is_left_as_it_was_found(base: Supervisor, loaded: set[str]) -> None:
    assert catalogue(base) == loaded
    left = ask(base, "SELECT relname FROM pg_class WHERE relnamespace = 'rehearsal'::regnamespace AND relkind = 'r'")
    assert left == [("load",)]


def test_a_second_run_adds_nothing_and_another_demo_is_refused(base: Supervisor, loaded: set[str]) -> None:
    again = egide_load(base)
    assert again.returncode == 0, again.stderr
    assert "0 ajoutées, 700 déjà là" in again.stdout
    for count, seed in ((PEOPLE, SEED + 1), (PEOPLE + 5000, SEED), (300, SEED)):
        refused = egide_load(base, count, seed)
        assert refused.returncode == 1
        assert "démonstration d'une autre graine" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert ask(base, "SELECT count(*) FROM identity_patient") == [(PEOPLE,)]


def test_kill_9_of_the_load_then_of_postgresql_and_the_same_command_ends_it() -> None:
    count = 3200
    with new_base() as house:
        before = catalogue(house)
        bulk.Bulk(house.home).begin(SEED, count, TODAY)
        first = begun(house, count)
        eventually(lambda: committed(house) >= 1)
        first.kill()
        assert "Traceback" not in first.communicate()[1]  # its producers hold the line until they have ended
        assert first.returncode == -signal.SIGKILL
        there = committed(house)
        second = begun(house, count)
        eventually(lambda: committed(house) > there)
        assert house.cluster.process is not None
        house.cluster.process.kill()
        said = second.communicate()
        assert second.returncode == 1
        assert "ce qui est chargé reste" in said[1]
        assert "Traceback" not in said[1]
        house.cluster.start()
        done = egide_load(house, count)
        assert done.returncode == 0, done.stderr
        assert "reprise :" in done.stdout
        assert ask(house, "SELECT count(*), count(DISTINCT patient_id) FROM identity_patient") == [(count, count)]
        assert ask(house, "SELECT count(DISTINCT token) FROM gate.token WHERE kind = 'SRC'") == [(count,)]
        assert catalogue(house) == before


def test_once_somebody_signed_in_no_token_leaves_the_keeper_and_the_rest_goes_the_ordinary_way() -> None:
    with new_base() as house:
        before = catalogue(house)
        keys = staffing.make_keys(house.home.demo_keys, ORIGIN)[:12]
        staffing.enrol(house.home, keys)
        load = bulk.Bulk(house.home)
        load.begin(SEED, 450, TODAY)
        cut = Producer(house.home, SEED, 450, TODAY, (30, 7))
        assert next(cut.run(iter([0])))[0] == 200
        cut.end()
        keeper = Keeper(house.home.keeper_socket("web"))
        begun = keeper.call("sign_in", step="begin")
        response = keys[0].assertion(begun["options"], ORIGIN)
        keeper.call(
            "sign_in", step="finish", challenge_id=begun["challenge_id"], response=response, device="test",
            device_key=Workstation().point,
        )  # fmt: skip
        keeper.close()
        refused = egide_load(house, 450)
        assert refused.returncode == 1
        assert "s'est connecté pendant le chargement" in refused.stderr
        assert catalogue(house) == before
        assert ask(house, "SELECT count(*) FROM identity_patient") == [(200,)]
        done = egide_load(house, 450)
        assert done.returncode == 0, done.stderr
        assert "250 ajoutées, 200 déjà là" in done.stdout
        assert ask(house, "SELECT count(*) FROM identity_patient") == [(450,)]


def test_a_base_where_somebody_is_known_is_not_for_this_way(house: Supervisor, hospital: Hospital) -> None:
    hospital.patient(hospital.unit())
    assert not bulk.Bulk(house.home).may_begin()
