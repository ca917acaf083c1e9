"""The latest value of each parameter, whoever writes, in whatever order, and after an error."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egide.gate.tests.browser import Browser
from egide.gate.tests.factories import Hospital

Browse = Callable[..., Browser]
START = datetime(2026, 10, 1, 8, tzinfo=UTC)
INSERT = (
    "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at, author)"
    " VALUES (%s, %s, %s, %s, %s, 'x', %s, now(), %s) RETURNING id"
)
EXPECTED = """
SELECT DISTINCT ON (m.patient_id, m.category, m.code) m.category, m.code, m.id, m.value, m.taken_at
  FROM record_measurement m WHERE m.patient_id = %s AND NOT EXISTS
       (SELECT 1 FROM record_amendment e WHERE e.target = m.id AND e.kind = 'error')
 ORDER BY m.patient_id, m.category, m.code, m.taken_at DESC, m.id DESC"""
KEPT = "SELECT category, code, id, value, taken_at FROM record_latest WHERE patient_id = %s ORDER BY category, code"
step = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(["8867-4", "8310-5"]), st.sampled_from(["clinical", "protected"]),
              st.integers(0, 6)),
    st.tuples(st.just("error"), st.integers(0, 30)),
    st.tuples(st.just("change"), st.integers(0, 30), st.integers(0, 6)),
    st.tuples(st.just("seal"), st.integers(0, 30)),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(step, min_size=1, max_size=14))
def test_it_is_what_a_search_among_all_values_would_find(hospital: Hospital, steps: list[tuple[Any, ...]]) -> None:
    patient = hospital.patient(hospital.unit()).id
    written: list[UUID] = []
    wrong: set[UUID] = set()
    for nth, (verb, *told) in enumerate(steps):
        if verb == "write":
            code, category, hours = told
            row = uuid4()
            hospital.sql(INSERT, row, patient, category, code, nth, START + timedelta(hours=hours), uuid4())
            written.append(row)
        elif written:
            row = written[told[0] % len(written)]
            if verb == "change":
                hospital.sql(
                    "UPDATE record_measurement SET value = value + 100, taken_at = %s WHERE id = %s RETURNING id",
                    START + timedelta(hours=told[1]), row,
                )  # fmt: skip
            elif verb == "seal":
                hospital.sql("UPDATE record_measurement SET comment = '\\x00' WHERE id = %s RETURNING id", row)
            elif row not in wrong:
                wrong.add(row)
                hospital.sql(
                    "INSERT INTO record_amendment (id, patient_id, category, fact, target, kind, recorded_at, author)"
                    " SELECT %s, patient_id, category, 'measurement', id, 'error', now(), author"
                    " FROM record_measurement WHERE id = %s RETURNING id",
                    uuid4(), row,
                )  # fmt: skip
        assert hospital.sql(KEPT, patient) == hospital.sql(EXPECTED, patient)


def test_many_at_once_and_of_many_people(hospital: Hospital) -> None:
    unit = hospital.unit()
    people = [hospital.patient(unit).id for _ in range(2)]
    hospital.sql(
        "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at, author)"
        " SELECT gen_random_uuid(), p, 'clinical', '8867-4', n, 'x', %s + n * interval '1 hour', now(), p"
        " FROM unnest(%s) p, generate_series(1, 30) n RETURNING id",
        START, people,
    )  # fmt: skip
    for patient in people:
        assert [row[3] for row in hospital.sql(KEPT, patient)] == [Decimal(30)]


def test_an_error_about_somebody_elses_value_changes_nothing(hospital: Hospital) -> None:
    unit = hospital.unit()
    mine, other = hospital.patient(unit).id, hospital.patient(unit).id
    row = uuid4()
    hospital.sql(INSERT, row, other, "clinical", "8867-4", 80, START, uuid4())
    hospital.sql(
        "INSERT INTO record_amendment (id, patient_id, category, fact, target, kind, recorded_at, author)"
        " VALUES (%s, %s, 'clinical', 'measurement', %s, 'error', now(), %s) RETURNING id",
        uuid4(), mine, row, uuid4(),
    )  # fmt: skip
    assert [found[2] for found in hospital.sql(KEPT, other)] == [row]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record_latest SET value = 1",
        "DELETE FROM record_latest",
        "INSERT INTO record_latest (id) VALUES (gen_random_uuid())",
    ],
)
def test_no_page_writes_it(hospital: Hospital, browser: Browse, statement: str) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit).id
    hospital.sql(INSERT, uuid4(), patient, "clinical", "8867-4", 80, START, uuid4())
    _, cookie = hospital.signed_in("nurse", unit)
    opened = hospital.open(cookie, patient, write=["clinical"])
    with hospital.as_web(opened["ticket"]) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(statement.encode())
