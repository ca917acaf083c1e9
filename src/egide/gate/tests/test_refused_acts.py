"""A refused act leaves a row, whatever the door; who works here is declared once and lifted by another."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_emergency import code, watched
from egide.gate.tests.test_links import door, notices, on_chart, opens

NOBODY = UUID(int=7)


def reasons(hospital: Hospital, purpose: str) -> list[tuple[str, list[UUID]]]:
    """What refused acts of one kind said, and of whom."""
    return [(one["reason"], one["ids"]) for one in hospital.entries(kind="refuse") if one["purpose"] == purpose]


def of(hospital: Hospital, person: Person) -> list[tuple[str, str, list[UUID]]]:
    """What one person was refused: the act, why, about whom."""
    found = hospital.entries(account=person.account, kind="refuse")
    return [(one["purpose"], one["reason"], one["ids"]) for one in found]


@pytest.fixture
def ward(hospital: Hospital) -> tuple[UUID, str]:
    """A patient and a nurse of her unit, who takes care of her and may not do what a physician or a desk does."""
    unit = hospital.unit()
    return hospital.patient(unit).id, hospital.signed_in("nurse", unit)[1]


@pytest.mark.parametrize(
    ("act", "call", "said"),
    [
        ("name_carer", "name_carer(%s, 'delegation', %s, NULL)", "unknown_colleague"),
        ("end_care", "end_care(%s, %s)", "bad_request"),
        ("ask_advice", "ask_advice(%s, %s, NULL)", "unknown_colleague"),
        ("take_in", "take_in(%s, %s)", "category_closed"),
        ("declare_staff", "declare_staff(%s, %s)", "category_closed"),
        ("flag_sensitive", "flag_sensitive(%s, %s)", "category_closed"),
    ],
)
def test_a_refused_act_on_a_chart_is_a_row(
    hospital: Hospital, ward: tuple[UUID, str], act: str, call: str, said: str
) -> None:
    patient, cookie = ward
    second: Any = {"end_care": 1, "flag_sensitive": "legal"}.get(act, NOBODY)
    before = len(reasons(hospital, act))
    assert on_chart(hospital, cookie, patient, call, patient, second) == said
    assert reasons(hospital, act)[before:] == [(said, [patient])]


@pytest.mark.parametrize(
    ("act", "call", "said"),
    [
        ("close_task", "close_task(%s, 'done', NULL)", "no_link"),
        ("end_mandate", "end_mandate(%s)", "category_closed"),
        ("end_plan", "end_plan()", "category_closed"),
    ],
)
def test_so_is_one_on_no_chart(hospital: Hospital, ward: tuple[UUID, str], act: str, call: str, said: str) -> None:
    before = len(reasons(hospital, act))
    assert door(hospital, ward[1], call, *([2**40] if "%s" in call else [])) == said
    assert reasons(hospital, act)[before:] == [(said, [])]


@pytest.mark.parametrize(
    ("profession", "act", "call", "given", "said"),
    [
        ("nurse", "declare_shift", "declare_shift(%s)", NOBODY, "other_site"),
        ("dpo", "declare_shift", "declare_shift(%s)", None, "category_closed"),
        ("nurse", "end_shift", "end_shift(%s)", NOBODY, "no_shift"),
        ("nurse", "review", "review(%s, 'accepted')", 2**40, "no_link"),
        ("nurse", "review", "review(%s, 'perhaps')", 2**40, "bad_request"),
        ("physician", "review_drawn", "review_drawn(%s, 'ok')", 2**40, "no_link"),
        ("physician", "review_drawn", "review_drawn(%s, 'perhaps')", 2**40, "bad_request"),
        ("dpo", "oversight", "draw_month(%s::date)", "2026-02-02", "bad_request"),
        ("dpo", "oversight", "draw_month(%s::date)", "2999-01-01", "bad_request"),
        ("nurse", "oversight", "draw_month(%s::date)", "2026-02-01", "category_closed"),
    ],
)
def test_nor_does_any_of_these_refuse_in_silence(
    hospital: Hospital, profession: str, act: str, call: str, given: Any, said: str
) -> None:
    person, cookie = hospital.signed_in(profession)
    assert door(hospital, cookie, call, given or hospital.unit()) == said
    rows = [
        (one["purpose"], one["reason"], one["ids"]) for one in hospital.entries(account=person.account, kind="refuse")
    ]
    assert rows == [(act, said, [])]


@pytest.mark.parametrize(
    ("profession", "act", "call", "said"),
    [
        ("administrator", "ask_to_join", "ask_to_join(%s)", "category_closed"),
        ("dpo", "oversight", "name_patient(%s, 'homonym')", "bad_request"),
        ("nurse", "oversight", "name_patient(%s, 'complaint')", "category_closed"),
    ],
)
def test_a_row_says_of_whom(hospital: Hospital, profession: str, act: str, call: str, said: str) -> None:
    patient = hospital.patient(hospital.unit()).id
    person, cookie = hospital.signed_in(profession)
    assert door(hospital, cookie, call, patient) == said
    rows = [
        (one["purpose"], one["reason"], one["ids"]) for one in hospital.entries(account=person.account, kind="refuse")
    ]
    assert rows == [(act, said, [patient])]


def test_a_month_drawn_already_is_refused_by_a_row(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("dpo")
    assert door(hospital, cookie, "draw_month('2025-03-01'::date)") == "ok"
    assert door(hospital, cookie, "draw_month('2025-03-01'::date)") == "already_drawn"
    (row,) = hospital.entries(account=person.account, kind="refuse")
    assert (row["reason"], row["object"]) == ("already_drawn", "draw;month=20250301")


def test_what_is_done_leaves_no_refusal(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient, (_, cookie) = hospital.patient(unit).id, hospital.signed_in("physician", unit)
    other = hospital.person("physician", hospital.unit())
    before = len(reasons(hospital, "ask_advice"))
    assert on_chart(hospital, cookie, patient, "ask_advice(%s, %s, NULL)", patient, other.account) == "ok"
    assert len(reasons(hospital, "ask_advice")) == before


def test_a_declaration_is_not_pointed_at_somebody_else(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit).id
    mine, cookie = hospital.signed_in("nurse", unit)
    other: Person = hospital.person("nurse")
    dpo = hospital.person("dpo")
    assert watched(hospital, patient, "declare_staff(%s, %s)", patient, mine.account) == "ok"
    assert watched(hospital, patient, "declare_staff(%s, %s)", patient, mine.account) == "ok"
    assert watched(hospital, patient, "declare_staff(%s, %s)", patient, other.account) == "staff_known"
    assert opens(hospital, cookie, patient) == "own_record"
    assert notices(hospital, mine) == ["staff_declared"]
    assert notices(hospital, dpo) == ["staff_declared"]
    assert notices(hospital, other) == []


def test_a_mistake_is_lifted_by_neither_the_person_nor_who_made_it(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit).id
    wrong, cookie = hospital.signed_in("nurse", unit)
    clerk = hospital.signed_in("admission_clerk", unit)[1]

    def desk(call: str, *parameters: Any) -> Any:
        answer = hospital.open(clerk, patient, read=["identity", "stay"], write=("stay",), purpose="arrival")
        with hospital.as_web(answer["ticket"]) as web:
            row = web.execute(f"SELECT door.{call}".encode(), parameters).fetchone()
        return row[0] if row else None

    assert desk("declare_staff(%s, %s)", patient, wrong.account) == "ok"
    assert desk("end_staff(%s)", patient) == "another_person"
    assert opens(hospital, cookie, patient) == "own_record"
    assert watched(hospital, patient, "end_staff(%s)", patient) == "ok"
    assert opens(hospital, cookie, patient) == "stay"
    assert watched(hospital, patient, "end_staff(%s)", patient) == "already"


def test_a_notice_goes_to_nobody_who_has_left(hospital: Hospital) -> None:
    gone, here = hospital.person("dpo"), hospital.person("dpo")
    hospital.sql("UPDATE accounts.account SET ended_at = now() WHERE id = %s", gone.account)
    unit = hospital.unit()
    patient = hospital.patient(unit).id
    staff = hospital.person("nurse")
    assert watched(hospital, patient, "declare_staff(%s, %s)", patient, staff.account) == "ok"
    assert notices(hospital, here) == ["staff_declared"]
    assert notices(hospital, gone) == []


def test_ones_own_phone_is_not_shown_after_a_search_either(hospital: Hospital) -> None:
    from egide.identity.tests.people import Drawn, people
    from egide.identity.tests.test_search import a_day, a_name, find

    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, phone="06 39 98 00 42", unit=hospital.unit()))
    me, cookie = hospital.signed_in("admission_clerk")
    assert find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)["rows"]
    hospital.sql(
        "INSERT INTO gate.staff_patient (patient_id, account, by_account, entry) VALUES (%s, %s, %s, 0)",
        patient, me.account, hospital.person("admission_clerk").account,
    )  # fmt: skip
    said = code(
        lambda: hospital.web.call("open_contact", cookie=cookie, patient=patient.bytes, kind="phone", counted=False)
    )
    assert said == "own_record"


def test_a_search_that_was_withheld_is_the_key_to_nothing(hospital: Hospital) -> None:
    """Its line is written before the keeper counts; the line that withholds it takes back what the first opens."""
    from egide.identity.tests.people import Drawn, people
    from egide.identity.tests.test_search import a_day, a_name, find

    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, phone="06 39 98 00 43", unit=hospital.unit()))
    me, cookie = hospital.signed_in("admission_clerk")
    traits = {"birth_name": [name], "first_names": ["JEANNE"], "birth_date": [day]}

    def keys() -> tuple[str, str, str]:
        web = hospital.web.call
        ask = {"cookie": cookie, "patient": patient.bytes, "kind": "phone", "counted": False}
        create = {"cookie": cookie, "traits": traits, "read": ["identity"], "write": ["identity", "stay"]}
        return (
            code(lambda: web("open_contact", **ask) | {"state": "ok"}),
            str(door(hospital, cookie, "receive(%s)", patient)),
            code(lambda: web("create", **create) | {"state": "ok"}),
        )

    assert find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)["rows"]
    entry = hospital.entries(account=me.account, kind="search")[-1]
    (session,) = hospital.sql("SELECT id FROM accounts.session WHERE account = %s", me.account)[0]
    hospital.sql("SELECT gate.withheld(%s, %s, %s, 'fresh_factor')", session, me.account, entry["id"])
    assert keys() == ("no_link", "search_first", "search_first")
    assert find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)["rows"]
    assert keys() == ("ok", "ok", "ok")


def test_what_sql_had_to_raise_is_written_after_the_rollback(hospital: Hospital, browser: Any) -> None:
    unit, full = hospital.unit(), hospital.unit()
    hospital.bed(full)
    hospital.patients(full, 2)  # one bed: 1.2 × leaves no room for a second
    person, cookie = hospital.signed_in("admission_clerk", unit)
    patient = hospital.patient(unit).id
    hospital.past_link(
        patient, None, datetime.now(UTC), datetime(2099, 1, 1, tzinfo=UTC), basis="arrival", account=person.account
    )
    floor = hospital.value("SELECT value FROM gate.limits WHERE name = 'unit_fill_floor'")
    hospital.sql("UPDATE gate.limits SET value = 0 WHERE name = 'unit_fill_floor'")
    try:
        answer = browser(cookie).post(f"/dossier/{patient}/sejour/deplacer/", {"unit": str(full)})
    finally:
        hospital.sql("UPDATE gate.limits SET value = %s WHERE name = 'unit_fill_floor'", floor)
    assert answer.status_code == 422
    rows = [(one["reason"], one["ids"]) for one in hospital.entries(account=person.account, kind="refuse")]
    assert rows == [("unit_full", [patient])]
    assert hospital.sql("SELECT unit_id FROM stays_stay WHERE patient_id = %s", patient) == [(unit,)]


def test_such_a_row_names_nobody_whom_the_ticket_does_not_open(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient, stranger = hospital.patient(unit).id, hospital.stranger()
    person, cookie = hospital.signed_in("nurse", unit)
    for whom in (patient, stranger):
        assert on_chart(hospital, cookie, patient, "refused('unit_full', %s)", whom) == "unit_full"
    assert door(hospital, cookie, "refused('unit_full', %s)", patient) == "unit_full"  # a ticket that opens nobody
    assert on_chart(hospital, cookie, patient, "refused('made_up', %s)", patient) == "bad_request"
    rows = [(one["reason"], one["ids"]) for one in hospital.entries(account=person.account, kind="refuse")]
    assert rows == [("unit_full", [patient]), ("unit_full", []), ("unit_full", [])]
