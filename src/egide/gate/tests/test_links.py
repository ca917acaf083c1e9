"""Links beside the stay: a declared shift, an advice, a named team; what each opens, for whom, until when."""

# ruff: noqa: S608 — calls put together from constants of this file

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_purse import at_once
from egide.kernel.capabilities import Refused


def opens(hospital: Hospital, cookie: str, patient: UUID) -> str:
    """The basis on which the chart opens, or the refusal's code."""
    try:
        return str(hospital.open(cookie, patient)["basis"])
    except Refused as refusal:
        return refusal.code


def door(hospital: Hospital, cookie: str, call: str, *parameters: Any) -> Any:
    """What a door function answers under the ticket of `who`."""
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]
    with hospital.as_web(ticket) as web:
        row = web.execute(f"SELECT door.{call}".encode(), parameters).fetchone()
    return row[0] if row else None


def rows(hospital: Hospital, cookie: str, call: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a door function lists under the ticket of `who`."""
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]
    with hospital.as_web(ticket) as web:
        return web.execute(f"SELECT * FROM door.{call}".encode(), parameters).fetchall()


def on_chart(hospital: Hospital, cookie: str, patient: UUID, call: str, *parameters: Any) -> Any:
    """What a door function answers under an opening that writes clinical data."""
    answer = hospital.open(cookie, patient, write=("clinical",))
    with hospital.as_web(answer["ticket"]) as web:
        row = web.execute(f"SELECT door.{call}".encode(), parameters).fetchone()
    return row[0] if row else None


def notices(hospital: Hospital, person: Person) -> list[str]:
    return [
        kind for (kind,) in hospital.sql("SELECT kind FROM gate.notice WHERE account = %s ORDER BY id", person.account)
    ]


def links(hospital: Hospital, patient: UUID, basis: str) -> list[tuple[Any, ...]]:
    return hospital.sql(
        "SELECT account, unit, until - since FROM gate.link WHERE patient_id = %s AND basis = %s", patient, basis
    )


# ── « Je prends mon poste en … » ────────────────────────────────────────────────────────────────────────────────────


def test_a_declared_shift_opens_the_unit_at_once_for_twelve_hours(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    assert opens(hospital, cookie, patient.id) == "no_link"
    assert door(hospital, cookie, "declare_shift(%s)", unit) == "ok"
    assert opens(hospital, cookie, patient.id) == "stay"
    assert hospital.open_unit(cookie, unit)["ids"] == [patient.id.bytes]
    (length,) = hospital.sql("SELECT until - since FROM accounts.shift WHERE account = %s", person.account)[0]
    assert length == timedelta(hours=12)
    (entry,) = hospital.entries(account=person.account, kind="shift")
    assert (entry["unit"], entry["verdict"]) == (unit, "declared")
    assert door(hospital, cookie, "declare_shift(%s)", unit) == "ok"  # again: nothing more
    assert len(hospital.entries(account=person.account, kind="shift")) == 1


def test_a_shift_ends_by_itself_or_when_one_leaves(hospital: Hospital) -> None:
    first, second = hospital.unit(), hospital.unit()
    one, other = hospital.patient(first), hospital.patient(second)
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    door(hospital, cookie, "declare_shift(%s)", first)
    door(hospital, cookie, "declare_shift(%s)", second)
    opening = hospital.open(cookie, one.id)["opening"]
    assert door(hospital, cookie, "end_shift(%s)", first) == "ok"
    assert opens(hospital, cookie, one.id) == "no_link"
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=cookie, opening=opening)
    assert opens(hospital, cookie, other.id) == "stay"
    hospital.sql(
        "UPDATE accounts.shift SET since = since - interval '13 hours', until = until - interval '13 hours'"
        " WHERE account = %s AND unit = %s",
        person.account, second,
    )  # fmt: skip
    assert opens(hospital, cookie, other.id) == "no_link"
    assert door(hospital, cookie, "end_shift(%s)", second) == "no_shift"
    assert door(hospital, cookie, "end_shift(%s)", hospital.unit()) == "no_shift"


def covered(hospital: Hospital, cookie: str, units: list[UUID]) -> None:
    """A shift in each, its list read, and left: one after the other."""
    for unit in units:
        assert door(hospital, cookie, "declare_shift(%s)", unit) == "ok"
        hospital.open_unit(cookie, unit)
        assert door(hospital, cookie, "end_shift(%s)", unit) == "ok"


def wards(hospital: Hospital, count: int, people: int = 12) -> list[UUID]:
    found = [hospital.unit() for _ in range(count)]
    for unit in found:
        for _ in range(people):
            hospital.patient(unit)
    return found


def test_who_covered_another_unit_finds_her_own_open_when_she_is_back(hospital: Hospital) -> None:
    own, other = wards(hospital, 2)
    _, cookie = hospital.signed_in("nurse", own)
    hospital.open_unit(cookie, own)
    covered(hospital, cookie, [other])
    assert len(hospital.open_unit(cookie, own)["ids"]) == 12  # 24 today, 1.5 × 12 of now


def test_a_walk_over_more_units_than_one_may_hold_still_meets_the_cap(hospital: Hospital) -> None:
    own, *others = wards(hospital, 10)
    person, cookie = hospital.signed_in("nurse", own)
    hospital.open_unit(cookie, own)
    with pytest.raises(Refused, match="budget"):  # (1 + 4 left + 1) × 12 × 1.5 = 108 < 120
        covered(hospital, cookie, others)
    assert hospital.entries(account=person.account, kind="refuse")[-1]["reason"] == "budget"


def test_a_unit_left_the_day_before_counts_no_more(hospital: Hospital) -> None:
    own, other = wards(hospital, 2)
    person, cookie = hospital.signed_in("nurse", own)
    covered(hospital, cookie, [other])
    left = "SELECT gate.left_today(%s, clock_timestamp() + %s)"
    assert hospital.value(left, person.account, timedelta(hours=23)) == [other]
    assert hospital.value(left, person.account, timedelta(hours=24)) == []


def test_a_shift_is_of_ones_own_site_and_of_a_profession_that_takes_care(hospital: Hospital) -> None:
    _, nurse = hospital.signed_in("nurse", hospital.unit())
    assert door(hospital, nurse, "declare_shift(%s)", hospital.unit(hospital.new_site())) == "other_site"
    assert door(hospital, nurse, "declare_shift(%s)", uuid4()) == "other_site"
    for profession in ("administrator", "dpo", "rssi", "switchboard", "pharmacist", "dim"):
        _, cookie = hospital.signed_in(profession)
        assert door(hospital, cookie, "declare_shift(%s)", hospital.unit()) == "category_closed", profession


@pytest.mark.parametrize("profession", ["physician", "intern", "nurse"])
def test_a_laboratory_is_worked_in_by_its_own_people(hospital: Hospital, browser: Any, profession: str) -> None:
    """Its list opens charts whole: who belongs there says its cadre, not whoever would see them."""
    laboratory = hospital.unit(kind="platform")
    person, cookie = hospital.signed_in(profession, hospital.unit())
    assert door(hospital, cookie, "declare_shift(%s)", laboratory) == "platform_shift"
    assert hospital.sql("SELECT 1 FROM accounts.shift WHERE account = %s", person.account) == []
    page = browser(cookie)
    assert str(laboratory) not in page.get("/poste/").content.decode()
    assert "Plateau technique" in page.post("/poste/prendre/", {"unit": str(laboratory)}).content.decode()


def test_four_shifts_at_most_even_at_once(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    units = [hospital.unit() for _ in range(10)]
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]

    def declare(place: int) -> str:
        with hospital.connect("web") as web, web.transaction():
            web.execute("SELECT door.use_opening(%s)", (ticket,))
            row = web.execute("SELECT door.declare_shift(%s)", (units[place],)).fetchone()
        return str(row[0]) if row else ""

    assert sorted(at_once(10, declare)) == ["ok"] * 4 + ["too_many_shifts"] * 6
    assert hospital.value("SELECT count(*) FROM accounts.shift WHERE account = %s", person.account) == 4
    (unit,) = hospital.sql("SELECT unit FROM accounts.shift WHERE account = %s LIMIT 1", person.account)[0]
    door(hospital, cookie, "end_shift(%s)", unit)
    assert door(hospital, cookie, "declare_shift(%s)", hospital.unit()) == "ok"


def test_the_unit_sees_who_declared_a_shift_and_others_do_not(hospital: Hospital) -> None:
    unit = hospital.unit()
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    _, colleague = hospital.signed_in("nurse", unit)
    _, stranger = hospital.signed_in("nurse", hospital.unit())
    door(hospital, cookie, "declare_shift(%s)", unit)
    assert [row[0] for row in rows(hospital, colleague, "shifts_of(%s)", unit)] == [person.account]
    assert rows(hospital, stranger, "shifts_of(%s)", unit) == []


def test_a_shift_does_not_reach_another_session_of_somebody_else(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    _, other = hospital.signed_in("nurse", hospital.unit())
    door(hospital, cookie, "declare_shift(%s)", unit)
    assert opens(hospital, other, patient.id) == "no_link"
    assert door(hospital, other, "end_shift(%s)", unit) == "no_shift"
    assert opens(hospital, cookie, patient.id) == "stay"


# ── demande d'avis ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_advice_opens_the_chart_to_the_colleague_named_for_three_days(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, asker = hospital.signed_in("nurse", unit)
    named, cookie = hospital.signed_in("physician", hospital.unit())
    _, other = hospital.signed_in("physician", hospital.unit())
    assert on_chart(hospital, asker, patient.id, "ask_advice(%s, %s, NULL)", patient.id, named.account) == "ok"
    assert opens(hospital, cookie, patient.id) == "advice"
    assert opens(hospital, other, patient.id) == "no_link"
    assert links(hospital, patient.id, "advice") == [(named.account, None, timedelta(hours=72))]
    assert notices(hospital, named) == ["advice"]
    hospital.sql("UPDATE gate.link SET until = now(), since = now() - interval '1 h' WHERE account = %s", named.account)
    assert opens(hospital, cookie, patient.id) == "no_link"


def test_an_advice_may_be_asked_of_a_unit(hospital: Hospital) -> None:
    unit, asked = hospital.unit(), hospital.unit()
    patient = hospital.patient(unit)
    _, asker = hospital.signed_in("physician", unit)
    first, one = hospital.signed_in("physician", asked)
    _, other = hospital.signed_in("nurse", hospital.unit())
    assert on_chart(hospital, asker, patient.id, "ask_advice(%s, NULL, %s)", patient.id, asked) == "ok"
    assert opens(hospital, one, patient.id) == "advice"
    assert opens(hospital, other, patient.id) == "no_link"
    assert notices(hospital, first) == ["advice"]
    assert patient.id.bytes not in hospital.open_unit(one, asked)["ids"]  # the list of a unit is who lies there


def test_an_advice_is_asked_of_a_clinician_who_works_here(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, asker = hospital.signed_in("physician", unit)
    gone = hospital.person("physician", hospital.unit())
    hospital.sql("UPDATE accounts.account SET ended_at = now() WHERE id = %s", gone.account)
    left = hospital.person("physician", hospital.unit())
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", left.account)
    for one in (
        uuid4(),
        gone.account,
        left.account,
        hospital.person("porter").account,
        hospital.person("rssi").account,
    ):
        answer = on_chart(hospital, asker, patient.id, "ask_advice(%s, %s, NULL)", patient.id, one)
        assert answer == "unknown_colleague"
    assert on_chart(hospital, asker, patient.id, "ask_advice(%s, NULL, %s)", patient.id, uuid4()) == "unknown_colleague"
    assert on_chart(hospital, asker, patient.id, "ask_advice(%s, NULL, NULL)", patient.id) == "bad_request"
    assert links(hospital, patient.id, "advice") == []


def test_an_advice_does_not_spread_by_itself(hospital: Hospital) -> None:
    """Who opens by an advice, or by breaking the glass, names nobody in turn."""
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, asker = hospital.signed_in("physician", unit)
    named, cookie = hospital.signed_in("physician", hospital.unit())
    third = hospital.person("physician", hospital.unit())
    on_chart(hospital, asker, patient.id, "ask_advice(%s, %s, NULL)", patient.id, named.account)
    assert on_chart(hospital, cookie, patient.id, "ask_advice(%s, %s, NULL)", patient.id, third.account) == "no_link"
    assert on_chart(hospital, cookie, patient.id, "take_in(%s, %s)", patient.id, third.account) == "no_link"
    assert notices(hospital, third) == []


def test_who_reads_only_asks_no_advice(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    named = hospital.person("physician", hospital.unit())
    _, secretary = hospital.signed_in("medical_secretary", unit)
    answer = on_chart(hospital, secretary, patient.id, "ask_advice(%s, %s, NULL)", patient.id, named.account)
    assert answer == "category_closed"
    _, nurse = hospital.signed_in("nurse", unit)
    stranger = hospital.stranger()
    assert (
        on_chart(hospital, nurse, patient.id, "ask_advice(%s, %s, NULL)", stranger, named.account) == "category_closed"
    )


# ── rejoindre l'équipe ──────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_opens_until_a_physician_responsible_takes_one_in(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    physician, hers = hospital.signed_in("physician", unit)
    person, cookie = hospital.signed_in("physiotherapist", hospital.unit())
    assert door(hospital, cookie, "ask_to_join(%s)", patient.id) == "ok"
    assert opens(hospital, cookie, patient.id) == "no_link"
    assert notices(hospital, physician) == ["join_team"]
    assert on_chart(hospital, hers, patient.id, "take_in(%s, %s)", patient.id, person.account) == "ok"
    assert opens(hospital, cookie, patient.id) == "team"
    assert links(hospital, patient.id, "team") == [(person.account, None, timedelta(days=30))]
    on_chart(hospital, hers, patient.id, "take_in(%s, %s)", patient.id, person.account)
    assert len(links(hospital, patient.id, "team")) == 1
    (read,) = hospital.sql("SELECT read_at IS NOT NULL FROM gate.notice WHERE account = %s", physician.account)[0]
    assert read


def test_only_a_linked_physician_takes_a_colleague_in(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    person = hospital.person("nurse", hospital.unit())
    _, nurse = hospital.signed_in("nurse", unit)
    physician, hers = hospital.signed_in("physician", unit)
    assert on_chart(hospital, nurse, patient.id, "take_in(%s, %s)", patient.id, person.account) == "category_closed"
    for nobody in (uuid4(), physician.account):
        assert on_chart(hospital, hers, patient.id, "take_in(%s, %s)", patient.id, nobody) == "unknown_colleague"
    stranger = hospital.stranger()
    assert on_chart(hospital, hers, patient.id, "take_in(%s, %s)", stranger, person.account) == "category_closed"
    assert links(hospital, patient.id, "team") == []


def test_asking_again_and_again_is_one_notice_a_day(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    physician = hospital.person("physician", unit)
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    assert {door(hospital, cookie, "ask_to_join(%s)", patient.id) for _ in range(5)} == {"ok"}
    assert notices(hospital, physician) == ["join_team"]
    assert len(hospital.entries(account=person.account, kind="join_team")) == 1


def test_asking_for_somebody_unknown_is_answered_alike(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    assert door(hospital, cookie, "ask_to_join(%s)", uuid4()) == "ok"
    for profession in ("administrator", "dpo"):
        _, other = hospital.signed_in(profession)
        assert door(hospital, other, "ask_to_join(%s)", uuid4()) == "category_closed"


# ── notices ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_notices_are_ones_own_and_name_nobody(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="SECRETE")
    physician, hers = hospital.signed_in("physician", unit)
    _, other = hospital.signed_in("physician", hospital.unit())
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    door(hospital, cookie, "ask_to_join(%s)", patient.id)
    ((notice, kind, _, about, by, name, *_),) = rows(hospital, hers, "my_notices()")
    assert (kind, about, by, name) == ("join_team", patient.id, person.account, person.name)
    assert "SECRETE" not in str(rows(hospital, hers, "my_notices()"))
    assert rows(hospital, other, "my_notices()") == []
    assert door(hospital, other, "read_notice(%s)", notice) is False
    assert door(hospital, hers, "read_notice(%s)", notice) is True
    assert door(hospital, hers, "read_notice(%s)", notice) is False
    assert physician.account != person.account
