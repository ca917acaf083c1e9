"""`record_measurements` with its nth statement failing, for each n, four ways; and a chart read over a cut line.

Nothing is half-written: either the whole reading with its one act, or nothing. Sending the form again makes it whole.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from egide.gate.tests.factories import Hospital, Patient
from egide.kernel.capabilities import Chart
from tests.anomalies.faults import Killed, ending, failing
from tests.anomalies.saboteur import Saboteur

VALUES = {"systolic": Decimal(142), "diastolic": Decimal(81), "pulse": Decimal(80)}
AT = datetime(2026, 3, 1, 8, 10, tzinfo=UTC)
STATEMENTS = 7  # RESET ALL, BEGIN, CLOSE ALL, the ticket, INSERT, the act, COMMIT
DJANGOS = 2  # of these, INSERT and the act go through Django's cursors
NTH = range(1, STATEMENTS + 1)


@dataclass
class Case:
    """One patient, opened for writing by a nurse, and what the base holds of her."""

    hospital: Hospital
    patient: Patient
    chart: Chart

    def write(self) -> bool:
        from egide.record.actions import record_measurements

        return record_measurements(self.chart, VALUES, "au repos", AT)

    def written(self) -> tuple[int, int]:
        """Rows and acts."""
        (rows,) = self.hospital.sql("SELECT count(*) FROM record_measurement WHERE patient_id = %s", self.patient.id)[0]
        return int(rows), len(self.hospital.entries(patient=self.patient.id, kind="act"))


NOTHING, WHOLE = (0, 0), (3, 1)


@pytest.fixture
def case(hospital: Hospital) -> Case:
    """A fresh patient."""
    from egide.gate.opening import chart_from

    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", unit)
    return Case(hospital, patient, chart_from(hospital.open(cookie, patient.id, write=("clinical",))))


@pytest.fixture
def saboteur(hospital: Hospital) -> Iterator[Saboteur]:
    """Between this process's Django and the base."""
    from django.db import connection

    real = hospital.home.socket_dir
    with tempfile.TemporaryDirectory(prefix="egide-cut-", dir="/tmp") as folder:
        middle = Saboteur(real / ".s.PGSQL.5432", Path(folder))
        with middle.listening():
            connection.close()
            connection.settings_dict["HOST"] = folder
            try:
                yield middle
            finally:
                connection.close()
                connection.settings_dict["HOST"] = str(real)


def fails(act: Callable[[], Any]) -> None:
    """The act raises, as a web request would: Django's connection is put away after."""
    from django.db import close_old_connections

    with pytest.raises(Exception) as fault:  # noqa: PT011 — whatever the driver says of a lost line
        act()
    assert not isinstance(fault.value, AssertionError)
    close_old_connections()


def test_the_act_makes_the_statements_that_are_cut_here(case: Case, saboteur: Saboteur) -> None:
    saboteur.cut(0)
    assert case.write()
    assert saboteur.seen == STATEMENTS
    assert case.written() == WHOLE


@pytest.mark.parametrize("nth", NTH)
def test_a_line_cut_before_the_nth_statement_writes_nothing(case: Case, saboteur: Saboteur, nth: int) -> None:
    saboteur.cut(nth)
    fails(case.write)
    assert settled(case) == NOTHING
    assert case.write()
    assert case.written() == WHOLE


@pytest.mark.parametrize("nth", NTH)
def test_a_line_cut_after_the_nth_statement_writes_all_or_nothing(case: Case, saboteur: Saboteur, nth: int) -> None:
    """After COMMIT all is written although nobody was told; the form sent again is recognised as the same."""
    saboteur.cut(nth, after=True)
    fails(case.write)
    assert settled(case) == (WHOLE if nth == STATEMENTS else NOTHING)
    assert case.write() == (nth != STATEMENTS)
    assert case.written() == WHOLE


@pytest.mark.parametrize("nth", range(1, DJANGOS + 1))
def test_a_statement_that_fails_by_itself_writes_nothing(case: Case, nth: int) -> None:
    """An error on a line that lives: Django rolls back, the connection goes on (BEGIN, COMMIT are the driver's)."""
    with failing(nth):
        fails(case.write)
    assert case.written() == NOTHING
    assert case.write()
    assert case.written() == WHOLE


@pytest.mark.parametrize("nth", range(1, DJANGOS + 1))
def test_a_process_that_dies_in_the_middle_writes_nothing(case: Case, nth: int) -> None:
    """Not an error the code could catch: the request's thread is gone at the nth statement."""
    from django.db import connection

    with failing(nth, dead=True), pytest.raises(Killed):
        case.write()
    connection.close()
    assert settled(case) == NOTHING
    assert case.write()
    assert case.written() == WHOLE


def test_an_opening_that_ends_in_the_middle_writes_nothing(case: Case) -> None:
    from django.db import DatabaseError

    with ending(case.hospital, case.chart.opening), pytest.raises(DatabaseError):
        case.write()
    assert case.written() == NOTHING


def test_the_same_reading_from_many_at_once_is_one(case: Case) -> None:
    """Double clicks that race: one writes, the others learn that it was written."""
    import threading

    from django.db import connection

    start, told = threading.Barrier(6), []

    def send() -> None:
        start.wait()
        try:
            told.append(case.write())
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 5 + [True]
    assert case.written() == WHOLE


def settled(case: Case) -> tuple[int, int]:
    """What is there once the server has noticed that its client is gone."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        (open_,) = case.hospital.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'web' AND state <> 'idle'")[
            0
        ]
        if not open_:
            break
        time.sleep(0.005)
    return case.written()


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(case: Case) -> Any:
    from egide.gate.reading import fetch
    from egide.identity.reads import identities
    from egide.record.reads import recent_measurements
    from egide.stays.reads import stays

    return fetch(case.chart, identities(case.chart), stays(case.chart), recent_measurements(case.chart))


@pytest.mark.parametrize("after", [False, True])
def test_a_chart_read_over_a_line_that_is_cut_is_read_again_whole(case: Case, saboteur: Saboteur, after: bool) -> None:
    case.write()
    whole = read(case)
    saboteur.cut(0)
    assert read(case) == whole
    count = saboteur.seen
    assert count == 8
    for nth in range(1, count + 1):
        saboteur.cut(nth, after=after)
        assert read(case) == whole, nth


# ── the trail ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_after_all_this_the_trail_is_whole(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, against the signed checkpoints: every row numbered, every id that never committed a gap; no alarm."""
    from egide.cli import audit

    case.write()
    last = case.hospital.value("SELECT max(id) FROM audit.entry")
    deadline = time.monotonic() + 20
    while case.hospital.value("SELECT numbered FROM audit.horizon") < last and time.monotonic() < deadline:
        time.sleep(0.05)
    health = case.hospital.ops.call("health")
    assert health["alarms"] == []
    monkeypatch.setenv("EGIDE_HOME", str(case.hospital.home.root))
    done = CliRunner().invoke(audit.app, ["verify"])
    assert done.exit_code == 0, done.output
