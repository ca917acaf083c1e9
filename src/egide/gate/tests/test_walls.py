"""What SQL at will on the web's connection reaches: the opened patients, in the opened categories, and nothing else."""

# ruff: noqa: S608 — SQL at will is what is tried

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate.tests.factories import Hospital
from egide.kernel import clock

TABLES = (
    "identity_patient", "identity_trait", "identity_contact", "identity_ins", "stays_stay", "record_problem",
    "record_allergy", "record_measurement",
)  # fmt: skip
MEASURE = (
    "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at, author)"
    " VALUES (%s, %s, %s, '8867-4', 80, '/min', now(), now(), %s)"
)


def denied(hospital: Hospital, ticket: str | None, statement: str, *parameters: Any) -> str | None:
    """The SQLSTATE of what the web is refused."""
    with pytest.raises(psycopg.Error) as refusal, hospital.as_web(ticket) as web:
        web.execute(statement.encode(), parameters)
    return refusal.value.sqlstate


def opened(hospital: Hospital, *, write: tuple[str, ...] = ()) -> tuple[UUID, UUID, str]:
    """One opened patient, another of the same unit, and the ticket of the first."""
    unit = hospital.unit()
    first, second = hospital.patients(unit, 2)
    _, cookie = hospital.signed_in("nurse", unit)
    return first.id, second.id, hospital.open(cookie, first.id, write=write)["ticket"]


@pytest.fixture(scope="module")
def filled(hospital: Hospital) -> None:
    """A row in every table: a policy asks the gate once there is a row to ask for."""
    unit = hospital.unit()
    patient = hospital.patient(unit).id
    hospital.problem(patient, "Asthme")
    hospital.allergy(patient, "Pénicilline")
    hospital.sql(MEASURE.replace("%s", "%s::uuid", 2), uuid4(), patient, "clinical", uuid4())
    hospital.sql("INSERT INTO identity_contact VALUES (%s, 'phone', %s, %s)", uuid4(), b"", patient)
    hospital.sql("INSERT INTO identity_ins VALUES (%s, %s, %s)", uuid4(), b"", patient)


@pytest.mark.parametrize("table", TABLES)
def test_without_a_ticket_a_query_raises(hospital: Hospital, filled: None, table: str) -> None:
    assert denied(hospital, None, f"SELECT count(*) FROM {table}") == "EG001"
    assert denied(hospital, None, f"UPDATE {table} SET patient_id = patient_id") == "EG001"


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_deleted_or_emptied(hospital: Hospital, table: str) -> None:
    _, _, ticket = opened(hospital, write=("clinical",))
    for given in (None, ticket):
        assert denied(hospital, given, f"DELETE FROM {table}") == "42501"
        assert denied(hospital, given, f"TRUNCATE {table}") == "42501"


def test_only_the_opened_patient_is_seen_whatever_is_asked(hospital: Hospital) -> None:
    first, second, ticket = opened(hospital)
    questions = [
        "SELECT DISTINCT patient_id FROM identity_trait",
        "SELECT DISTINCT patient_id FROM identity_trait WHERE true OR patient_id IS NOT NULL",
        "SELECT patient_id FROM identity_patient UNION SELECT patient_id FROM stays_stay",
        "SELECT a.patient_id FROM identity_patient a CROSS JOIN directory_unit GROUP BY 1",
        "WITH x AS (SELECT * FROM identity_trait) SELECT DISTINCT patient_id FROM x",
    ]
    with hospital.as_web(ticket) as web:
        for question in questions:
            assert web.execute(question.encode()).fetchall() == [(first,)], question
        assert web.execute("SELECT 1 FROM identity_patient WHERE patient_id = %s", (second,)).fetchone() is None
        assert web.execute("EXPLAIN SELECT * FROM identity_trait").fetchall()


def test_a_category_that_is_not_opened_shows_no_row(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    hospital.problem(patient.id, "Dépression", category="protected")
    hospital.problem(patient.id, "Asthme")
    _, secretary = hospital.signed_in("medical_secretary", unit)
    _, physician = hospital.signed_in("physician", unit)
    asked = ["identity", "clinical", "protected"]
    with hospital.as_web(hospital.open(secretary, patient.id, read=asked)["ticket"]) as web:
        assert web.execute("SELECT category FROM record_problem").fetchall() == [("clinical",)]
    with hospital.as_web(hospital.open(physician, patient.id, read=asked)["ticket"]) as web:
        assert web.execute("SELECT count(*) FROM record_problem").fetchone() == (2,)
    with hospital.as_web(hospital.open(physician, patient.id, read=["identity"])["ticket"]) as web:
        assert web.execute("SELECT count(*) FROM record_problem").fetchone() == (0,)


def test_a_reading_ticket_writes_nothing(hospital: Hospital) -> None:
    first, _, ticket = opened(hospital)
    assert denied(hospital, ticket, MEASURE, uuid4(), first, "clinical", uuid4()) == "42501"
    with hospital.as_web(ticket) as web:
        assert web.execute("UPDATE identity_trait SET kind = 'sex'").rowcount == 0


def test_a_writing_ticket_writes_its_patient_and_category_only(hospital: Hospital) -> None:
    first, second, ticket = opened(hospital, write=("clinical",))
    author = uuid4()
    for patient, category in ((second, "clinical"), (hospital.stranger(), "clinical"), (first, "protected")):
        assert denied(hospital, ticket, MEASURE, uuid4(), patient, category, author) == "42501"
    row = uuid4()
    with hospital.as_web(ticket) as web:
        web.execute(MEASURE.encode(), (row, first, "clinical", author))
    move = "UPDATE record_measurement SET patient_id = %s WHERE id = %s"
    assert denied(hospital, ticket, move, second, row) == "42501"
    assert (
        denied(hospital, ticket, "UPDATE record_measurement SET category = 'protected' WHERE id = %s", row) == "42501"
    )
    with hospital.as_web(ticket) as web:  # identity is opened for reading only
        assert web.execute("UPDATE identity_patient SET created_at = now()").rowcount == 0
    assert hospital.sql("SELECT patient_id, category FROM record_measurement WHERE id = %s", row) == [
        (first, "clinical")
    ]


def test_a_foreign_key_tells_nothing_of_who_exists(hospital: Hospital) -> None:
    """An id that exists and one that does not are refused alike: by the policy, before the key is looked up."""
    _, second, ticket = opened(hospital, write=("clinical",))
    answers = []
    for patient in (second, uuid4()):
        with pytest.raises(psycopg.Error) as refusal, hospital.as_web(ticket) as web:
            web.execute(MEASURE.encode(), (uuid4(), patient, "clinical", uuid4()))
        answers.append((refusal.value.sqlstate, refusal.value.diag.message_primary, refusal.value.diag.message_detail))
    assert answers[0] == answers[1]


def test_the_ticket_of_who_opens_no_patient(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]
    with hospital.as_web(ticket) as web:
        assert [row[0] for row in web.execute("SELECT id FROM door.my_sessions()").fetchall()]
    assert denied(hospital, ticket, "SELECT count(*) FROM identity_trait") == "EG001"
    assert denied(hospital, ticket, "SELECT * FROM door.openings_of(%s)", uuid4()) == "EG001"
    assert denied(hospital, ticket[:-1] + "z", "SELECT 1") == "EG001"
    hospital.web.call("revoke", cookie=cookie)
    assert denied(hospital, ticket, "SELECT 1") == "EG001"
    assert hospital.entries(account=person.account, kind="sign_out")


GATE = (
    "gate.open(gen_random_uuid(), gen_random_uuid(), NULL, gen_random_uuid(), 'care', '{}', '{}', false, '', '')",
    "gate.resume(gen_random_uuid(), gen_random_uuid(), 1)",
    "gate.who(gen_random_uuid(), gen_random_uuid())",
    "gate.forged(gen_random_uuid())",
    "gate.acting()",
    "gate.opened_patients('identity', 'read')",
    "accounts.actor_of(gen_random_uuid(), gen_random_uuid())",
    "accounts.key_for('')",
    "audit.append('act')",
    "gate.create_patient(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, '{}', '{}', '', '', '{}')",
    "gate.receive(NULL, gen_random_uuid())",
    "set_config('egide.ticket', '1.2', true)",
    "pg_notify('a', 'b')",
    "lo_create(0)",
    "pg_advisory_lock(1)",
    "pg_terminate_backend(1)",
)
SCHEMAS = (
    "SELECT * FROM gate.link", "SELECT * FROM gate.token", "SELECT * FROM gate.lease", "SELECT * FROM accounts.session",
    "SELECT * FROM accounts.key", "SELECT * FROM audit.entry", "INSERT INTO gate.rule VALUES ('nurse')",
    "UPDATE accounts.session SET frozen_at = NULL", "UPDATE gate.purse SET at = now()",
    "UPDATE gate.limits SET value = 9",
    "INSERT INTO directory_unit VALUES (gen_random_uuid())", "UPDATE directory_professional SET family = 'x'",
    "ALTER TABLE identity_trait DISABLE ROW LEVEL SECURITY", "DROP POLICY opened_read ON identity_trait",
    "CREATE TABLE t ()", "CREATE TEMP TABLE t ()", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SET ROLE owner", "SET ROLE gatekeeper", "SET SESSION AUTHORIZATION egide_super", "SET row_security = off",
    "COPY identity_trait TO PROGRAM 'cat'", "COPY identity_trait TO '/tmp/x'", "SELECT pg_read_file('/etc/passwd')",
    "DO $$ BEGIN END $$", "ALTER ROLE web BYPASSRLS", "GRANT owner TO web", "SELECT * FROM pg_authid",
)  # fmt: skip


@pytest.mark.parametrize("call", GATE)
def test_the_web_executes_nothing_of_the_gate(hospital: Hospital, call: str) -> None:
    _, _, ticket = opened(hospital)
    assert denied(hospital, ticket, f"SELECT {call}") == "42501"


@pytest.mark.parametrize("statement", SCHEMAS)
def test_the_web_reads_and_changes_nothing_of_the_house(hospital: Hospital, statement: str) -> None:
    _, _, ticket = opened(hospital)
    if statement == "SET row_security = off":
        assert denied(hospital, ticket, f"{statement}; SELECT * FROM identity_trait") == "42501"
    else:
        assert denied(hospital, ticket, statement) == "42501"


def test_a_ticket_of_one_transaction_is_gone_in_the_next(hospital: Hospital) -> None:
    _, _, ticket = opened(hospital)
    with hospital.as_web(ticket) as web:
        assert web.execute("SELECT count(*) FROM identity_trait").fetchone() != (0,)
    assert denied(hospital, None, "SELECT count(*) FROM identity_trait") == "EG001"


# ── acts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verb", "obj", "state"),
    [
        ("record:measurement:create", "x", None),
        ("DROP TABLE", "x", "EG002"),
        ("record:measurement", "x", "EG002"),
        ("record:measurement:create", "x" * 81, "EG002"),
    ],
)
def test_an_act_is_named_and_short(hospital: Hospital, verb: str, obj: str, state: str | None) -> None:
    first, _, ticket = opened(hospital, write=("clinical",))
    statement = "SELECT door.append_act(%s, %s, %s)"
    if state:
        assert denied(hospital, ticket, statement, verb, first, obj) == state
        assert hospital.entries(patient=first, kind="act") == []
    else:
        with hospital.as_web(ticket) as web:
            web.execute(statement, (verb, first, obj))
        (entry,) = hospital.entries(patient=first, kind="act")
        assert (entry["reason"], entry["object"], entry["writes"]) == (verb, obj, ["clinical"])


def test_an_act_needs_a_writing_opening_of_that_patient(hospital: Hospital) -> None:
    first, second, reading = opened(hospital)
    act = "SELECT door.append_act('record:measurement:create', %s, 'x')"
    assert denied(hospital, reading, act, first) == "EG003"
    first, second, writing = opened(hospital, write=("clinical",))
    assert denied(hospital, writing, act, second) == "EG003"
    assert denied(hospital, writing, act, None) == "EG003"
    assert denied(hospital, None, act, first) == "EG001"
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    assert denied(hospital, hospital.web.call("who", cookie=cookie)["ticket"], act, first) == "EG003"


def test_who_opened_is_told_of_opened_patients_only(hospital: Hospital) -> None:
    first, second, ticket = opened(hospital)
    assert denied(hospital, ticket, "SELECT * FROM door.openings_of(%s)", second) == "EG003"
    with hospital.as_web(ticket) as web:
        kinds = [row[0] for row in web.execute("SELECT kind FROM door.openings_of(%s)", (first,)).fetchall()]
    assert kinds == ["open", "open_new"]


def test_an_application_links_units_of_its_site_only(hospital: Hospital) -> None:
    batch = hospital.open_new()
    patient, now = batch.ids[0], clock.now()
    foreign = hospital.unit(hospital.new_site())
    for unit in (foreign, uuid4()):
        with pytest.raises(psycopg.Error) as refusal, hospital.as_application(batch) as worker:
            worker.execute("SELECT door.link(%s, 'stay', %s, %s, NULL)", (patient, unit, now))
        assert refusal.value.sqlstate == "EG003"
    own = hospital.unit()
    with hospital.as_application(batch) as worker:
        first = worker.execute("SELECT door.link(%s, 'stay', %s, %s, NULL)", (patient, own, now)).fetchone()
        again = worker.execute("SELECT door.link(%s, 'stay', %s, %s, NULL)", (patient, own, now)).fetchone()
    assert first == again
    other = hospital.open_new()
    with pytest.raises(psycopg.Error) as refusal, hospital.as_application(batch) as worker:
        worker.execute("SELECT door.link(%s, 'stay', %s, %s, NULL)", (other.ids[0], own, now))
    assert refusal.value.sqlstate == "EG003"
    with hospital.as_application(batch) as worker:
        assert worker.execute("SELECT door.unlink(%s, 'stay', %s, %s)", (patient, own, clock.now())).fetchone() == (1,)
        assert worker.execute("SELECT door.unlink(%s, 'stay', %s, %s)", (patient, own, clock.now())).fetchone() == (0,)
    assert [e["verdict"] for e in hospital.entries(patient=patient, kind="link")] == ["done", "ended"]
