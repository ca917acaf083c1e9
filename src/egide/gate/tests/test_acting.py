"""Acts: one transaction, one entry; refused before anything when the opening does not cover them."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital
from egide.kernel.capabilities import Chart, Refused

VERB = "record:measurement:create"


def opened_chart(hospital: Hospital, profession: str = "nurse", write: tuple[str, ...] = ("clinical",)) -> Chart:
    from egide.gate.opening import chart_from

    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in(profession, unit)
    return chart_from(hospital.open(cookie, patient.id, write=write))


def measurement(patient: UUID) -> None:
    from egide.record.models import Measurement

    now = datetime.now(UTC)
    Measurement.objects.create(
        patient_id=patient, code="8867-4", value=80, unit="/min", taken_at=now, recorded_at=now, author=uuid4()
    )


def state(hospital: Hospital, patient: UUID) -> tuple[int, int]:
    rows = hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", patient)
    return int(rows), len(hospital.entries(patient=patient, kind="act"))


def test_an_act_is_committed_with_its_entry(hospital: Hospital) -> None:
    from egide.gate.acting import acting

    chart = opened_chart(hospital)
    with acting(chart, VERB, chart.patient_id, "object-1", "clinical"):
        measurement(chart.patient_id)
        assert state(hospital, chart.patient_id) == (0, 0)  # nobody sees half of it
    assert state(hospital, chart.patient_id) == (1, 1)
    (entry,) = hospital.entries(patient=chart.patient_id, kind="act")
    assert (entry["account"], entry["session"]) == (chart.actor.account, chart.actor.session)
    assert (entry["reason"], entry["object"], entry["basis"]) == (VERB, "object-1", "stay")


def test_a_failure_inside_leaves_neither_row_nor_entry(hospital: Hospital) -> None:
    from egide.gate.acting import acting

    chart = opened_chart(hospital)
    with pytest.raises(ZeroDivisionError), acting(chart, VERB, chart.patient_id, "x", "clinical"):  # noqa: PT012
        measurement(chart.patient_id)
        raise ZeroDivisionError
    assert state(hospital, chart.patient_id) == (0, 0)


def test_an_act_whose_entry_is_refused_writes_nothing(hospital: Hospital) -> None:
    from django.db import DatabaseError

    from egide.gate.acting import acting

    chart = opened_chart(hospital)
    with pytest.raises(DatabaseError, match="not an act"), acting(chart, "no verb", chart.patient_id, "x", "clinical"):
        measurement(chart.patient_id)
    assert state(hospital, chart.patient_id) == (0, 0)


def test_what_the_opening_does_not_cover_is_refused_before_anything(hospital: Hospital) -> None:
    from egide.gate.acting import acting

    reading = opened_chart(hospital, write=())
    secretary = opened_chart(hospital, "medical_secretary")
    for chart, patient, category in (
        (reading, reading.patient_id, "clinical"),
        (secretary, secretary.patient_id, "clinical"),
        (opened_chart(hospital), reading.patient_id, "clinical"),
    ):
        with pytest.raises(Refused, match=r"profession") as refusal, acting(chart, VERB, patient, "x", category):
            raise AssertionError("must not come here")
        assert refusal.value.code == "category_closed"


def test_an_act_stands_in_no_other_transaction(hospital: Hospital) -> None:
    """The ticket would outlive a savepoint's rollback, and the gate sees commits only."""
    from django.db import transaction

    from egide.gate.acting import opened

    chart = opened_chart(hospital)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(), opened(chart):
        pass


def test_the_ticket_ends_with_the_transaction(hospital: Hospital) -> None:
    from django.db import DatabaseError, connection

    from egide.gate.acting import opened

    chart = opened_chart(hospital)
    with opened(chart), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_trait")
    with pytest.raises(DatabaseError, match="no valid opening"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_trait")


def test_a_cursor_left_open_by_another_request_is_closed_first(hospital: Hospital) -> None:
    """WITH HOLD survives its transaction: without CLOSE ALL the next request could read the former's patients."""
    from django.db import connection

    from egide.gate.acting import opened
    from egide.gate.reading import Read, fetch

    def act(chart: Chart) -> None:
        with opened(chart):
            pass

    first, second = opened_chart(hospital), opened_chart(hospital)
    for next_request in (lambda: fetch(second, Read("SELECT 1", (), list)), lambda: act(second)):
        connection.close()
        with opened(first), connection.cursor() as cursor:
            cursor.execute("DECLARE kept CURSOR WITH HOLD FOR SELECT patient_id FROM identity_trait")
        assert cursors() == 1
        next_request()
        assert cursors() == 0


@pytest.mark.parametrize(
    "left",
    [
        "SET search_path = pg_temp, information_schema",
        "SET egide.ticket = '1.0000000000000000000000000000000000000000000000000000000000000000'",
        "SET statement_timeout = 1",
        "SET default_transaction_read_only = on",
        "SET TimeZone = 'Pacific/Kiritimati'",
        "SET row_security = off",
        "SET application_name = 'PLANTED'",
    ],
)
def test_a_setting_left_by_an_injected_statement_is_gone(hospital: Hospital, left: str) -> None:
    from django.db import connection

    from egide.gate.acting import acting
    from egide.gate.reading import Read, fetch

    chart = opened_chart(hospital)
    read = Read("SELECT count(*), current_setting('TimeZone') FROM identity_trait", (), list)
    connection.ensure_connection()
    connection.connection.execute(left)
    assert fetch(chart, read) == [[(6, "UTC")]]
    connection.connection.execute(left)
    with acting(chart, VERB, chart.patient_id, "x", "clinical"):
        measurement(chart.patient_id)
    assert state(hospital, chart.patient_id) == (1, 1)


def test_a_name_prepared_by_an_injected_statement_throws_the_connection_away(hospital: Hospital) -> None:
    """Or it would run in the place of the driver's own, for whoever comes next on this connection."""
    from django.db import connection

    from egide.gate.reading import Read, fetch

    chart = opened_chart(hospital)
    read = Read("SELECT count(*) FROM identity_trait", (), list)
    for name in ("stolen", "_pg3_0", "_pg3_1", "_pg3_2"):
        connection.close()
        connection.ensure_connection()
        before = connection.connection
        before.execute(f"PREPARE {name} AS SELECT 'somebody else'".encode())
        assert fetch(chart, read) == [[(6,)]]
        assert connection.connection is not before
        assert before.closed


def cursors() -> int:
    """Open cursors of this process's connection."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors")
        (count,) = cursor.fetchone() or (-1,)
    return int(count)


def test_a_read_that_fails_ends_its_transaction(hospital: Hospital) -> None:
    import psycopg
    from django.db import connection

    from egide.gate.reading import Read, fetch

    chart = opened_chart(hospital)
    with pytest.raises(psycopg.Error):
        fetch(chart, Read("SELECT 1/0", (), list))
    assert connection.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert fetch(chart, Read("SELECT 1", (), list)) == [[(1,)]]


def test_a_read_cannot_write(hospital: Hospital) -> None:
    import psycopg

    from egide.gate.reading import Read, fetch

    chart = opened_chart(hospital)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        fetch(chart, Read("UPDATE record_measurement SET value = 1", (), list))


def test_the_web_signs_no_application_in(hospital: Hospital) -> None:
    from egide.gate import applications

    with pytest.raises(Refused, match="wrong_socket"):
        applications.sign_in(hospital.site, "00" * 32, "import")
